"""What models elsewhere write, and what is made of it."""

import json
import random

import pytest

from codeword.codebook import Codebook, legal, load_codebook, parse_codebook
from codeword.controller.remote.answers import canonical, first_object, right_part, what_is_wrong
from tests.observations import observe, random_observation

SEEN = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",), ("left_zone",))


def test_every_legal_command_is_understood_in_any_dress(tabletop: Codebook) -> None:
    rng, dressed = random.Random(5), 0
    for _ in range(20):
        graph = legal(tabletop, random_observation(rng)).graph
        texts = list(graph.texts())
        for text in rng.sample(texts, min(20, len(texts))):
            given = json.loads(text)
            names = rng.sample(list(given), len(given))
            for said in (text, json.dumps(given, indent=2), json.dumps({name: given[name] for name in names})):
                assert canonical(said, graph) == text
                dressed += said != text
    assert dressed > 300


@pytest.mark.parametrize(
    ("said", "number"), [("1.50", "1.5"), ("15e-1", "1.5"), ("5e-1", "0.5"), ("1.0", "1"), ("2", "2")]
)
def test_numbers_in_any_form(said: str, number: str) -> None:
    graph = legal(load_codebook("workbench"), SEEN).graph
    assert canonical(f'{{"skill":"wait","duration_s":{said}}}', graph) == f'{{"skill":"wait","duration_s":{number}}}'
    assert canonical('{"skill":"wait","duration_s":0.7}', graph) is None


@pytest.mark.parametrize(
    "said",
    [
        "", "null", "[]", "7", '"pick"', "{", '{"skill":"pick"}', '{"skill":"pick","object":"tenth_block"}',
        '{"skill":"pick","object":"red_block","object":"green_block"}', '{"skill":"pick","object":NaN}',
        '{"skill":"push","object":"red_block","target":1e999}',
        '{"skill":"push","object":"red_block","target":"left_zone","distance_m":0.05}',
        '{"skill":"pick","object":"red_block","more":1}', "[" * 4000, '{"skill":' * 1000, "9" * 5000,
        '{"skill":"pick","object":' + "9" * 4500 + "}",
    ],
)  # fmt: skip
def test_what_is_not_legal_is_never_taken(tabletop: Codebook, said: str) -> None:
    graph = legal(tabletop, SEEN).graph
    assert canonical(first_object(said), graph) is None
    assert len(what_is_wrong(first_object(said), graph)) < 5000


def test_what_was_wrong_is_told_with_what_may_come(tabletop: Codebook) -> None:
    graph = legal(tabletop, SEEN).graph
    pick = '{"skill":"pick","object":"'
    for said, wrong in (
        ('{"skill": "pick", "object": "rde_block"}', 'rde_block"}'), ('{"skill":"pick","object":<block>}', "<block>}"),
        ('{"skill":"pick"}', "}"), ('{"skill":"pick', "the end"),
    ):  # fmt: skip
        assert what_is_wrong(said, graph) == f"after {pick} may come red_block, green_block, and not {wrong}"
        assert right_part(said, graph) == pick
    assert "may come pick, push" in what_is_wrong('{"skill":"place","target":"table"}', graph)
    assert what_is_wrong("I would pick", graph).startswith('after {"skill":" may come pick, push')
    assert what_is_wrong("I would pick", graph).endswith(", and not I would pick")
    assert right_part("", graph) == '{"skill":"'
    whole = '{"skill":"pick","object":"red_block"}'
    assert what_is_wrong(whole + ",", graph) == f"after {whole} nothing may come"
    assert what_is_wrong(whole[:-1], graph) == f"it is {whole}, and not the end"


def test_an_object_is_found_among_words() -> None:
    assert first_object('Sure! {"skill":"pick"} is best.') == '{"skill":"pick"}'
    assert first_object('```json\n{"a": {"b": 1}}\n```') == '{"a": {"b": 1}}'
    assert first_object(" no object ") == "no object"
    assert first_object('{"broken": ') == '{"broken":'


def test_lists_and_defaults_are_understood() -> None:
    book = load_codebook("showcase")
    graph = legal(book, SEEN).graph
    texts = [text for text in graph.texts() if "[" in text]
    assert texts
    for text in texts:
        assert canonical(json.dumps(json.loads(text)), graph) == text


SPEAKER = """\
codebook: speaker
robot: {robot: speaker, primitives: {say: {description: speak}}}
skills:
  say: {description: say words, args: {text: {text: {max_words: 3}}, loud: {boolean: , default: false}}}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""


def test_copied_words_are_understood_in_any_dress_and_no_others() -> None:
    graph = legal(parse_codebook(SPEAKER), observe({}), 'say hello, hello Änne 早上, "¡Oh!"').graph
    for text in graph.texts():
        given = json.loads(text)
        for said in (text, json.dumps(given), json.dumps(given, ensure_ascii=False, indent=1)):
            assert canonical(said, graph) == text
        assert right_part(text, graph) == text
    assert canonical('{"skill":"say","text":"good night"}', graph) is None
    told = what_is_wrong('{"skill":"say","text":"hello, Anna"}', graph)
    assert told.startswith('after {"skill":"say","text":"hello, may come  hello'), told


def test_what_was_right_goes_as_far_as_any_way_leads() -> None:
    graph = legal(load_codebook("tabletop"), observe({"red": "table", "red_block": "table"})).graph
    text = '{"skill":"pick","object":"red_block"}'
    assert right_part(text, graph) == text
