"""What is answered by rule: stop words, orders that only forbid, and no words at all."""

import re
from collections.abc import Iterator, Mapping

import pytest

from codeword.codebook import Codebook, parse_codebook
from codeword.codebook.docs import codebook_docs
from codeword.codebook.errors import CodebookError
from codeword.codebook.reflexes import condition, only_asks, only_forbids, reflex, stops
from codeword.codebook.stop_words import STOP_WORDS, is_stop
from codeword.controller.teaching.pools_of import held_out_wordings, training_pools
from codeword.runtime.scenario import find_scenarios, load_scenario, suites
from tests.codebook.test_load import GOOD


@pytest.mark.parametrize(
    "said",
    [
        "Stop!", "STOP!", "stop", "  Stop.  ", "Halt", "Wait.", "Don't move.", "Don\u2019t move!", "DONT MOVE", "Do not move",
        "Stop! Stop! Stop!", "Stop, please.", "Please stop now", "Robot, stop", "Wait, stop!", "Freeze", "Hold on...",
        "No!", "Halt an!", "Stopp", "NICHT BEWEGEN", "Hör auf", "Hor auf", "Arrête !", "ARRETE", "arrête-toi",
        "Detente", "¡Alto!", "Fermo!", "Não se mexa", "Стоп!", "停", "止まれ！", "멈춰", "रुको", "قف",
    ],
)  # fmt: skip
def test_a_stop_word_stops_in_whatever_spelling(tabletop: Codebook, said: str) -> None:
    assert stops(tabletop, said)
    found = reflex(tabletop, said)
    assert found is not None
    assert found.kind == "stop"
    assert "stop word" in found.why


@pytest.mark.parametrize(
    "said",
    [
        "Stop at the door.", "Drive until I say stop", "Wait for 5 seconds.", "Don't move the red block.",
        "Hold the red block.", "Put the stop sign in the bowl.", "Stop the red block from rolling.", "no, green", "please",
        "", "now", "Halt the block at the zone", "unstoppable", "Stay in the left zone",
    ],
)  # fmt: skip
def test_a_stop_word_within_a_longer_task_stops_nothing(tabletop: Codebook, said: str) -> None:
    assert not stops(tabletop, said)


def test_every_word_of_the_list_stops_and_has_words() -> None:
    for language, phrases in STOP_WORDS.items():
        for phrase in phrases:
            assert is_stop(phrase), (language, phrase)
            assert is_stop(phrase.upper()), (language, phrase)


def test_a_codebook_adds_stop_words_and_takes_none_away() -> None:
    book = parse_codebook(GOOD + "stop_words: [Stand down, Hände weg]\n")
    assert book.stop_words == ("Stand down", "Hände weg")
    for said in ("stand DOWN!", "hande weg", "Stop"):
        assert stops(book, said)
    assert not stops(parse_codebook(GOOD), "stand down")
    assert "Stand down, Hände weg" in codebook_docs(book)


def test_stop_words_of_what_is_included_stay(tmp_path: object) -> None:
    path = tmp_path / "base.yaml"  # type: ignore[operator]
    path.write_text(GOOD + "stop_words: [stand down]\n", encoding="utf-8")
    book = parse_codebook("codebook: mine\ninclude: [base.yaml]\nstop_words: [hands off]\n", str(tmp_path / "c.yaml"))  # type: ignore[operator]
    assert book.stop_words == ("stand down", "hands off")
    assert parse_codebook(book.text).stop_words == book.stop_words


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("stop_words: halt", "'stop_words' is a list of texts, at least one"),
        ("stop_words: []", "'stop_words' is a list of texts, at least one"),
        ("stop_words: ['!!']", "'stop_words': expected one line with a word in it, not '!!'"),
        ("stop_words: [3]", "'stop_words': expected one line with a word in it, not '3'"),
        ("stop_words: [Stand down, stand DOWN!]", "'stand DOWN!' stands here twice"),
    ],
)
def test_a_faulty_list_of_stop_words_is_told(given: str, fault: str) -> None:
    with pytest.raises(CodebookError) as raised:
        parse_codebook(GOOD + given + "\n")
    assert fault in str(raised.value)


FORBIDS = (
    "Do not put the red block in the blue bowl",
    "Never put the red block in the blue bowl.",
    "Don't touch the red block",
    "DON\u2019T TOUCH THE RED BLOCK!",
    "Please do not touch the red block, the blue block or the bowl.",
    "Do not push the red block. Never touch the blue one.",
    "You must not touch the red block, and never the blue one.",
    "Don't touch the red block and the green block, please.",
    "Niemals den roten Block anfassen.",
    "Ne touche pas le bloc rouge.",
    "No toques el bloque rojo.",
    "Non toccare il blocco rosso.",
    "Não toque no bloco vermelho.",
)
ASKS = (
    "Put all but the red block in the blue bowl.",
    "Put the block that is not red in the blue bowl.",
    "Don't touch the red block. Put the green block in the bowl.",
    "Don't forget to put the red block in the blue bowl.",
    "Don't leave anything on the table.",
    "Please don't stop before all blocks are in the bowl.",
    "Don't set the red block down anywhere except in the left zone.",
    "Don't ask why, put the red block in the bowl.",
    "Do not use the red block but the green one for the tower.",
    "Don't bring the red block along when you haul the others into the bowl.",
    "Nothing should stay in the white bowl, lay it in the left zone.",
    "Not the red block after all; it is the gray block that goes into the bowl.",
    "Put the red block in the blue bowl and never mind the rest.",
)


