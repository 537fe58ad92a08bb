"""What is installed is all that is here: every folder of code is a package, every file of data goes along."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TABLE = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = ("codebook", "controller", "sim", "runtime", "scenarios")
WITH_DATA = ("codebook", "controller", "runtime", "scenarios")


def package_of(folder: Path) -> str:
    return ".".join(("codeword", *folder.relative_to(ROOT).parts))


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_of_code_is_a_package(room: str) -> None:
    folders = {path.parent for path in (ROOT / room).rglob("*.py")}
    assert {package_of(folder) for folder in folders} <= set(TABLE["packages"])


@pytest.mark.parametrize("room", WITH_DATA)
def test_every_file_of_data_is_installed(room: str) -> None:
    found = {path for ending in ("yaml", "json", "html", "safetensors") for path in (ROOT / room).rglob(f"*.{ending}")}
    installed = {
        path
        for package, patterns in TABLE["package-data"].items()
        for pattern in patterns
        for path in (ROOT / Path(*package.split(".")[1:])).glob(pattern)
    }
    assert found
    assert found <= installed
