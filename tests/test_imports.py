"""Imports point one way: codebook knows nobody, controller and sim know codebook, runtime knows all three."""

import ast
import importlib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_KNOW = {
    "codebook": {"codebook"},
    "controller": {"controller", "codebook"},
    "sim": {"sim", "codebook"},
    "runtime": {"runtime", "codebook", "controller", "sim"},
}
MODULES = [(room, path) for room in MAY_KNOW for path in sorted((ROOT / room).rglob("*.py"))]


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a module imports from, anywhere in it."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level <= 1, f"{path} reaches out of its package"
            names = [node.module or ""] if node.module != "codeword" else [f"codeword.{a.name}" for a in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("codeword.")}
    return rooms


@pytest.mark.parametrize(("room", "path"), MODULES, ids=[str(path.relative_to(ROOT)) for _, path in MODULES])
def test_a_module_imports_only_what_its_room_may_know(room: str, path: Path) -> None:
    assert imported_rooms(path) <= MAY_KNOW[room]


def test_the_rule_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    sample = tmp_path / "x.py"
    sample.write_text("def f():\n    from codeword.runtime import cli\n    import codeword.sim.world\n")
    assert imported_rooms(sample) == {"runtime", "sim"}


MOST_NAMES = 40
"""So many names of all packages together a user has to know of at most."""


def test_the_packages_export_few_names_and_each_of_them_is_there() -> None:
    packages = [importlib.import_module(f"codeword.{room}") for room in MAY_KNOW]
    assert all(hasattr(package, name) for package in packages for name in package.__all__)
    assert sum(len(package.__all__) for package in packages) <= MOST_NAMES


@pytest.mark.parametrize("room", MAY_KNOW)
def test_no_two_public_classes_of_a_package_have_one_name(room: str) -> None:
    defined = Counter(
        node.name
        for other, path in MODULES
        if other == room
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, times in defined.items() if times > 1] == []
