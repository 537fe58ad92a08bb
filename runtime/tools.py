"""A robot's skills as tools for another program: what may be called now, and the calls, one after the other."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from codeword.codebook import Codebook, Command, CommandError, Observation, legal
from codeword.codebook.arguments import Argument, EntityArgument, ListArgument, TextArgument
from codeword.codebook.command_codec import skill_schema
from codeword.codebook.errors import CodewordError
from codeword.codebook.skills import Skill
from codeword.codebook.task_plan import Do, TaskPlan, told_command
from codeword.controller import Decision

from .guard import Guard
from .judge import Verdict
from .session import Session

_MOST_LISTED = 5_000
"""Of a skill with more legal commands than this, things are listed that are within reach, whether or not each is legal
beside each other; a call is checked all the same."""
_ANY_TEXT = "words"
"""Stands for the task from which words are copied, where tools are listed: what is said is not known yet."""
GENERAL = ("observe", "plan", "do", "stop")


@dataclass(frozen=True)
class Tool:
    """What may be called: its name, what it does, and the JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ToolAnswer:
    """What came of a call: data, and whether it did what was asked."""

    data: Mapping[str, Any]
    ok: bool


def tools_now(codebook: Codebook, observation: Observation) -> list[Tool]:
    """A tool for each skill of which some command is legal now, its arguments those that are legal now; and the general
    ones, called `robot_…` where a skill has the name.
    """
    found = legal(codebook, observation, _ANY_TEXT)
    tools = []
    for skill in codebook.skills.values():
        if skill.ends is not None or skill.name in found.left_out:
            continue
        values = _things(codebook, observation, skill)
        properties = {name: _narrowed(argument, values.get(name)) for name, argument in skill.args.items()}
        told = skill_schema(skill)
        schema = {
            "type": "object",
            "properties": {name: told["properties"][name] | more for name, more in properties.items()},
            "required": [name for name in told["required"] if name != "skill"],
            "additionalProperties": False,
        }
        tools.append(Tool(skill.name, skill.description, schema))
    return [*(_general(name, codebook) for name in GENERAL), *tools]


def _things(codebook: Codebook, observation: Observation, skill: Skill) -> dict[str, list[str]]:
    """By argument, the things of its kinds that some legal command of a skill names."""
    named = [name for name, argument in skill.args.items() if isinstance(argument, EntityArgument | ListArgument)]
    if not named:
        return {}
    some = legal(codebook, observation, _ANY_TEXT).graph.beginning(f'{{"skill":"{skill.name}"')
    if some.count() > _MOST_LISTED:
        reachable = codebook.within_reach(observation)
        return {
            name: [thing for kind in getattr(skill.args[name], "kinds", ()) for thing in reachable.get(kind, ())]
            for name in named
        }
    found: dict[str, dict[str, None]] = {name: {} for name in named}
    for text in some.texts():
        command = json.loads(text)
        for name in named:
            value = command.get(name, [])
            found[name] |= dict.fromkeys([value] if isinstance(value, str) else value)
    return {name: list(things) for name, things in found.items()}


def _narrowed(argument: Argument, things: list[str] | None) -> dict[str, Any]:
    """What is said of an argument beside its schema: which things it may be now."""
    if things is None:
        return {}
    if isinstance(argument, ListArgument):
        return {"items": {"enum": things}}
    return {"enum": things}


def _general(name: str, codebook: Codebook) -> Tool:
    task = {"task": {"type": "string", "description": "the task in plain words, as said to the robot"}}
    about, properties = {
        "observe": ("What the robot sees now: things, facts, and its own state.", {}),
        "plan": ("The plan that the robot's own model would make for a task. Nothing moves.", task),
        "do": ("Have the robot's own model plan a task in plain words, and carry the plan out.", task),
        "stop": ("Stop the robot now. It stays stopped until a person re-arms it.", {}),
    }[name]
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return Tool(general_name(name, codebook), about, schema)


