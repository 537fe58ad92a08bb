"""What tests in every room share."""

from collections.abc import Callable, Iterator

import pytest

from codeword.codebook import Codebook, load_codebook
from codeword.controller import prefixes

LONGEST = (
    "tests/test_readme.py", "tests/runtime/test_model.py", "tests/controller/test_lessons.py",
    "tests/controller/test_training.py", "tests/runtime/test_cli_train.py", "tests/runtime/link/test_standstill.py",
    "tests/runtime/test_clock.py", "tests/controller/test_engine.py", "tests/controller/test_contrast.py",
    "tests/runtime/test_memory.py", "tests/runtime/test_own_codebook.py",
)  # fmt: skip
"""Files that take longest come first, so that no worker is left with one of them when the others are done."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="try all random cases, not a quarter of them, and slow tests"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files in the order in which they are handed to workers; what is slow only where all is to be tried."""
    if not config.getoption("--thorough"):
        for item in items:
            if item.get_closest_marker("slow") is not None:
                item.add_marker(pytest.mark.skip(reason="slow: tried with --thorough"))
    first = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.nodeid.partition("::")[0], len(first)))


@pytest.fixture(scope="session", autouse=True)
def own_prefixes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept of codebooks that were read: never that of an earlier run, perhaps of other code."""
    folder = tmp_path_factory.mktemp("prefixes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefixes, "prefixes_dir", lambda: folder)
        yield


@pytest.fixture(scope="session")
def sized(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """How many of so many random cases are tried: all with `--thorough`, as in CI, else a quarter."""
    share = 1 if pytestconfig.getoption("--thorough") else 4
    return lambda every: every // share


@pytest.fixture(scope="session")
def tabletop() -> Codebook:
    """The codebook that is shipped for the arm."""
    return load_codebook("tabletop")
