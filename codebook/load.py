"""Codebook YAML into a Codebook; every fault in the file is found in one pass."""

import hashlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from .arguments import Argument, BooleanArgument, ChoiceArgument, EntityArgument, NumberArgument
from .conditions import And, Condition
from .effects import Effect
from .errors import CodebookError, Fault, did_you_mean
from .facts import ID
from .parse import ParseError, Vocabulary, parse_condition, parse_effect, parse_signature
from .primitives import ROBOTS, Parameter
from .skills import NOTHING, Codebook, Predicate, Reference, Skill, Step, Workspace
from .state import Derived
from .yaml_source import List_, Mapping_, Place, Source, check_keys, parse_yaml, read_text, rejoined

_T = TypeVar("_T")
_ENDS = ("done", "cannot")
_MAX_NUMBERS = 10_000


def shipped() -> dict[str, Path]:
    """The codebooks that come with the package, by name."""
    folder = Path(str(resources.files(__package__))) / "library"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_codebook(name_or_path: str | Path) -> Codebook:
    """The codebook of that name out of those shipped, or of that file.

    Raises CodebookError with every fault found, each with file, line and column.
    """
    known = shipped()
    path = known.get(str(name_or_path)) or Path(name_or_path)
    if not path.exists():
        hint = did_you_mean(str(name_or_path), list(known))
        raise CodebookError(
            Fault(f"unknown codebook: no such file, and none of that name is shipped{hint}", str(name_or_path))
        )
    return parse_codebook(read_text(path, CodebookError), str(path))


def parse_codebook(text: str, name: str = "codebook.yaml") -> Codebook:
    """The codebook that a YAML text says; `name` stands for the file in messages. Raises CodebookError."""
    source = parse_yaml(text, name, CodebookError)
    codebook = _Reader(source).codebook()
    if source.faults:
        raise CodebookError(*source.faults)
    return codebook


