"""The skills of a codebook, out of their YAML: arguments, conditions, effects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, TypeVar

from .arguments import (
    MOST_WORDS,
    Argument,
    BooleanArgument,
    ChoiceArgument,
    EntityArgument,
    FaultyArgument,
    ListArgument,
    NumberArgument,
    TextArgument,
)
from .conditions import And, Condition
from .errors import did_you_mean
from .fact_kinds import check_effect
from .facts import ID, Effect
from .load_steps import ENDS, StepReader
from .parse import Vocabulary, parse_condition, parse_effect
from .patterns import texts_of
from .primitives import Primitive
from .skills import NOTHING, Skill
from .stop_words import plain_words
from .units import declared_unit
from .yaml_source import List_, Mapping_, Place, Source, check_keys, read_words, rejoined, shown

_T = TypeVar("_T")
_ARGUMENTS = ("entity", "list", "choice", "integer", "number", "text", "boolean")
_BESIDE = {
    "entity": (), "list": ("min", "max"), "integer": ("default", "planned", "unit"),
    "number": ("default", "planned", "unit"),
}  # fmt: skip
"""The keys beside that of the kind, where they are others than `default` and `planned`."""
_SKILL_KEYS = (
    "args", "preconditions", "effects", "steps", "call", "budget_s", "cost", "cached", "waits", "examples",
)  # fmt: skip
"""What a skill may have beside its description."""
_MOST = 1_000_000_000
"""No budget or cost is as large."""
_MAX_NUMBERS = 10_000
_MAX_LIST = 4
_LARGEST, _FINEST = Decimal("1000000"), Decimal("0.000001")


@dataclass(frozen=True)
class Entry:
    """A skill as it stands in a file: its source, its name and what is said of it, each with its place."""

    source: Source
    name: str
    value: Any
    key_at: Place
    value_at: Place


@dataclass(frozen=True)
class Context:
    """What a skill is read against: the vocabulary of conditions, the primitives, and the other skills' entries."""

    vocabulary: Vocabulary
    base_facts: tuple[str, ...]
    primitives: Mapping[str, Primitive]
    entries: Mapping[str, Entry]


def read_arguments(entry: Entry, kinds: tuple[str, ...]) -> dict[str, Argument]:
    """The arguments of a skill; faults are noted in the entry's source."""
    return _Reader(entry, kinds).arguments()


def read_skill(entry: Entry, context: Context, arguments: Mapping[str, Mapping[str, Argument]]) -> Skill | None:
    """A skill, given the arguments of all skills. Faults are noted in the entry's source."""
    return _Reader(entry, context.vocabulary.kinds).skill(context, arguments)


