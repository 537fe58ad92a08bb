"""Text arguments: words copied from the task, held so by loader, grammar, schema and planner."""

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft7Validator

from codeword.codebook import (
    Codebook,
    CodebookError,
    Command,
    CommandError,
    Observation,
    legal,
    load_codebook,
    make_command,
    parse_codebook,
    read_command,
)
from codeword.codebook.action_prompt import offer
from codeword.codebook.arguments import ChoiceArgument, TextArgument
from codeword.codebook.choice_graph import Node
from codeword.codebook.command import Value
from codeword.codebook.docs import codebook_docs
from codeword.codebook.editor_schema import codebook_schema
from codeword.codebook.goal_executor import idle
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.robot import Motion, Outcome
from codeword.codebook.steps import carry_out
from codeword.codebook.yaml_source import parse_yaml, plain

GREETER = """\
codebook: greeter
robot:
  robot: greeter
  primitives:
    say:
      description: speak
      args:
        text: {text: {max_chars: 20}}
        voice: {choice: [quiet, loud], default: quiet}
    look: {description: look around}
entities: [person]
facts:
  greeted(who): was greeted
skills:
  say:
    description: say words of the task
    args:
      text: {text: {max_words: 3}}
      voice: {choice: [quiet, loud], default: quiet}
    steps:
      - say: {text: $text, voice: $voice}
  greet:
    description: greet a person
    args:
      who: {entity: person}
      text: {text: {max_words: 2}, default: hello}
    preconditions: [not greeted(who)]
    effects: [greeted(who)]
    steps:
      - say: {text: $text}
  shout:
    description: say something loud
    args:
      text: {text: {max_words: 3}}
    steps:
      - say: {text: $text, voice: loud}
      - say: {text: "that's all"}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""
NOBODY = Observation(step=0, time_s=0.0, entities=(), facts=())


@pytest.fixture(scope="module")
def greeter() -> Codebook:
    return parse_codebook(GREETER, "greeter.yaml")


def seen(*people: str) -> Observation:
    return Observation.model_validate(
        {"step": 0, "time_s": 0.0, "entities": [{"id": one, "kind": "person"} for one in people], "facts": []}
    )


def test_what_is_loaded(greeter: Codebook) -> None:
    argument = greeter.skills["say"].args["text"]
    assert argument == TextArgument(3)
    assert argument.describe() == "words of the task, at most 3"
    assert greeter.skills["greet"].args["text"].default == "hello"
    pattern = GREETER.replace("text: {text: {max_words: 3}}", 'text: {text: "[AB]"}', 1)
    assert parse_codebook(pattern).skills["say"].args["text"] == ChoiceArgument(("A", "B"), "[AB]")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{max_words: 3}", "{max_words: 0}", "18:32: max_words of 'text' is how many words of the task, from 1 to 20, not '0'"),
        ("{max_words: 3}", "{max_words: 21}", "18:32: max_words of 'text' is how many words of the task, from 1 to 20, not '21'"),
        ("{max_words: 3}", "{max_words: true}", "18:32: max_words of 'text' is how many words of the task, from 1 to 20, not 'True'"),
        ("{max_words: 3}", "{max_word: 3}", "18:21: unknown key 'max_word' in the text 'text'; did you mean 'max_words'?"),
        ("{max_words: 3}", "{}", "18:20: the text 'text' lacks the key 'max_words'"),
        ("default: hello", "default: well hello there", "26:45: the default of 'text' cannot be 'well hello there': words of the task, at most 2"),
        ("default: hello", 'default: "hel\\tlo"', "26:45: the default of 'text' cannot be"),
        ("[not greeted(who)]", "[not greeted(text)]", "27:33: 'text' is words of the task; conditions and effects ask for no text"),
        ("[not greeted(who)]", "[text == hello]", "27:21: 'text' is words of the task; conditions and effects ask for no text"),
        ("effects: [greeted(who)]", "effects: [greeted(text)]", "28:23: 'text' is words of the task; conditions and effects ask for no text"),
        ("text: $text, voice: $voice", "text: $voice, voice: $text", "21:36: 'voice' of 'say' is quiet|loud, and '$text' is words of the task, at most 3"),
        ("voice: loud}", "voice: $text}", "voice' of 'say' is quiet|loud, and '$text' is words of the task"),
        ("voice: loud}", "voice: shrill}", "'voice' of 'say' is quiet|loud, not 'shrill'"),
        ("choice: [quiet, loud], default: quiet}\n    steps", "choice: [quiet, loud, shrill], default: quiet}\n    steps", "'voice' of 'say' is quiet|loud, and '$voice' is quiet|loud|shrill"),
        ('"that\'s all"', '"that is all that I have to say"', "'text' of 'say' is text of at most 20 characters, not 'that is all that I have to say'"),
        ('"that\'s all"', "4", "'text' of 'say' is text of at most 20 characters, not '4'"),
        ("{max_chars: 20}", "{max_chars: 0}", "8:34: max_chars of 'text' is a whole number from 1 to 10000, not '0'"),
        ("{max_chars: 20}", "{chars: 20}", "8:23: unknown key 'chars' in the text 'text'"),
        ("{text: {max_chars: 20}}", "{text: 20}", "8:22: the text 'text' needs max_chars"),
        ("[quiet, loud], default: quiet}\n    look", "[quiet, Loud], default: quiet}\n    look", "9:33: 'Loud' cannot be a choice"),
        ("[quiet, loud], default: quiet}\n    look", "[quiet, loud], default: still}\n    look", "9:49: the default of 'voice' is quiet|loud, not 'still'"),
        ("{text: {max_chars: 20}}", "words", "8:15: 'text' cannot be 'words' (choices: entity, boolean, {number: {min, max}}, {text: {max_chars}}, {choice: [words]})"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert old in GREETER
    with pytest.raises(CodebookError) as error:
        parse_codebook(GREETER.replace(old, new, 1), "c.yaml")
    assert fault in str(error.value)


def test_a_name_bound_in_a_condition_hides_a_text() -> None:
    vocabulary = Vocabulary({"on": 1}, ("block",), texts=("x",))
    parse_condition("some x in block (on(x))", vocabulary)
    with pytest.raises(ValueError, match="'x' is words of the task"):
        parse_condition("some y in block (on(x))", vocabulary)


def said(codebook: Codebook, observation: Observation, task: str, skill: str) -> list[str]:
    return [c.text for c in legal(codebook, observation, task).commands() if c.skill == skill]


def test_the_grammar_has_every_span_and_nothing_else(greeter: Codebook) -> None:
    texts = said(greeter, NOBODY, "Say hi, Anna", "say")
    spans = ["Say", "Say hi", "Say hi, Anna", "hi", "hi, Anna", "Anna"]
    voices = ["", ',"voice":"loud"']
    assert sorted(texts) == sorted(f'{{"skill":"say","text":"{span}"{voice}}}' for span in spans for voice in voices)
    for text in texts:
        assert read_command(greeter, text).text == text


def test_a_default_may_be_left_out_and_is_not_written(greeter: Codebook) -> None:
    assert said(greeter, seen("anna"), "", "greet") == ['{"skill":"greet","who":"anna"}']
    texts = said(greeter, seen("anna"), "say hello", "greet")
    assert set(texts) == {
        '{"skill":"greet","who":"anna"}', '{"skill":"greet","who":"anna","text":"say"}',
        '{"skill":"greet","who":"anna","text":"say hello"}',
    }  # fmt: skip


def test_without_words_the_skill_is_left_out(greeter: Codebook) -> None:
    for task in ("", "  ", "!?"):
        offered = offer(greeter, task, NOBODY)
        assert offered.legal.left_out["say"] == "no words of the task for 'text'"
    assert "say" not in offer(greeter, "hi", NOBODY).legal.left_out
    assert legal(greeter, NOBODY).left_out["shout"] == "no words of the task for 'text'"


def nodes_of(graph: Node) -> Iterator[Node]:
    known: dict[int, Node] = {}
    waiting = [graph]
    while waiting:
        node = waiting.pop()
        if id(node) not in known:
            known[id(node)] = node
            waiting += [child for _, child in node.edges]
    yield from known.values()


def test_the_graph_grows_with_words_and_not_with_what_may_follow(greeter: Codebook) -> None:
    small = len(list(nodes_of(legal(greeter, NOBODY).graph)))
    words = 60
    graph = legal(greeter, NOBODY, " ".join(f"word{n}" for n in range(words))).graph
    assert len(list(nodes_of(graph))) - small <= 2 * words * 3 + 10
    assert graph.count() > 3 * 3 * (words - 3)


def test_what_stands_in_quotation_marks_keeps_its_signs(greeter: Codebook) -> None:
    texts = said(greeter, NOBODY, 'say "¡Hola, Anna!" now', "shout")
    assert '{"skill":"shout","text":"¡Hola, Anna!"}' in texts
    assert '{"skill":"shout","text":"Hola, Anna"}' in texts
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a b c d", "words"), ("a\nb", "pattern"), ('say "hi"', "pattern"), ("a\\b", "pattern"), (" hi", "pattern"),
        ("a  b", "pattern"), ("", "pattern"), ("x" * 121, "long"), ("\ud800", "surrogate"), (5, "type"), (None, "type"),
        ("a\u0085b", "pattern"), (["a"], "type"),
    ],
)  # fmt: skip
def test_the_schema_knows_no_task_and_takes_one_plain_line(greeter: Codebook, value: object, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        read_command(greeter, json.dumps({"skill": "say", "text": value}))
    assert refused.value.check == "schema", why
    for fine in ("good morning, Anna", "早上好", "it's 5", "Grüße 👋"):
        assert read_command(greeter, json.dumps({"skill": "say", "text": fine})).args["text"] == fine


def test_what_is_written_is_not_escaped(greeter: Codebook) -> None:
    assert make_command(greeter, "say", {"text": "Grüße 👋"}).text == '{"skill":"say","text":"Grüße 👋"}'


def test_no_plan_invents_words(greeter: Codebook) -> None:
    world = SymbolicWorld.of(greeter, seen("anna"))
    goal = parse_condition("greeted(anna)", Vocabulary(greeter.places(), greeter.kinds, entities=None))
    assert [c.text for c in plan(world, goal).commands] == ['{"skill":"greet","who":"anna"}'], "its default serves"
    needs = parse_codebook(GREETER.replace(", default: hello", ""))
    assert plan(SymbolicWorld.of(needs, seen("anna")), goal).failure == "impossible"


def test_saying_something_is_no_way_to_let_time_pass(greeter: Codebook) -> None:
    assert idle(greeter) == []


class Mouth:
    """Primitives that keep what they are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Value]]] = []

    def perform(self, name: str, args: dict[str, Value]) -> Motion:  # type: ignore[override]
        self.told.append((name, dict(args)))
        yield
        return Outcome(True)


