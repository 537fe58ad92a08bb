"""What tests in every room share."""

import pytest

from codeword.codebook import Codebook, load_codebook


@pytest.fixture(scope="session")
def tabletop() -> Codebook:
    """The codebook that is shipped for the arm."""
    return load_codebook("tabletop")
