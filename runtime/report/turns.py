"""The decisions of an episode as plain data, one after the other: what the report and the live view both show."""

import json
import math
from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal

from codeword.codebook import Codebook, Command, CommandError, Observation, Result, parse_codebook
from codeword.codebook.action_prompt import offer
from codeword.codebook.action_space import ActionSpace
from codeword.codebook.contingencies import contingencies
from codeword.codebook.observation import Record
from codeword.codebook.plan_executor import PlanExecutor
from codeword.codebook.plan_prompt import plan_prompt
from codeword.codebook.prompt import Prompt, ordered_facts
from codeword.codebook.task_plan import read_plan, told_item
from codeword.controller.decision import Choice, Decision
from codeword.runtime.recording import Step
from codeword.runtime.records import CommandRecord

MOST_TOLD = 12
"""So many legal commands of each skill are spelled out; all are counted."""

_MOVED_M = 0.01
_FIGURES = (
    "first_token_ms", "token_ms", "prompt_tokens", "tokens_cached", "tokens_forced", "tokens_chosen",
    "tokens_guessed", "tokens_accepted", "passes", "kv_mb",
)  # fmt: skip


class SeenChanges(Record):
    """What an observation shows that the one before did not; `moved` in metres."""

    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    no_longer: tuple[str, ...] = ()
    moved: Mapping[str, float] = {}


class Offered(Record):
    """The legal commands of one skill: how many, and the first of them."""

    skill: str
    count: str
    commands: tuple[str, ...]


class Weighed(Record):
    """A choice on the way to the command: what stood before it, what was taken, and the likeliest with their share."""

    after: str
    taken: str
    options: tuple[tuple[str, float], ...]


class PlanLine(Record):
    """An item of a plan in words, and whether it is done, under way, or to come."""

    text: str
    state: Literal["done", "now", "later"]


class Turn(Record):
    """One decision. Times are in milliseconds of wall time, but for `time_s`, which is the robot's own.

    `system` is the codebook's part of the prompt, told once for all. `parts_ms` are the stages inside the decision,
    `figures` what it cost the model, `probability` that of the command among the legal ones; `ends` says that the
    command ends the episode. `plan` is what the model wrote, `sureness` how probable it held that, and
    `considered` are the likeliest plans where it was written; the prompt is empty where none was read. `contingencies`
    tell what the plan does next where the command fails: the case, and what is done then.
    """

    number: int
    time_s: float
    task: str
    seen: SeenChanges
    prompt: str
    system: str
    legal: str
    offered: tuple[Offered, ...]
    left_out: Mapping[str, str] = {}
    choices: tuple[Weighed, ...] = ()
    probability: float | None = None
    path: str = ""
    cache_level: str = ""
    parts_ms: Mapping[str, float] = {}
    figures: Mapping[str, float] = {}
    command: str = ""
    text: str = ""
    guard: CommandRecord | None = None
    result: Result | None = None
    stage_ms: Mapping[str, float] = {}
    missed: tuple[str, ...] = ()
    ends: bool = False
    edited: str = ""
    plan: tuple[PlanLine, ...] = ()
    sureness: float | None = None
    considered: tuple[tuple[str, float], ...] = ()
    contingencies: tuple[tuple[str, str], ...] = ()


