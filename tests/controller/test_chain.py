"""What stands behind a controller, put together by name."""

from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.controller import make_controller
from codeword.controller.decision import DecisionCancelled
from codeword.controller.registry import LocalModel
from tests.controller.remote.servers import chat, gone_address, scripted_server
from tests.observations import observe

SEEN = observe({"red_block": "table"}, ("blue_bowl",))
PICK = '{"skill":"pick","object":"red_block"}'


def test_a_controller_with_a_cache(tabletop: Codebook, tiny_model: LocalModel, tmp_path: Path) -> None:
    store = str(tmp_path / "decisions.sqlite")

    def path() -> str:
        model = str(tiny_model.folder)
        return (
            make_controller("llm", tabletop, model=model, adapter="none", policy="direct", cache=store)
            .decide("x", SEEN)
            .path
        )

    assert (path(), path()) == ("decoded", "cache")


def test_a_controller_with_a_model_elsewhere(tabletop: Codebook, tmp_path: Path) -> None:
    with scripted_server(chat(PICK)) as server:
        address, store = f"{server.address}#m", str(tmp_path / "decisions.sqlite")
        controller = make_controller("llm", tabletop, model=address, fallback="hold", policy="direct", cache=store)
        decisions = [controller.decide("x", SEEN) for _ in range(2)]
    assert [(decision.text, decision.path) for decision in decisions] == [(PICK, "remote"), (PICK, "cache")]
    assert decisions[0].essence() == decisions[1].essence()
    assert len(server.asked) == 1


def test_a_controller_falls_back(tabletop: Codebook, tiny_model: LocalModel) -> None:
    gone = f"{gone_address()}#m"
    local = make_controller(
        "llm", tabletop, model=gone, fallback=str(tiny_model.folder), adapter="none", policy="direct"
    )
    assert local.decide("x", SEEN).path == "fallback"


def test_a_controller_holds(tabletop: Codebook) -> None:
    held = make_controller("llm", tabletop, model=f"{gone_address()}#m", fallback="hold", policy="direct")
    asked: list[int] = []
    with pytest.raises(DecisionCancelled):
        held.decide("x", SEEN, lambda: len(asked) > 50 or bool(asked.append(1)))  # type: ignore[func-returns-value]
    assert len(asked) == 51, "until it is given up it is tried again"


@pytest.mark.parametrize(
    ("more", "says"),
    [({"model": "http://host/v1"}, "does not say which model"), ({"cache": "ftp://x"}, "no decision cache by ftp://")],
)
def test_names_that_cannot_be_used(tabletop: Codebook, more: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        make_controller("llm", tabletop, **more)
