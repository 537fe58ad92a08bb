"""Goals as plans have them: the facts that are to hold, as lists of words. Alone they are one line of JSON.

    {"goal":[["red_block","in","blue_bowl"],["green_block","on","table"]]}          {"cannot":"missing"}
    {"goal":[["all","block","in","blue_bowl"],["red_block","on","table"]]}
    {"goal":[["all","left_zone","on","table"]]}
    {"goal":[["all","block","in","bowl","same_color"]]}
    {"goal":[["all","block","on","zone","rising","letter"]]}
    {"goal":[["not","gripper_open"]]}

What can be written is what skills can bring about of anything here, and what holds already. What is said of
all things of a class holds for those that nothing else is said of. That a fact is not to hold can be said where a skill
ends it and brings nothing else about, since then nothing else says what that skill is for. The words of a fact stand as
observations tell it, its thing first, so that what is chosen next depends on what was chosen before. Facts stand in any
order, so that they can be written as the task tells them. What is not feasible can be written all the same, and a thing
named that the task names and that is not there: who writes need not judge, only understand, and a plan finds out.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product

from .choice_graph import Node
from .fact_kinds import place_kinds
from .facts import Fact
from .goal_classes import ALL, Group, classes, gatherings, groups_of
from .goal_relations import NOT, related_ways
from .goal_rows import ordered_ways, spelled_ways
from .grounding import AllOf, AnyOf, Formula, Grounder, Opaque, changing
from .mentions import absent
from .observation import Observation
from .operators import Change, matches, operators
from .prompt import fact_text, fact_words
from .skills import Codebook


@dataclass(frozen=True)
class Goal:
    """What a model wrote: facts that are to hold, those that are not (`denied`), and what is to be so of all things of
    some classes; or why the task cannot be done.
    """

    facts: tuple[Fact, ...]
    cannot: str = ""
    groups: tuple[Group, ...] = ()
    denied: tuple[Fact, ...] = ()

    @property
    def text(self) -> str:
        """The goal as it is written."""
        denied = [[NOT, *fact_words(fact)] for fact in self.denied]
        items = [*(group.words for group in self.groups), *map(fact_words, self.facts), *denied]
        return json.dumps({"cannot": self.cannot} if self.cannot else {"goal": items}, separators=(",", ":"))

    @property
    def told(self) -> str:
        """The goal as people are told it."""
        groups = [" ".join(group.words) for group in self.groups]
        denied = [f"{NOT} {fact_text(fact)}" for fact in self.denied]
        return f"cannot ({self.cannot})" if self.cannot else "; ".join([*groups, *map(fact_text, self.facts), *denied])


def read_goal(text: str) -> Goal:
    """The goal that a text of the grammar says."""
    data = json.loads(text)
    if "cannot" in data:
        return Goal((), data["cannot"])
    groups = [Group(words[1], words[2], tuple(words[3:])) for words in data["goal"] if words[0] == ALL]
    facts = [_fact_of(words) for words in data["goal"] if words[0] not in (ALL, NOT)]
    denied = [_fact_of(words[1:]) for words in data["goal"] if words[0] == NOT]
    once = (tuple(dict.fromkeys(said)) for said in (facts, denied))
    return Goal(next(once), groups=tuple(dict.fromkeys(groups)), denied=next(once))


def _fact_of(words: Sequence[str]) -> Fact:
    """The fact that some words say: how many there are tells which of them is its name."""
    name = words[0] if len(words) < 3 else words[1]
    return Fact(name, tuple(words[1:]) if len(words) < 3 else (words[0], *words[2:]))


def goal_facts(codebook: Codebook, observation: Observation) -> list[Fact]:
    """The facts that a goal may be made of, in the order in which they are written: those that some chain of commands
    may bring about, what they end left aside, and those that hold already of what commands change. Nothing that
    begins with ALL or NOT can be said of one thing.
    """
    return list(_possible(_Situation(codebook, observation))[0])


def denials(codebook: Codebook, observation: Observation) -> list[Fact]:
    """The facts that a goal may say are not to hold, in the order in which they are written: those that some command
    may end whose skill brings nothing about.
    """
    return list(_possible(_Situation(codebook, observation))[1])


class _Situation:
    """What goals depend on of an observation: equal where things and facts are, whatever else is seen."""

    def __init__(self, codebook: Codebook, observation: Observation) -> None:
        self.codebook, self.observation = codebook, observation

    def __hash__(self) -> int:
        return hash((id(self.codebook), tuple(self.observation.facts)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Situation) or self.codebook is not other.codebook:
            return False
        mine, theirs = self.observation, other.observation
        return mine is theirs or (
            tuple(mine.facts) == tuple(theirs.facts) and tuple(mine.entities) == tuple(theirs.entities)
        )


@lru_cache(maxsize=16)
def _possible(situation: _Situation) -> tuple[list[Fact], list[Fact]]:
    """See `goal_facts` and `denials`."""
    codebook, observation = situation.codebook, situation.observation
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
            break
        known |= more
    ending = {skill.name for skill in codebook.skills.values() if not any(effect.adds for effect in skill.effects)}
    ended = {
        fact
        for step in steps
        if step.skill in ending and _may_hold(step.needs, known, codebook)
        for change in step.changes
        if _may_hold(change.when, known, codebook)
        for fact in _ended(change, known)
    }
    return in_order(codebook, observation, _sayable(known)), in_order(codebook, observation, _sayable(ended))


def _sayable(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that are not read as something else."""
    return [fact for fact in facts if fact_words(fact)[0] not in (ALL, NOT)]


