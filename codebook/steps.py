"""Carries out a command: interprets the steps of its skill over a robot's primitives."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from .command import Command, Value
from .command_codec import bind
from .conditions import Bindings, Condition, holds_for_each
from .expressions import Argument, NoValueError, Number, Operation
from .observation import Entity, Observation
from .robot import Motion, Outcome, Primitives
from .skills import Codebook, Skill
from .step_trees import DoStep, Each, Fail, If, Reference, Repeat, Step, StepValue, Try

Observe = Callable[[], Observation]

OK = Outcome(True)


def carry_out(codebook: Codebook, command: Command, primitives: Primitives, observe: Observe) -> Motion:
    """The motion of a command: each `next` lets the robot go on for one tick; returns how it ended.

    The steps run in order; the first that fails ends the command with its reason, unless the codebook says what to do
    about it. A skill without steps is done at once. `observe` is asked wherever a step depends on what is seen.
    """
    return (yield from _Interpreter(codebook, primitives, observe).skill(codebook.skills[command.skill], command.args))


class _Interpreter:
    def __init__(self, codebook: Codebook, primitives: Primitives, observe: Observe) -> None:
        self.codebook = codebook
        self.primitives = primitives
        self.observe = observe

    def skill(self, skill: Skill, args: Mapping[str, Value]) -> Motion:
        if skill.call:
            try:
                return (yield from load_call(skill.call)(self.primitives, args, self.observe))
            except Exception as problem:  # noqa: BLE001 (a user's own code may raise anything; the robot holds)
                return Outcome(False, "code_failed", f"{skill.call}: {type(problem).__name__}: {problem}")
        return (yield from self.run(skill.steps, args))

    def run(self, steps: tuple[Step, ...], args: Mapping[str, Value]) -> Motion:
        for step in steps:
            outcome = yield from self.step(step, args)
            if not outcome.ok:
                return outcome
        return OK

    def step(self, step: Step, args: Mapping[str, Value]) -> Motion:
        if isinstance(step, DoStep):
            return (yield from self.do(step, args))
        if isinstance(step, If):
            return (yield from self.run(step.then if self.holds(step.condition, args) else step.otherwise, args))
        if isinstance(step, Repeat):
            return (yield from self.repeat(step, args))
        if isinstance(step, Each):
            return (yield from self.each(step, args))
        if isinstance(step, Try):
            return (yield from self.attempt(step, args))
        assert isinstance(step, Fail)
        return Outcome(False, step.reason)

    def do(self, step: DoStep, args: Mapping[str, Value]) -> Motion:
        try:
            given = {name: self.value(value, args) for name, value in step.args.items()}
        except NoValueError as problem:
            return Outcome(False, "no_value", f"{step.name}: {problem}")
        if not step.is_skill:
            message = self.codebook.primitives[step.name].refusal(given)
            return (
                Outcome(False, "out_of_range", message)
                if message
                else (yield from self.primitives.perform(step.name, given))
            )
        skill = self.codebook.skills[step.name]
        defaults = {name: a.default for name, a in skill.args.items() if a.default is not None}
        inner: dict[str, Value] = {**defaults, **given}
        for condition in skill.conjuncts:
            if not self.holds(condition, inner):
                return Outcome(False, "precondition", f"'{step.name}' needs {condition}")
        return (yield from self.skill(skill, inner))

    def repeat(self, step: Repeat, args: Mapping[str, Value]) -> Motion:
        for _ in range(step.times):
            if step.until is not None and self.holds(step.until, args):
                return OK
            outcome = yield from self.run(step.steps, args)
            if not outcome.ok:
                return outcome
        if step.until is not None and not self.holds(step.until, args):
            return Outcome(False, "not_reached", f"after {step.times} times still not {step.until}")
        return OK

    def each(self, step: Each, args: Mapping[str, Value]) -> Motion:
        things = args[step.argument]
        assert isinstance(things, tuple)
        for thing in things:
            outcome = yield from self.run(step.steps, {**args, step.name: thing})
            if not outcome.ok:
                return outcome
        return OK

    def attempt(self, step: Try, args: Mapping[str, Value]) -> Motion:
        outcome = yield from self.run(step.steps, args)
        for _ in range(step.retry):
            if outcome.ok:
                return outcome
            undone = yield from self.run(step.undo, args)
            if not undone.ok:
                return undone
            outcome = yield from self.run(step.steps, args)
        if not outcome.ok and step.retry == 0:
            yield from self.run(step.undo, args)
        return outcome

    def holds(self, condition: Condition, args: Mapping[str, Value]) -> bool:
        bindings: Bindings = {name: bind(value) for name, value in args.items()}
        return holds_for_each(condition, self.codebook.state(self.observe()), bindings)

    def value(self, value: StepValue, args: Mapping[str, Value]) -> Value:
        if isinstance(value, Reference):
            return args[value.name]
        if isinstance(value, Number | Argument | Operation):
            return value.value(args, self.entity)
        return value

    def entity(self, name: str) -> Entity | None:
        return self.observe().entity(name)


def load_call(name: str) -> Callable[[Primitives, Mapping[str, Value], Observe], Motion]:
    """The trusted function that a skill names as `package.module:function`.

    It is called with the primitives, the arguments and a way to observe, and gives a Motion. Raises ImportError or
    AttributeError where it is not there.
    """
    module, _, function = name.partition(":")
    found: Any = getattr(importlib.import_module(module), function)
    call: Callable[[Primitives, Mapping[str, Value], Observe], Motion] = found
    return call
