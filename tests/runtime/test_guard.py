"""The guard: what is no legal command now does not reach the robot, and each refusal names the check."""

import json
import random
from contextlib import suppress

import pytest

from codeword.codebook import Codebook, CommandError, legal, parse_codebook
from codeword.runtime.guard import Guard
from tests.observations import observe, random_observation


@pytest.mark.parametrize(
    ("text", "check", "says"),
    [
        ("pick the red block", "json", "Expecting value"),
        ('{"skill":"pick","object":"blue_block"}', "entity", "'blue_block' is not observed"),
        ('{"skill":"pick","object":"pink_bowl"}', "entity", "'pink_bowl' is a bowl; 'object' takes block"),
        ('{"skill":"pick","object":"green_block"}', "precondition", "'pick' needs clear(object)"),
        ('{"skill":"place","object":"red_block","target":"table"}', "precondition", "'place' needs holding(object)"),
    ],
)
def test_a_refusal_names_its_check(tabletop: Codebook, text: str, check: str, says: str) -> None:
    seen = observe({"red_block": "green_block", "green_block": "table"}, bowls=("pink_bowl",))
    with pytest.raises(CommandError) as refusal:
        Guard(tabletop).check(text, seen)
    assert refusal.value.check == check
    assert says in str(refusal.value)


def test_what_lies_outside_the_workspace_is_not_touched(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"})
    away = seen.entities[0].model_copy(update={"position_m": (0.5, 0.0, 1.4)})
    moved = seen.model_copy(update={"entities": (away, *seen.entities[1:])})
    with pytest.raises(CommandError, match=r"workspace: 'red_block' at \(0.50, 0.00, 1.40\) m is outside"):
        Guard(tabletop).check('{"skill":"pick","object":"red_block"}', moved)


def test_the_guard_and_the_grammar_agree(tabletop: Codebook) -> None:
    """Whatever is legal somewhere passes here exactly if it is legal here."""
    rng = random.Random(3)
    guard = Guard(tabletop)
    scenes = [random_observation(rng) for _ in range(12)]
    texts = {text for scene in scenes for text in legal(tabletop, scene).graph.texts()}
    for scene in scenes:
        offered = legal(tabletop, scene)
        passed = set()
        for text in texts:
            try:
                passed.add(guard.check(text, scene).text)
            except CommandError:
                continue
        assert passed == set(offered.graph.texts())


SPEAKER = """\
codebook: speaker
robot: {robot: speaker, primitives: {say: {description: speak}}}
skills:
  say: {description: say words, args: {text: {text: {max_words: 2}, default: hello}, n: {integer: {min: 0, max: 2}}}}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""
WORDS = ("say", "good", "morning,", "Anna!", '"Well,', 'well!"', "12", "早上好", "-", "👋", "a\\b", "o'clock")


def test_a_text_must_stand_in_the_task() -> None:
    guard, task = Guard(parse_codebook(SPEAKER)), 'say good morning to Anna, or "¡Hola!"'
    seen = observe({})
    for fine in ("good morning", "Anna", "¡Hola!", "Hola"):
        assert guard.check(json.dumps({"skill": "say", "text": fine, "n": 0}), seen, task).args["text"] == fine
    assert guard.check('{"skill":"say","n":0}', seen, task).args["text"] == "hello", "what the codebook says"
    for bad in ("good night", "Good morning", "ood", "good  morning", "Anna,", "morning Anna", "to Anna, or"):
        with pytest.raises(CommandError) as refusal:
            guard.check(json.dumps({"skill": "say", "text": bad, "n": 0}), seen, task)
        assert refusal.value.check in ("text", "schema"), bad
    with pytest.raises(CommandError, match="text: 'good night' does not stand in the task; 'text' takes words of the"):
        guard.check('{"skill":"say","text":"good night","n":0}', seen, task)
    with pytest.raises(CommandError, match="text: 'good'"):
        guard.check('{"skill":"say","text":"good","n":0}', seen)
    assert guard.check('{"skill":"say","text":"good night","n":0}', seen, None).args["text"] == "good night"
    with pytest.raises(CommandError, match="schema"):
        guard.check('{"skill":"say","text":"good\\nnight","n":0}', seen, None)


def test_the_guard_and_the_grammar_agree_on_texts() -> None:
    """Whatever may be said of some task passes for another exactly if it may be said of that."""
    rng, book = random.Random(4), parse_codebook(SPEAKER)
    guard, seen = Guard(book), observe({})
    tasks = [" ".join(rng.choices(WORDS, k=rng.randint(0, 6))) for _ in range(40)]
    texts = {text for task in tasks for text in legal(book, seen, task).graph.texts()}
    for task in tasks[:15]:
        passed = set()
        for text in texts:
            with suppress(CommandError):
                passed.add(guard.check(text, seen, task).text)
        assert passed == set(legal(book, seen, task).graph.texts()), task
    assert len(texts) > 120
