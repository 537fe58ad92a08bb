"""A model elsewhere: the same prompt, and nothing but what is legal taken from it; time-outs, retries, keys."""

import json
import math
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from codeword.codebook import Codebook, Observation, legal
from codeword.codebook.action_prompt import ActionPrompt, offer
from codeword.codebook.errors import InputError
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_prompt import plan_prompt
from codeword.controller import Decision
from codeword.controller.controller import model_controller
from codeword.controller.decision import DecisionCancelled
from codeword.controller.plan_controller import PlanController
from codeword.controller.remote.address import Limits, RemoteError, is_remote, read_address
from codeword.controller.remote.model import API_KEY, RemoteModel
from codeword.controller.sampling import Sampling
from tests.controller.remote.servers import (
    LlamaServer,
    chat,
    completion,
    gone_address,
    llama_server,
    scripted_server,
    silent_server,
)
from tests.controller.tiny import write_gguf
from tests.observations import observe, random_observation

SEEN = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",), ("left_zone",))
PICK = '{"skill":"pick","object":"red_block"}'
QUICK = Limits(connect_s=0.5, answer_s=0.5)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (extra: peers)")
    with llama_server(write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")) as server:
        yield server


@pytest.fixture
def offered(tabletop: Codebook) -> ActionPrompt:
    return offer(tabletop, "Pick the red block up.", SEEN)


def model(address: str, limits: Limits = QUICK, **more: int | None) -> RemoteModel:
    return RemoteModel(read_address(f"{address}#tiny"), limits, **more)


def decide(address: str, offered: ActionPrompt, limits: Limits = QUICK, **more: int | None) -> Decision:
    return model(address, limits, **more).decide(offered.prompt, offered.legal.graph)


@pytest.mark.parametrize("policy", ["direct", "at random"])
def test_llama_cpp_is_held_to_the_legal_set_by_a_schema(llama: LlamaServer, tabletop: Codebook, policy: str) -> None:
    """Random weights write anything that they are allowed to: what comes is legal by the schema alone."""
    sampling = Sampling(0.9, seed=3) if policy == "at random" else Sampling()
    controller = model_controller(model(f"{llama.address}/v1", Limits()), tabletop, policy="direct", sampling=sampling)
    rng = random.Random(4)
    for _ in range(6):
        seen = random_observation(rng)
        decision = controller.decide("Tidy up.", seen)
        assert legal(tabletop, seen).allows(decision.text)
        assert (decision.path, decision.notes, decision.passes) == ("remote", (), 1)
        assert decision.logprob is not None
        assert -math.inf < decision.logprob < 0
        assert decision.prompt_tokens > 100 > decision.tokens_chosen > 5
        assert {"legal", "schema", "remote", "total"} <= decision.stage_ms.keys()
    again = controller.decide("Tidy up.", seen)
    assert again.key == decision.key  # and with it the seed that is sent
    if policy == "direct":  # a draw falls on another side where its server, some of the prompt kept, rounds otherwise
        assert again.text == decision.text


def test_llama_cpp_as_one_that_only_completes_text_is_told_what_was_wrong(
    llama: LlamaServer, offered: ActionPrompt
) -> None:
    """Random weights never write a command: every attempt is refused, told, and counted, and then it is over."""
    far = model(f"plain+{llama.address}/v1", Limits())
    with pytest.raises(RemoteError, match="no legal command in 3 attempts; the last time after "):
        far.decide(offered.prompt, offered.legal.graph)
    assert isinstance(far.ask("Was the episode well done?", most_tokens=8), str)


def test_llama_cpp_answers_a_free_question(llama: LlamaServer) -> None:
    said = model(f"{llama.address}/v1", Limits()).ask("Was the episode well done?", most_tokens=8)
    assert isinstance(said, str)


def test_the_server_is_asked_for_one_of_the_legal_commands(tabletop: Codebook, offered: ActionPrompt) -> None:
    with scripted_server(chat(PICK)) as server:
        assert decide(server.address, offered).text == PICK
        path, _, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"]) == ("tiny", 0.0)
    system, user = body["messages"]
    assert system == {"role": "system", "content": offered.prompt.system}
    assert user == {"role": "user", "content": f"{offered.prompt.task}\n{offered.prompt.observation}"}
    schema = Draft202012Validator(body["response_format"]["json_schema"]["schema"])
    rng = random.Random(1)
    elsewhere = {text for _ in range(10) for text in legal(tabletop, random_observation(rng)).graph.texts()}
    for text in elsewhere | set(offered.legal.graph.texts()):
        assert schema.is_valid(json.loads(text)) == offered.legal.allows(text)


@pytest.mark.parametrize("plain", [False, True])
def test_a_wrong_answer_is_told_back_and_asked_again(offered: ActionPrompt, plain: bool) -> None:
    answer = completion if plain else chat
    with scripted_server(answer("I think so."), answer(PICK.replace("red", "rde")), answer(f"Well: {PICK}")) as server:
        decision = decide(f"{'plain+' if plain else ''}{server.address}", offered)
        bodies = [body for _, _, body in server.asked]
    assert (decision.text, decision.passes, decision.logprob) == (PICK, 3, None)
    assert [note.kind for note in decision.notes] == ["remote", "remote"]
    assert "may come red_block, green_block, and not rde_block" in decision.notes[1].text
    told = [body["prompt"] if plain else json.dumps(body["messages"]) for body in bodies]
    assert "That is not legal here" not in told[0]
    assert told[1].count("That is not legal here") == 1
    assert told[2].count("That is not legal here") == 2
    assert ("response_format" in bodies[0]) is not plain
    if plain:
        assert told[0].endswith(f'{offered.prompt.observation}\nCommand: {{"skill":"')
        assert bodies[0]["stop"] == ["\n"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('{"plan":[{"skill":"fly"}]}', "may come pick, place, push, home, wait, and not fly"),
        ('{"plan":[{"skill":"home"},1000000000]}', "may come"),
        ('{"plan":[[["gold_block","in","blue_bowl"]]]}', "and not gold_block"),
        ('{"plan":[' + ",".join(['{"skill":"home"}'] * 10_000) + "]}", "may come"),
    ],
)
def test_a_plan_that_is_none_is_told_back_and_a_right_one_taken(tabletop: Codebook, wrong: str, told: str) -> None:
    right = '{"plan": [{"object": "red_block", "skill": "pick"}, {"skill": "home"}, 2]}'
    graph = plan_graph(tabletop, SEEN, "Pick the red block up.")
    with scripted_server(chat(wrong), chat(right)) as server:
        made = model(server.address, Limits(1, 5)).decide(plan_prompt(tabletop, "Pick the red block up.", SEEN), graph)
    assert made.text == '{"plan":[{"skill":"pick","object":"red_block"},{"skill":"home"},2]}'
    (note,) = made.notes
    assert note.kind == "remote" and told in note.text


