"""A cart that is served in a process of its own, for all tests of a file."""

from collections.abc import Iterator

import pytest

from codeword.codebook import Codebook, load_codebook
from tests.runtime.link.processes import CART, Served, served


@pytest.fixture(scope="session")
def cart_book() -> Codebook:
    """The codebook of the cart."""
    return load_codebook(CART)


@pytest.fixture(scope="module")
def cart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A cart that is served."""
    with served(notes=tmp_path_factory.mktemp("cart") / "notes") as one:
        yield one
