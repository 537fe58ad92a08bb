"""A graph of choices, token by token: what may come next, with every text spelt as the model's own tokenizer would.

States are determinized: pieces that begin alike ("red", "red_block") share their first tokens. Built as it is walked.
"""

from collections.abc import Callable

from codeword.codebook.choice_graph import END, Node

Encode = Callable[[str], tuple[int, ...]]

_Place = tuple[tuple[int, ...], Node]


class State:
    """A place between two tokens. `is_end`: a whole text has been spelt, and nothing longer is possible."""

    __slots__ = ("_automaton", "_next", "_places", "is_end")

    def __init__(self, automaton: "Automaton", places: frozenset[_Place]) -> None:
        self._automaton = automaton
        self._places = places
        self._next: dict[int, State] | None = None
        ends = [node is END and not tokens for tokens, node in places]
        self.is_end = all(ends)
        if any(ends) and not self.is_end:
            raise ValueError(
                "a text of the graph is the beginning of another; texts must end where no longer one goes on"
            )

    @property
    def next(self) -> "dict[int, State]":
        """Every token that may come next and the state behind it, by rising token id."""
        if self._next is None:
            self._next = self._automaton.step(self._places)
        return self._next

    @property
    def is_forced(self) -> bool:
        """Whether exactly one token may come next."""
        return not self.is_end and len(self.next) == 1


class Automaton:
    """The token automaton of one graph. Pieces are tokenized once each, by `encode`."""

    def __init__(self, graph: Node, encode: Encode) -> None:
        self._encode = encode
        self._states: dict[frozenset[_Place], State] = {}
        self.start = self._state(self._unfold((), graph))

    def step(self, places: frozenset[_Place]) -> dict[int, State]:
        """The states behind each possible next token of some places."""
        behind: dict[int, set[_Place]] = {}
        for tokens, node in places:
            if tokens:
                behind.setdefault(tokens[0], set()).update(self._unfold(tokens[1:], node))
        return {token: self._state(frozenset(behind[token])) for token in sorted(behind)}

    def forced_run(self, state: State) -> tuple[list[int], State]:
        """The tokens that leave no choice from a state on, and the state behind them: a choice point or the end."""
        run: list[int] = []
        while state.is_forced:
            ((token, state),) = state.next.items()
            run.append(token)
        return run, state

    def _state(self, places: "frozenset[_Place]") -> State:
        state = self._states.get(places)
        if state is None:
            state = self._states[places] = State(self, places)
        return state

    def _unfold(self, tokens: tuple[int, ...], node: Node) -> frozenset[_Place]:
        """The places that a piece's remaining tokens stand for: at its end, the pieces that may follow."""
        if tokens or node is END:
            return frozenset({(tokens, node)})
        places: set[_Place] = set()
        for piece, child in node.edges:
            places |= self._unfold(self._encode(piece), child)
        return frozenset(places)
