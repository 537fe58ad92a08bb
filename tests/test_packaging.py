"""What is installed is all that is here: every folder of code is a package, every file of data goes along."""

import os
import subprocess
import sys
import sysconfig
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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has the wheel, and beside it what this one has but for the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    names = listed.stdout.splitlines()
    if listed.returncode:
        pytest.skip("the sources are no git checkout")
    for name in names:
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).symlink_to(ROOT / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, sources], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    (place,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (place / "others.pth").write_text(sysconfig.get_path("purelib"))  # files of paths in there are not followed
    return python.parent


@pytest.mark.model
@pytest.mark.parametrize(
    "command",
    [
        ["--version"],
        ["doctor"],
        ["new", "codebook", "my_rover"],
        ["codebook", "check", "workbench"],
        ["run", "tabletop/put_in_bowl", "--controller", "expert", "--no-film", "--out", "episodes"],
    ],
    ids=" ".join,
)
def test_the_command_line_works_from_the_wheel(installed: Path, command: list[str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "codeword", *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.model
def test_the_wheel_has_the_adapter_the_guide_and_the_recipe(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "import codeword.runtime\n"
        "from codeword.controller.adapter import AUTO, load_adapter\n"
        "from codeword.controller.registry import resolve\n"
        "from codeword.runtime.cli_train import RECIPES\n"
        "here = Path(codeword.runtime.__file__).parent\n"
        "print(load_adapter(AUTO, resolve('smollm2-135m')).name, (here / 'guide' / 'plans.md').is_file(), "
        "RECIPES['plans'].is_file(), here)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    name, guide, recipe, here = done.stdout.split()
    assert (name, guide, recipe) == ("plans-135m", "True", "True")
    assert Path(here).is_relative_to(installed.parent)