@pytest.mark.parametrize("task", FORBIDS)
def test_a_task_that_only_forbids_is_held(tabletop: Codebook, task: str) -> None:
    assert only_forbids(task)
    found = reflex(tabletop, task)
    assert found is not None
    assert (found.kind, "only forbids" in found.why) == ("hold", True)


@pytest.mark.parametrize("task", ASKS)
def test_a_task_that_asks_for_something_as_well_is_decided(tabletop: Codebook, task: str) -> None:
    assert reflex(tabletop, task) is None


@pytest.mark.parametrize("task", ["", "   ", "?!", "..."])
def test_a_task_without_words_asks_for_nothing(tabletop: Codebook, task: str) -> None:
    found = reflex(tabletop, task)
    assert found is not None
    assert (found.kind, found.why) == ("hold", "the task has no words: nothing is asked for")


@pytest.mark.parametrize(
    "task",
    [
        "Is the red block in the blue bowl?", "What is the capital of France?", "Where is the red block?",
        "How many blocks are there?", "Are there any blocks on the table?", "is the bowl empty", "Do you see the bowl?", "Can you see the bowl?",
        "Wo ist der rote Block?", "Où est le bloc rouge ?", "¿Dónde está el bloque rojo?", "Why?",
    ],
)  # fmt: skip
def test_a_question_asks_for_nothing_to_be_done(tabletop: Codebook, task: str) -> None:
    assert only_asks(task)
    found = reflex(tabletop, task)
    assert found is not None
    assert (found.kind, "is a question" in found.why) == ("hold", True)


@pytest.mark.parametrize(
    "task",
    [
        "Could you put the red block in the blue bowl?", "How about the red block in the blue bowl?",
        "Is it too much to ask that the red block is in the bowl?", "What about the red block in the bowl?",
        "Where's the red block? That is where I want the green one.", "Would you stack red on green?",
        "What is missing in the bowl? All red blocks.", "Why don't you put red on green?", "What goes on top, put there.",
        "Put red where green is", "Can you stack all blocks?", "Will you put the red block in the bowl?",
    ],
)  # fmt: skip
def test_an_order_in_the_form_of_a_question_is_decided(tabletop: Codebook, task: str) -> None:
    assert reflex(tabletop, task) is None


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)


def test_no_wording_that_was_taught_or_is_evaluated_is_taken_for_one_that_asks_for_nothing(tabletop: Codebook) -> None:
    pools = (*_texts(training_pools().wordings), *_texts(held_out_wordings()))
    said = [re.sub(r"\{\w+\}", "the red block", text) for text in pools if "{" in text and " " in text]
    assert len(said) > 600
    assert [task for task in said if reflex(tabletop, task) is not None] == []


def test_no_task_of_the_shipped_scenarios_is_taken_for_one_that_asks_for_nothing(tabletop: Codebook) -> None:
    scenarios = [load_scenario(path) for path in find_scenarios((str(suites()),))]
    said = [text for scenario in scenarios for text in (scenario.spec.task, *scenario.spec.wordings)]
    assert len(said) > 300
    assert [task for task in said if reflex(tabletop, task) is not None] == []


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("If the guests look unhappy, say sorry.", "If the guests look unhappy, say sorry"),
        ("water the fern if it is dry", "if it is dry"),
        ("close the door unless somebody is in there", "unless somebody is in there"),
        ("go to the gate, provided that it is open", "provided that it is open"),
        ("water the fern every morning", "every morning"),
        ("each night sweep the attic", "each night"),
        ("every other hour", "every other hour"),
        ("whenever a can comes along drop it", "whenever"),
        ("sound the horn each time", ""),
        ("log every five minutes", ""),
        ("say sorry if they look unhappy", "if they look unhappy"),
        ("watch the pot and turn it off if it boils over", "if it boils over"),
        ("check the gate, then close it if it is open", "if it is open"),
        ("if the guests ask for coffee, serve it", "if the guests ask for coffee, serve it"),
        ("ask the nurse if the bed is free", ""),
        ("see if the door is open", ""),
        ("have a look at the fern and tell me if it is dry", ""),
        ("turn left if you can", ""),
        ("if possible, go to the gate", ""),
        ("if somebody asks, the guitar belongs on the sideboard", ""),
        ("Tom wonders if the gate is shut, look at it", ""),
        ("even if it rains, go to the gate", ""),
        ("close the lid once the fish is in", ""),
    ],
)
def test_a_condition_is_told_from_courtesy_and_from_what_asks_whether_something_is_so(task: str, told: str) -> None:
    assert condition(task) == told
