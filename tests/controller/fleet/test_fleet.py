"""One engine process and several clients: the same decisions as alone, in turn, in time, whoever dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.codebook.choices import END, Node
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_prompt import plan_prompt
from codeword.codebook.prompt import Turn
from codeword.controller.deadlines import Deadlines
from codeword.controller.decision import DecisionCancelled
from codeword.controller.engine import Engine, never
from codeword.controller.fleet import client
from codeword.controller.fleet.client import FleetBackend
from codeword.controller.fleet.wire import Hello
from codeword.controller.hint import Hint
from codeword.controller.plan_writer import PlanWriter
from codeword.controller.prior.of_task import plan_prior
from codeword.controller.prior.weighted import Weighted
from codeword.controller.registry import LocalModel
from codeword.controller.remote.address import Limits
from codeword.controller.remote.errors import RemoteError
from codeword.controller.remote.fallback import Fallback
from codeword.controller.sampling import GREEDY, Sampling
from tests.controller.fleet.processes import EngineProcess, engine_process, run_clients
from tests.controller.test_engine import Situation, situations
from tests.observations import large_observation

PAUSE_S = 0.03
"""What each pass of a slow engine takes beside its own time."""

CLIENT = """
import json, sys, time
from codeword.codebook import load_codebook
from codeword.controller.fleet.client import FleetBackend
from tests.controller.test_engine import situations
backend = FleetBackend(sys.argv[1], name="robot " + sys.argv[2])
made = []
for prompt, graph in situations(load_codebook("tabletop"), int(sys.argv[2]), int(sys.argv[3])):
    backend.warm(prompt.system)
    decision = backend.decide(prompt, graph)
    made.append({"essence": decision.essence(), "ms": decision.stage_ms})
backend.close()
print(json.dumps(made))
"""

FLOOD = """
import sys, threading
from codeword.codebook import load_codebook
from codeword.controller.fleet.client import FleetBackend
from tests.controller.test_engine import situations
def ask():
    backend = FleetBackend(sys.argv[1], name="flood")
    while True:
        for prompt, graph in situations(load_codebook("tabletop"), 1, 4):
            backend.decide(prompt, graph)
            print("asked", flush=True)
