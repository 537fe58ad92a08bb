"""The steps of a skill, out of their YAML, checked against the robot's primitives and the other skills."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .arguments import (
    Argument,
    BooleanArgument,
    ChoiceArgument,
    EntityArgument,
    FaultyArgument,
    ListArgument,
    NumberArgument,
    TextArgument,
)
from .conditions import Condition
from .errors import did_you_mean
from .expressions import parse_expression
from .facts import ID
from .parse import Vocabulary, parse_condition
from .primitives import Parameter, Primitive
from .step_trees import DoStep, Each, Fail, If, Reference, Repeat, Step, StepValue, Try
from .yaml_source import List_, Mapping_, Place, Source, check_keys

MOST_TIMES = 100
ENDS = ("done", "cannot")
"""The skills that end an episode; every codebook has them."""
STEP_FORMS: Mapping[str, tuple[str, ...]] = {
    "if": ("then", "else"),
    "repeat": ("steps", "until"),
    "each": ("as", "steps"),
    "try": ("retry", "undo"),
    "fail": (),
}
"""The forms of a step that are no primitive and no skill: the key that tells each, and the keys beside it."""


class StepReader:
    """Reads lists of steps; faults are noted in the source."""

    def __init__(
        self,
        source: Source,
        vocabulary: Vocabulary,
        args: Mapping[str, Argument],
        primitives: Mapping[str, Primitive],
        skills: Mapping[str, Mapping[str, Argument]],
    ) -> None:
        self.source = source
        self.fault = source.fault
        self.vocabulary = vocabulary
        self.args = args
        self.primitives = primitives
        self.skills = skills

    def read(self, parent: Mapping_, key: str) -> tuple[Step, ...]:
        """The steps under a key; none where the key is missing."""
        if key not in parent:
            return ()
        listed = parent.get(key)
        if not isinstance(listed, List_):
            self.fault(f"'{key}' is a list of steps", parent.value_at(key))
            return ()
        steps = (self.step(item, at) for item, at in listed)
        return tuple(step for step in steps if step is not None)

    def step(self, item: Any, at: Place) -> Step | None:
        if isinstance(item, str):
            return self.do(item, None, at)
        keys = list(item) if isinstance(item, Mapping_) else []
        form = next((key for key in keys if key in STEP_FORMS), None)
        if form is not None:
            if not check_keys(self.source, item, f"the step '{form}'", (form,), STEP_FORMS[form]):
                return None
            reader = getattr(self, f"_{form}")
            step: Step | None = reader(item)
            return step
        if len(keys) != 1 or not isinstance(keys[0], str):
            forms = ", ".join(STEP_FORMS)
            self.fault(f"a step is a name, {{name: {{argument: value, …}}}}, or one of {forms}", at)
            return None
        values = item.get(keys[0])
        if values is not None and not isinstance(values, Mapping_):
            self.fault(f"the arguments of '{keys[0]}' map names to values", item.value_at(keys[0]))
            return None
        return self.do(keys[0], values, at)

    def _if(self, item: Mapping_) -> Step | None:
        condition = self.condition(item, "if")
        then, otherwise = self.read(item, "then"), self.read(item, "else")
        if "then" not in item and "else" not in item:
            self.fault("'if' needs 'then' or 'else' with a list of steps", item.key_at("if"))
        return If(condition, then, otherwise) if condition is not None else None

    def _repeat(self, item: Mapping_) -> Step | None:
        times = item.get("repeat")
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
            self.fault(f"'repeat' is how often, from 1 to {MOST_TIMES}, not '{times}'", item.value_at("repeat"))
            return None
        until = self.condition(item, "until") if "until" in item else None
        steps = self.read(item, "steps")
        if "steps" not in item:
            self.fault("'repeat' needs 'steps' with a list of steps", item.key_at("repeat"))
        return Repeat(times, steps, until)

    def _each(self, item: Mapping_) -> Step | None:
        name, under = str(item.get("each")).removeprefix("$"), item.get("as")
        argument = self.args.get(name)
        if isinstance(argument, FaultyArgument):
            return None
        if not isinstance(argument, ListArgument):
            lists = [other for other, value in self.args.items() if isinstance(value, ListArgument)]
            self.fault(f"'{name}' is no list argument{did_you_mean(name, lists)}", item.value_at("each"))
            return None
        if not isinstance(under, str) or not ID.fullmatch(under) or under in self.args:
            self.fault("'each' needs 'as' with a name that no argument has", item.key_at("each"))
            return None
        inner = StepReader(
            self.source,
            self.vocabulary.binding(under, kinds=argument.kinds),
            {**self.args, under: EntityArgument(argument.kinds)},
            self.primitives,
            self.skills,
        )
        if "steps" not in item:
            self.fault("'each' needs 'steps' with a list of steps", item.key_at("each"))
        return Each(name, under, inner.read(item, "steps"))

    def _try(self, item: Mapping_) -> Step | None:
        retry = item.get("retry") if "retry" in item else 0
        if isinstance(retry, bool) or not isinstance(retry, int) or not 0 <= retry <= MOST_TIMES:
            self.fault(f"'retry' is how often, from 0 to {MOST_TIMES}, not '{retry}'", item.value_at("retry"))
            return None
        if not isinstance(item.get("try"), List_) or not len(item.get("try")):
            self.fault("'try' needs a list of steps", item.value_at("try"))
        return Try(self.read(item, "try"), retry, self.read(item, "undo"))

    def _fail(self, item: Mapping_) -> Step | None:
        reason = item.get("fail")
        if not isinstance(reason, str) or not ID.fullmatch(reason):
            self.fault(f"'fail' needs a reason that is an id, not '{reason}'", item.value_at("fail"))
            return None
        return Fail(reason)

    def condition(self, item: Mapping_, key: str) -> Condition | None:
        parse = partial(parse_condition, vocabulary=self.vocabulary)
        return self.source.parsed(parse, item.get(key), item.value_at(key))

    def do(self, name: str, values: Mapping_ | None, at: Place) -> Step | None:
        if not self.primitives:
            return None  # an unknown robot is a fault of its own
        if name in self.primitives:
            parameters = self.primitives[name].parameters
            given = self.given(name, values, list(parameters))
            args = {key: self.for_primitive(name, key, parameters[key], *at_value) for key, at_value in given.items()}
            defaults: dict[str, Any] = {key: parameter.default for key, parameter in parameters.items()}
        elif name in ENDS:
            self.fault(f"'{name}' ends an episode and is no step; to give up say {{fail: reason}}", at)
            return None
        elif name in self.skills:
            wanted = self.skills[name]
            given = self.given(name, values, list(wanted))
            args = {key: self.for_skill(name, key, wanted[key], *at_value) for key, at_value in given.items()}
            defaults = {key: argument.default for key, argument in wanted.items()}
        else:
            known = list(dict.fromkeys((*self.primitives, *self.skills)))
            self.fault(f"unknown primitive or skill '{name}'{did_you_mean(name, known)}", at)
            return None
        for key, default in defaults.items():
            if key not in args and default is None:
                both = (
                    " (the robot's, not the skill of that name)"
                    if name in self.primitives and name in self.skills
                    else ""
                )
                self.fault(f"'{name}'{both} lacks its argument '{key}'", at)
        filled: dict[str, StepValue] = {key: default for key, default in defaults.items() if default is not None}
        filled |= {key: value for key, value in args.items() if value is not None}
        return DoStep(name, filled, is_skill=name not in self.primitives)

    def given(self, name: str, values: Mapping_ | None, known: list[str]) -> dict[str, tuple[Any, Place]]:
        """The known arguments that were given, with their places."""
        found: dict[str, tuple[Any, Place]] = {}
        for key, value in values.items() if values is not None else ():
            assert values is not None
            if key in known:
                found[key] = (value, values.value_at(key))
            else:
                self.fault(f"'{name}' has no argument '{key}'{did_you_mean(str(key), known)}", values.value_at(key))
        return found

    def for_primitive(self, name: str, key: str, parameter: Parameter, value: Any, at: Place) -> StepValue | None:
        """A value for a primitive's argument, checked as far as it can be before it runs."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if parameter.kind == "number" and isinstance(value, str):
            return self.expression(value, at)
        if isinstance(value, str) and value.startswith("$"):
            return self.reference(name, key, value, at, lambda own: _suits(own, parameter), parameter.describe())
        if parameter.kind in ("text", "choice") and isinstance(value, str):
            if not parameter.takes(value):
                self.fault(f"'{key}' of '{name}' is {parameter.describe()}, not '{value}'", at)
                return None
            return value
        if parameter.kind == "number" and is_number:
            if not parameter.low <= value <= parameter.high:
                self.fault(f"'{key}' of '{name}' is {value}, outside {parameter.describe()}", at)
                return None
            return float(value)
        if parameter.kind == "boolean" and isinstance(value, bool):
            return value
        what = parameter.describe() if parameter.kind in ("text", "choice") else f"a {parameter.kind}"
        self.fault(f"'{key}' of '{name}' is {what}, not '{value}'", at)
        return None

    def for_skill(self, name: str, key: str, wanted: Argument, value: Any, at: Place) -> StepValue | None:
        """A value for another skill's argument: one of our own of the same kind, or a value that it can have."""
        if isinstance(wanted, FaultyArgument):
            return None
        if isinstance(value, str) and value.startswith("$"):
            return self.reference(name, key, value, at, lambda own: _fits(own, wanted), wanted.describe())
        if isinstance(wanted, EntityArgument | ListArgument) or wanted.write(value) is None:
            self.fault(f"'{key}' of '{name}' cannot be '{value}': {wanted.describe()}", at)
            return None
        plain: StepValue = value
        return plain

    def reference(self, name: str, key: str, value: str, at: Place, fits: Any, what: str) -> Reference | None:
        own = self.args.get(value[1:])
        if isinstance(own, FaultyArgument):
            return None
        if own is None:
            self.fault(f"unknown argument '{value}'{did_you_mean(value[1:], list(self.args))}", at)
        elif not fits(own):
            self.fault(f"'{key}' of '{name}' is {what}, and '{value}' is {own.describe()}", at)
        else:
            return Reference(value[1:])
        return None

    def expression(self, text: str, at: Place) -> StepValue | None:
        numbers = tuple(
            name for name, argument in self.args.items() if isinstance(argument, NumberArgument | FaultyArgument)
        )
        things = EntityArgument | FaultyArgument
        entities = tuple(name for name, argument in self.args.items() if isinstance(argument, things))
        return self.source.parsed(lambda given: parse_expression(given, numbers, entities), text, at)


