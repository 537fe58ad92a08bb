"""Goals that a model writes: the facts that are to hold in the end, as one line of JSON, under a grammar of its own.

    {"goal":["in(red_block,blue_bowl)","on(green_block,table)"]}          {"cannot":"missing"}

What can be written is what skills can bring about here, and what holds already of what they can change. Facts stand in
the order of the things that they are about, so that each goal has one form.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .arguments import ChoiceArgument
from .choices import END, Node
from .conditions import And, Atom, Condition, Term
from .facts import Fact
from .ground import Either, Every, Formula, Grounder, Unparted, changing
from .observation import Observation
from .offer import stable_text, task_told
from .operators import operators
from .prompt import Prompt, situation_text
from .skills import Codebook

ASK = "Answer with the goal of the task: the facts that must hold at the end."
"""What stands in the place of the last command where a goal is asked for."""


@dataclass(frozen=True)
class Goal:
    """What a model wrote: facts, or why the task cannot be done."""

    facts: tuple[Fact, ...]
    cannot: str = ""

    @property
    def text(self) -> str:
        """The goal as it is written."""
        written = {"cannot": self.cannot} if self.cannot else {"goal": [str(fact) for fact in self.facts]}
        return json.dumps(written, separators=(",", ":"))

    @property
    def told(self) -> str:
        """The goal as a prompt tells it."""
        return f"cannot ({self.cannot})" if self.cannot else "; ".join(map(str, self.facts))

    @property
    def condition(self) -> Condition:
        """All of its facts."""
        return And(tuple(Atom(f.name, tuple(Term(arg, bound=False) for arg in f.args)) for f in self.facts))


def read_goal(text: str) -> Goal:
    """The goal that a text of the grammar says."""
    data = json.loads(text)
    return Goal((), data["cannot"]) if "cannot" in data else Goal(tuple(Fact.parse(fact) for fact in data["goal"]))


def goal_prompt(codebook: Codebook, task: str, observation: Observation) -> Prompt:
    """The prompt that asks for a goal; it begins as every prompt of the codebook does."""
    situation = situation_text(codebook, observation)
    return Prompt(stable_text(codebook), task_told(codebook, task), f"{situation}\n{ASK}")


def goal_facts(codebook: Codebook, observation: Observation) -> list[Fact]:
    """The facts that a goal may be made of, in the order in which they are written: those that some chain of commands
    may bring about, what they end left aside, and those that hold already of what commands change.
    """
    state = codebook.state(observation)
    steps = operators(codebook, codebook.within_reach(observation), Grounder(codebook, state, changing(codebook)))
    changed = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects}
    known = {fact for fact in observation.facts if fact.name in changed}
    while True:
        more = {
            Fact(change.name, tuple(place for place in change.places if place is not None))
            for step in steps
            if _may_hold(step.needs, known, codebook)
            for change in step.changes
            if change.adds and None not in change.places and _may_hold(change.when, known, codebook)
        }
        if more <= known:
            return in_order(codebook, observation, known)
        known |= more


def _may_hold(formula: Formula, known: set[Fact], codebook: Codebook) -> bool:
    """Whether a formula can come true where these facts can, and any can come to an end."""
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, Every):
        return all(_may_hold(part, known, codebook) for part in formula.parts)
    if isinstance(formula, Either):
        return any(_may_hold(part, known, codebook) for part in formula.parts)
    if isinstance(formula, Unparted) or not formula.positive or formula.name in codebook.derived:
        return True
    if None in formula.places:
        return any(fact.name == formula.name for fact in known)
    return Fact(formula.name, tuple(place for place in formula.places if place is not None)) in known


def in_order(codebook: Codebook, observation: Observation, facts: Iterable[Fact]) -> list[Fact]:
    """Facts in the order in which a goal writes them: by the things that they are about, as these are seen."""
    things = {entity.id: number for number, entity in enumerate(observation.entities)}
    names = {name: number for number, name in enumerate(codebook.predicates)}

    def place(fact: Fact) -> tuple[int, int, list[int]]:
        about = [things.get(arg, len(things)) for arg in fact.args]
        return about[0] if about else -1, names.get(fact.name, len(names)), about

    return sorted(facts, key=place)


def goal_graph(codebook: Codebook, observation: Observation) -> Node:
    """Every goal that can be written here, at least one fact long, or why there can be none."""
    groups: dict[tuple[str | None, str], list[Fact]] = {}
    for fact in goal_facts(codebook, observation):
        groups.setdefault((fact.args[0] if fact.args else None, fact.name), []).append(fact)
    heads: list[tuple[str, Node]] = []
    first = _facts(list(groups.values()))
    if first is not None:
        heads.append(("goal", Node((('":["', first),))))
    reasons = _reasons(codebook)
    if reasons:
        end = Node((('"}', END),))
        heads.append(("cannot", Node((('":"', Node(tuple((reason, end) for reason in reasons))),))))
    return Node((('{"', Node(tuple(heads))),))


def _facts(groups: Sequence[Sequence[Fact]]) -> Node | None:
    """Facts one after the other, at most one of each group, in the order of the groups. A group is of one name, and
    about one thing.
    """
    rest: Node | None = None
    tails: list[Node] = []
    for number in range(len(groups) - 1, -1, -1):
        more = () if rest is None else (('","', rest),)
        tails.insert(0, _tail(groups[number], (*more, ('"]}', END))))
        names: dict[str, list[tuple[str, Node]]] = {}
        bare: dict[str, Node] = {}
        for group, tail in zip(groups[number:], tails, strict=True):
            if group[0].args:
                names.setdefault(group[0].name, []).append((group[0].args[0], tail))
            else:
                bare[group[0].name] = tail
        things = {name: Node((("(", Node(tuple(edges))),)) for name, edges in names.items()}
        rest = Node(tuple((bare | things).items()))
    return rest


def _tail(group: Sequence[Fact], follow: tuple[tuple[str, Node], ...]) -> Node:
    """What is written of a fact of a group behind its name and its first thing, and what may follow."""
    if not group[0].args:
        return Node(follow)
    closing = Node(tuple((f"){piece}", child) for piece, child in follow))

    def rest(facts: Sequence[Fact], place: int) -> Node:
        if place == len(facts[0].args):
            return closing
        options: dict[str, list[Fact]] = {}
        for fact in facts:
            options.setdefault(fact.args[place], []).append(fact)
        return Node(((",", Node(tuple((thing, rest(some, place + 1)) for thing, some in options.items()))),))

    return rest(group, 1)


def _reasons(codebook: Codebook) -> tuple[str, ...]:
    """The reasons for which a task can be given up."""
    arguments = [
        argument for skill in codebook.skills.values() if skill.ends == "cannot" for argument in skill.args.values()
    ]
    return tuple(reason for argument in arguments if isinstance(argument, ChoiceArgument) for reason in argument.texts)
