"""The samples of public sets, in the form in which their files are."""

import shutil
import zipfile
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of every set: the wheel of one of them is made on the spot."""
    made = tmp_path_factory.mktemp("external")
    shutil.copy(SAMPLES / "huric_sample.jsonl", made)
    shutil.copytree(SAMPLES / "plan-bench", made / "plan-bench")
    inside = SAMPLES / "eai_eval"
    with zipfile.ZipFile(made / "eai_eval-1.0.5-py3-none-any.whl", "w") as wheel:
        for file in sorted(inside.rglob("*.*")):
            if file.is_file():
                wheel.write(file, str(file.relative_to(inside)))
    return made