class _Reader:
    def __init__(self, entry: Entry, kinds: tuple[str, ...]) -> None:
        self.entry = entry
        self.source = entry.source
        self.fault = entry.source.fault
        self.kinds = kinds

    def skill(self, context: Context, arguments: Mapping[str, Mapping[str, Argument]]) -> Skill | None:
        value, name = self.entry.value, self.entry.name
        if not isinstance(value, Mapping_):
            self.fault(f"the skill '{name}' needs at least a description", self.entry.value_at)
            return None
        check_keys(self.source, value, f"the skill '{name}'", ("description",), _SKILL_KEYS)
        args = arguments[name]
        vocabulary = with_arguments(context.vocabulary, args)
        preconditions = _all(self.texts(value, "preconditions", partial(parse_condition, vocabulary=vocabulary)))

        def read_effect(text: str) -> Effect:
            effect = parse_effect(text, vocabulary)
            check_effect(effect, preconditions, vocabulary)
            return effect

        effects = self.texts(value, "effects", read_effect)
        for effect in effects:
            if effect.atom.name not in context.base_facts:
                hint = did_you_mean(effect.atom.name, context.base_facts)
                self.fault(f"'{effect}' changes no base fact{hint}", value.value_at("effects"))
        steps = StepReader(self.source, vocabulary, args, context.primitives, arguments)
        call = self.line(value, "call", "")
        if call and "steps" in value:
            self.fault("a skill has either steps or a call", value.key_at("call"))
        waits = self.waits(value, args)
        names = call.replace(":", ".").split(".")
        if call and (call.count(":") != 1 or not all(name.isidentifier() for name in names)):
            self.fault(f"'call' is package.module:function, not '{call}'", value.value_at("call"))
        return Skill(
            name=name,
            description=self.line(value, "description", ""),
            args=args,
            preconditions=preconditions,
            effects=tuple(effects),
            steps=steps.read(value, "steps"),
            call=call,
            budget_s=self.positive(value, "budget_s", 30.0),
            cost=self.positive(value, "cost", 1.0),
            ends=name if name in ENDS else None,
            cached=self.yes_or_no(value, "cached", True),
            waits=waits,
        )

    def waits(self, value: Mapping_, args: Mapping[str, Argument]) -> bool:
        """Whether the skill declares that it merely waits; a fault where it cannot be so."""
        name, waits = self.entry.name, self.yes_or_no(value, "waits", False)
        if not waits:
            return False
        if name in ENDS:
            self.fault(f"'{name}' ends an episode and waits for nothing; leave out 'waits'", value.key_at("waits"))
        if "effects" in value:
            self.fault(
                f"'{name}' merely waits, so it changes nothing; leave out 'effects' or 'waits'", value.key_at("effects")
            )
        for arg, argument in args.items():
            if isinstance(argument, EntityArgument | ListArgument):
                self.fault(
                    f"'{name}' merely waits, so it names no entities; leave out '{arg}' or 'waits'",
                    value.get("args").key_at(arg),
                )
        return True

    def arguments(self) -> dict[str, Argument]:
        value = self.entry.value
        args: dict[str, Argument] = {}
        listed = value.get("args") if isinstance(value, Mapping_) else None
        if listed is None:
            return args
        if not isinstance(listed, Mapping_):
            self.fault(f"the arguments of '{self.entry.name}' map names to what they may be", value.value_at("args"))
            return args
        for name, given in listed.items():
            if not isinstance(name, str) or not ID.fullmatch(name) or name in ("skill", "any"):
                self.fault(
                    f"'{name}' cannot name an argument (an id, and neither 'skill' nor 'any')", listed.key_at(name)
                )
                continue
            args[name] = self.argument(given, listed.value_at(name), name) or FaultyArgument()
        return args

    def argument(self, value: Any, at: Place, name: str) -> Argument | None:
        if value == "boolean":
            return BooleanArgument()
        keys = list(value) if isinstance(value, Mapping_) else []
        kind = next((key for key in keys if key in _ARGUMENTS), None)
        if kind is None:
            self.fault(
                f"the argument '{name}' is one of {{entity: kind}}, {{list: kind, min, max}}, {{choice: [words]}}, "
                "{integer: {min, max}}, {number: {min, max, step}}, {text: pattern}, {text: {max_words}} or boolean", at
            )  # fmt: skip
            return None
        beside = _BESIDE.get(kind, ("default", "planned"))
        if not check_keys(self.source, value, f"the argument '{name}'", (kind,), beside):
            return None
        reader = getattr(self, f"_{kind}")
        argument: Argument | None = reader(value, name)
        default, planned = value.get("default"), value.get("planned")
        if argument is None:
            return None
        for given, what, key in ((default, "the default", "default"), (planned, "the value in plans", "planned")):
            if given is not None and argument.write(given) is None:
                self.fault(f"{what} of '{name}' cannot be '{given}': {argument.describe()}", value.value_at(key))
                return None
        if planned is not None and isinstance(argument, TextArgument):
            self.fault(f"words of the task cannot be planned; leave out 'planned' of '{name}'", value.key_at("planned"))
            return None
        if default is not None and planned is not None:
            self.fault(f"plans take the default of '{name}'; leave out 'planned'", value.key_at("planned"))
            return None
        return _with_values(argument, default, planned)

    def _entity(self, value: Mapping_, name: str) -> Argument | None:
        del name
        kinds = self.kinds_of(value, "entity")
        return EntityArgument(kinds) if kinds else None

    def _list(self, value: Mapping_, name: str) -> Argument | None:
        kinds = self.kinds_of(value, "list")
        low, high = value.get("min") if "min" in value else 1, value.get("max") if "max" in value else _MAX_LIST
        if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high <= _MAX_LIST):
            self.fault(f"the list '{name}' has 1 <= min <= max <= {_MAX_LIST}", value.value_at("list"))
            return None
        return ListArgument(kinds, low, high) if kinds else None

    def _choice(self, value: Mapping_, name: str) -> Argument | None:
        del name
        choices = self.words(value, "choice", "a choice")
        return ChoiceArgument(choices) if choices else None

    def _boolean(self, value: Mapping_, name: str) -> Argument | None:
        if value.get("boolean") is not None:
            self.fault(f"'boolean' of '{name}' stands alone; a default goes beside it", value.value_at("boolean"))
            return None
        return BooleanArgument()

    def _text(self, value: Mapping_, name: str) -> Argument | None:
        if isinstance(value.get("text"), Mapping_):
            return self.copied(value.get("text"), name)
        texts = self.source.parsed(texts_of, value.get("text"), value.value_at("text"))
        return ChoiceArgument(texts, value.get("text")) if texts is not None else None

    def copied(self, bounds: Mapping_, name: str) -> Argument | None:
        """Words of the task."""
        if not check_keys(self.source, bounds, f"the text '{name}'", ("max_words",), ()):
            return None
        most = bounds.get("max_words")
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_WORDS:
            at = bounds.value_at("max_words")
            self.fault(f"max_words of '{name}' is how many words of the task, from 1 to {MOST_WORDS}, not '{most}'", at)
            return None
        return TextArgument(most)

    def _integer(self, value: Mapping_, name: str) -> Argument | None:
        return self.measured(value, self.numbers(value.get("integer"), value.value_at("integer"), name, whole=True))

    def _number(self, value: Mapping_, name: str) -> Argument | None:
        return self.measured(value, self.numbers(value.get("number"), value.value_at("number"), name, whole=False))

    def measured(self, value: Mapping_, number: NumberArgument | None) -> NumberArgument | None:
        """The number with the unit that is declared for it, if one is."""
        if "unit" not in value:
            return number
        unit = self.source.parsed(declared_unit, value.get("unit"), value.value_at("unit"))
        return replace(number, unit=unit) if number is not None and unit is not None else None

    def numbers(self, bounds: Any, at: Place, name: str, whole: bool) -> NumberArgument | None:
        needed = ("min", "max") if whole else ("min", "max", "step")
        if not isinstance(bounds, Mapping_):
            self.fault(f"the number '{name}' needs {', '.join(needed[:-1])} and {needed[-1]}", at)
            return None
        if not check_keys(self.source, bounds, f"the number '{name}'", needed, ("step",) if whole else ()):
            return None
        try:
            low, high, step = (Decimal(str(bounds.data.get(key, 1))) for key in ("min", "max", "step"))
            if not all(
                part.is_finite() and abs(part) <= _LARGEST and part % _FINEST == 0 for part in (low, high, step)
            ):
                raise InvalidOperation
        except InvalidOperation:
            self.fault(
                f"min, max and step of '{name}' are numbers up to {_LARGEST} in steps of {_FINEST} at the finest", at
            )
            return None
        if step <= 0 or low > high:
            self.fault(f"'{name}' needs min <= max and a step above 0", at)
        elif whole and any(part % 1 for part in (low, high, step)):
            self.fault(f"'{name}' is an integer: min, max and step are whole", at)
        elif low % step or high % step:
            self.fault(f"min and max of '{name}' are whole multiples of its step {step}", at)
        elif (high - low) / step >= _MAX_NUMBERS:
            self.fault(f"'{name}' has more than {_MAX_NUMBERS} values; take a larger step", at)
        else:
            return NumberArgument(int(low / step), int(high / step), step)
        return None

    def kinds_of(self, value: Mapping_, key: str) -> tuple[str, ...]:
        given = value.get(key)
        names = self.words(value, key, "a kind") if isinstance(given, List_) else (str(given),)
        unknown = [name for name in names if name not in self.kinds]
        for name in unknown:
            self.fault(f"unknown kind '{name}'{did_you_mean(name, self.kinds)}", value.value_at(key))
        return () if unknown else names

    def texts(self, mapping: Mapping_, key: str, parse: Callable[[str], _T]) -> list[_T]:
        """The parsed texts of a list."""
        if key not in mapping:
            return []
        listed = mapping.get(key)
        if not isinstance(listed, List_):
            self.fault(f"'{key}' is a list of texts", mapping.value_at(key))
            return []
        parsed = (self.source.parsed(parse, item, at) for item, at in rejoined(listed))
        return [item for item in parsed if item is not None]

    def words(self, parent: Mapping_, key: str, what: str) -> tuple[str, ...]:
        return read_words(self.source, parent, key, what)

    def line(self, parent: Mapping_, key: str, default: str) -> str:
        return read_line(self.source, parent, key, default)

    def positive(self, parent: Mapping_, key: str, default: float) -> float:
        value = parent.get(key) if key in parent else default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST:
            self.fault(f"'{key}' is a number above 0 and below {_MOST:,}, not '{value}'", parent.value_at(key))
            return default
        return float(value)

    def yes_or_no(self, parent: Mapping_, key: str, default: bool) -> bool:
        value = parent.get(key) if key in parent else default
        if not isinstance(value, bool):
            self.fault(f"'{key}' is true or false, not '{value}'", parent.value_at(key))
            return default
        return value


