"""The commands that a codebook allows for an observation: those whose arguments are there and preconditions hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from .arguments import Argument, ChoiceArgument, EntityArgument, NumberArgument
from .choices import END, Node
from .command import Command
from .conditions import Condition
from .observation import Observation
from .skills import Codebook, Skill
from .state import FactState
from .writing import command_of


@dataclass(frozen=True)
class Legal:
    """The legal commands of one moment, as a graph of choices that spells each in its canonical form.

    `left_out` says of each skill that is not offered why: the first precondition that no thing here meets.
    """

    codebook: Codebook
    graph: Node
    left_out: Mapping[str, str]

    @cached_property
    def count(self) -> int:
        """How many commands are legal."""
        return self.graph.count()

    def allows(self, text: str) -> bool:
        """Whether a text is a legal command in its canonical form."""
        return self.graph.accepts(text)

    def commands(self) -> Iterator[Command]:
        """Every legal command, in the codebook's order."""
        return (command_of(text) for text in self.graph.texts())


def legal(codebook: Codebook, observation: Observation) -> Legal:
    """What may be commanded now."""
    return legal_in(codebook, codebook.state(observation), codebook.within_reach(observation))


def legal_in(codebook: Codebook, state: FactState, reachable: Mapping[str, list[str]]) -> Legal:
    """What may be commanded in a state, naming only entities that are reachable (ids by kind)."""
    edges: list[tuple[str, Node]] = []
    left_out: dict[str, str] = {}
    for skill in codebook.skills.values():
        graph = _SkillGraph(skill, state, reachable)
        node = graph.build()
        if node is None:
            left_out[skill.name] = graph.why_not()
        else:
            edges.append((skill.name, node))
    return Legal(codebook, Node((('{"skill":"', Node(tuple(edges))),)), left_out)


class _SkillGraph:
    """Builds the part of the graph behind one skill's name.

    Arguments are bound in order; a precondition is asked as soon as all of its arguments are bound. Parts of the graph
    that are alike are one: what follows an argument is built once for all values where nothing later asks for it.
    """

    def __init__(self, skill: Skill, state: FactState, reachable: Mapping[str, list[str]]) -> None:
        self.state = state
        self.reachable = reachable
        self.args = list(skill.args.items())
        order = {name: index for index, (name, _) in enumerate(self.args)}
        self.asked_at: list[list[Condition]] = [[] for _ in range(len(self.args) + 1)]
        self.relevant: list[tuple[str, ...]] = []
        last_use: dict[str, int] = {}
        for condition in skill.conjuncts:
            names = condition.variables()
            at = 1 + max((order[name] for name in names), default=-1)
            self.asked_at[at].append(condition)
            for name in names:
                last_use[name] = max(last_use.get(name, 0), at)
        for index in range(len(self.args) + 1):
            self.relevant.append(tuple(name for name, _ in self.args[:index] if last_use.get(name, 0) > index))
        self.memo: dict[tuple[int, tuple[str, ...]], Node | None] = {}
        self.alike: dict[tuple[tuple[str, int], ...], Node] = {}
        self.refused: Condition | None = None
        self.deepest = -1

    def build(self) -> Node | None:
        """The node behind the skill's name, or None where no command of it is legal."""
        return self.behind(0, {}) if self.hold(0, {}) else None

    def hold(self, index: int, bindings: dict[str, str]) -> bool:
        for condition in self.asked_at[index]:
            if not condition.holds(self.state, bindings):
                if index > self.deepest:
                    self.refused, self.deepest = condition, index
                return False
        return True

    def behind(self, index: int, bindings: dict[str, str]) -> Node | None:
        key = (index, tuple(bindings[name] for name in self.relevant[index]))
        if key not in self.memo:
            self.memo[key] = self.node(index, bindings)
        return self.memo[key]

    def node(self, index: int, bindings: dict[str, str]) -> Node | None:
        closing = '"' if index == 0 or is_quoted(self.args[index - 1][1]) else ""
        if index == len(self.args):
            return self.shared([(closing + "}", END)])
        name, argument = self.args[index]
        edges: list[tuple[str, Node]] = []
        for value, text in self.values(argument):
            inner = {**bindings, name: value}
            if self.hold(index + 1, inner):
                child = self.behind(index + 1, inner)
                if child is not None:
                    edges.append((text, child))
        if not edges:
            return None
        quoted = is_quoted(argument)
        values = self.shared(edges)
        return self.shared([(f'{closing},"{name}' + ('":"' if quoted else ""), values)])

    def shared(self, edges: list[tuple[str, Node]]) -> Node:
        """The one node with these edges."""
        return self.alike.setdefault(tuple((text, id(child)) for text, child in edges), Node(tuple(edges)))

    def values(self, argument: Argument) -> Iterator[tuple[str, str]]:
        """Each value as conditions see it, and its text: a number's begins at the colon, for a sign clings to it."""
        if isinstance(argument, EntityArgument):
            return ((thing, thing) for kind in argument.kinds for thing in self.reachable.get(kind, ()))
        if isinstance(argument, ChoiceArgument):
            return ((choice, choice) for choice in argument.choices)
        if isinstance(argument, NumberArgument):
            return ((text, f'":{text}') for text in map(argument.write, argument.ticks()))
        return ((text, f'":{text}') for text in ("true", "false"))

    def why_not(self) -> str:
        """Why no command of this skill is legal."""
        for name, argument in self.args:
            if isinstance(argument, EntityArgument) and not any(self.values(argument)):
                return f"no {argument.describe()} within reach for '{name}'"
        return f"needs {self.refused}"


def is_quoted(argument: Argument) -> bool:
    """Whether values of this argument stand in quotes."""
    return isinstance(argument, EntityArgument | ChoiceArgument)
