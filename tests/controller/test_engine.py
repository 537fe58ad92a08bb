"""The decoder's answers are those of the slow, plain way; what is cached changes only what they cost."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from codeword.codebook import Codebook, legal
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.errors import ModelError
from codeword.codebook.prompt import Prompt, write_prompt
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.controller.engine import Engine, Techniques
from codeword.controller.registry import LocalModel
from tests.observations import random_observation

Situation = tuple[Prompt, Node]


def situations(codebook: Codebook, seed: int, count: int) -> list[Situation]:
    """Prompts and legal commands: some episodes, some of the same task, observations of every length."""
    rng, made = random.Random(seed), []
    tasks = ["Put the red block in the bowl.", "Stack everything " + "very " * 60 + "neatly.", "tidy up"]
    for _ in range(count):
        observation = random_observation(rng)
        made.append((write_prompt(codebook, rng.choice(tasks), observation), legal(codebook, observation).graph))
    return made


@pytest.fixture(scope="module")
def engine(tiny_model: LocalModel) -> Engine:
    return Engine(tiny_model)


@pytest.fixture(scope="module")
def exact(tiny_model: LocalModel) -> Engine:
    return Engine(tiny_model, profile="fp32")


@pytest.fixture(scope="module")
def exact_real(real_model: LocalModel) -> Engine:
    return Engine(real_model, profile="fp32")


@cache
def theirs(folder: Path) -> Any:
    """Transformers' own model."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def reference(engine: Engine, situation: Situation, folder: Path | None = None) -> tuple[str, float]:
    """Token by token with transformers' model, no cache, every legal text's tokens enumerated."""
    prompt, graph = situation
    model = theirs(folder or engine.model.folder)
    texts = {_pieces(engine, graph, text): text for text in graph.texts()}
    written: tuple[int, ...] = ()
    logprob = 0.0
    while written not in texts:
        allowed = sorted({tokens[len(written)] for tokens in texts if tokens[: len(written)] == written})
        if len(allowed) > 1:
            sequence = engine.tokens.prompt(prompt).all + written
            with torch.inference_mode():
                logits = model(torch.tensor([sequence]), logits_to_keep=1).logits[0, -1, allowed].double()
            logprobs = logits.log_softmax(0)
            logprob += float(logprobs.max())
            written += (allowed[int(logprobs.argmax())],)
        else:
            written += (allowed[0],)
    return texts[written], logprob


def _pieces(engine: Engine, node: Node, text: str) -> tuple[int, ...]:
    """The tokens of a text, piece by piece as the graph cuts it."""
    if node is END:
        return ()
    piece, child = next((p, c) for p, c in node.edges if text.startswith(p) and c.accepts(text[len(p) :]))
    return engine.tokens.encode(piece) + _pieces(engine, child, text[len(piece) :])


def check_against_reference(engine: Engine, situation: Situation, folder: Path | None = None) -> None:
    decision = engine.decide(*situation)
    text, logprob = reference(engine, situation, folder)
    assert decision.text == text
    assert decision.logprob == pytest.approx(logprob, abs=1e-4)


@pytest.mark.parametrize("number", range(12))
def test_equals_the_plain_way(exact: Engine, tabletop: Codebook, number: int) -> None:
    check_against_reference(exact, situations(tabletop, 1, 12)[number])


@pytest.mark.model
@pytest.mark.parametrize("number", range(4))
def test_the_real_model_equals_the_plain_way(
    exact_real: Engine, tabletop: Codebook, expanded: Path, number: int
) -> None:
    check_against_reference(exact_real, situations(tabletop, 2, 4)[number], expanded)


def test_warm_or_fresh_gives_the_same_bits(tiny_model: LocalModel, engine: Engine, tabletop: Codebook) -> None:
    forgetful = Engine(tiny_model, techniques=Techniques(prefix_cache=False))
    many = situations(tabletop, 3, 60)
    warm = [engine.decide(*situation) for situation in many]
    fresh = [forgetful.decide(*situation) for situation in many]
    assert [decision.essence() for decision in warm] == [decision.essence() for decision in fresh]
    assert [decision.logprob.hex() for decision in warm] == [decision.logprob.hex() for decision in fresh]
    assert all(decision.tokens_cached == 0 for decision in fresh)
    assert sum(decision.tokens_cached > 0 for decision in warm) > 50
    newest = Engine(tiny_model).decide(*many[-1])
    assert newest.essence() == warm[-1].essence()