def _ended(change: Change, known: Iterable[Fact]) -> list[Fact]:
    """The facts that a change may end."""
    if None not in change.places:
        return [Fact(change.name, tuple(place for place in change.places if place is not None))]
    return [fact for fact in known if matches(fact, change.name, change.places)]


def _may_hold(formula: Formula, known: set[Fact], codebook: Codebook) -> bool:
    """Whether a formula can come true where these facts can, and any can come to an end."""
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, AllOf):
        return all(_may_hold(part, known, codebook) for part in formula.parts)
    if isinstance(formula, AnyOf):
        return any(_may_hold(part, known, codebook) for part in formula.parts)
    if isinstance(formula, Opaque) or not formula.positive or formula.name in codebook.derived:
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


def facts_by_kinds(codebook: Codebook, observation: Observation, names: Collection[str]) -> list[Fact]:
    """Facts of these names of all things here of the kinds that each can be of, in the order of a goal."""
    things, takes = dict[str, list[str]](), place_kinds(codebook)
    for entity in observation.entities:
        things.setdefault(entity.kind, []).append(entity.id)
    found = [
        Fact(name, args)
        for name in takes
        if name in names
        for args in product(*([one for kind in kinds for one in things.get(kind, ())] for kinds in takes[name]))
        if len(set(args)) == len(args)
    ]
    return in_order(codebook, observation, _sayable(found))