def general_name(name: str, codebook: Codebook) -> str:
    """What a general tool is called beside the skills of a codebook."""
    return f"robot_{name}" if name in codebook.skills else name


class Toolbox:
    """Calls tools of one session, each after the one before, in a thread of their own; `stop` at once.

    What is called is checked by the guard, whatever the caller was told of tools. `changed` tells after each call
    whether other tools may be called than before.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="robot")
        self._names = {general_name(name, session.codebook): name for name in GENERAL}
        self._listed: list[Tool] = []

    def tools(self) -> list[Tool]:
        """What may be called now. Only in `thread`."""
        self._listed = self._now()
        return self._listed

    def changed(self) -> bool:
        """Whether other tools may be called than were listed last. Only in `thread`."""
        return bool(self._listed) and self._listed != self._now()

    def is_stop(self, name: str) -> bool:
        """Whether a tool stops the robot: it is called at once, from any thread."""
        return self._names.get(name) == "stop"

    def stop(self) -> ToolAnswer:
        """Stop the robot."""
        self._session.stop()
        return ToolAnswer({"ended": "stopped", "told": "stopped; it takes no command until a person re-arms it"}, True)

    def call(self, name: str, given: Mapping[str, Any]) -> ToolAnswer:
        """Call a tool. What cannot be done is an answer, not an error. Only in `thread`."""
        try:
            what = self._names.get(name)
            if what == "observe":
                return ToolAnswer(_seen(self._session.look()), True)
            if what in ("plan", "do"):
                return self._of_task(what, given)
            return self._skill(name, given)
        except CodewordError as problem:
            return ToolAnswer({"ended": "refused", "told": str(problem)}, False)

    def _now(self) -> list[Tool]:
        return tools_now(self._session.codebook, self._session.look())

    def _of_task(self, what: str, given: Mapping[str, Any]) -> ToolAnswer:
        task = given.get("task")
        if not isinstance(task, str) or set(given) != {"task"}:
            raise CommandError("schema", f'\'{what}\' takes a task in words: {{"task": "…"}}')
        if what == "do":
            return self._came_of(self._session.do(task))
        plan, sure = self._session.plan(task)
        return ToolAnswer({"plan": json.loads(plan.text), "told": plan.told, "sure": sure}, not plan.cannot)

    def _skill(self, name: str, given: Mapping[str, Any]) -> ToolAnswer:
        codebook = self._session.codebook
        skill = codebook.skills.get(name)
        if skill is None or skill.ends is not None:
            raise CommandError("schema", f"there is no tool '{name}'")
        text = json.dumps({"skill": name, **given}, ensure_ascii=False)
        command: Command = Guard(codebook).check(text, self._session.look(), None)
        words = [value for arg, value in command.args.items() if isinstance(skill.args[arg], TextArgument)]
        task = f"{told_command(command)} {' '.join(map(str, words))}".strip()
        return self._came_of(self._session.carry_out(TaskPlan((Do(command),)), task))

    def _came_of(self, verdict: Verdict) -> ToolAnswer:
        """What a task or a command came to: every command with how it ended, and what is so now."""
        heard = self._session.heard
        assert heard is not None
        decisions = [record for _, record, _ in heard.records if isinstance(record, Decision)]
        told: dict[str, Any] = {
            "ended": verdict.ended,
            "commands": [
                {"command": json.loads(one.command), "status": one.status, "reason": one.reason}
                for one in heard.results
            ],
        }
        notes = [note.text for decision in decisions for note in decision.notes]
        if notes:
            told["notes"] = notes
        if decisions and decisions[0].sureness is not None:
            told |= {"plan": json.loads(decisions[0].plan), "sure": decisions[0].sureness}
        return ToolAnswer(told | _seen(self._session.look()), verdict.ended == "done")


def _seen(observation: Observation) -> dict[str, Any]:
    things = [{"id": entity.id, "kind": entity.kind} for entity in observation.entities]
    return {"things": things, "facts": list(map(str, observation.facts))}
