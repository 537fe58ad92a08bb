"""Stop words in a run: the robot is stopped before anything is decided, and the record, the exit code and the output
say so.
"""

import json
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Command, Observation, Result
from codeword.codebook.robot import Execution
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replay
from codeword.runtime.report.page import write_report
from codeword.runtime.scenario import parse_scenario, typed_scenario
from codeword.runtime.summary import summarize
from tests.observations import observe
from tests.runtime.test_cli import call
from tests.runtime.test_episode import DONE, PICK, Notes, Parrot


class Fake:
    """A robot that notes what it is asked for."""

    asked: tuple[str, ...] = ()

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook

    def note(self, what: str) -> None:
        Fake.asked = (*Fake.asked, what)

    def observe(self) -> Observation:
        self.note("observe")
        return observe({"red_block": "table"}, ("blue_bowl",))

    def execute(self, command: Command) -> Execution:
        self.note(command.text)
        return Carried(command)

    def stop(self) -> None:
        self.note("stop")

    def close(self) -> None:
        self.note("close")


class Carried:
    def __init__(self, command: Command) -> None:
        self.command = command

    def poll(self) -> Result:
        return Result(command=self.command.text, status="done")

    def result(self) -> Result:
        return self.poll()


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    Fake.asked = ()


def test_the_loop_stops_the_robot_before_it_looks_and_asks_nobody(tabletop: Codebook) -> None:
    notes, parrot = Notes(), Parrot(PICK)
    scenario = typed_scenario("Stop!", "tabletop")
    verdict = run_episode(Episode(scenario, "Stop!", parrot, Fake(tabletop), None, (notes,), film=False))  # type: ignore[arg-type]
    assert Fake.asked[:2] == ("stop", "observe")
    assert PICK not in Fake.asked
    assert parrot.seen == []
    assert (verdict.ended, verdict.success, verdict.carried_out) == ("stopped", None, False)
    assert verdict.reason == "was stopped; no goal to judge by"
    (result,) = notes.of("result")
    assert isinstance(result, Result)
    assert (result.status, result.reason) == ("stopped", "stopped")
    assert [event.kind for event in notes.of("event")] == ["stop"]  # type: ignore[attr-defined]
    assert notes.of("decision") == []


def test_done_without_a_command_is_not_carried_out(tabletop: Codebook) -> None:
    scenario = typed_scenario("drive on", "tabletop")
    for lines, carried_out in (((DONE,), False), ((PICK, DONE), True)):
        episode = Episode(scenario, "drive on", Parrot(*lines), Fake(tabletop), None, film=False)  # type: ignore[arg-type]
        verdict = run_episode(episode)
        assert (verdict.ended, verdict.carried_out, verdict.success) == ("done", carried_out, None)
        assert ("without a command to the robot" in verdict.reason) is not carried_out


@pytest.mark.parametrize("robot", ["sim", f"{__name__}:Fake"])
def test_a_typed_stop_loads_no_model_and_is_told_in_record_output_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], robot: str
) -> None:
    args = ["run", "--task", "STOP!", "--model", "no-such-model", "--robot", robot, "--no-film"]
    code, told, wrong = call(capsys, *args, "--out", str(tmp_path / "o"))
    assert (code, wrong.strip()) == (1, "")
    assert "'STOP!' is a stop word: the robot is stopped" in " ".join(told.split())
    if robot != "sim":
        assert Fake.asked[0] == "stop"
        assert not any(what.startswith("{") for what in Fake.asked)
    (file,) = (tmp_path / "o").glob("*.mcap")
    episode = read_episode(file)
    assert episode.verdict is not None
    assert (episode.verdict.ended, episode.header.controller) == ("stopped", "nobody")
    assert [step.decision for step in episode.steps] == [None]
    assert replay(episode) == []
    assert write_report(tmp_path / "r.html", [episode], summarize([episode]))
    code, told, _ = call(capsys, *args, "--out", str(tmp_path / "j"), "--json")
    assert code == 1
    assert json.loads(told)["decisions"] == 0


def test_a_stop_in_place_of_the_task_stops_what_is_under_way(tabletop: Codebook) -> None:
    class Turning(Parrot):
        """Says a command; then the task is a stop word."""

    text = typed_scenario("go", "tabletop").text
    scenario = parse_scenario(text, "--task")
    parrot = Turning(PICK, PICK)

    class Eventful:
        fired: tuple[tuple[float, str], ...] = ()

        def start(self) -> Observation:
            return observe({"red_block": "table"})

        truth = start

        def events(self) -> tuple[tuple[float, str], ...]:
            return ((1.0, "retask"),) if PICK in Fake.asked else ()

        def damage(self) -> object:
            from codeword.sim.damage_report import Damage

            return Damage()

    episode = Episode(scenario, "go", parrot, Fake(tabletop), Eventful(), film=False, then="Halt!")  # type: ignore[arg-type]
    verdict = run_episode(episode)
    assert verdict.ended == "stopped"
    assert Fake.asked.count(PICK) == 1
    assert Fake.asked[-1] == "stop"
