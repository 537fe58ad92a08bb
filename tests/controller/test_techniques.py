"""What makes decisions quick changes none of them: with each technique switched off, together or at random, all is as before."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook import Codebook, legal
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.errors import ModelError
from codeword.codebook.prompt import Prompt, write_prompt
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.controller.engine import Engine, Request, Techniques
from codeword.controller.registry import LocalModel
from codeword.controller.sampling import Sampling
from codeword.controller.speculation_hint import Hint
from tests.controller.tiny import quantized
from tests.observations import observe, random_observation

NAMES = [one.name for one in fields(Techniques)]
CLOSE = ("loose", "legal_rows")
"""Those that a packed model computes in another way, so that only nearly the same numbers come out."""

WITHOUT = {name: Techniques().without(name) for name in NAMES if name not in CLOSE}


@pytest.fixture(scope="module")
def requests(tabletop: Codebook) -> list[Request]:
    """Prompts and legal commands, some of the same task."""
    rng, made = random.Random(20), []
    for number in range(6):
        observation = random_observation(rng)
        prompt = write_prompt(tabletop, ("tidy up", "put red into the bowl")[number % 2], observation)
        made.append(Request(prompt, legal(tabletop, observation).graph))
    return made


@pytest.fixture(scope="module")
def engine(tiny_quantized: LocalModel) -> Callable[..., Engine]:
    """Makes an engine over the tiny quantized model."""

    def make(techniques: Techniques = WITHOUT["disk_cache"], profile: str = "packed", **more: Any) -> Engine:
        return Engine(tiny_quantized, profile=profile, threads=1, techniques=techniques, **more)

    return make


@pytest.fixture(scope="module")
def expected(engine: Callable[..., Engine], requests: list[Request]) -> dict[str, list[Decision]]:
    """The decisions of each profile, one after the other."""
    return {
        profile: [one.decide(request.prompt, request.graph) for request in requests]
        for profile, one in (("packed", engine()), ("fp32", engine(profile="fp32")))
    }


def bits(decisions: list[Decision]) -> list[tuple[Any, str]]:
    return [(decision.essence(), decision.logprob.hex()) for decision in decisions]


def check_alike(
    found: list[Decision], expected: list[Decision], tolerance: float = 1e-4, *, same_key: bool = True
) -> None:
    assert [one.text for one in found] == [one.text for one in expected]
    assert [one.logprob for one in found] == pytest.approx([one.logprob for one in expected], abs=tolerance)
    assert all((one.key == other.key) is same_key for one, other in zip(found, expected, strict=True))


def decided(engine: Engine, requests: list[Request]) -> list[Decision]:
    return [engine.decide(one.prompt, one.graph, hint=Hint(one.guess)) for one in requests]


def test_commands_differ(expected: dict[str, list[Decision]]) -> None:
    assert all(len({one.text for one in decisions}) > 2 for decisions in expected.values())


@pytest.mark.parametrize("name", WITHOUT)
def test_packed_decides_alike_in_bits_without_each(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]], name: str
) -> None:
    assert bits(decided(engine(WITHOUT[name]), requests)) == bits(expected["packed"])


@pytest.mark.parametrize("name", WITHOUT)
def test_fp32_decides_alike_without_each(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]], name: str
) -> None:
    check_alike(decided(engine(WITHOUT[name], "fp32"), requests), expected["fp32"])


@pytest.mark.parametrize("profile", ["packed", "fp32"])
def test_the_logits_of_all_words_decide_alike(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]], profile: str
) -> None:
    found = decided(engine(Techniques().without("legal_rows"), profile), requests)
    # The whole head rounds activations to bytes; rows of it are multiplied as floats.
    check_alike(found, expected[profile], 5e-2 if profile == "packed" else 1e-2, same_key=False)


def test_many_at_once_are_decided_like_one_by_one(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]]
) -> None:
    once = engine()
    assert bits(once.decide_many(requests)) == bits(expected["packed"])
    assert bits(once.decide_many(requests[::-1])) == bits(expected["packed"][::-1])
    assert bits(once.decide_many(requests[:1] * 3)) == bits(expected["packed"][:1] * 3)
    for techniques in WITHOUT.values():
        assert bits(engine(techniques).decide_many(requests)) == bits(expected["packed"])
    check_alike(engine(profile="fp32").decide_many(requests), expected["fp32"])
    assert once.decide_many([]) == []


def test_a_right_guess_saves_passes_and_changes_nothing(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]]
) -> None:
    guessed = [
        Request(one.prompt, one.graph, decision.text)
        for one, decision in zip(requests, expected["packed"], strict=True)
    ]
    found = decided(engine(), guessed)
    assert bits(found) == bits(expected["packed"])
    several = [(one, plain) for one, plain in zip(found, expected["packed"], strict=True) if plain.tokens_chosen > 1]
    assert several
    assert all(one.passes < plain.passes for one, plain in several)
    assert all(one.tokens_accepted == one.tokens_guessed > 0 for one, _ in several)
    assert bits(engine().decide_many(guessed)) == bits(expected["packed"])
    unasked = decided(engine(WITHOUT["guesses"]), guessed)
    assert all(one.tokens_guessed == 0 for one in unasked)


def test_a_wrong_guess_changes_nothing_but_what_it_costs(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]]
) -> None:
    for wrong in ('{"skill":"nothing"}', "", "not JSON", requests[1].prompt.system, None):
        guessed = [Request(one.prompt, one.graph, wrong) for one in requests]
        found = decided(engine(), guessed)
        assert bits(found) == bits(expected["packed"])
        assert [one.passes for one in found] == [one.passes for one in expected["packed"]]
    others = [*(one.text for one in expected["packed"][1:]), "x"]
    swapped = [Request(one.prompt, one.graph, other) for one, other in zip(requests, others, strict=True)]
    assert bits(decided(engine(), swapped)) == bits(expected["packed"])


def test_a_decision_says_how_much_of_its_prompt_was_kept(engine: Callable[..., Engine]) -> None:
    once, system = engine(), "You control a robot."
    prompts = [
        Prompt(system, "tidy up", "Seen: red"),
        Prompt(system, "stack", "Seen: red"),
        Prompt(system, "stack", "blue"),
        Prompt(system, "stack", "blue"),
        Prompt("Another text", "stack", "blue"),
    ]
    found = [once.decide(prompt, CHOOSING) for prompt in prompts]
    assert [one.cache_level for one in found] == ["none", "codebook", "task", "observation", "none"]
    parts = [once.tokens.prompt(prompt) for prompt in prompts]
    assert [one.tokens_cached for one in found[:3]] == [0, len(parts[1].system), len(parts[2].system + parts[2].task)]
    assert found[3].tokens_cached >= found[3].prompt_tokens


@pytest.mark.parametrize("name", ["prefix_cache", "kv_cache"])
def test_where_nothing_is_kept_nothing_is_said_to_be(engine: Callable[..., Engine], name: str) -> None:
    cold = engine(WITHOUT[name])
    found = [cold.decide(SHORT, CHOOSING) for _ in range(2)]
    assert [(one.tokens_cached, one.cache_level) for one in found] == [(0, "none")] * 2


def test_token_by_token_takes_a_pass_for_each(engine: Callable[..., Engine], requests: list[Request]) -> None:
    one = requests[0]
    plain, slow = (engine(techniques) for techniques in (WITHOUT["disk_cache"], WITHOUT["forced_runs"]))
    for each in (plain, slow):
        each.warm(one.prompt.system)
    quick, steps = plain.decide(one.prompt, one.graph), slow.decide(one.prompt, one.graph)
    last_forced = steps.tokens_forced - quick.tokens_forced
    assert last_forced == 0
    assert steps.passes > quick.passes


def test_a_decision_given_up_among_many_leaves_the_engine_whole(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]]
) -> None:
    for calls in range(1, 5):
        once, asked = engine(), iter(range(100))
        with pytest.raises(DecisionCancelled):
            once.decide_many(requests, lambda asked=asked, calls=calls: next(asked) >= calls)  # type: ignore[misc]
        assert bits(once.decide_many(requests)) == bits(expected["packed"])


def test_one_prompt_too_long_among_many_leaves_the_engine_whole(tmp_path: Path) -> None:
    model = quantized(tmp_path, max_position_embeddings=300)
    graph = Node((('{"skill":"', Node((("pick", END), ("place", END), ("push", END)))),))
    good, bad = Request(Prompt("a" * 80, "b", "c"), graph), Request(Prompt("a" * 80, "b", "c" * 300), graph)
    once = Engine(model, profile="packed", threads=1)
    expected = bits([once.decide(good.prompt, graph)])
    with pytest.raises(ModelError, match=r"the prompt is too long: .* tokens, and the model reads 300"):
        once.decide_many([good, bad, good])
    assert bits([once.decide(good.prompt, graph)]) == expected


def test_techniques_are_switched_off_by_name() -> None:
    assert not Techniques().without("guesses").guesses
    with pytest.raises(ValueError, match=r"^there is no technique 'magic'$"):
        Techniques().without("magic")


SKILLS = ("pick", "place", "push", "home", "wait", "cannot")
CHOOSING = Node((('{"skill":"', Node(tuple((skill, Node((('"}', END),))) for skill in SKILLS))),))
SHORT = Prompt("You control a robot.", "Task: tidy up", "Seen: nothing")


def test_sampling_is_repeatable_by_seed(engine: Callable[..., Engine], requests: list[Request]) -> None:
    sampled = {seed: bits(decided(engine(sampling=Sampling(2.0, seed=seed)), requests)) for seed in (1, 2)}
    again = engine(sampling=Sampling(2.0, seed=1))
    assert bits(decided(again, requests[::-1])) == sampled[1][::-1]
    assert bits(again.decide_many(requests)) == sampled[1]
    assert [text for text, _ in sampled[1]] != [text for text, _ in sampled[2]]
    for techniques in WITHOUT.values():
        assert bits(decided(engine(techniques, sampling=Sampling(2.0, seed=1)), requests)) == sampled[1]


def test_sampling_one_of_one_is_greedy(
    engine: Callable[..., Engine], requests: list[Request], expected: dict[str, list[Decision]]
) -> None:
    found = decided(engine(sampling=Sampling(1.0, top_k=1, seed=7)), requests)
    assert [(one.text, one.logprob) for one in found] == [(one.text, one.logprob) for one in expected["packed"]]
    assert [one.key for one in found] != [one.key for one in expected["packed"]]


def test_sampling_never_leaves_the_grammar(engine: Callable[..., Engine], requests: list[Request]) -> None:
    once = engine()
    for seed in range(15):
        once.sampling = Sampling(5.0, seed=seed)
        for decision, request in zip(decided(once, requests[:3]), requests, strict=False):
            assert request.graph.accepts(decision.text)
            assert all(choice.taken for choice in decision.choices)


def test_sampling_takes_each_command_as_often_as_it_is_likely(engine: Callable[..., Engine]) -> None:
    once, draws = engine(), 400
    every = dict.fromkeys(CHOOSING.texts(), 0.0)
    counts: Counter[str] = Counter()
    for seed in range(draws):
        once.sampling = Sampling(1.0, seed=seed)
        decision = once.decide(SHORT, CHOOSING)
        counts[decision.text] += 1
        every[decision.text] = 2.718281828459045**decision.logprob
    likely = {text: share for text, share in every.items() if share}
    assert sum(likely.values()) == pytest.approx(1.0, abs=0.05)
    for text, share in likely.items():
        assert counts[text] / draws == pytest.approx(share, abs=0.08)


def test_a_world_without_anything_offers_few_commands(engine: Callable[..., Engine], tabletop: Codebook) -> None:
    nothing = observe({})
    prompt, graph = write_prompt(tabletop, "tidy up", nothing), legal(tabletop, nothing).graph
    assert graph.accepts(engine().decide(prompt, graph).text)


def test_a_task_that_is_too_long_is_refused_before_anything_is_read(
    tiny_model: LocalModel, tabletop: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(tiny_model, profile="bf16")
    seen = observe({"red_block": "table"})
    prompt, graph = write_prompt(tabletop, "tidy up", seen), legal(tabletop, seen).graph
    monkeypatch.setattr(engine._model, "read", lambda parts: pytest.fail(f"{len(parts)} parts were read"))
    with pytest.raises(ModelError, match=r"the prompt is too long: \d{5} tokens"):
        engine.decide(prompt._replace(task="Task: " + "tidy up " * 12_000), graph)