@pytest.mark.slow
@pytest.mark.model
def test_the_real_model_warm_or_fresh_gives_the_same_bits(real_model: LocalModel, tabletop: Codebook) -> None:
    many = situations(tabletop, 4, 8)
    warm, forgetful = Engine(real_model), Engine(real_model, techniques=Techniques(prefix_cache=False))
    assert [warm.decide(*one).essence() for one in many] == [forgetful.decide(*one).essence() for one in many]


def test_repeated_decisions_are_equal(engine: Engine, tabletop: Codebook) -> None:
    first, second = situations(tabletop, 5, 2)
    once = engine.decide(*first)
    engine.decide(*second)
    again = engine.decide(*first)
    assert once.essence() == again.essence() == engine.decide(*first).essence()


def test_what_a_decision_says(engine: Engine, tabletop: Codebook) -> None:
    for situation in situations(tabletop, 6, 10):
        decision = engine.decide(*situation)
        graph = situation[1]
        assert graph.accepts(decision.text)
        assert decision.path == "decoded"
        assert decision.tokens_chosen == len(decision.choices)
        assert decision.tokens_forced + decision.tokens_chosen == len(_pieces(engine, graph, decision.text))
        assert decision.logprob <= 0
        assert list(decision.stage_ms) == ["tokenize", "grammar", "prefill", "decode", "total"]
        for choice in decision.choices:
            assert decision.text.startswith(choice.after + choice.taken)
            assert choice.taken == choice.options[0].text
            assert 1 < len(choice.options) <= 8
            assert sum(option.probability for option in choice.options) < 1 + 1e-9
            assert list(choice.options) == sorted(choice.options, key=lambda option: -option.probability)
        assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_forced_tokens_take_no_pass_of_their_own(engine: Engine, tabletop: Codebook) -> None:
    prompt, graph = situations(tabletop, 7, 1)[0]
    engine.warm(prompt.system)
    decision = engine.decide(prompt, graph)
    assert decision.tokens_cached == len(engine.tokens.prompt(prompt).system)
    again = engine.decide(prompt, graph)
    assert again.passes == again.tokens_chosen
    only = Node((('{"skill":"done"}', END),))
    alone = engine.decide(prompt, only)
    assert (alone.text, alone.passes, alone.logprob, alone.tokens_chosen) == ('{"skill":"done"}', 0, 0.0, 0)


def test_the_key_names_all_that_a_decision_depends_on(
    tiny_model: LocalModel, engine: Engine, exact: Engine, tabletop: Codebook
) -> None:
    (prompt, graph), (other, other_graph) = situations(tabletop, 8, 2)
    key = engine.decide(prompt, graph).key
    assert len(key) == 64
    assert (
        engine.decide(prompt, graph).key
        == key
        == Engine(tiny_model, techniques=Techniques(prefix_cache=False)).decide(prompt, graph).key
    )
    others = {
        engine.decide(other, graph).key,
        engine.decide(prompt, other_graph).key,
        engine.decide(prompt._replace(task="Task: another"), graph).key,
        Engine(tiny_model, profile="bf16" if engine.held == exact.held else "fp32").decide(prompt, graph).key,
    }
    assert len(others) == 4
    assert key not in others


def after(calls: int) -> Callable[[], bool]:
    """A question that is answered with yes from a call on."""
    asked = iter(range(1000))
    return lambda: next(asked) >= calls


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_a_decision_can_be_given_up_between_passes(tiny_model: LocalModel, tabletop: Codebook, calls: int) -> None:
    engine = Engine(tiny_model, techniques=Techniques(prefix_cache=False))
    first = situations(tabletop, 9, 1)[0]
    expected = engine.decide(*first).essence()
    with pytest.raises(DecisionCancelled, match="given up"):
        engine.decide(*first, cancelled=after(calls))
    assert engine.decide(*first).essence() == expected


def test_settings_that_cannot_be_used(tiny_model: LocalModel) -> None:
    with pytest.raises(ModelError, match="there is no profile 'bf61'; did you mean 'bf16'"):
        Engine(tiny_model, profile="bf61")
    with pytest.raises(
        ModelError, match=r"tiny: profile 'packed' is for quantized models \(can be used here: bf16, fp32\)"
    ):
        Engine(tiny_model, profile="packed")
    with pytest.raises(ModelError, match=r"there is no device 'tpu' to compute on.*cpu, cuda"):
        Engine(tiny_model, device="tpu")