def test_plans_that_are_none_again_and_again_move_nothing(tabletop: Codebook) -> None:
    with scripted_server(chat('{"plan":[{"skill":"fly"}]}')) as server:
        controller = PlanController(model(server.address, Limits(1, 5)), tabletop)
        with pytest.raises(RemoteError, match="no legal command in 3 attempts"):
            controller.decide("Pick the red block up.", SEEN)


def test_what_only_completes_text_goes_on_from_what_leaves_no_choice(offered: ActionPrompt) -> None:
    with scripted_server(completion('pick","object":"red_block"}\n and so on')) as server:
        assert decide(f"plain+{server.address}", offered).text == PICK
    with scripted_server(completion('pick","object":<block>}'), completion('red_block"}')) as server:
        assert decide(f"plain+{server.address}", offered).text == PICK
        assert server.asked[1][2]["prompt"].endswith('Command: {"skill":"pick","object":"')


def test_log_probabilities_in_both_forms_and_none(offered: ActionPrompt) -> None:
    tokens = [('{"skill":', -0.5), ('"pick",', -0.25), ('"object":"red_block"}', -1.0)]
    new = {"content": [{"token": token, "logprob": logprob} for token, logprob in [("```json\n", -9.0), *tokens]]}
    old = {"tokens": [token for token, _ in tokens], "token_logprobs": [logprob for _, logprob in tokens]}
    broken = {"tokens": [token for token, _ in tokens], "token_logprobs": [None, -1.0, float("nan")]}
    for logprobs, expected in ((new, -1.75), (old, -1.75), (broken, None), (None, None), ({}, None), ([], None)):
        with scripted_server(chat(PICK, logprobs=logprobs)) as server:
            decision = decide(server.address, offered)
        assert decision.logprob == expected
        assert json.loads(decision.model_dump_json())["logprob"] == expected