@dataclass(frozen=True)
class Sayable:
    """What a goal can say: of classes of things, by class and fact name, where they are to be; facts, each group of one
    name and one first thing; and facts that are not to hold.
    """

    classes: Mapping[str, Mapping[str, Sequence[tuple[str, ...]]]]
    facts: Sequence[Sequence[Fact]]
    denied: Sequence[Fact] = ()

    @classmethod
    def of(cls, codebook: Codebook, observation: Observation, task: str = "") -> "Sayable":
        """What some chain of commands may bring about here, and the same of things alike; of what the task names, also
        of things that are not seen.
        """
        facts, denied = _possible(_Situation(codebook, observation))
        told = in_order(codebook, observation, _sayable(_told(codebook, observation, facts)))
        told += _of_absent(codebook, task, observation, told)
        return cls._made(codebook, observation, task, facts, told, denied)

    @classmethod
    def by_kinds(cls, codebook: Codebook, observation: Observation, task: str = "") -> "Sayable":
        """What skills change, said of all things here of the kinds that it can be of, whether or not that can be."""
        effects = [effect for skill in codebook.skills.values() for effect in skill.effects]
        added = {effect.atom.name for effect in effects if effect.adds}
        ended = {effect.atom.name for effect in effects} - added

        told, denied = (facts_by_kinds(codebook, observation, names) for names in (added, ended))
        return cls._made(codebook, observation, task, told, told, denied)

    @classmethod
    def _made(
        cls,
        codebook: Codebook,
        observation: Observation,
        task: str,
        facts: Sequence[Fact],
        told: Iterable[Fact],
        denied: Sequence[Fact],
    ) -> "Sayable":
        """Out of the facts that classes can be told of, those told of one thing, and those that are not to hold."""
        groups: dict[tuple[str | None, str], list[Fact]] = {}
        for fact in told:
            groups.setdefault((fact.args[0] if fact.args else None, fact.name), []).append(fact)
        things = list(dict.fromkeys(fact.args[0] for fact in facts if fact.args))
        found = {
            name: _all_ways(codebook, observation, name, members, facts)
            for name, members in classes(codebook, observation, things).items()
        }
        for word, spelled in spelled_ways(codebook, observation, task, facts).items():
            found[word] = _merged(found.get(word, {}), spelled)
        for place, members in gatherings(codebook, observation, things).items():
            wanted = {
                name: [to for to in places if to != (place,)] for name, places in groups_of(members, facts).items()
            }
            found.setdefault(place, {name: places for name, places in wanted.items() if places})
        return cls({name: wanted for name, wanted in found.items() if wanted}, list(groups.values()), denied)

    @property
    def size(self) -> int:
        """How many classes, groups of facts and facts that are not to hold there are; without facts no class counts."""
        return len(self.denied) + (len(self.classes) + len(self.facts) if self.facts else 0)

    def item(self, closing: Node) -> Node:
        """One fact, or one thing that is said of a class, behind its opening `["`, and what may follow."""
        return _item(self.classes if self.facts else {}, self.facts, self.denied, closing)


def _all_ways(
    codebook: Codebook, observation: Observation, of: str, members: Sequence[str], facts: Sequence[Fact]
) -> dict[str, list[tuple[str, ...]]]:
    """What can be wanted of all members of a class, by the name of the fact; by what relates them to places only of
    kinds and computed classes."""
    found = groups_of(members, facts)
    if of not in {*codebook.kinds, *codebook.derived}:
        return found
    related = related_ways(codebook, observation, members, facts)
    ordered = ordered_ways(codebook, observation, members, facts)
    return _merged(found, related, ordered)


def _merged(*ways: Mapping[str, Sequence[tuple[str, ...]]]) -> dict[str, list[tuple[str, ...]]]:
    """What can be wanted in one way or another, by the name of the fact."""
    names = dict.fromkeys(chain.from_iterable(ways))
    return {name: [to for way in ways for to in way.get(name, ())] for name in names}


def _told(codebook: Codebook, observation: Observation, facts: Sequence[Fact]) -> set[Fact]:
    """What can be told of things, whether or not it can come true: of each all that can be so of any of them, but
    nothing of things of another kind.
    """
    kinds, takes = {entity.id: entity.kind for entity in observation.entities}, place_kinds(codebook)
    things = dict.fromkeys(fact.args[0] for fact in facts if fact.args)
    found = set(facts)
    for fact in facts:
        if fact.args:
            alike = [thing for thing in things if kinds.get(thing) in takes[fact.name][0]]
            found |= {Fact(fact.name, (thing, *fact.args[1:])) for thing in alike if thing not in fact.args[1:]}
    return found


