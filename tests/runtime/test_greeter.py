"""A user's own robot that speaks, labels and searches: words of the task reach it as they stand there, and no others."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from codeword.codebook import Entity, Fact, Outcome, PrimitiveRobot, load_codebook, read_command
from codeword.codebook.action_prompt import offer
from codeword.codebook.command import Value
from codeword.codebook.robot import Motion
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.engine import Engine
from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.controller.store import silent
from codeword.runtime.episode import Episode, _Loop, run_episode
from codeword.runtime.guard import Guard
from codeword.runtime.recording import EpisodeWriter, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.run import Controllers
from codeword.runtime.scenario import typed_scenario
from tests.runtime.test_episode import DONE, Notes, Parrot

ROBOT = """\
robot: greeter
primitives:
  say:
    description: speak
    args:
      text: {text: {max_chars: 80}}
      voice: {choice: [quiet, normal, loud], default: normal}
  print_label: {description: print a label and put it onto a thing, args: {thing: entity, text: {text: {max_chars: 40}}}}
  search: {description: look something up, args: {text: {text: {max_chars: 200}}}}
"""
BOOK = """\
codebook: greeter
robot: greeter_robot.yaml
entities: [box]
facts:
  labelled(box): the box bears a label
skills:
  say:
    description: say words of the task aloud
    args:
      text: {text: {max_words: 8}}
      voice: {choice: [quiet, loud], default: quiet}
    steps: [say: {text: $text, voice: $voice}]
  label:
    description: put a label with words of the task onto a box
    args:
      box: {entity: box}
      text: {text: {max_words: 4}}
    preconditions: [not labelled(box)]
    effects: [labelled(box)]
    steps: [print_label: {thing: $box, text: $text}, say: {text: labelled}]
  search:
    description: look words of the task up
    args: {text: {text: {max_words: 6}}}
    steps: [search: {text: $text}]
  done: {description: say that the task is done}
  cannot: {description: say that it cannot be done, args: {reason: {choice: [missing, unsafe]}}}
"""
TASK = 'Say "Good morning, Anna!" and label the box "Herbs & spices", then search for früher Kaffee 早上好.'


class Greeter(PrimitiveRobot):
    """Keeps what it was told to do."""

    tick_s = 0.0

    def __init__(self, codebook: object) -> None:
        super().__init__(codebook)  # type: ignore[arg-type]
        self.told: list[tuple[str, dict[str, Value]]] = []

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        labelled = [Fact("labelled", (str(args["thing"]),)) for name, args in self.told if name == "print_label"]
        return [Entity(id="box_1", kind="box")], labelled

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        self.told.append((name, dict(args)))
        yield
        return Outcome(True)

    def hold(self) -> None: ...


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "greeter_robot.yaml").write_text(ROBOT)
    path = tmp_path / "greeter.yaml"
    path.write_text(BOOK)
    return path


def test_words_of_the_task_reach_the_robot_and_no_others(book: Path, tmp_path: Path) -> None:
    scenario = typed_scenario(TASK, str(book))
    robot, notes = Greeter(scenario.codebook), Notes()
    parrot = Parrot(
        '{"skill":"say","text":"Good morning, Anna!","voice":"loud"}', '{"skill":"say","text":"Good night, Anna!"}',
        '{"skill":"label","box":"box_1","text":"Herbs & spices"}', '{"skill":"label","box":"box_1","text":"Herbs"}',
        '{"skill":"search","text":"früher Kaffee 早上"}', DONE,
    )  # fmt: skip
    header = Controllers(DeciderConfig("random", "", "none"), silent).header(scenario, 0, "pkg:Greeter")
    with EpisodeWriter(tmp_path / "e.mcap", header, scenario.codebook.text, scenario.text) as writer:
        verdict = run_episode(Episode(scenario, TASK, parrot, robot, None, (writer, notes), film=False))
    robot.close()
    assert verdict.ended == "done"
    results = notes.of("result")
    statuses = [result.status for result in results]  # type: ignore[attr-defined]
    assert statuses == ["done", "refused", "done", "refused", "done"]
    refusals = [record.check for record in notes.of("command") if not record.allowed]  # type: ignore[attr-defined]
    assert refusals == ["text", "precondition"]
    assert robot.told == [
        ("say", {"text": "Good morning, Anna!", "voice": "loud"}),
        ("print_label", {"thing": "box_1", "text": "Herbs & spices"}),
        ("say", {"voice": "normal", "text": "labelled"}),
        ("search", {"text": "früher Kaffee 早上"}),
    ]
    assert replay(read_episode(tmp_path / "e.mcap")) == []


def test_after_another_task_its_words_are_the_ones(book: Path) -> None:
    scenario = typed_scenario("say hi", str(book))
    robot = Greeter(scenario.codebook)
    episode = Episode(scenario, "say hi", Parrot(), robot, None, then="say bye")
    loop = _Loop(episode, Guard(scenario.codebook), scenario, episode.task)
    hi, bye = '{"skill":"say","text":"hi"}', '{"skill":"say","text":"bye"}'
    assert loop.check(0, hi, robot.observe()) is not None
    assert loop.check(0, bye, robot.observe()) is None
    loop.task = episode.then
    assert loop.check(1, hi, robot.observe()) is None
    assert loop.check(1, bye, robot.observe()) is not None
    robot.close()


@pytest.mark.model
def test_the_model_copies_words_of_the_task(book: Path) -> None:
    codebook, engine = load_codebook(book), Engine(resolve(DEFAULT_MODEL))
    robot = Greeter(codebook)
    given = offer(codebook, "Say good morning to Anna", robot.observe())
    assert '- say(text: words of the task, at most 8, voice: quiet|loud, else "quiet")' in given.prompt.system
    for text in ('{"skill":"say","text":"good morning"}', '{"skill":"label","box":"box_1","text":"Anna"}'):
        made = engine.decide(given.prompt, given.legal.graph.among([text]))
        assert (made.text, made.tokens_chosen) == (text, 0)
        robot.execute(read_command(codebook, made.text)).result()
    assert [args["text"] for _, args in robot.told] == ["good morning", "Anna", "labelled"]
    assert given.legal.allows(engine.decide(given.prompt, given.legal.graph).text)
    robot.close()