def read_phrases(source: Source, parent: Mapping_, key: str) -> tuple[str, ...]:
    """A list of distinct texts of one line with a word in each, at least one."""
    listed = parent.get(key)
    if not isinstance(listed, List_) or len(listed) == 0:
        if key in parent:
            source.fault(f"'{key}' is a list of texts, at least one", parent.value_at(key))
        return ()
    found: dict[tuple[str, ...], str] = {}
    for item, at in listed:
        words = plain_words(item) if isinstance(item, str) else ()
        if not words or "\n" in str(item).strip():
            source.fault(f"'{key}': expected one line with a word in it, not '{shown(item)}'", at)
        elif words in found:
            source.fault(f"'{item}' stands here twice", at)
        else:
            found[words] = str(item).strip()
    return tuple(found.values())


def read_line(source: Source, parent: Mapping_, key: str, default: str) -> str:
    """One line of text."""
    value = parent.get(key) if key in parent else default
    if key in parent and (not isinstance(value, str) or not value.strip() or "\n" in value.strip()):
        source.fault(f"'{key}' is one line of text", parent.value_at(key))
        return ""
    return str(value).strip()


def with_arguments(vocabulary: Vocabulary, args: Mapping[str, Argument]) -> Vocabulary:
    """The vocabulary with a skill's arguments as variables, but for texts, which nothing can be asked of."""
    words: dict[str, tuple[str, ...] | None] = {}
    kinds: dict[str, tuple[str, ...]] = {}
    for name, argument in args.items():
        if isinstance(argument, TextArgument):
            continue
        if isinstance(argument, EntityArgument | ListArgument):
            words[name], kinds[name] = None, argument.kinds
        else:
            words[name] = () if isinstance(argument, NumberArgument) else argument.texts
    texts = tuple(name for name, argument in args.items() if isinstance(argument, TextArgument))
    return replace(vocabulary.with_variables(words, kinds), texts=texts)


def _with_values(argument: Argument, default: Any, planned: Any) -> Argument:
    """The argument with its default and the value that plans take; each was found to be one of its values."""
    if isinstance(argument, NumberArgument):
        return replace(argument, default=_number(argument, default), planned=_number(argument, planned))
    if isinstance(argument, TextArgument):
        return replace(argument, default=None if default is None else str(default))
    if isinstance(argument, ChoiceArgument):
        words = [str(value) if value is not None else None for value in (default, planned)]
        return replace(argument, default=words[0], planned=words[1])
    if isinstance(argument, BooleanArgument):
        yes = [bool(value) if value is not None else None for value in (default, planned)]
        return replace(argument, default=yes[0], planned=yes[1])
    return argument


def _number(argument: NumberArgument, value: Any) -> int | float | None:
    ticks = None if value is None else argument.count(value)
    return None if ticks is None else argument.value(ticks)


def _all(parts: list[Condition]) -> Condition:
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else And(tuple(parts))