def _suits(own: Argument, parameter: Parameter) -> bool:
    """Whether a skill's argument can be passed on to a primitive; how long copied words are is seen when it runs."""
    if isinstance(own, ChoiceArgument):
        return parameter.kind in ("text", "choice") and all(map(parameter.takes, own.choices))
    wanted = {"entity": EntityArgument, "boolean": BooleanArgument, "text": TextArgument}
    return parameter.kind in wanted and isinstance(own, wanted[parameter.kind])


def _fits(own: Argument, wanted: Argument) -> bool:
    """Whether every value of one argument is one of another."""
    if isinstance(own, EntityArgument) and isinstance(wanted, EntityArgument):
        return set(own.kinds) <= set(wanted.kinds)
    if isinstance(own, ListArgument) and isinstance(wanted, ListArgument):
        return set(own.kinds) <= set(wanted.kinds) and wanted.low <= own.low <= own.high <= wanted.high
    if isinstance(own, TextArgument) and isinstance(wanted, TextArgument):
        return own.max_words <= wanted.max_words
    if type(own) is not type(wanted) or isinstance(own, EntityArgument | ListArgument | TextArgument):
        return False
    if isinstance(own, NumberArgument) and isinstance(wanted, NumberArgument):
        return all(wanted.count(own.value(ticks)) is not None for ticks in range(own.low, own.high + 1))
    assert not isinstance(wanted, EntityArgument | ListArgument | TextArgument)
    return set(own.texts) <= set(wanted.texts)