class Teller:
    """Tells the decisions of one episode in their order; the one under way as often as something is added to it."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self._before: Observation | None = None
        self._told: tuple[Observation, Turn] | None = None
        self._executor: PlanExecutor | None = None
        self._followed: tuple[Decision, tuple[tuple[str, str], ...]] | None = None

    def turn(self, step: Step, task: str) -> Turn:
        """A step as far as it is known."""
        if step.codebook is not None and step.codebook.hash != self._codebook.hash:
            self._codebook = parse_codebook(step.codebook.text)
            self._told = self._executor = None
        if self._told is None or self._told[0] is not step.observation:
            self._before = self._told[0] if self._told is not None else self._before
            self._told = (step.observation, self._asked(step.observation, task))
        ends = {"ends": step.command is not None and step.command.allowed and self._ends(step.command.text)}
        return self._told[1].model_copy(update={**_came_of(step), **ends, **self._wanted(step, task)})

    def _wanted(self, step: Step, task: str) -> dict[str, object]:
        """Of a decision by a plan: what the model wrote, and the prompt that was read in fact."""
        decision = step.decision
        if decision is None or not decision.plan:
            return {}
        planned = decision.path == "planned"
        return {
            "plan": plan_lines(self._codebook, decision),
            "prompt": "" if planned else _text(plan_prompt(self._codebook, task, step.observation, decision.done)),
            "sureness": _rounded_share(decision.sureness),
            "considered": tuple((one.told, round(one.probability, 4)) for one in decision.considered),
            "contingencies": self._contingencies(decision, step.observation),
        }

    def _contingencies(self, decision: Decision, observation: Observation) -> tuple[tuple[str, str], ...]:
        """What the plan does next where the command fails; nothing where the plan cannot be followed from here."""
        if self._followed is None or self._followed[0] is not decision:
            self._followed = (decision, self._follow(decision, observation))
        return self._followed[1]

    def _follow(self, decision: Decision, observation: Observation) -> tuple[tuple[str, str], ...]:
        executor, self._executor = self._executor, None
        if executor is None or decision.path != "planned" or decision.plan != executor.plan.text:
            try:
                executor = PlanExecutor(self._codebook, read_plan(self._codebook, decision.plan))
            except CommandError:  # it was written by another state of the codebook
                return ()
        found = executor.next(observation)
        if not isinstance(found, Command) or found.text != decision.text:
            return ()
        self._executor = executor
        return tuple((one.case, one.then) for one in contingencies(executor, observation, found))

    def _ends(self, text: str) -> bool:
        """Whether a command that passed the guard ends the episode."""
        return self._codebook.skills[json.loads(text)["skill"]].ends is not None

    def _asked(self, observation: Observation, task: str) -> Turn:
        """What the controller was asked: all of a turn that is known before it decides."""
        offered = offer(self._codebook, task, observation)
        return Turn(
            number=observation.step + 1,
            time_s=round(observation.time_s, 3),
            task=task,
            seen=seen(self._codebook, self._before, observation),
            prompt=_text(offered.prompt),
            system=offered.prompt.system,
            **_choice(offered.legal),
        )


def _choice(legal: ActionSpace) -> dict[str, Any]:
    """What could be chosen, and what could not and why."""
    return {"legal": f"{legal.count:,}", "offered": _offered(legal), "left_out": dict(legal.left_out)}


def seen(codebook: Codebook, before: Observation | None, observation: Observation) -> SeenChanges:
    """What has changed since an observation; all that is there where there is none."""
    known = {entity.id: entity for entity in before.entities} if before is not None else {}
    facts = before.facts if before is not None else ()
    moved = {}
    for entity in observation.entities:
        old = known.get(entity.id)
        if old is not None and old.position_m is not None and entity.position_m is not None:
            distance_m = math.dist(old.position_m, entity.position_m)
            if distance_m >= _MOVED_M:
                moved[entity.id] = round(distance_m, 3)
    there = {entity.id for entity in observation.entities}
    return SeenChanges(
        appeared=tuple(entity.id for entity in observation.entities if entity.id not in known),
        gone=tuple(name for name in known if name not in there),
        now=tuple(str(fact) for fact in ordered_facts(codebook, observation) if fact not in facts),
        no_longer=tuple(
            str(fact) for fact in (ordered_facts(codebook, before) if before else ()) if fact not in observation.facts
        ),
        moved=moved,
    )


def plan_lines(codebook: Codebook, decision: Decision) -> tuple[PlanLine, ...]:
    """The items of a decision's plan, in words, as far as they are done; of a plan that is none, why."""
    try:
        plan = read_plan(codebook, decision.plan)
    except CommandError:  # it was written by another state of the codebook
        return (PlanLine(text=decision.plan, state="now"),)
    if plan.cannot:
        return (PlanLine(text=plan.told, state="now"),)
    return tuple(PlanLine(text=told_item(item), state=_state(n - decision.item)) for n, item in enumerate(plan.items))


def _state(ahead: int) -> Literal["done", "now", "later"]:
    """What an item is that comes so many after the one under way."""
    return "done" if ahead < 0 else "later" if ahead else "now"


def _rounded_share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def short(text: str) -> str:
    """A command as it is called, `pick(red_block)`; as it came where it is none."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(given, dict) or "skill" not in given:
        return text
    return f"{given.pop('skill')}({', '.join(_value(value) for value in given.values())})"


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _text(prompt: Prompt) -> str:
    """All of a prompt but the codebook's part."""
    return f"{prompt.task}\n{prompt.observation}"


def _offered(legal: ActionSpace) -> tuple[Offered, ...]:
    """The legal commands by skill. The graph's first piece is that before every skill's name."""
    ((opening, skills),) = legal.graph.edges
    return tuple(
        Offered(
            skill=name,
            count=f"{behind.count():,}",
            commands=tuple(short(opening + name + rest) for rest in islice(behind.texts(), MOST_TOLD)),
        )
        for name, behind in skills.edges
    )


def _came_of(step: Step) -> Mapping[str, object]:
    """What is known of a turn from the decision on."""
    told: dict[str, object] = {"guard": step.command, "result": step.result}
    if step.budget is not None:
        told |= {"stage_ms": _rounded(step.budget.stage_ms), "missed": step.budget.missed}
    if step.codebook is not None:
        told["edited"] = step.codebook.hash
    text = step.decision.text if step.decision is not None else step.command.text if step.command is not None else ""
    told |= {"text": text, "command": short(text)}
    return told | _decided(step.decision) if step.decision is not None else told


def _decided(decision: Decision) -> dict[str, object]:
    sure = decision.logprob
    figures = {name: round(float(getattr(decision, name)), 2) for name in _FIGURES} if decision.passes else {}
    return {
        "choices": tuple(_weighed(choice) for choice in decision.choices),
        "probability": round(math.exp(sure), 4) if decision.choices and sure is not None else None,
        "path": decision.path,
        "cache_level": decision.cache_level if decision.passes else "",
        "parts_ms": {name: ms for name, ms in _rounded(decision.stage_ms).items() if name != "total"},
        "figures": figures,
    }


def _weighed(choice: Choice) -> Weighed:
    options = tuple((option.text, round(option.probability, 4)) for option in choice.options)
    return Weighed(after=choice.after, taken=choice.taken, options=options)


def _rounded(times_ms: Mapping[str, float]) -> dict[str, float]:
    return {name: round(ms, 3) for name, ms in times_ms.items()}