def done_by(codebook: Codebook, command: Command) -> tuple[Outcome, list[tuple[str, dict[str, Value]]]]:
    mouth = Mouth()
    motion = carry_out(codebook, command, mouth, lambda: NOBODY)  # type: ignore[arg-type]
    while True:
        try:
            next(motion)
        except StopIteration as stop:
            return stop.value, mouth.told


def test_texts_and_choices_are_passed_on_as_words(greeter: Codebook) -> None:
    outcome, told = done_by(greeter, make_command(greeter, "say", {"text": "good morning", "voice": "loud"}))
    assert (outcome.ok, told) == (True, [("say", {"voice": "loud", "text": "good morning"})])
    outcome, told = done_by(greeter, make_command(greeter, "shout", {"text": "hi"}))
    assert [args["text"] for _, args in told] == ["hi", "that's all"]


def test_a_text_that_is_too_long_for_the_robot_is_refused_when_it_runs(greeter: Codebook) -> None:
    outcome, told = done_by(greeter, make_command(greeter, "say", {"text": "extraordinarily long words"}))
    assert (outcome.reason, told) == ("out_of_range", [])
    assert outcome.message == (
        "'text' of 'say' would be 'extraordinarily long words' (26 characters), and takes text of at most 20 characters"
    )
    assert "voice" in greeter.primitives["say"].refusal({"text": "hi", "voice": "shrill"})
    assert not greeter.primitives["say"].refusal({"text": "hi", "voice": "loud"})


