"""Codebook YAML into a Codebook: composition of files, and every fault found in one pass."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from .arguments import Argument, ChoiceArgument
from .budgets import SOFT_ONLY, STAGES, Budget, Stage
from .compose import Parts, codebook_path, is_file
from .errors import CodebookError, Fault, did_you_mean
from .examples import read_examples
from .facts import ID
from .load_skills import Context, Entry, read_arguments, read_line, read_skill
from .load_steps import ENDS, STEP_FORMS
from .parse import Vocabulary, parse_condition, parse_signature
from .primitives import Primitive, parse_robot, read_robot, shipped_robots
from .skills import Codebook, Predicate, Skill, Workspace
from .state import Derived
from .step_trees import DoStep, Each, If, Repeat, Step, Try
from .yaml_source import List_, Mapping_, check_keys, parse_yaml, plain, read_text, shown

HOLD = "hold"
"""What a codebook falls back on that names no skill: the robot holds still."""


def read_budgets(parts: Parts) -> dict[Stage, Budget]:
    """The budgets of each stage; faults are noted where they stand."""
    if "budgets" not in parts.settings:
        return {}
    source, value, at = parts.settings["budgets"]
    if not isinstance(value, Mapping_):
        source.fault(f"the budgets: expected a mapping of stages, not '{value}'", at)
        return {}
    found: dict[Stage, Budget] = {}
    for name in value:
        stage = next((stage for stage in STAGES if stage == name), None)
        given = value.get(name)
        if stage is None:
            source.fault(f"unknown stage '{name}'{did_you_mean(str(name), list(STAGES))}", value.key_at(name))
        elif not isinstance(given, Mapping_):
            source.fault(f"the budget of {name}: expected p95 and hard, not '{given}'", value.value_at(name))
        elif check_keys(source, given, f"the budget of {name}", (), ("p95", "hard")):
            try:
                found[stage] = Budget.model_validate(plain(given), strict=True)
            except ValidationError as problem:
                error = problem.errors()[0]
                key = str(error["loc"][0])
                message = f"the budget of {name}: {key} is a number of milliseconds above 0, not '{error['input']}'"
                source.fault(message, given.value_at(key))
                continue
            if found[stage].hard is not None and stage in SOFT_ONLY:
                source.fault(f"{stage} has no hard limit: {SOFT_ONLY[stage]}", given.key_at("hard"))
    return found


def read_fallback(parts: Parts, skills: Mapping[str, Skill], names: Mapping[str, str]) -> str:
    """The skill that is fallen back on, empty for holding still; faults are noted where they stand."""
    if "fallback" not in parts.settings:
        return ""
    source, value, at = parts.settings["fallback"]
    if value == HOLD:
        return ""
    name = names.get(str(value), str(value))
    skill = skills.get(name)
    if skill is None:
        source.fault(f"there is no skill '{value}' to fall back on{did_you_mean(str(value), [HOLD, *skills])}", at)
    elif skill.ends is not None:
        source.fault(f"'{value}' ends the episode: it cannot be fallen back on", at)
    elif any(argument.default is None for argument in skill.args.values()):
        source.fault(f"'{value}' needs arguments: what is fallen back on is carried out by itself", at)
    return name


_MOST_STEPS = 10_000
_ENDINGS = {
    "done": "done: {description: say that the task is done}",
    "cannot": "cannot: {description: say that it cannot be done, args: {reason: {choice: [missing, unsafe]}}}",
}
"""The skills that end a task, as a codebook may have them."""


def load_codebook(name_or_path: str | Path) -> Codebook:
    """The codebook of that name out of those shipped, or of that file, with all that it includes.

    Raises CodebookError with every fault found, each with file, line and column.
    """
    path = codebook_path(name_or_path)
    return parse_codebook(read_text(path, CodebookError), str(path))


def parse_codebook(text: str, name: str = "codebook.yaml") -> Codebook:
    """The codebook that a YAML text says; `name` stands for the file in messages, and includes are found beside it.

    Raises CodebookError.
    """
    source = parse_yaml(text, name, CodebookError)
    if "primitives" in source.root and not {"codebook", "skills"} & set(source.root):
        raise CodebookError(
            Fault(
                "is a robot file, which says what a robot can do by itself; expected a codebook, which names it "
                f"(robot: {Path(name).name}) and has skills",
                name,
            )
        )
    parts = Parts(source)
    parts.gather(source, ())
    codebook = _Reader(parts).codebook()
    faults = [fault for each in parts.sources for fault in each.faults]
    if faults:
        raise CodebookError(*faults)
    return codebook


class _Reader:
    """Reads the parts, noting faults where they stand instead of stopping at the first."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.source = parts.top
        self.kinds = tuple(parts.kinds)
        self.names = {name: self.renamed(name) for name in parts.tables["skills"]}

    def renamed(self, name: str) -> str:
        entry = self.parts.rename.get(name)
        return name if entry is None else str(entry.value)

    def codebook(self) -> Codebook:
        root = self.source.root
        name = self.identifier(root)
        robot, primitives = self.robot()
        predicates = dict(self.predicates())
        properties = dict(self.properties())
        vocabulary = Vocabulary(
            {n: len(p.places) for n, p in predicates.items()},
            self.kinds,
            properties=properties,
            fact_kinds={n: p.kinds for n, p in predicates.items()},
        )
        derived, vocabulary = self.derived(vocabulary)
        wordings = self.wordings(predicates)
        read = self.skills(Context(vocabulary, tuple(predicates), primitives, self.parts.tables["skills"]))
        language = self.language(wordings)
        skills = {skill.name: _worded(skill, wordings.get(language, {}), self.names) for skill in read}
        faulty = any(source.faults for source in self.parts.sources)
        at = root.key_at("skills") if "skills" in root else (1, 1)
        for required in ENDS:
            if required not in skills and not faulty:
                self.source.fault(f"every codebook has the skill '{required}', such as {_ENDINGS[required]}", at)
        for skill in skills.values():
            if skill.ends is not None and not faulty and not _ends_well(skill):
                self.source.fault(
                    f"'{skill.name}' ends an episode: it has no steps, and "
                    + ("no arguments" if skill.ends == "done" else "one argument, reason: {choice: [words]}"),
                    at,
                )
        text = self.parts.text()
        made = Codebook(
            name=name,
            description=read_line(self.source, root, "description", ""),
            robot=robot,
            primitives=primitives,
            kinds=self.kinds,
            predicates={
                n: replace(p, description=wordings.get(language, {}).get(n, p.description))
                for n, p in predicates.items()
            },
            derived=derived,
            properties=properties,
            skills=skills,
            workspace=self.workspace(),
            budgets=read_budgets(self.parts),
            fallback=read_fallback(self.parts, skills, self.names),
            stop_words=tuple(self.parts.stop_words),
            wordings=wordings,
            text=text,
            hash=hashlib.sha256(text.encode()).hexdigest(),
            files=tuple(self.parts.files()),
        )
        if any(source.faults for source in self.parts.sources):
            return made
        entries = self.parts.tables["skills"].values()
        return replace(made, examples=tuple(read_examples(made, entries, self.names, self.parts)))

    def robot(self) -> tuple[str, Mapping[str, Primitive]]:
        if "robot" not in self.parts.settings:
            self.source.fault("the codebook lacks the key 'robot'", (1, 1))
            return "", {}
        source, value, at = self.parts.settings["robot"]
        known = shipped_robots()
        if isinstance(value, Mapping_):
            return str(value.get("robot")), parse_robot(source, value)
        beside = Path(source.name).parent / str(value)
        path = known.get(str(value)) or beside
        if not is_file(path):
            hint = did_you_mean(str(value), list(known))
            is_name = beside.suffix not in (".yaml", ".yml")
            source.fault(f"unknown robot '{value}'{hint}" if is_name else f"there is no file {beside}{hint}", at)
            return str(value), {}
        self.parts.dependent |= path == beside
        try:
            return read_robot(path)
        except CodebookError as problem:
            for fault in problem.faults:
                source.fault(f"robot: {fault}", at)
            return path.stem, {}

    def predicates(self) -> Iterator[tuple[str, Predicate]]:
        found: set[str] = set()
        for entry in self.parts.tables["facts"].values():
            signature = entry.source.parsed(partial(parse_signature, kinds=self.kinds), entry.name, entry.key_at)
            if signature is None:
                continue
            name = signature.name
            if name in found or name in self.kinds:
                what = "a kind of entity" if name in self.kinds else "a fact"
                entry.source.fault(f"there is {what} called '{name}' already", entry.key_at)
                continue
            found.add(name)
            if not isinstance(entry.value, str) or not entry.value.strip() or "\n" in entry.value.strip():
                entry.source.fault(f"the fact '{name}' needs one line of text that says what it means", entry.value_at)
            yield name, Predicate(name, signature.places, str(entry.value), signature.kinds)

    def properties(self) -> Iterator[tuple[str, tuple[str, ...] | None]]:
        for entry in self.parts.tables["properties"].values():
            if not ID.fullmatch(entry.name):
                entry.source.fault(f"'{entry.name}' cannot name a property (an id)", entry.key_at)
            elif isinstance(entry.value, List_) and len(entry.value):
                yield entry.name, tuple(str(item) for item, _ in entry.value)
            elif isinstance(entry.value, str):
                yield entry.name, None
            else:
                entry.source.fault(f"the property '{entry.name}' needs its values, or a text", entry.value_at)

    def derived(self, vocabulary: Vocabulary) -> tuple[dict[str, Derived], Vocabulary]:
        signatures: list[tuple[str, tuple[str, ...], Entry]] = []
        places_of = dict(vocabulary.predicates)
        for entry in self.parts.tables["derived"].values():
            signature = entry.source.parsed(parse_signature, entry.name, entry.key_at)
            if signature is None:
                continue
            name, places = signature.name, signature.places
            if name in places_of:
                entry.source.fault(f"the fact '{name}' is defined twice", entry.key_at)
                continue
            places_of[name] = len(places)
            signatures.append((name, places, entry))
        vocabulary = replace(vocabulary, predicates=places_of)
        found: dict[str, Derived] = {}
        for name, places, entry in signatures:
            parse = partial(parse_condition, vocabulary=vocabulary.binding(*places))
            condition = entry.source.parsed(parse, entry.value, entry.value_at)
            if condition is not None:
                found[name] = Derived(name, places, condition)
        return found, vocabulary

    def skills(self, context: Context) -> list[Skill]:
        entries = []
        for entry in context.entries.values():
            if entry.name in STEP_FORMS:
                entry.source.fault(f"'{entry.name}' is a form that steps have, and no name for a skill", entry.key_at)
            elif ID.fullmatch(entry.name):
                entries.append(entry)
            else:
                message = f"'{entry.name}' is no id (lower-case letters, digits and _ between them)"
                entry.source.fault(message, entry.key_at)
        arguments: dict[str, Mapping[str, Argument]] = {e.name: read_arguments(e, self.kinds) for e in entries}
        read = {entry.name: read_skill(entry, context, arguments) for entry in entries}
        skills = {name: skill for name, skill in read.items() if skill is not None}
        for entry in entries:
            self.bounded(entry, skills, context.primitives)
        self.check_rename(skills)
        return [_renamed(skill, self.names) for skill in skills.values()]

    def bounded(self, entry: Entry, skills: Mapping[str, Skill], primitives: Mapping[str, Primitive]) -> None:
        """Note a skill that comes back to itself, or that may take more steps than anyone would wait for."""

        known: dict[str, int] = {}

        def count(name: str, path: tuple[str, ...]) -> int:
            if name in path:
                raise RecursionError(" uses ".join((*path, name)))
            if name not in known:
                known[name] = total(skills[name].steps, (*path, name)) if name in skills else 1
            return known[name]

        def total(steps: tuple[Step, ...], path: tuple[str, ...]) -> int:
            return sum(one(step, path) for step in steps)

        def one(step: Step, path: tuple[str, ...]) -> int:
            if isinstance(step, DoStep):
                return count(step.name, path) if step.is_skill else 1
            if isinstance(step, If):
                return max(total(step.then, path), total(step.otherwise, path))
            if isinstance(step, Repeat):
                return step.times * total(step.steps, path)
            if isinstance(step, Each):
                return 4 * total(step.steps, path)
            if isinstance(step, Try):
                return (step.retry + 1) * (total(step.steps, path) + total(step.undo, path))
            return 1

        try:
            steps = count(entry.name, ())
        except RecursionError as problem:
            why = str(problem)
            if why == f"{entry.name} uses {entry.name}":
                why = f"its step '{entry.name}' is the skill itself, for the robot has no such primitive"
                why += did_you_mean(entry.name, list(primitives))
            entry.source.fault(f"the skill '{entry.name}' never ends: {why}", entry.key_at)
            return
        if steps > _MOST_STEPS:
            entry.source.fault(f"'{entry.name}' may take {steps} steps; at most {_MOST_STEPS}", entry.key_at)

    def check_rename(self, skills: Mapping[str, Skill]) -> None:
        for entry in self.parts.rename.values():
            if entry.name not in skills:
                hint = did_you_mean(entry.name, list(skills))
                entry.source.fault(f"there is no skill '{entry.name}' to rename{hint}", entry.key_at)
            elif not isinstance(entry.value, str) or not ID.fullmatch(entry.value):
                entry.source.fault(
                    f"'{shown(entry.value)}' is no id (lower-case letters, digits and _)", entry.value_at
                )
            elif entry.name in ENDS or entry.value in ENDS:
                entry.source.fault(f"{' and '.join(ENDS)} keep their names", entry.key_at)
            elif list(self.names.values()).count(entry.value) > 1:
                entry.source.fault(f"two skills would be called '{entry.value}'", entry.value_at)

    def wordings(self, predicates: Mapping[str, Predicate]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        known = [*self.parts.tables["skills"], *predicates]
        for entry in self.parts.tables["wordings"].values():
            if not isinstance(entry.value, Mapping_):
                entry.source.fault(f"the wordings in '{entry.name}' map names to texts", entry.value_at)
                found.setdefault(entry.name, {})
                continue
            found.setdefault(entry.name, {})
            for name in entry.value:
                if name not in known:
                    hint = did_you_mean(str(name), known)
                    entry.source.fault(f"unknown skill or fact '{name}'{hint}", entry.value.key_at(name))
                else:
                    line = read_line(entry.source, entry.value, name, "")
                    found[entry.name][str(name)] = line
        return found

    def language(self, wordings: Mapping[str, object]) -> str:
        if "language" not in self.parts.settings:
            return ""
        source, value, at = self.parts.settings["language"]
        if value not in wordings:
            source.fault(f"there are no wordings in '{value}'{did_you_mean(str(value), list(wordings))}", at)
        return str(value)

    def workspace(self) -> Workspace | None:
        if "workspace" not in self.parts.settings:
            return None
        source, value, at = self.parts.settings["workspace"]
        if not isinstance(value, Mapping_):
            source.fault(f"the workspace: expected a mapping, not '{value}'", at)
            return None
        if not check_keys(source, value, "the workspace", ("x_m", "y_m", "z_m"), ()):
            return None
        low, high = [], []
        for axis in ("x_m", "y_m", "z_m"):
            given = value.get(axis)
            pair = [item for item, _ in given] if isinstance(given, List_) else []
            numbers = [item for item in pair if isinstance(item, int | float) and not isinstance(item, bool)]
            if len(numbers) != 2 or not -1000 <= numbers[0] < numbers[1] <= 1000:
                source.fault(f"'{axis}' of the workspace is [lowest, highest] in metres", value.value_at(axis))
                return None
            low.append(float(pair[0]))
            high.append(float(pair[1]))
        return Workspace((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def identifier(self, root: Mapping_) -> str:
        value = root.get("codebook")
        if "codebook" in root and (not isinstance(value, str) or not ID.fullmatch(value)):
            message = f"'codebook' is an id (lower-case letters, digits and _ between them), not '{value}'"
            self.source.fault(message, root.value_at("codebook"))
        return str(value or "")


def _ends_well(skill: Skill) -> bool:
    """Whether a skill that ends an episode is what judge and planner take it for."""
    if skill.steps or skill.call or skill.effects:
        return False
    if skill.ends == "done":
        return not skill.args
    return list(skill.args) == ["reason"] and isinstance(skill.args["reason"], ChoiceArgument)


def _worded(skill: Skill, wordings: Mapping[str, str], names: Mapping[str, str]) -> Skill:
    """The skill described in the language chosen; wordings go by the names in the file."""
    original = next(old for old, new in names.items() if new == skill.name)
    return replace(skill, description=wordings.get(original, skill.description))


def _renamed(skill: Skill, names: Mapping[str, str]) -> Skill:
    """The skill under a site's name for it, and for the skills that its steps use."""

    def step(given: Step) -> Step:
        if isinstance(given, DoStep):
            return replace(given, name=names.get(given.name, given.name)) if given.is_skill else given
        if isinstance(given, If):
            return replace(given, then=all_(given.then), otherwise=all_(given.otherwise))
        if isinstance(given, Repeat | Each):
            return replace(given, steps=all_(given.steps))
        if isinstance(given, Try):
            return replace(given, steps=all_(given.steps), undo=all_(given.undo))
        return given

    def all_(steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return tuple(step(given) for given in steps)

    return replace(skill, name=names.get(skill.name, skill.name), steps=all_(skill.steps))