ask()
"""


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/e.sock"


@pytest.fixture
def engine(tiny_quantized: LocalModel, address: str) -> Iterator[EngineProcess]:
    with engine_process(tiny_quantized.folder, address) as process:
        yield process


@pytest.fixture
def slow(tiny_quantized: LocalModel, address: str) -> Iterator[EngineProcess]:
    with engine_process(tiny_quantized.folder, address, pause_s=PAUSE_S) as process:
        yield process


@pytest.fixture(scope="module")
def alone(tiny_quantized: LocalModel) -> Engine:
    return Engine(tiny_quantized, threads=1)


def one(codebook: Codebook) -> Situation:
    return situations(codebook, 5, 1)[0]


@pytest.mark.parametrize("sampling", [None, Sampling(1.0, seed=3)], ids=["greedy", "drawn"])
def test_a_decision_and_its_key_are_those_of_the_engine_alone(
    engine: EngineProcess, alone: Engine, tabletop: Codebook, sampling: Sampling | None
) -> None:
    backend = FleetBackend(engine.address)
    for prompt, graph in situations(tabletop, 1, 6):
        backend.warm(prompt.system)
        key = backend.key_of(prompt, graph, sampling)
        made = backend.decide(prompt, graph, sampling=sampling, hint=Hint(next(iter(graph.texts()))))
        assert made.essence() == alone.decide(prompt, graph, sampling=sampling).essence()
        assert made.key == key == alone.key_of(prompt, graph, sampling)
        assert made.stage_ms["wait"] + made.stage_ms["decode"] < made.stage_ms["total"]
    backend.close()
    assert engine.stop()["decisions"] == 6


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(1.0, seed=5)], ids=["greedy", "drawn"])
def test_plans_and_their_keys_are_those_of_the_engine_alone(
    engine: EngineProcess, alone: Engine, tabletop: Codebook, sampling: Sampling
) -> None:
    """The first one, and those that are looked at beside it: of what is left of the graph of plans."""
    backend = FleetBackend(engine.address)
    for seen in (large_observation(4), large_observation()):
        shared, own = (
            PlanWriter(one, sampling).write(tabletop, "red into blue", seen, never, sure_enough=1.0)
            for one in (backend, alone)
        )
        assert shared.plan == own.plan
        assert shared.sure == own.sure
        assert shared.considered == own.considered
        assert shared.decision.essence() == own.decision.essence()
        assert sampling.temperature or len(shared.considered) > 1
        assert alone.adapter.trust is not None
        prior = plan_prior(tabletop, "red into blue", seen, alone.adapter.trust)
        prompt = plan_prompt(tabletop, "red into blue", seen)
        graph = Weighted.of(plan_graph(tabletop, seen, "red into blue"), prior)
        assert shared.decision.key == backend.key_of(prompt, graph, sampling) == alone.key_of(prompt, graph, sampling)
        long = plan_graph(tabletop, seen, "red into blue", giving_up=False, least=5)
        made = backend.decide(prompt, long, sampling=sampling)
        assert made.essence() == alone.decide(prompt, long, sampling=sampling).essence()
        assert made.key == alone.key_of(prompt, long, sampling)
    backend.close()
    figures = engine.stop()
    assert figures["failed"] == 0
    assert figures["decisions"] >= 2


def test_earlier_turns_of_a_conversation_travel_too(engine: EngineProcess, alone: Engine, tabletop: Codebook) -> None:
    first, second = situations(tabletop, 8, 2)
    turns = (Turn(second[0].observation, next(iter(second[1].texts()))),)
    prompt = first[0]._replace(turns=turns)
    backend = FleetBackend(engine.address)
    made = backend.decide(prompt, first[1])
    assert made.essence() == alone.decide(prompt, first[1]).essence()
    assert made.key == backend.key_of(prompt, first[1]) != alone.key_of(*first)
    with pytest.raises(RemoteError, match="the engine cannot be asked: not a question: task"):
        backend.decide(prompt._replace(task="x" * 2_000_000), first[1])
    assert backend.decide(prompt, first[1]).essence() == made.essence()


def test_several_at_once_get_what_each_gets_alone(engine: EngineProcess, alone: Engine, tabletop: Codebook) -> None:
    seeds, count = [11, 12, 13, 14], 25
    told = run_clients(CLIENT, engine.address, seeds, str(count))
    for seed, made in zip(seeds, told, strict=True):
        for (prompt, graph), decision in zip(situations(tabletop, seed, count), made, strict=True):
            assert decision["essence"] == alone.decide(prompt, graph).essence()
    figures = engine.stop()
    assert figures["decisions"] == len(seeds) * count
    assert figures["mean_batch"] > 1.2, "nobody was ever served beside another"
    assert set(figures["waits_ms"]) == {f"robot {seed}" for seed in seeds}
    assert (figures["late"], figures["failed"], figures["given_up"]) == (0, 0, 0)


def test_a_model_that_is_not_exact_serves_one_after_the_other(
    tiny_model: LocalModel, address: str, tabletop: Codebook
) -> None:
    alone = Engine(tiny_model, profile="fp32", threads=1)
    with engine_process(tiny_model.folder, address, profile="fp32") as engine:
        told = run_clients(CLIENT, address, [1, 2, 3], "8")
        figures = engine.stop()
    for seed, made in zip([1, 2, 3], told, strict=True):
        for (prompt, graph), decision in zip(situations(tabletop, seed, 8), made, strict=True):
            assert decision["essence"] == alone.decide(prompt, graph).essence()
    assert figures["mean_batch"] == 1.0


def test_one_who_floods_keeps_nobody_waiting(slow: EngineProcess, tabletop: Codebook) -> None:
    floods = [subprocess.Popen([sys.executable, "-c", FLOOD, slow.address], stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for flood in floods:
            assert flood.stdout is not None
            assert flood.stdout.readline() == b"asked\n"
        backend = FleetBackend(slow.address, name="patient")
        passes = []
        for prompt, graph in situations(tabletop, 3, 12):
            passes.append(backend.decide(prompt, graph).passes)
    finally:
        for flood in floods:
            flood.kill()
            flood.wait()
    waits = slow.stop()["waits_ms"]
    assert len(waits["flood"]) > 12, "nobody flooded"
    batch_ms = max(passes) * 2 * PAUSE_S * 1000
    assert max(waits["patient"]) <= batch_ms, "longer than a batch of the others takes"


def test_a_limit_ends_its_own_request_and_no_other(slow: EngineProcess, alone: Engine, tabletop: Codebook) -> None:
    prompt, graph = one(tabletop)
    first = FleetBackend(slow.address)
    first.decide(prompt, graph)
    whole_ms = first.decide(prompt, graph).stage_ms["total"]  # what it takes when the codebook is read
    other: list[object] = []
    beside = threading.Thread(target=lambda: other.append(FleetBackend(slow.address).decide(prompt, graph).essence()))
    backend = FleetBackend(slow.address, name="hurried")
    beside.start()
    overshoot_ms = []
    for _ in range(5):
        limit_ms = 0.4 * whole_ms
        limits, began = Deadlines(decision_ms=limit_ms), time.perf_counter()
        with pytest.raises(DecisionCancelled):
            backend.decide(prompt, graph, limits)
        overshoot_ms.append((time.perf_counter() - began) * 1000 - limit_ms)
        assert limits.missed == "decision_ms"
    beside.join()
    assert other == [alone.decide(prompt, graph).essence()]
    assert max(overshoot_ms) < 60, overshoot_ms
    assert backend.decide(prompt, graph, Deadlines(decision_ms=60_000.0)).essence() == other[0]
    figures = slow.stop()
    assert figures["decisions"] + figures["late"] + figures["given_up"] == 9
    assert figures["late"] + figures["given_up"] >= 3  # the others were in their last pass


def test_a_request_whose_time_is_over_is_never_begun(slow: EngineProcess, tabletop: Codebook) -> None:
    prompt, graph = one(tabletop)
    with pytest.raises(DecisionCancelled):
        FleetBackend(slow.address, name="late").decide(prompt, graph, Deadlines(decision_ms=0.0))
    assert "late" not in slow.stop()["waits_ms"]


def test_the_first_token_lifts_its_limit_from_afar(slow: EngineProcess, tabletop: Codebook) -> None:
    """A decision of many passes, whose first choice is made long before the others."""
    prompt, graph = next(one for one in situations(tabletop, 7, 20) if "push" in dict(one[1].edges[0][1].edges))
    ((before, skills),) = graph.edges
    graph = Node(((before, Node(tuple(edge for edge in skills.edges if edge[0] in ("push", "pick")))),))
    backend = FleetBackend(slow.address)
    backend.warm(prompt.system)
    made = backend.decide(prompt, graph)
    assert made.passes > 2
    limits = Deadlines(first_token_ms=made.first_token_ms + PAUSE_S * 1000)
    again = backend.decide(prompt, graph, limits)
    assert again.stage_ms["total"] > 0
    assert limits.missed == ""


def test_a_given_up_decision_ends_at_once_and_the_next_is_made(slow: EngineProcess, tabletop: Codebook) -> None:
    prompt, graph = one(tabletop)
    backend = FleetBackend(slow.address)
    backend.decide(prompt, graph)
    whole_s = backend.decide(prompt, graph).stage_ms["total"] / 1000
    late_ms = []
    for _ in range(5):
        until = time.perf_counter() + whole_s / 2
        with pytest.raises(DecisionCancelled):
            backend.decide(prompt, graph, lambda until=until: time.perf_counter() > until)
        late_ms.append((time.perf_counter() - until) * 1000)
    assert sorted(late_ms)[2] < 10, late_ms
    assert backend.decide(prompt, graph).text
    assert 3 <= slow.stop()["given_up"] <= 5  # the others were in their last pass


def test_halting_ends_a_decision_until_it_is_taken_back(slow: EngineProcess, tabletop: Codebook) -> None:
    prompt, graph = one(tabletop)
    backend = FleetBackend(slow.address)
    timer = threading.Timer(0.02, backend.halt, (True,))
    timer.start()
    with pytest.raises(DecisionCancelled):
        backend.decide(prompt, graph)
    timer.join()
    with pytest.raises(DecisionCancelled):
        backend.decide(prompt, graph)
    backend.halt(False)
    assert backend.decide(prompt, graph).text


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stuck"])
def test_an_engine_that_is_gone_is_told_soon_and_in_one_line(
    slow: EngineProcess, tabletop: Codebook, how: signal.Signals
) -> None:
    prompt, graph = one(tabletop)
    backend = FleetBackend(slow.address, Limits(answer_s=10.0))
    backend.decide(prompt, graph)
    gone: list[float] = []

    def kill() -> None:
        os.kill(slow.process.pid, how)
        gone.append(time.perf_counter())

    timer = threading.Timer(0.05, kill)
    timer.start()
    with pytest.raises(RemoteError, match=r"^the engine is gone$") as told:
        while True:
            backend.decide(prompt, graph)
    soon_s = {signal.SIGKILL: 0.4, signal.SIGSTOP: 3.0}[how]
    assert time.perf_counter() - gone[0] < soon_s
    assert told.value.gone
    began = time.perf_counter()
    with pytest.raises(RemoteError, match="no engine answers at ipc://") as told:
        backend.decide(prompt, graph)
    assert time.perf_counter() - began < 0.6 if how == signal.SIGKILL else 3.0
    os.kill(slow.process.pid, signal.SIGCONT)


def test_without_an_engine_the_local_one_decides_until_it_is_back(
    engine: EngineProcess, tiny_quantized: LocalModel, alone: Engine, tabletop: Codebook
) -> None:
    prompt, graph = one(tabletop)
    expected = alone.decide(prompt, graph).essence()
    fleet = Fallback(engine.address, FleetBackend(engine.address), alone)
    assert fleet.decide(prompt, graph).path == "decoded"
    engine.kill()
    lost = fleet.decide(prompt, graph)
    assert (lost.path, [note.kind for note in lost.notes]) == ("fallback", ["fallback"])
    assert lost.essence() == expected
    with engine_process(tiny_quantized.folder, engine.address):
        until = time.monotonic() + 10
        while (now := fleet.decide(prompt, graph)).path == "fallback" and time.monotonic() < until:
            time.sleep(0.05)
    assert (now.path, [note.text for note in now.notes]) == ("decoded", [f"{engine.address} answers again"])
    assert now.essence() == expected


def test_another_model_in_its_place_is_refused(
    engine: EngineProcess, tiny_model: LocalModel, tabletop: Codebook
) -> None:
    prompt, graph = one(tabletop)
    backend = FleetBackend(engine.address, Limits(connect_s=5.0))
    engine.kill()
    with engine_process(tiny_model.folder, engine.address, profile="fp32"):
        until = time.monotonic() + 10
        with pytest.raises(RemoteError, match="another engine answers there now"):
            while time.monotonic() < until:
                try:
                    backend.decide(prompt, graph)
                except RemoteError as problem:
                    if "no engine answers" not in str(problem) and "gone" not in str(problem):
                        raise


def test_a_client_that_is_killed_is_forgotten_and_the_others_go_on(slow: EngineProcess, tabletop: Codebook) -> None:
    backend = FleetBackend(slow.address, name="other")
    flood = subprocess.Popen([sys.executable, "-c", FLOOD, slow.address], stdout=subprocess.PIPE)
    assert flood.stdout is not None
    assert flood.stdout.readline() == b"asked\n"
    flood.kill()
    flood.wait()
    for prompt, graph in situations(tabletop, 4, 3):
        assert graph.accepts(backend.decide(prompt, graph).text)
    time.sleep(1.5)  # it looks for those who are gone once a second
    figures = slow.stop()
    assert figures["forgotten"] == 1
    assert len(figures["waits_ms"]["other"]) == 3


def test_what_cannot_be_decided_hurts_only_who_asked(engine: EngineProcess, tabletop: Codebook) -> None:
    prompt, graph = one(tabletop)
    good, bad = FleetBackend(engine.address), FleetBackend(engine.address)
    with pytest.raises(RemoteError, match="the engine gives no answer: the prompt is too long"):
        bad.decide(prompt._replace(task="very " * 5000), graph)
    with pytest.raises(
        RemoteError, match="the engine gives no answer: a text of the graph is the beginning of another"
    ):
        bad.decide(prompt, Node((("a", END), ("b", Node((("c", END), ("cc", END)))))))
    with pytest.raises(RemoteError, match="the engine gives no answer: a graph has a node with 40000 edges"):
        many = Node(tuple((f"{number}", END) for number in range(200)))
        bad.decide(prompt, many.then(many))
    assert good.decide(prompt, graph).essence() == bad.decide(prompt, graph).essence()
    assert engine.stop()["failed"] == 3


def test_a_client_of_another_version_is_told_in_one_line(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "Hello", partial(Hello, version=1))
    with pytest.raises(RemoteError, match="the client speaks version 1, and the engine 3") as told:
        FleetBackend(engine.address)
    assert "\n" not in str(told.value)
    assert "right would be one version of codeword for both" in str(told.value)
    monkeypatch.undo()
    FleetBackend(engine.address).close()


def test_an_engine_of_another_version_is_told_in_one_line(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "VERSION", 4)
    with pytest.raises(RemoteError, match="the engine speaks version 3, and the client 4") as told:
        FleetBackend(engine.address)
    assert "\n" not in str(told.value)


def test_nobody_there_is_one_line(address: str) -> None:
    with pytest.raises(RemoteError, match=r"no engine answers at ipc://.* codeword engine --bind ipc://"):
        FleetBackend(address, Limits(connect_s=0.2))


def test_its_figures_are_json(engine: EngineProcess) -> None:
    assert json.loads(json.dumps(engine.stop()))["decisions"] == 0