def test_editors_and_readers_are_told(greeter: Codebook) -> None:
    for schema in (codebook_schema(), codebook_schema(greeter)):
        check = Draft7Validator(schema)
        assert list(check.iter_errors(plain(parse_yaml(GREETER, "c.yaml", CodebookError).root))) == []
        for old, new in (
            ("{max_words: 3}", "{max_words: 0}"),
            ("{max_words: 3}", "{words: 3}"),
            ("{max_chars: 20}", "{}"),
        ):
            broken = plain(parse_yaml(GREETER.replace(old, new, 1), "c.yaml", CodebookError).root)
            assert list(check.iter_errors(broken)), new
    shrill = plain(parse_yaml(GREETER.replace("voice: loud}", "voice: shrill}"), "c.yaml", CodebookError).root)
    assert list(Draft7Validator(codebook_schema(greeter)).iter_errors(shrill))
    page = codebook_docs(greeter)
    assert "| `text` | `words of the task, at most 3` |" in page
    assert '{"skill":"say","text":"words of the","voice":"loud"}' in page
    assert "`text: text of at most 20 characters`; `voice: quiet|loud, else quiet`" in page.replace("\\|", "|")


def test_the_showcase_has_one() -> None:
    book = load_codebook("showcase")
    assert [type(a) for a in book.skills["label"].args.values()][1] is TextArgument