def _of_absent(codebook: Codebook, task: str, observation: Observation, facts: Sequence[Fact]) -> list[Fact]:
    """What can be said of things that a task names and that are not seen: what can be said of things like them."""
    found: dict[Fact, None] = {}
    seen = [entity.id for entity in observation.entities]
    for name, like in absent(task, seen, known_words(codebook, observation)).items():
        for fact in facts:
            for number, arg in enumerate(fact.args):
                if arg in like and name not in fact.args:
                    found[Fact(fact.name, (*fact.args[:number], name, *fact.args[number + 1 :]))] = None
    return list(found)


def known_words(codebook: Codebook, observation: Observation) -> frozenset[str]:
    """The words that name no thing of their own here: those of a codebook's texts, and of how things look."""
    looks = {value for entity in observation.entities for value in entity.properties.values()}
    return _vocabulary(codebook) | looks


@lru_cache(maxsize=32)
def _vocabulary(codebook: Codebook) -> frozenset[str]:
    """The words that a codebook's own texts are made of: what one of them says is no name of a thing."""
    texts = [
        codebook.description, *codebook.kinds, *codebook.properties, *codebook.derived,
        *(f"{predicate.name} {predicate.description}" for predicate in codebook.predicates.values()),
        *(f"{skill.name} {skill.description} {' '.join(skill.args)}" for skill in codebook.skills.values()),
        *(value for values in codebook.properties.values() for value in values or ()),
    ]  # fmt: skip
    return frozenset(re.findall(r"[a-z]+", " ".join(texts).lower().replace("_", " ")))


def _item(
    classes: Mapping[str, Mapping[str, Sequence[tuple[str, ...]]]],
    groups: Sequence[Sequence[Fact]],
    denied: Sequence[Fact],
    closing: Node,
) -> Node:
    """One fact, or one thing that is said of a class, and what may follow. Each group is of one name and one thing."""
    known: dict[tuple[object, ...], Node] = {}

    def shared(edges: Iterable[tuple[str, Node]]) -> Node:
        made = tuple(edges)
        return known.setdefault(tuple((text, id(node)) for text, node in made), Node(made))

    def ways(names: Mapping[str, Sequence[tuple[str, ...]]]) -> Node:
        return shared((name, shared([('","', _paths(places, closing, shared))])) for name, places in names.items())

    edges = []
    if classes:
        edges.append(
            (ALL, Node((('","', Node(tuple((of, Node((('","', ways(names)),))) for of, names in classes.items()))),)))
        )
    behind: dict[str, dict[str | None, tuple[tuple[str, Node], ...]]] = {}
    for group in groups:
        words = fact_words(group[0])
        places = [given.args[1:] for given in group]
        tail = closing.edges if len(group[0].args) < 2 else (('","', _paths(places, closing, shared)),)
        behind.setdefault(words[0], {})[words[1] if len(words) > 1 else None] = tail
    for word, seconds in behind.items():
        more = [(second, shared(tail)) for second, tail in seconds.items() if second is not None]
        edges.append((word, shared((*seconds.get(None, ()), *([('","', shared(more))] if more else [])))))
    if denied:
        words_of = [tuple(fact_words(fact)) for fact in denied]
        edges.append((NOT, shared([('","', _paths(words_of, closing, shared))])))
    return Node(tuple(edges))


def _paths(
    texts: Sequence[tuple[str, ...]], closing: Node, shared: Callable[[Iterable[tuple[str, Node]]], Node]
) -> Node:
    """Some words one after the other, and what may follow."""
    options: dict[str, list[tuple[str, ...]]] = {}
    for words in texts:
        options.setdefault(words[0], []).append(words[1:])

    def behind(rests: Sequence[tuple[str, ...]]) -> Node:
        longer = [rest for rest in rests if rest]
        if not longer:
            return closing
        ends = closing.edges if len(longer) < len(rests) else ()
        return shared([('","', _paths(longer, closing, shared)), *ends])

    return shared((word, behind(rests)) for word, rests in options.items())
