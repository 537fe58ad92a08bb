"""A codebook as a page of Markdown for people: what it is about, and every skill with all that is said of it."""

import re
from collections.abc import Iterable, Iterator, Mapping

from .arguments import Argument, BooleanArgument, EntityArgument, ListArgument, NumberArgument, TextArgument
from .command import Value
from .command_codec import make_command
from .editor_schema_steps import names_in_file
from .examples import Example
from .expressions import Argument as Field
from .expressions import Number, Operation
from .primitives import Parameter
from .skills import NOTHING, Codebook, Skill
from .step_trees import DoStep, Each, Fail, If, Reference, Repeat, Step, StepValue, Try
from .task_plan import Do as PlannedCommand

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$])")
_BLOCK_START = re.compile(r"^([-+=]|\d+(?=[.)]))")
_BAR = re.compile(r"(?<!\\)\|")
_ESCAPED_BAR = r"\\|"
_TIGHT = {"+": 1, "-": 1, "*": 2, "/": 2}


def codebook_docs(codebook: Codebook) -> str:
    """The page. The same codebook gives the same page, letter for letter."""
    return "\n".join(_page(codebook)) + "\n"


def escape(text: str) -> str:
    """A text in which nothing is Markdown."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _BLOCK_START.sub(lambda m: f"{m[1]}\\" if m[1].isdigit() else f"\\{m[1]}", escaped)


def _page(codebook: Codebook) -> Iterator[str]:
    yield f"# {escape(codebook.name)}"
    if codebook.description:
        yield from ("", escape(codebook.description))
    yield from ("", f"## Robot: {escape(codebook.robot)}", "", "What it can do by itself:", "")
    rows = [
        (_code(name), escape(primitive.description), _parameters(primitive.parameters))
        for name, primitive in codebook.primitives.items()
    ]
    yield from _table(("primitive", "what it does", "arguments"), rows)
    if codebook.workspace is not None:
        yield from ("", "It touches things inside this box of its world frame only:", "")
        axes = zip("xyz", codebook.workspace.low_m, codebook.workspace.high_m, strict=True)
        yield from (f"- {axis}: {_number(low)} m to {_number(high)} m" for axis, low, high in axes)
    yield from _limits(codebook)
    yield from _stops(codebook)
    if codebook.kinds:
        yield from ("", "## Things", "", f"Commands can name: {', '.join(map(_code, codebook.kinds))}.")
    if codebook.properties:
        seen = [
            (_code(name), ", ".join(map(_code, values)) if values else "any word")
            for name, values in codebook.properties.items()
        ]
        yield from ("", *_table(("what can be seen of a thing", "its values"), seen))
    yield from _facts(codebook)
    yield from ("", "## Skills")
    files = names_in_file(codebook)
    for skill in codebook.skills.values():
        yield from _skill(codebook, skill, files[skill.name])
    yield from _examples(codebook)


def _is_of(example: Example, skill: Skill) -> bool:
    """Whether an example asks for a skill alone."""
    items = example.plan.items
    return len(items) == 1 and isinstance(items[0], PlannedCommand) and items[0].command.skill == skill.name


def _examples(codebook: Codebook) -> Iterator[str]:
    """The examples of whole tasks: those that ask for more or less than one skill."""
    whole = [one for one in codebook.examples if not any(_is_of(one, skill) for skill in codebook.skills.values())]
    if whole:
        rows = [(escape(one.task), escape(one.plan.told)) for one in whole]
        yield from ("", "## Tasks", "", *_table(("what is said", "what is right to do"), rows))


def _limits(codebook: Codebook) -> Iterator[str]:
    if codebook.budgets:
        rows = [
            (_code(stage), *(_number(limit) if limit is not None else "" for limit in (budget.p95, budget.hard)))
            for stage, budget in codebook.budgets.items()
        ]
        yield from ("", "How long things may take:", "", *_table(("stage", "p95 [ms]", "never above [ms]"), rows))
    if any(budget.hard is not None for budget in codebook.budgets.values()) or codebook.fallback:
        instead = f"it carries out {_code(codebook.fallback)}" if codebook.fallback else "it holds still"
        yield from ("", f"Where something took longer than it ever may, {instead}.")


def _stops(codebook: Codebook) -> Iterator[str]:
    if codebook.stop_words:
        words = ", ".join(escape(word) for word in codebook.stop_words)
        yield from ("", f"It stops at once when told nothing but: {words}; and, as every robot: stop, halt, wait, ….")


def _facts(codebook: Codebook) -> Iterator[str]:
    if codebook.predicates:
        rows = [(_code(p.signature), escape(p.description)) for p in codebook.predicates.values()]
        yield from ("", "## Facts", "", "Observed:", "", *_table(("fact", "what it means"), rows))
    if codebook.derived:
        rows = [(_code(_signature(d.name, d.places)), _code(str(d.condition))) for d in codebook.derived.values()]
        yield from ("", "Computed from others:", "", *_table(("fact", "true where"), rows))
    words = [
        f"- {_code(name)} in {escape(language)}: {escape(text)}"
        for language, texts in codebook.wordings.items()
        for name, text in texts.items()
        if name in codebook.predicates
    ]
    if words:
        yield from ("", "In words:", "", *words)


def _skill(codebook: Codebook, skill: Skill, in_file: str) -> Iterator[str]:
    yield from ("", f"### {escape(skill.name)}", "", f"{escape(skill.description.rstrip('.'))}.")
    if skill.ends:
        yield from ("", "Ends the episode.")
    if skill.waits:
        yield from ("", "Merely waits.")
    if in_file != skill.name:
        yield from ("", f"Called {_code(in_file)} in the file.")
    if skill.args:
        rows = [
            (_code(name), f"{_code(argument.describe())}{_unit(argument)}", _default(argument))
            for name, argument in skill.args.items()
        ]
        yield from ("", *_table(("argument", "what it may be", "default"), rows))
    if skill.preconditions != NOTHING:
        yield from ("", "Needs:", "", *(f"- {_code(str(condition))}" for condition in skill.conjuncts))
    if skill.effects:
        yield from ("", "Then:", "", *(f"- {_code(str(effect))}" for effect in skill.effects))
    if skill.call:
        yield from ("", f"Runs trusted code: {_code(skill.call)}.")
    if skill.steps:
        yield from ("", "Steps:", "", *_steps(skill.steps, ""))
    limits = f"at most {_number(skill.budget_s)} s; cost {_number(skill.cost)} in plans"
    limits += "" if skill.cached else "; decided again each time"
    yield from ("", f"Limits: {limits}.", "", "For example:", "", "```json", example(codebook, skill), "```")
    asked = [example.task for example in codebook.examples if _is_of(example, skill)]
    if asked:
        yield from ("", "Asked for in such words:", "", *(f"- {escape(task)}" for task in asked))
    wordings = {language: words.get(in_file) for language, words in codebook.wordings.items()}
    lines = [f"- {escape(language)}: {escape(text)}" for language, text in wordings.items() if text]
    if lines:
        yield from ("", "In words:", "", *lines)


def _unit(argument: Argument) -> str:
    """The unit that a number declares, as ` [m]`."""
    declared = argument.unit if isinstance(argument, NumberArgument) else None
    return f" {escape(f'[{declared}]')}" if declared is not None else ""


def _default(argument: Argument) -> str:
    if argument.planned is not None:
        return f"none; plans take {_code(_plain(argument.planned))}"
    return "" if argument.default is None else _code(_plain(argument.default))


def example(codebook: Codebook, skill: Skill) -> str:
    """A command of the skill in its canonical form, with every argument in it that may be other than its default."""
    seen: dict[str, int] = {}
    return make_command(codebook, skill.name, {n: _value(argument, seen) for n, argument in skill.args.items()}).text


def _value(argument: Argument, seen: dict[str, int]) -> Value:
    """A value for an example; `seen` counts the things named so far, so that no two are the same."""

    def thing(kind: str) -> str:
        seen[kind] = seen.get(kind, 0) + 1
        return f"{kind}_{seen[kind]}"

    if isinstance(argument, EntityArgument):
        return thing(argument.kinds[0])
    if isinstance(argument, ListArgument):
        return tuple(
            thing(argument.kinds[0]) for _ in range(min(2, argument.high) if argument.low == 1 else argument.low)
        )
    if isinstance(argument, TextArgument):
        return " ".join(["words", "of", "the", "task"][: argument.max_words])
    if isinstance(argument, NumberArgument):
        values: tuple[Value, ...] = tuple(argument.value(ticks) for ticks in (argument.low, argument.high))
    else:
        values = (True, False) if isinstance(argument, BooleanArgument) else argument.texts
    return next((value for value in values if value != argument.default), values[0])


def _steps(steps: tuple[Step, ...], indent: str) -> Iterator[str]:
    """Steps as a nested list, numbered in their order."""
    for number, step in enumerate(steps, 1):
        yield from _step(step, f"{indent}{number}. ", f"{indent}   ")


def _step(step: Step, head: str, indent: str) -> Iterator[str]:
    if isinstance(step, DoStep):
        values = ", ".join(f"{name}: {_plain(value)}" for name, value in step.args.items())
        yield f"{head}{_code(step.name)}{f': {_code(values)}' if values else ''}"
    elif isinstance(step, If):
        yield f"{head}if {_code(str(step.condition))}:"
        yield from _steps(step.then, indent)
        if step.otherwise:
            yield from ("", f"{indent}else:", "", *_steps(step.otherwise, indent))
    elif isinstance(step, Repeat):
        until = f", until {_code(str(step.until))}" if step.until is not None else ""
        yield f"{head}repeat, up to {step.times} times{until}:" if until else f"{head}repeat {step.times} times:"
        yield from _steps(step.steps, indent)
    elif isinstance(step, Each):
        yield f"{head}for each {_code(step.name)} of {_code(step.argument)}:"
        yield from _steps(step.steps, indent)
    elif isinstance(step, Try):
        yield f"{head}try{f', up to {step.retry} more times' if step.retry else ''}:"
        yield from _steps(step.steps, indent)
        if step.undo:
            yield from ("", f"{indent}after a failure:", "", *_steps(step.undo, indent))
    elif isinstance(step, Fail):
        yield f"{head}fail: {_code(step.reason)}"


def _plain(value: StepValue | Value) -> str:
    """A value as a step writes it."""
    if isinstance(value, Reference):
        return f"${value.name}"
    if isinstance(value, Number):
        return _number(value.number)
    if isinstance(value, Field):
        return f"${value.name}.{value.field}" if value.field else f"${value.name}"
    if isinstance(value, Operation):
        left, right = value.left, value.right
        negated = value.sign == "-" and left == Number(0.0)
        level = _TIGHT[value.sign]
        first = f"({_plain(left)})" if isinstance(left, Operation) and _TIGHT[left.sign] < level else _plain(left)
        second = f"({_plain(right)})" if isinstance(right, Operation) and _TIGHT[right.sign] <= level else _plain(right)
        return f"-{second}" if negated else f"{first} {value.sign} {second}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _parameters(parameters: Mapping[str, Parameter]) -> str:
    texts = []
    for name, parameter in parameters.items():
        default = f", else {_plain(parameter.default)}" if parameter.default is not None else ""
        texts.append(_code(f"{name}: {parameter.describe()}{default}"))
    return "; ".join(texts)


def _signature(name: str, places: tuple[str, ...]) -> str:
    return f"{name}({', '.join(places)})" if places else name


def _code(text: str) -> str:
    return f"`{text}`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table; a | within code must be escaped there too."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_BAR.sub(_ESCAPED_BAR, cell) for cell in row)} |"
