"""Plans as people write them in YAML: in examples of a codebook, and in tasks with their answers.

    plan: [sit, bark: {times: 2}, goal: "in(red_block, blue_bowl)", repeat: 3, …]

An item is a skill's name, a skill with its arguments, a goal (facts as in conditions, `not open(door)`, or what is said
of a class: `all block in blue_bowl`), or a part that is repeated: `{repeat: 3, plan: [forward, turn]}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from .command_codec import make_command
from .errors import CommandError, did_you_mean
from .facts import Fact
from .goal_classes import ALL, Group
from .goal_relations import NOT
from .goals import Goal
from .skills import Codebook
from .task_plan import MOST_ITEMS, MOST_TIMES, Achieve, Do, Item, TaskPlan
from .yaml_source import List_, Mapping_, Place, Source, plain, rejoined, shown


def read_notation(
    codebook: Codebook, source: Source, value: Any, at: Place, names: Mapping[str, str] = MappingProxyType({})
) -> TaskPlan | None:
    """The plan that a YAML value says; None with a fault noted in the source where it says none. `names` are what
    skills are called now, by what they are called there.
    """
    before = len(source.faults)
    items = list(_Reader(codebook, source, names).items(value, at))
    if not items and len(source.faults) == before:
        source.fault("a plan has at least one item", at)
    plan = TaskPlan(tuple(items))
    if plan.held > MOST_ITEMS:
        source.fault(f"a plan of {plan.held} commands and facts; at most {MOST_ITEMS}", at)
    return plan if len(source.faults) == before else None


class _Reader:
    def __init__(self, codebook: Codebook, source: Source, names: Mapping[str, str]) -> None:
        self.codebook, self.source, self.names, self.fault = codebook, source, names, source.fault

    def items(self, value: Any, at: Place) -> Iterator[Item]:
        """The items of a list, or of the one item that stands in place of it."""
        listed: Iterable[tuple[Any, Place]] = value if isinstance(value, List_) else [(value, at)]
        found: list[Item] = []
        for item, place in listed:
            found += self.item(item, place)
        yield from _counted(found)

    def item(self, value: Any, at: Place) -> Iterable[Item]:
        if isinstance(value, str):
            return self.command(value, None, at)
        if not isinstance(value, Mapping_):
            self.fault(
                f"'{shown(value)}' is no item of a plan: a skill, {{skill: {{arguments}}}} or {{goal: facts}}", at
            )
            return []
        keys = [str(key) for key in value]
        if keys == ["repeat", "plan"] or keys == ["plan", "repeat"]:
            return self.repeated(value)
        if len(keys) != 1:
            self.fault(f"an item of a plan has one key, a skill or goal, not {', '.join(keys) or 'none'}", at)
            return []
        (key,) = keys
        if key == "goal" and "goal" not in self.codebook.skills:
            return self.goal(value.get(key), value.value_at(key))
        return self.command(key, value.get(key), value.key_at(key))

    def repeated(self, value: Mapping_) -> Iterable[Item]:
        times, inner = value.get("repeat"), list(self.items(value.get("plan"), value.value_at("plan")))
        if isinstance(times, bool) or not isinstance(times, int) or not 2 <= times <= MOST_TIMES:
            self.fault(f"'repeat' is a whole number from 2 to {MOST_TIMES}", value.value_at("repeat"))
            return []
        return inner * times

    def command(self, said: str, args: Any, at: Place) -> Iterable[Item]:
        skill = self.names.get(said, said)
        given = plain(args) if isinstance(args, Mapping_) else {} if args is None else None
        if skill not in self.codebook.skills:
            doing = [name for name, known in self.codebook.skills.items() if known.ends is None]
            self.fault(f"there is no skill '{said}'{did_you_mean(said, doing)}", at)
        elif self.codebook.skills[skill].ends is not None:
            self.fault(f"'{skill}' is no item of a plan: it ends by itself", at)
        elif given is None:
            self.fault(f"the arguments of '{skill}' map names to values, not '{shown(args)}'", at)
        else:
            try:
                return [Do(make_command(self.codebook, skill, given))]
            except CommandError as problem:
                self.fault(str(problem), at)
        return []

    def goal(self, value: Any, at: Place) -> Iterable[Item]:
        facts: list[Fact] = []
        denied: list[Fact] = []
        groups: list[Group] = []
        for text, place in rejoined(value) if isinstance(value, List_) else [(value, at)]:
            words = text.split() if isinstance(text, str) else []
            if len(words) > 3 and words[0] == ALL:
                groups.append(Group(words[1], words[2], tuple(words[3:])))
                continue
            negated = words[:1] == [NOT]
            fact = self.source.parsed(Fact.parse, text.split(maxsplit=1)[1] if negated else text, place)
            if fact is not None and self.is_known(fact, place):
                (denied if negated else facts).append(fact)
        goal = Goal(tuple(facts), groups=tuple(groups), denied=tuple(denied))
        return [Achieve(goal)] if facts or groups or denied else []

    def is_known(self, fact: Fact, at: Place) -> bool:
        places = self.codebook.places()
        if fact.name not in places:
            self.fault(f"unknown fact '{fact.name}'{did_you_mean(fact.name, list(places))}", at)
        elif len(fact.args) != places[fact.name]:
            self.fault(f"'{fact}' is of {len(fact.args)} things; '{fact.name}' of {places[fact.name]}", at)
        else:
            return True
        return False


def _counted(items: Iterable[Item]) -> Iterator[Item]:
    """The items with equal commands in a row as one that is counted."""
    last: Item | None = None
    for item in items:
        if isinstance(last, Do) and isinstance(item, Do) and last.command == item.command:
            times = last.times + item.times
            if times <= MOST_TIMES:
                last = Do(last.command, times)
                continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last
