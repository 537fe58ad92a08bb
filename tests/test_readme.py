"""The commands of the README and the guide, and the Python example, work as printed."""

import json
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from ruamel.yaml import YAML

from codeword.codebook import load_skills, parse_codebook
from codeword.codebook.budgets import STAGES
from codeword.codebook.primitives import Parameter
from codeword.runtime.external.sets import SETS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "runtime" / "guide").glob("*.md"))]
README = PAGES[0].read_text()
TOLD = "\n".join(page.read_text() for page in PAGES)
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = _BLOCK.findall(TOLD)


def commands(blocks: list[tuple[str, str]]) -> list[str]:
    """Each once, in the order of the pages."""
    return list(
        dict.fromkeys(
            line.partition("#")[0].strip()
            for language, block in blocks
            if language == "sh"
            for line in block.splitlines()
            if line.startswith(".venv/bin/codeword ")
        )
    )


EXAMPLES = [block for language, block in BLOCKS if language == "python"]


FILES = {
    block.splitlines()[0].removeprefix("# "): block
    for language, block in BLOCKS
    if language in ("yaml", "py") and block.startswith("# ")
}


@pytest.mark.model
def test_the_commands_work_one_after_the_other(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Those of the README, and with --thorough those of the guide as well."""
    pages = TOLD if pytestconfig.getoption("--thorough") else README
    given = commands(_BLOCK.findall(pages))
    assert len(given) >= 8
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for command in given:
        args = [sys.executable, "-m", "codeword.runtime.cli", *shlex.split(command)[1:]]
        done = subprocess.run(
            args, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
        )
        late = "all goals reached, not within budgets" in done.stdout  # on a machine that does other things too
        assert done.returncode in (0, 3) or late, f"{command}: {done.stdout}{done.stderr}"  # 3: other probabilities
        assert "Traceback" not in done.stderr


@pytest.mark.model
def test_the_python_example_is_short_and_runs(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 1
    assert len(EXAMPLES[0].strip().splitlines()) <= 15
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[0]], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert '{"skill":' in done.stdout


def test_the_readme_names_every_verb() -> None:
    from codeword.runtime.cli import VERBS

    for verb in VERBS:
        assert f"codeword {verb}" in README, verb


def test_the_guide_tells_of_every_stage_that_has_a_budget() -> None:
    page = (ROOT / "runtime" / "guide" / "time.md").read_text()
    assert [f"| `{stage}` | {what} |" in page for stage, what in STAGES.items()] == [True] * len(STAGES)


def test_the_guide_tells_of_every_kind_of_argument() -> None:
    skills, primitives = (ROOT / "runtime" / "guide" / "arguments.md").read_text().split("## Of primitives")
    assert all(f"`{{{kind}: " in skills or f"`{kind}`" in skills for kind in load_skills._ARGUMENTS)
    kinds = get_args(get_type_hints(Parameter)["kind"])
    assert all(f"`{{{kind}: " in primitives or f"`{kind}`" in primitives for kind in kinds)
    _, codebook = primitives.split("# greeter_robot.yaml\n")
    robot, book = (textwrap.dedent(part) for part in codebook.split("    # greeter.yaml\n"))
    assert parse_codebook(book.replace("greeter_robot.yaml", json.dumps(YAML(typ="safe").load(robot)))).skills["say"]


def test_every_module_that_the_docs_name_is_there() -> None:
    named = set(re.findall(r"\b(?:codebook|controller|runtime|sim|tests)/[\w/]+\.py\b", TOLD))
    assert len(named) > 40
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]


def test_the_guide_tells_of_every_public_set() -> None:
    page = (ROOT / "runtime" / "guide" / "external.md").read_text()
    for name, one in SETS.items():
        assert f"`{name}`" in page, name
        assert f"`{one.file.replace(f'prompts/{name}', 'prompts/SET')}`" in page, one.file
        assert f"| {one.licence} |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
