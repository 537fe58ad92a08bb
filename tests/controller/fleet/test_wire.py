"""What travels between an engine and its clients is read strictly, and graphs come out as they went in."""

import json

import pytest

from codeword.codebook import Codebook
from codeword.codebook.choices import END
from codeword.codebook.errors import InputError
from codeword.codebook.prompt import Prompt, Turn
from codeword.controller.digest import graph_digest
from codeword.controller.fleet.address import check_address, is_fleet
from codeword.controller.fleet.errors import WireError
from codeword.controller.fleet.graphs import pack, unpack
from codeword.controller.fleet.wire import (
    MOST_BYTES,
    Decide,
    Drawn,
    Hello,
    Limits,
    Made,
    read_answered,
    read_said,
    written,
)
from codeword.controller.sampling import Sampling
from tests.controller.test_engine import situations


def test_a_question_comes_out_as_it_went_in(tabletop: Codebook) -> None:
    for prompt, graph in situations(tabletop, 1, 5):
        said = Decide.of(3, prompt, pack(graph), "x", None, Limits(token_ms=1.5))
        read = read_said(written(said))
        assert isinstance(read, Decide)
        assert read == said
        assert read.prompt() == prompt
        again = unpack(said.graph)
        assert graph_digest(again) == graph_digest(graph)
        assert list(again.texts())[:50] == list(graph.texts())[:50]
        last = again
        while last.edges:
            last = last.edges[0][1]
        assert last is END


def test_sampling_and_log_probabilities_travel_to_the_bit() -> None:
    drawn = Sampling(0.1 + 0.2, 3, 1 / 3, 7)
    assert Drawn.of(drawn).sampling() == drawn
    decision = {"text": "x", "logprob": -0.1 - 0.2, "stage_ms": {"total": 1 / 3}, "path": "decoded", "key": "k"}
    read = read_answered(written(Made(id=1, decision=decision)))
    assert isinstance(read, Made)
    assert read.read().logprob == -0.1 - 0.2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "a message is a JSON object"),
        (b'{"kind":"hello"', "not JSON"),
        (b'{"kind":"hello","name":"a","kind":"bye"}', "twice"),
        (b'{"kind":"cancel","id":NaN}', "NaN is no JSON"),
        (b'{"kind":"hello","name":"a","more":1}', "more"),
        (b'{"kind":"cancel","id":"1"}', "valid integer"),
        (b'{"kind":"cancel","id":-1}', "greater than or equal to 0"),
        (b'{"kind":"info"}', "kind"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (MOST_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_message_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        read_said(content)


def test_too_large_a_message_is_not_sent() -> None:
    with pytest.raises(WireError, match="too large"):
        written(
            Decide.of(1, Prompt("", "", "", (Turn("x" * 999_999, "y"),) * 5), ((), (("a", 0),)), None, None, Limits())
        )
    with pytest.raises(WireError, match="not a question: system: String should have at most"):
        Decide.of(1, Prompt("x" * MOST_BYTES, "", ""), ((), (("a", 0),)), None, None, Limits())
    assert read_said(written(Hello(name="a"))) == Hello(name="a")


@pytest.mark.parametrize("text", ["ipc:///tmp/e.sock", "tcp://127.0.0.1:5570", "tcp://[::1]:1"])
def test_addresses_of_this_machine_are_taken(text: str) -> None:
    assert is_fleet(text)
    assert check_address(text, "--bind") == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp://0.0.0.0:5570", "may be another machine"),
        ("tcp://*:5570", "may be another machine"),
        ("tcp://robot.local:5570", "may be another machine"),
        ("tcp://192.168.1.2:5570", "may be another machine"),
        ("tcp://127.0.0.1:70000", "no address"),
        ("tcp://127.0.0.1", "no address"),
        ("ipc://e.sock", "whole path"),
        ("ipc:///", "whole path"),
        ("ipc:///" + "x" * 120, "whole path"),
        ("inproc://e", "no address"),
    ],
)
def test_other_addresses_are_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as told:
        check_address(text, "--bind")
    assert "right would be ipc:///tmp/codeword.sock" in str(told.value)
    assert "\n" not in str(told.value)


def test_names_of_models_are_no_addresses() -> None:
    assert not any(map(is_fleet, ("smollm2-135m", "/models/ipc", "http://host/v1#m")))


def test_json_of_a_message_has_no_surprises() -> None:
    assert json.loads(written(Hello(name="a"))) == {"kind": "hello", "version": 3, "name": "a"}
