"""The commands that a codebook allows for an observation: those whose arguments are there and preconditions hold."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .arguments import Argument, ChoiceArgument, EntityArgument, ListArgument, TextArgument
from .choice_graph import END, Distinct, Node
from .command import Command
from .command_codec import command_of
from .conditions import Bindings, Condition, holds_for_each
from .observation import Observation
from .skills import Codebook, Skill
from .spans import begins_word, spans
from .state import FactState


@dataclass(frozen=True)
class ActionSpace:
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
        return (command_of(self.codebook, text) for text in self.graph.texts())


def legal(codebook: Codebook, observation: Observation, task: str = "") -> ActionSpace:
    """What may be commanded now; texts are copied from the task."""
    return legal_in(codebook, codebook.state(observation), codebook.within_reach(observation), task=task)


def legal_in(
    codebook: Codebook,
    state: FactState,
    reachable: Mapping[str, list[str]],
    ranked: Iterable[Skill] | None = None,
    most: int | None = None,
    task: str = "",
    *,
    compared_only: bool = False,
) -> ActionSpace:
    """What may be commanded in a state, naming only entities that are reachable (ids by kind), and copying texts only
    from the task.

    With `ranked` and `most` only the first so many of the ranked skills that have a legal command are offered. With
    `compared_only`, of the preconditions only those are asked that no facts decide: comparisons of arguments.
    """
    nodes: dict[str, Node] = {}
    alike: dict[tuple[tuple[str, int], ...], Node] = {}
    left_out: dict[str, str] = {}
    for skill in codebook.skills.values() if ranked is None else ranked:
        if most is not None and len(nodes) >= most:
            left_out[skill.name] = f"less relevant to the task than the {most} offered"
            continue
        asked = [c for c in skill.conjuncts if not compared_only or not c.predicates()]
        graph = _SkillGraph(skill, asked, state, reachable, alike, task)
        node = graph.build()
        if node is None:
            left_out[skill.name] = graph.why_not()
        else:
            nodes[skill.name] = node
    edges = tuple((name, nodes[name]) for name in codebook.skills if name in nodes)
    return ActionSpace(codebook, Node((('{"skill":"', Node(edges)),)), left_out)


class _SkillGraph:
    """Builds the part of the graph behind one skill's name.

    Arguments are bound in order; a precondition is asked as soon as all of its arguments are bound. Parts of the graph
    that are alike are one: what follows an argument is built once for all values where nothing later asks for it.
    """

    def __init__(
        self,
        skill: Skill,
        asked: Sequence[Condition],
        state: FactState,
        reachable: Mapping[str, list[str]],
        alike: dict[tuple[tuple[str, int], ...], Node],
        task: str,
    ) -> None:
        self.state = state
        self.reachable = reachable
        self.task = task
        self.args = list(skill.args.items())
        self.holds = holds_for_each if skill.has_lists else _holds
        order = {name: index for index, (name, _) in enumerate(self.args)}
        self.asked_at: list[list[Condition]] = [[] for _ in range(len(self.args) + 1)]
        self.relevant: list[tuple[str, ...]] = []
        last_use: dict[str, int] = {}
        for condition in asked:
            names = condition.variables()
            at = 1 + max((order[name] for name in names), default=-1)
            self.asked_at[at].append(condition)
            for name in names:
                last_use[name] = max(last_use.get(name, 0), at)
        for index in range(len(self.args) + 1):
            self.relevant.append(tuple(name for name, _ in self.args[:index] if last_use.get(name, 0) > index))
        self.memo: dict[tuple[object, ...], list[_Edge]] = {}
        self.nodes: dict[tuple[object, ...], Node | None] = {}
        self.alike = alike
        self.refused: Condition | None = None
        self.deepest = -1

    def build(self) -> Node | None:
        """The node behind the skill's name, or None where no command of it is legal."""
        return self.node(0, '"', {}) if self.hold(0, {}) else None

    def hold(self, index: int, bindings: dict[str, str | tuple[str, ...]]) -> bool:
        """Whether what can first be asked with so many arguments bound holds."""
        for condition in self.asked_at[index]:
            if not self.holds(condition, self.state, bindings):
                if index > self.deepest:
                    self.refused, self.deepest = condition, index
                return False
        return True

    def node(self, index: int, closing: str, bindings: dict[str, str | tuple[str, ...]]) -> Node | None:
        """The node of what may follow so many arguments, or None where nothing may."""
        key = (index, closing, *(bindings[name] for name in self.relevant[index]))
        if key not in self.nodes:
            edges = self.behind(index, closing, bindings)
            self.nodes[key] = self.shared(edges) if edges else None
        return self.nodes[key]

    def behind(self, index: int, closing: str, bindings: dict[str, str | tuple[str, ...]]) -> "list[_Edge]":
        """What may follow so many arguments, the last of which is still to be closed with `closing`."""
        key = (index, closing, *(bindings[name] for name in self.relevant[index]))
        if key not in self.memo:
            self.memo[key] = self.edges(index, closing, bindings)
        return self.memo[key]

    def edges(self, index: int, closing: str, bindings: dict[str, str | tuple[str, ...]]) -> "list[_Edge]":
        if index == len(self.args):
            return [(closing + "}", END)]
        name, argument = self.args[index]
        if isinstance(argument, TextArgument):
            edges = self.copies(index, argument, closing, bindings)
        else:
            if isinstance(argument, ListArgument):
                within, opening = self.elements(index, argument, bindings), '":["'
            else:
                values, opening = self.values(index, bindings), '":"' if is_quoted(argument) else ""
                within = self.shared(values) if values else None
            edges = [(f'{closing},"{name}{opening}', within)] if within is not None else []
        if argument.default is not None:
            inner = {**bindings, name: _default(argument)}
            if self.hold(index + 1, inner):
                edges += self.behind(index + 1, closing, inner)
        return edges

    def values(self, index: int, bindings: dict[str, str | tuple[str, ...]]) -> "list[_Edge]":
        """The values of an argument, each with what may follow. A number begins at the colon: a sign clings to it."""
        name, argument = self.args[index]
        quoted = is_quoted(argument)
        closing = '"' if quoted else ""
        default = None if argument.default is None else _default(argument)
        if not self.asked_at[index + 1] and name not in self.relevant[index + 1]:
            follow = self.node(index + 1, closing, {**bindings, name: ""})  # nothing later asks which value it was
            texts = [text for text in self.texts(argument) if text != default]
            return [(text if quoted else f'":{text}', follow) for text in texts] if follow is not None else []
        edges: list[_Edge] = []
        for text in self.texts(argument):
            if text != default:
                inner = {**bindings, name: text}
                if self.hold(index + 1, inner):
                    follow = self.node(index + 1, closing, inner)
                    if follow is not None:
                        edges.append((text if quoted else f'":{text}', follow))
        return edges

    def copies(
        self, index: int, argument: TextArgument, closing: str, bindings: dict[str, str | tuple[str, ...]]
    ) -> "list[_Edge]":
        """The texts that may be copied, each with what may follow.

        The last word of a text and the quote behind it are one piece, and so are a quote and what is no word behind it.
        """
        name = self.args[index][0]
        follow = self.behind(index + 1, '"', {**bindings, name: ""})  # nothing later asks which text it was
        texts = [_BEFORE_BLANK.split(text) for text in self.texts(argument) if text != argument.default]
        if not follow or not texts:
            return []
        opening, begun = f'{closing},"{name}":"', self.words(texts, follow)
        plain = [edge for edge in begun if begins_word(edge[0])]
        edges = [(opening, self.shared(plain))] if plain else []
        return edges + [(opening + piece, child) for piece, child in begun if not begins_word(piece)]

    def words(self, texts: Iterable[Sequence[str]], follow: "list[_Edge]") -> "list[_Edge]":
        """The pieces that texts begin with, each with the pieces after it, or with what follows a text."""
        behind: dict[str, list[Sequence[str]]] = {}
        for piece, *rest in texts:
            behind.setdefault(piece, []).append(rest)
        edges: list[_Edge] = []
        for piece, rests in behind.items():
            edges += [(piece + text, child) for text, child in follow] if [] in rests else []
            longer = [rest for rest in rests if rest]
            edges += [(piece, self.shared(self.words(longer, follow)))] if longer else []
        return edges

    def elements(self, index: int, argument: ListArgument, bindings: dict[str, str | tuple[str, ...]]) -> Node | None:
        """The things of a list and what may follow it, or None where nothing may."""
        name = self.args[index][0]
        things = [one for one in self.texts(argument) if self.hold(index + 1, {**bindings, name: (one,)})]
        if len(things) < argument.low:
            return None
        if name in self.relevant[index + 1]:
            edges = self.longer(index, argument, things, (), bindings)
            return self.shared(edges) if edges else None
        follow = self.node(index + 1, '"]', {**bindings, name: ()})  # nothing later asks which things these were
        return Distinct(things, argument.low, argument.high, follow) if follow is not None else None

    def longer(
        self, index: int, argument: ListArgument, things: Sequence[str], taken: tuple[str, ...],
        bindings: dict[str, str | tuple[str, ...]],
    ) -> "list[_Edge]":  # fmt: skip
        """The things that may come next in a list where what follows depends on which they are."""
        name = self.args[index][0]
        edges: list[_Edge] = []
        for thing in things:
            if thing in taken:
                continue
            now = (*taken, thing)
            more = self.longer(index, argument, things, now, bindings) if len(now) < argument.high else []
            follow = [('","', self.shared(more))] if more else []
            if len(now) >= argument.low:
                follow = [*self.behind(index + 1, '"]', {**bindings, name: now}), *follow]
            if follow:
                edges.append((thing, self.shared(follow)))
        return edges

    def texts(self, argument: Argument) -> Sequence[str]:
        """Each value as conditions see it and as it is written, but for quotes."""
        if isinstance(argument, EntityArgument | ListArgument):
            return [thing for kind in argument.kinds for thing in self.reachable.get(kind, ())]
        if isinstance(argument, TextArgument):
            return [t for t in spans(self.task, argument.max_words) if len(t) <= argument.max_characters]
        return argument.texts

    def shared(self, edges: "list[_Edge]") -> Node:
        """The one node with these edges."""
        return self.alike.setdefault(tuple((text, id(child)) for text, child in edges), Node(tuple(edges)))

    def why_not(self) -> str:
        """Why no command of this skill is legal."""
        for name, argument in self.args:
            least = argument.low if isinstance(argument, ListArgument) else 1
            if isinstance(argument, EntityArgument | ListArgument) and len(self.texts(argument)) < least:
                return f"no {argument.describe()} within reach for '{name}'"
            if isinstance(argument, TextArgument) and argument.default is None and not self.texts(argument):
                return f"no words of the task for '{name}'"
        return f"needs {self.refused}"


_Edge = tuple[str, Node]
_BEFORE_BLANK = re.compile(r"(?= )")
"""Where a text is cut: a blank belongs to the word behind it."""


def _holds(condition: Condition, state: FactState, bindings: Bindings) -> bool:
    return condition.holds(state, bindings)


def _default(argument: Argument) -> str:
    """An argument's default as it is written, but for quotes."""
    assert argument.default is not None
    text = argument.write(argument.default)
    assert text is not None
    return text.strip('"')


def is_quoted(argument: Argument) -> bool:
    """Whether values of this argument stand in quotes."""
    return isinstance(argument, EntityArgument | ChoiceArgument)