def test_a_server_that_knows_no_log_probabilities_is_asked_without(offered: ActionPrompt) -> None:
    with scripted_server((400, {"error": {"message": "logprobs is not supported"}}), chat(PICK)) as server:
        far = model(server.address)
        for _ in range(2):
            assert far.decide(offered.prompt, offered.legal.graph).text == PICK
        assert ["logprobs" in body for _, _, body in server.asked] == [True, False, False]


def test_the_key_is_sent_and_never_told(offered: ActionPrompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_KEY, "secret-12345")
    with scripted_server(chat(PICK), (401, {"error": {"message": "bad key secret-12345"}})) as server:
        far = model(server.address)
        decision = far.decide(offered.prompt, offered.legal.graph)
        assert server.asked[0][1]["Authorization"] == "Bearer secret-12345"
        assert "secret" not in decision.model_dump_json()
        assert "secret" not in far.name
        with pytest.raises(RemoteError, match="the server answers 401: bad key …") as refused:
            far.decide(offered.prompt, offered.legal.graph)
        assert (refused.value.gone, refused.value.again) == (False, False)
        assert len(server.asked) == 2


def test_a_busy_server_is_asked_again_after_a_pause(offered: ActionPrompt) -> None:
    with scripted_server((503, {"error": "loading"}), (429, b"later"), chat(PICK)) as server:
        began = time.monotonic()
        decision = decide(server.address, offered)
        assert time.monotonic() - began > 0.05 * 0.5 + 0.1 * 0.5
    assert (decision.text, decision.passes) == (PICK, 3)
    with (
        scripted_server((503, {"error": "loading"})) as server,
        pytest.raises(RemoteError, match="the server answers 503: loading"),
    ):
        decide(server.address, offered)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"<html>"), "the server answers 200: <html>"), ((200, {}), "has no text in it"),
        ((200, {"choices": []}), "has no text in it"), ((200, {"choices": [{"message": 7}]}), "has no text in it"),
        ((404, {"detail": "x" * 9999}), "the server answers 404: "), ((200, [1]), "the server answers 200"),
        ((200, b" " * (9 << 20)), "an answer of more than 8 MB"), (chat(""), "no legal command in 3 attempts"),
        ((200, b"[" * 100_000), r"the server answers 200: \[\["),
    ],
)  # fmt: skip
def test_nonsense_is_one_line(offered: ActionPrompt, answer: tuple[int, object], says: str) -> None:
    with scripted_server(answer) as server, pytest.raises(RemoteError, match=says) as told:
        decide(server.address, offered, Limits(1, 5))
    assert len(str(told.value)) < 1000
    assert "\n" not in str(told.value)


def test_nobody_there_is_told_at_once(offered: ActionPrompt) -> None:
    began = time.monotonic()
    with pytest.raises(RemoteError, match="Connection refused") as told:
        decide(gone_address(), offered, Limits(connect_s=60, answer_s=600))
    assert told.value.gone
    assert time.monotonic() - began < 60, "it does not wait for anybody"


def test_one_that_speaks_no_tls_is_told_in_words(offered: ActionPrompt) -> None:
    with scripted_server(chat("{}")) as server:
        address = server.address.replace("http:", "https:")
        with pytest.raises(RemoteError, match="no secure connection: ") as told:
            decide(address, offered, Limits(1, 5))
    assert told.value.gone


