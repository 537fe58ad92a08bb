"""What a task says of several things together, carried out for each of them: a command that a model writes for one of
them is meant for each.

A plan that does it with some of them alone, or with one that is left out, is not carried out; where it can be, the task
is told once more with each thing named, as people say it of several.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence

from .arguments import ChoiceArgument, EntityArgument
from .goal_classes import ALL
from .goal_tracker import GoalTracker, settled
from .known_names import known_names, things_of
from .mentions import excepted, named, without_exceptions
from .observation import Observation
from .plan_executor import possible_facts
from .quantifiers import (
    COUNTS,
    Universal,
    named_together,
    one_of,
    others_named,
    plural_groups,
    says_everything,
    universals,
)
from .skills import Codebook
from .task_plan import MOST_ITEMS, Achieve, Do, Item, TaskPlan, read_plan, things_named


def spread(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> TaskPlan:
    """A plan with a command, or a goal, for each of several things where its task speaks of them together and it has
    one for one of them; as it is where that is too long, or not clear.
    """
    there = things_of(observation)
    for one in (*universals(codebook, task, there), *named_together(codebook, task, there)):
        group = {*one.things, *one.left_out}
        at = [number for number, item in enumerate(plan.items) if group & set(_things(codebook, item))]
        if one.restricted or one.apart or len(at) != 1:
            continue
        item = plan.items[at[0]]
        if group & set(_things(codebook, item)) == {_object(codebook, item)}:
            plan = _for_each(codebook, plan, at[0], _object(codebook, item), one.things)
    if says_everything(task) and len(found := _unnamed(codebook, task, observation, plan.items)) == 1:
        ((place, old, things),) = found
        plan = _for_each(codebook, plan, place, old, things)
    return plan


def _for_each(codebook: Codebook, plan: TaskPlan, at: int, old: str, things: Sequence[str]) -> TaskPlan:
    """A plan with an item for each of some things in place of the one for one of them; as it is where that is too long,
    or for none.
    """
    items = [_with(codebook, plan.items[at], old, thing) for thing in things]
    longer = TaskPlan((*plan.items[:at], *items, *plan.items[at + 1 :]), plan.cannot)
    return longer if items and longer.held <= MOST_ITEMS else plan


def _object(codebook: Codebook, item: Item) -> str:
    """What an item does something with: the first thing that it names. Others say where to, and there is one of these:
    a cup cannot be put beside the plate and beside the bowl.
    """
    return next((thing for thing in _things(codebook, item)), "")


def spelled_out(codebook: Codebook, task: str, observation: Observation) -> str:
    """A task with each thing named where it speaks of all of a kind, and without what it leaves out."""
    text = task
    for one in reversed(universals(codebook, task, things_of(observation))):
        if 0 < len(one.things) <= MOST_ITEMS and not one.restricted:
            text = text[: one.begin] + _listed(one.things) + text[one.end :]
    return without_exceptions(text, _names(codebook, observation))


def check_quantified(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> str:
    """Why a plan must not be carried out, in words; empty where it may. It must not where it names a thing, or makes a
    choice, that its task leaves out, or names but some of those that it asks for together.
    """
    used = {*_used(codebook, plan, observation), *_choices_of(codebook, plan)}
    if wrong := [name for name in excepted(task, _names(codebook, observation)) if name in used]:
        return f"the task leaves out {', '.join(wrong)}, and the plan does not"
    there = things_of(observation)
    spoken_of = universals(codebook, task, there)
    if any(isinstance(item, Achieve) and item.goal.groups for item in plan.items):
        return _too_wide(task, observation, plan, spoken_of)
    for one in (*spoken_of, *named_together(codebook, task, there)):
        mine, missing = used.intersection(one.things), [thing for thing in one.things if thing not in used]
        if mine and missing and (not one.restricted or len(mine) == 1):
            more = "nothing for" if not one.restricted else f"{', '.join(mine)} alone, nothing for"
            return f"'{task[one.begin : one.end]}' was said, and the plan has {more} {', '.join(missing)}"
    if says_everything(task):
        for _, thing, things in _unnamed(codebook, task, observation, plan.items):
            if missing := [other for other in things if other not in used]:
                return f"everything was said, and the plan has {thing}, nothing for {', '.join(missing)}"
    return _miscounted(codebook, task, observation, used)


def _things(codebook: Codebook, item: Item) -> Iterator[str]:
    """The things that an item names; none of a goal that speaks of classes."""
    if isinstance(item, Do):
        yield from (thing for thing, _ in things_named(codebook, item.command))
    elif not item.goal.groups:
        yield from (thing for fact in (*item.goal.facts, *item.goal.denied) for thing in fact.args)


def _with(codebook: Codebook, item: Item, old: str, new: str) -> Item:
    """An item with one thing in place of another."""

    def put(value: object) -> object:
        if isinstance(value, list):
            return [put(one) for one in value]
        if isinstance(value, dict):
            return {name: value[name] if name == "skill" else put(value[name]) for name in value}
        return new if value == old else value

    return read_plan(codebook, json.dumps(put(json.loads(TaskPlan((item,)).text)))).items[0]


def _unnamed(
    codebook: Codebook, task: str, observation: Observation, items: Sequence[Item]
) -> list[tuple[int, str, list[str]]]:
    """The commands with one thing that the task does not name, or leaves out: their places, that thing, and all that
    may stand there and is not left out.
    """
    seen, found = [entity.id for entity in observation.entities], []
    left_out = excepted(task, seen)
    for at, item in enumerate(items):
        if isinstance(item, Achieve):
            continue
        for name, value in item.command.args.items():
            about = codebook.skills[item.command.skill].args[name]
            if isinstance(about, EntityArgument) and (value in left_out or not named(task, str(value), seen)):
                others = {str(other) for key, other in item.command.args.items() if key != name} | set(left_out)
                things = [entity.id for entity in observation.entities if entity.kind in about.kinds]
                found.append((at, str(value), [thing for thing in things if thing not in others]))
    return found


def _too_wide(task: str, observation: Observation, plan: TaskPlan, spoken_of: Sequence[Universal]) -> str:
    """Why a goal of all things of a kind is not what a task asks for, that speaks of fewer of them; else empty."""
    for item in plan.items:
        for group in item.goal.groups if isinstance(item, Achieve) else ():
            members = {entity.id for entity in observation.entities if entity.kind == group.of}
            for one in spoken_of:
                if set(one.things) < members and not one.left_out and not one.restricted:
                    return f"'{task[one.begin : one.end]}' was said, and the plan is for {ALL} {group.of}"
    return ""


def _miscounted(codebook: Codebook, task: str, observation: Observation, used: Collection[str]) -> str:
    """Why a plan that uses some things is not for as many of a kind as its task says; empty where it says no such
    thing.
    """
    seen, text = [entity.id for entity in observation.entities], task.lower()
    if not (groups := plural_groups(codebook, things_of(observation))):
        return ""
    for found in re.finditer(
        rf"\b({'|'.join(COUNTS)}|[2-9])(?: of (?:the|my|our|your|these|those))? ({one_of(groups)})\b", text
    ):
        mine, count = set(used).intersection(groups[found[2]]), COUNTS.get(found[1]) or int(found[1])
        if mine and len(mine) != count and not others_named(text, found.start(), found.end(), groups[found[2]], seen):
            return f"'{task[found.start() : found.end()]}' was said, and the plan has {', '.join(sorted(mine))}"
    return ""


def _used(codebook: Codebook, plan: TaskPlan, observation: Observation) -> Iterator[str]:
    """The things that a plan does something with: those that its commands and goals name; where a goal speaks of
    classes, those of which it wants what is not so, for it says of a thing that it stays where it is to leave it out.
    """
    for item in plan.items:
        if isinstance(item, Do) or not item.goal.groups:
            yield from _things(codebook, item)
        else:
            possible = possible_facts(item.goal)
            goal = settled(codebook, item.goal, observation, possible)
            wanted = GoalTracker(codebook, goal, possible).facts(observation)
            yield from (arg for fact in wanted if fact not in observation.facts for arg in fact.args)


def _names(codebook: Codebook, observation: Observation) -> list[str]:
    """What a task may name: the things that are there, and what can be chosen."""
    return list(dict.fromkeys(name.name for name in known_names(codebook, things_of(observation)).names))


def _choices_of(codebook: Codebook, plan: TaskPlan) -> Iterator[str]:
    """What a plan's commands choose."""
    for item in plan.items:
        if isinstance(item, Do):
            args = codebook.skills[item.command.skill].args
            yield from (str(v) for name, v in item.command.args.items() if isinstance(args[name], ChoiceArgument))


def _listed(things: Sequence[str]) -> str:
    """Things as people name several."""
    names = [thing.replace("_", " ") if thing[-1].isdigit() else f"the {thing.replace('_', ' ')}" for thing in things]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
