"""The trusted code that a codebook names with `call:`, looked for without running any of it."""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

from .skills import Codebook


@dataclass(frozen=True)
class TrustedCall:
    """A skill that runs code; `missing` says why the code would not be found here, and is empty where it would."""

    skill: str
    call: str
    missing: str

    def __str__(self) -> str:
        found = f"not found: {self.missing}" if self.missing else "found"
        return f"runs trusted code: {self.skill} calls {self.call} ({found})"


def trusted_calls(codebook: Codebook) -> tuple[TrustedCall, ...]:
    """Every skill that runs code, in the codebook's order."""
    return tuple(TrustedCall(s.name, s.call, _missing(s.call)) for s in codebook.skills.values() if s.call)


def _missing(call: str) -> str:
    module, _, function = call.partition(":")
    spec = _spec(module)
    if spec is None:
        return f"there is no module '{module}' here"
    if not isinstance(spec.loader, SourceFileLoader):
        return ""  # nothing can be said of what is not Python source
    try:
        tree = ast.parse(spec.loader.get_data(spec.loader.path), Path(spec.loader.path).name)
    except (OSError, SyntaxError, ValueError) as problem:
        return f"'{module}' cannot be read: {problem}"
    names = set(_names(tree.body))
    return "" if function in names or "*" in names else f"'{module}' has no '{function}'"


def _spec(module: str) -> ModuleSpec | None:
    """Where a module is, without importing it or the packages around it."""
    spec: ModuleSpec | None = None
    path: Sequence[str] | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((each for each in found if each is not None), None)
        if spec is None or not parts[end - 1]:
            return None
        path = spec.submodule_search_locations or ()
    return spec


def _names(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that a module's own statements bind; `*` where it takes all of another's."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        else:
            yield from (n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            for block in ("body", "orelse", "finalbody", "handlers"):
                yield from _names(getattr(statement, block, ()))
