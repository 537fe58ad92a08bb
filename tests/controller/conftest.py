"""Models for the tests of the controller: tiny random ones, and the real one where a test says that it needs it."""

from pathlib import Path

import pytest
import torch

from codeword.controller import linear
from codeword.controller.registry import DEFAULT_MODEL, LocalModel, open_folder, resolve
from tests.controller.tiny import quantized, write_expanded, write_folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """A Llama-shaped model with random weights."""
    return open_folder(write_folder(tmp_path_factory.mktemp("tiny")), "tiny")


@pytest.fixture(scope="session")
def tiny_quantized(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """A Llama-shaped model with random weights of 8 bits."""
    return quantized(tmp_path_factory.mktemp("quantized"))


@pytest.fixture(scope="session")
def real_model() -> LocalModel:
    """The embedded default, as `make test` has pulled it."""
    return resolve(DEFAULT_MODEL, fetch=False)


@pytest.fixture(scope="session")
def expanded(real_model: LocalModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real model's weights expanded to float32, as transformers reads them."""
    return write_expanded(real_model, tmp_path_factory.mktemp("expanded"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def bfloats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that multiplies bfloats, whatever this one does."""
    monkeypatch.setattr(linear, "multiplies_bfloats", lambda: True)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny models gain nothing from a second thread, and on a busy machine threads wait for each other."""
    torch.set_num_threads(1)