class _Reader:
    """Reads one source, noting faults instead of stopping at the first."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.fault = source.fault
        self.kinds: tuple[str, ...] = ()
        self.predicates: dict[str, Predicate] = {}
        self.derived: dict[str, Derived] = {}
        self.places: dict[str, int] = {}

    def codebook(self) -> Codebook:
        root = self.source.root
        check_keys(
            self.source, root, "the codebook",
            ("codebook", "robot", "entities", "skills"), ("facts", "derived", "workspace", "description"),
        )  # fmt: skip
        name = self.identifier(root, "codebook")
        robot = self.identifier(root, "robot")
        if robot and robot not in ROBOTS:
            self.fault(f"unknown robot '{robot}'{did_you_mean(robot, list(ROBOTS))}", root.value_at("robot"))
        self.kinds = self.words(root, "entities", "a kind of entity")
        self.read_predicates(root)
        self.read_derived(root)
        workspace = self.workspace(root)
        skills = {}
        for key, value in self.mapping(root, "skills", "skills").items():
            skill = self.skill(key, value, robot)
            if skill is not None:
                skills[skill.name] = skill
        for required in _ENDS:
            if "skills" in root and required not in skills and not self.source.faults:
                self.fault(f"every codebook has the skill '{required}'", root.key_at("skills"))
        digest = hashlib.sha256(self.source.text.encode()).hexdigest()
        return Codebook(
            name,
            self.string(root, "description"),
            robot,
            self.kinds,
            self.predicates,
            self.derived,
            skills,
            workspace,
            self.source.text,
            digest,
        )

    def read_predicates(self, root: Mapping_) -> None:
        for key, value in self.mapping(root, "facts", "facts", required=False).items():
            signature = self.parsed(lambda text: parse_signature(text), key, root.get("facts").key_at(key))
            if signature is None:
                continue
            name, places = signature
            if not isinstance(value, str):
                self.fault(f"the fact '{name}' needs a text that says what it means", root.get("facts").value_at(key))
                continue
            self.predicates[name] = Predicate(name, places, value)
            self.places[name] = len(places)

    def read_derived(self, root: Mapping_) -> None:
        signatures = []
        definitions = self.mapping(root, "derived", "derived facts", required=False)
        for key, value in definitions.items():
            signature = self.parsed(lambda text: parse_signature(text), key, root.get("derived").key_at(key))
            if signature is None:
                continue
            name, places = signature
            if name in self.places:
                self.fault(f"the fact '{name}' is defined twice", root.get("derived").key_at(key))
                continue
            self.places[name] = len(places)
            signatures.append((name, places, value, root.get("derived").value_at(key)))
        for name, places, value, at in signatures:
            vocabulary = Vocabulary(self.places, self.kinds, places)
            condition = self.parsed(partial(parse_condition, vocabulary=vocabulary), value, at)
            if condition is not None:
                self.derived[name] = Derived(name, places, condition)

    def workspace(self, root: Mapping_) -> Workspace | None:
        if "workspace" not in root:
            return None
        box = self.mapping(root, "workspace", "the workspace")
        value = root.get("workspace")
        if not isinstance(value, Mapping_) or not check_keys(
            self.source, value, "the workspace", ("x_m", "y_m", "z_m"), ()
        ):
            return None
        low, high = [], []
        for axis in ("x_m", "y_m", "z_m"):
            pair = [item for item, _ in box[axis]] if isinstance(box[axis], List_) else []
            if len(pair) != 2 or not all(_is_number(item) for item in pair) or not pair[0] < pair[1]:
                self.fault(f"'{axis}' of the workspace is [lowest, highest] in metres", value.value_at(axis))
                return None
            low.append(float(pair[0]))
            high.append(float(pair[1]))
        return Workspace((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def skill(self, name: Any, value: Any, robot: str) -> Skill | None:
        where = self.source.root.get("skills")
        if not isinstance(name, str) or not ID.fullmatch(name):
            self.fault(f"'{name}' is no id (lower-case letters, digits and _ between them)", where.key_at(name))
            return None
        if not isinstance(value, Mapping_):
            self.fault(f"the skill '{name}' needs at least a description", where.value_at(name))
            return None
        optional = ("args", "preconditions", "effects", "steps", "budget_s", "cost")
        check_keys(self.source, value, f"the skill '{name}'", ("description",), optional)
        args = self.arguments(value, name)
        vocabulary = Vocabulary(self.places, self.kinds, tuple(args))
        parts = self.texts(value, "preconditions", partial(parse_condition, vocabulary=vocabulary))
        effects = self.texts(value, "effects", partial(parse_effect, vocabulary=vocabulary))
        return Skill(
            name=name,
            description=self.string(value, "description"),
            args=args,
            preconditions=_all(parts),
            effects=self.on_base_facts(effects, value),
            steps=self.steps(value, args, robot),
            budget_s=self.positive(value, "budget_s", 30.0),
            cost=self.positive(value, "cost", 1.0),
            ends=name if name in _ENDS else None,
        )

    def on_base_facts(self, effects: list[Effect], value: Mapping_) -> tuple[Effect, ...]:
        for effect in effects:
            if effect.atom.name not in self.predicates:
                self.fault(
                    f"'{effect}' changes no base fact{did_you_mean(effect.atom.name, list(self.predicates))}",
                    value.value_at("effects"),
                )
        return tuple(effects)

    def arguments(self, skill: Mapping_, name: str) -> dict[str, Argument]:
        args: dict[str, Argument] = {}
        for key, value in self.mapping(skill, "args", f"the arguments of '{name}'", required=False).items():
            at = skill.get("args").key_at(key)
            if not isinstance(key, str) or not ID.fullmatch(key) or key in ("skill", "any"):
                self.fault(f"'{key}' cannot name an argument (an id, and neither 'skill' nor 'any')", at)
                continue
            argument = self.argument(value, skill.get("args").value_at(key), key)
            if argument is not None:
                args[key] = argument
        return args

    def argument(self, value: Any, at: Place, name: str) -> Argument | None:
        kinds = ("entity", "choice", "number", "boolean")
        if value == "boolean":
            return BooleanArgument()
        if not isinstance(value, Mapping_) or len(list(value)) != 1 or next(iter(value)) not in kinds:
            self.fault(f"the argument '{name}' is one of {{entity: kind}}, {{choice: [words]}}, "
                       "{number: {min, max, step}} or boolean", at)  # fmt: skip
            return None
        kind = next(iter(value))
        if kind == "entity":
            given = value.get("entity")
            names = self.words(value, "entity", "a kind") if isinstance(given, List_) else (str(given),)
            for word in names:
                if word not in self.kinds:
                    self.fault(f"unknown kind '{word}'{did_you_mean(word, self.kinds)}", value.value_at("entity"))
            return EntityArgument(names)
        if kind == "choice":
            choices = self.words(value, "choice", "a choice")
            return ChoiceArgument(choices) if choices else None
        return self.number(value.get("number"), value.value_at("number"), name)

    def number(self, value: Any, at: Place, name: str) -> NumberArgument | None:
        if not isinstance(value, Mapping_) or not check_keys(
            self.source, value, f"the number '{name}'", ("min", "max", "step"), ()
        ):
            if not isinstance(value, Mapping_):
                self.fault(f"the number '{name}' needs min, max and step", at)
            return None
        try:
            low, high, step = (Decimal(str(value.data[key])) for key in ("min", "max", "step"))
        except InvalidOperation:
            self.fault(f"min, max and step of '{name}' are numbers", at)
            return None
        if not all(part.is_finite() for part in (low, high, step)) or step <= 0 or low > high:
            self.fault(f"'{name}' needs min <= max and a step above 0", at)
            return None
        if low % step or high % step:
            self.fault(f"min and max of '{name}' are whole multiples of its step {step}", at)
            return None
        if (high - low) / step >= _MAX_NUMBERS:
            self.fault(f"'{name}' has more than {_MAX_NUMBERS} values; take a larger step", at)
            return None
        return NumberArgument(int(low / step), int(high / step), step)

    def steps(self, skill: Mapping_, args: dict[str, Argument], robot: str) -> tuple[Step, ...]:
        if "steps" not in skill:
            return ()
        listed = skill.get("steps")
        if not isinstance(listed, List_):
            self.fault("'steps' is a list", skill.value_at("steps"))
            return ()
        primitives = ROBOTS.get(robot, {})
        steps = []
        for item, at in listed:
            name, values = (item, None) if isinstance(item, str) else (None, item)
            if isinstance(item, Mapping_) and len(list(item)) == 1:
                name = next(iter(item))
                values = item.get(name)
            if not isinstance(name, str) or not (values is None or isinstance(values, Mapping_)):
                self.fault("a step is a primitive's name, or {name: {argument: value, …}}", at)
                continue
            primitive = primitives.get(name)
            if primitive is None:
                if primitives:
                    self.fault(f"unknown primitive '{name}'{did_you_mean(name, list(primitives))}", at)
                continue
            given = self.step_arguments(name, values, primitive.parameters, args, at)
            steps.append(Step(name, given))
        return tuple(steps)

    def step_arguments(
        self, name: str, values: Mapping_ | None, parameters: Any, args: dict[str, Argument], at: Place
    ) -> dict[str, Reference | str | int | float | bool]:
        given: dict[str, Reference | str | int | float | bool] = {}
        for key, value in values.items() if values is not None else ():
            place = values.value_at(key) if values is not None else at
            parameter: Parameter | None = parameters.get(key)
            if parameter is None:
                self.fault(f"'{name}' has no argument '{key}'{did_you_mean(str(key), list(parameters))}", place)
            elif isinstance(value, str) and value.startswith("$"):
                if value[1:] not in args:
                    self.fault(f"unknown argument '{value}'{did_you_mean(value[1:], list(args))}", place)
                elif _kind_of(args[value[1:]]) != parameter.kind:
                    self.fault(f"'{key}' of '{name}' is a {parameter.kind}, and '{value}' is not", place)
                else:
                    given[key] = Reference(value[1:])
            elif parameter.kind == "number" and _is_number(value):
                if not parameter.low <= value <= parameter.high:
                    self.fault(f"'{key}' of '{name}' is {value}, outside {parameter.low}..{parameter.high}", place)
                given[key] = float(value)
            elif parameter.kind == "boolean" and isinstance(value, bool):
                given[key] = value
            else:
                self.fault(f"'{key}' of '{name}' is a {parameter.kind}, not '{value}'", place)
        for key, parameter in parameters.items():
            if values is None or key not in values:
                if parameter.default is None:
                    self.fault(f"'{name}' lacks its argument '{key}'", at)
                else:
                    given[key] = parameter.default
        return given

    def texts(self, mapping: Mapping_, key: str, parse: Callable[[str], _T]) -> list[_T]:
        """The parsed texts of a list."""
        if key not in mapping:
            return []
        listed = mapping.get(key)
        if not isinstance(listed, List_):
            self.fault(f"'{key}' is a list of texts", mapping.value_at(key))
            return []
        parsed = (self.parsed(parse, item, at) for item, at in rejoined(listed))
        return [item for item in parsed if item is not None]

    def parsed(self, parse: Callable[[str], _T], text: Any, at: Place) -> _T | None:
        if not isinstance(text, str):
            self.fault(f"expected a text, not '{text}'", at)
            return None
        try:
            return parse(text)
        except ParseError as problem:
            self.fault(str(problem), (at[0], at[1] + problem.offset))
            return None

    def mapping(self, parent: Mapping_, key: str, what: str, required: bool = True) -> dict[Any, Any]:
        value = parent.get(key)
        if isinstance(value, Mapping_):
            return dict(value.items())
        if value is not None or (key in parent and required):
            self.fault(f"{what}: expected a mapping, not '{value}'", parent.value_at(key))
        return {}

    def words(self, parent: Mapping_, key: str, what: str) -> tuple[str, ...]:
        """A list of distinct ids."""
        listed = parent.get(key)
        if not isinstance(listed, List_) or len(listed) == 0:
            if key in parent:
                self.fault(f"'{key}' is a list of words, at least one", parent.value_at(key))
            return ()
        words: list[str] = []
        for item, at in listed:
            if not isinstance(item, str) or not ID.fullmatch(item):
                self.fault(f"'{item}' cannot be {what} (lower-case letters, digits and _ between them)", at)
            elif item in words:
                self.fault(f"'{item}' stands here twice", at)
            else:
                words.append(str(item))
        return tuple(words)

    def identifier(self, parent: Mapping_, key: str) -> str:
        value = parent.get(key)
        if key in parent and (not isinstance(value, str) or not ID.fullmatch(value)):
            self.fault(
                f"'{key}' is an id (lower-case letters, digits and _ between them), not '{value}'", parent.value_at(key)
            )
            return ""
        return str(value or "")

    def string(self, parent: Mapping_, key: str) -> str:
        value = parent.get(key)
        if key in parent and (not isinstance(value, str) or not value.strip() or "\n" in value.strip()):
            self.fault(f"'{key}' is one line of text", parent.value_at(key))
            return ""
        return str(value or "").strip()

    def positive(self, parent: Mapping_, key: str, default: float) -> float:
        value = parent.get(key) if key in parent else default
        if not _is_number(value) or value <= 0:
            self.fault(f"'{key}' is a number above 0, not '{value}'", parent.value_at(key))
            return default
        return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _kind_of(argument: Argument) -> str:
    names = {EntityArgument: "entity", NumberArgument: "number", BooleanArgument: "boolean", ChoiceArgument: "choice"}
    return names[type(argument)]


def _all(parts: list[Condition]) -> Condition:
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else And(tuple(parts))