def test_until_its_time_is_over_it_is_tried_again(offered: ActionPrompt) -> None:
    began = time.monotonic()
    with pytest.raises(RemoteError, match="Connection refused"):
        decide(gone_address(), offered, retries=None)
    assert time.monotonic() - began > 0.2, "again and again, and at last no more"


@pytest.mark.parametrize("trickle", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999])
def test_silence_ends_with_the_answer_s_time(offered: ActionPrompt, trickle: bytes) -> None:
    with silent_server(trickle) as address:
        began = time.monotonic()
        with pytest.raises(RemoteError, match=r"no answer within 0\.5 s|no connection or answer in time") as told:
            decide(address, offered)
        assert time.monotonic() - began > 0.4, "not before its time is over; that it ends at all is what silence shows"
    assert told.value.gone


@pytest.mark.parametrize("where", ["silent", "gone"])
def test_who_gives_up_is_heard_at_once(offered: ActionPrompt, where: str) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with silent_server() as silent:
        far = model(silent if where == "silent" else gone_address(), Limits(5, 60), retries=None)
        with pytest.raises(DecisionCancelled):
            far.decide(offered.prompt, offered.legal.graph, cancelled)
    assert asked == 21, "the first time that it is said"


def test_a_request_given_up_leaves_no_thread_behind(offered: ActionPrompt) -> None:
    with silent_server() as address:
        before = threading.active_count()
        far = model(address, Limits(5, 60))
        for _ in range(3):
            with pytest.raises(DecisionCancelled):
                far.decide(offered.prompt, offered.legal.graph, lambda: True)
        until = time.monotonic() + 60
        while threading.active_count() > before + 3 and time.monotonic() < until:  # three are the silent server's
            time.sleep(0.01)
        assert threading.active_count() <= before + 3


def test_a_connection_is_kept_and_made_again_where_the_server_closed_it(tmp_path: Path, offered: ActionPrompt) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (extra: peers)")
    gguf = write_gguf(tmp_path / "tiny.gguf")
    first = LlamaServer(gguf)
    far = model(f"{first.address}/v1", Limits())
    text = far.decide(offered.prompt, offered.legal.graph).text
    first.kill()
    second = LlamaServer(gguf, first.port)
    try:
        again = far.decide(offered.prompt, offered.legal.graph)
    finally:
        second.kill()
    assert (again.text, again.passes) == (text, 1)


def test_keys_tell_questions_apart(offered: ActionPrompt, tabletop: Codebook) -> None:
    far, plain = model("http://h:1/v1"), model("plain+http://h:1/v1")
    graph = offered.legal.graph
    other = offer(tabletop, "Pick the red block up.", random_seen())
    keys = {
        far.key_of(offered.prompt, graph), plain.key_of(offered.prompt, graph), model("http://h:2/v1").key_of(offered.prompt, graph),
        far.key_of(offered.prompt, graph, Sampling(0.5)), far.key_of(other.prompt, graph), far.key_of(offered.prompt, other.legal.graph),
    }  # fmt: skip
    assert len(keys) == 6
    assert far.key_of(offered.prompt, graph, Sampling()) in keys


def random_seen() -> Observation:
    return random_observation(random.Random(7))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://host:8000/v1", "does not say which model of which server"),
        ("http:///v1#m", "does not say which model"),
        ("http://host:port/v1#m", "not an address: Port could not be cast"),
        ("http://user:pw@host/v1#m", "an address has no key or password in it; put the key into CODEWORD_API_KEY"),
        ("https://host/v1?key=1#m", "does not say which model"),
    ],
)
def test_addresses_that_are_none(text: str, says: str) -> None:
    assert is_remote(text)
    with pytest.raises(InputError, match=says) as told:
        read_address(text)
    assert "pw" not in str(told.value).replace("password", "")


def test_addresses() -> None:
    assert str(read_address("http://h/v1/#org/name")) == "http://h:80/v1#org/name"
    assert str(read_address("plain+https://h#m")) == "plain+https://h:443#m"
    assert str(read_address("http://[::1]:8000/v1#m")) == "http://[::1]:8000/v1#m"
    assert not is_remote("smollm2-135m")
    assert not is_remote("/models/http")
