"""What tests in every room share."""

from collections.abc import Iterator

import pytest

from codeword.codebook import Codebook, load_codebook
from codeword.controller import prefixes


@pytest.fixture(scope="session", autouse=True)
def own_prefixes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept of codebooks that were read: never that of an earlier run, perhaps of other code."""
    folder = tmp_path_factory.mktemp("prefixes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefixes, "prefixes_dir", lambda: folder)
        yield


@pytest.fixture(scope="session")
def tabletop() -> Codebook:
    """The codebook that is shipped for the arm."""
    return load_codebook("tabletop")
