"""What a report says of a run: what went wrong first, what is told of each decision, and how little it keeps of much."""

import base64
import json
import re
import shutil
import zlib
from pathlib import Path

import pytest

from codeword.codebook import InputError, Result
from codeword.codebook.budgets import Budget
from codeword.runtime.judge import Verdict
from codeword.runtime.recording import RecordedEpisode, Step, read_episode
from codeword.runtime.records import BudgetRecord, CommandRecord, EventRecord
from codeword.runtime.report import write_report
from codeword.runtime.report.film import MOST_FRAMES, film
from codeword.runtime.report.page import MOST_PICTURED, Axis, axis_of, strip
from codeword.runtime.report.rules import remarks
from codeword.runtime.report.turns import seen, short
from codeword.runtime.report.way import Ahead, way
from codeword.runtime.report.wrong import first_wrong
from codeword.runtime.summary import scenario_of, summarize


def report(path: Path, files: list[Path]) -> str:
    write_report(path, map(read_episode, files), summarize(read_episode(file, pictures=False) for file in files))
    return path.read_text()


def unpacked(page: str) -> list[dict]:
    return [
        json.loads(zlib.decompress(base64.b64decode(text))) for text in re.findall(r'class="packed">([^<]*)<', page)
    ]


def missed(
    expert_episode: Path, *steps: Step, left: list[int | None], events: tuple[EventRecord, ...] = (), **verdict: object
) -> str:
    """What went wrong first in an episode of these steps, as `kind decision: text`."""
    whole = read_episode(expert_episode, pictures=False)
    told = {"success": False, "ended": "max_decisions", "reason": "ran out of decisions", "open": ("x",), **verdict}
    episode = RecordedEpisode(
        whole.path, whole.header, "", "", list(steps), list(events), verdict=Verdict.model_validate(told)
    )
    ahead = [Ahead(count, '{"skill":"home"}') if count is not None else None for count in left]
    wrong = first_wrong(episode, ahead)
    assert wrong is not None
    return f"{wrong.kind} {wrong.step + 1}: {wrong.text}"


@pytest.fixture
def step(expert_episode: Path) -> Step:
    """A decision that passed the guard and was carried out."""
    first = read_episode(expert_episode, pictures=False).steps[0]
    text = '{"skill":"pick","object":"red_block"}'
    return Step(
        first.observation,
        command=CommandRecord(step=0, text=text, allowed=True),
        result=Result(command=text, status="done"),
        budget=BudgetRecord(step=0, stage_ms={"decision_ms": 1.0}),
    )


def changed(step: Step, **parts: object) -> Step:
    return Step(**{**vars(step), **parts})


def test_what_led_away_is_found_though_every_command_was_done(expert_episode: Path, step: Step) -> None:
    said = missed(expert_episode, step, step, step, left=[2, 3, 2])
    assert said == "away 1: pick(red_block): 2 commands from the goal before it, 3 after; home() leads there"


def test_what_was_made_good_is_passed_over(expert_episode: Path, step: Step) -> None:
    failed = changed(step, result=Result(command="", status="failed", reason="slipped"))
    said = missed(expert_episode, failed, step, failed, left=[3, 3, 2])
    assert said == "failed 3: pick(red_block) failed (slipped)"


def test_a_failure_names_the_event_that_came_with_it(expert_episode: Path, step: Step) -> None:
    failed = changed(step, result=Result(command="", status="failed", reason="nothing_grasped"))
    jam = EventRecord(step=1, time_s=0.5, what="jam")
    said = missed(expert_episode, failed, step, left=[2, 2], events=(jam,), ended="done", reason="said done too early")
    assert said == "failed 1: pick(red_block) failed (nothing_grasped); the scenario did: jam"


def test_an_event_counts_until_the_episode_is_as_near_as_before_it(expert_episode: Path, step: Step) -> None:
    slip = EventRecord(step=2, time_s=3.0, what="slip")
    assert missed(expert_episode, *[step] * 4, left=[2, 1, 2, 2], events=(slip,)) == "event 2: slip at 3.0 s"
    assert missed(expert_episode, *[step] * 4, left=[2, 1, 2, 1], events=(slip,)).startswith("idle 4")


def test_refused_and_late_decisions_are_named(expert_episode: Path, step: Step) -> None:
    refused = changed(
        step, command=CommandRecord(step=0, text="{}", allowed=False, check="schema", message="no skill"), result=None
    )
    assert missed(expert_episode, refused, left=[2]) == "refused 1: {}: no skill"
    late = changed(step, command=None, budget=BudgetRecord(step=0, stage_ms={}, missed=("decision_ms",)))
    assert (
        missed(expert_episode, step, late, left=[2, 1])
        == "late 2: decision_ms past its hard limit: the robot held still"
    )


def test_a_thing_off_the_table_is_missed_where_it_was_last_seen(expert_episode: Path, step: Step) -> None:
    name = step.observation.entities[0].id
    gone = step.observation.model_copy(update={"entities": step.observation.entities[1:]})
    said = missed(expert_episode, step, changed(step, observation=gone), left=[2, None], fallen=(name,))
    assert said == f"fell 1: {name} fell off the table at pick(red_block)"


def test_how_an_episode_ended_counts_where_nothing_went_wrong_before(expert_episode: Path, step: Step) -> None:
    ending = changed(step, result=None)
    said = missed(expert_episode, step, ending, left=[2, 1], ended="done", reason="said done too early")
    assert said == "done 2: with 1 command to go"
    assert missed(expert_episode, step, ending, left=[2, 1], ended="cannot", reason="gave up") == "cannot 2: gave up"
    assert missed(expert_episode, step, left=[1], open=(), reason="not said to be") == "unsaid 1: not said to be"


def test_an_episode_that_reached_its_goal_has_nothing_wrong(expert_episode: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    ahead = way(episode, scenario_of(episode))
    assert first_wrong(episode, ahead) is None
    assert [found.left if found else None for found in ahead][-1] == 0
    episode.verdict = None
    wrong = first_wrong(episode, ahead)
    assert wrong is not None
    assert wrong.kind == "cut"


def test_what_changed_is_told_from_the_observation_before(expert_episode: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    book = scenario_of(episode).codebook
    first, second = (step.observation for step in episode.steps[:2])
    whole, since = seen(book, None, first), seen(book, first, second)
    assert set(whole.appeared) == {entity.id for entity in first.entities}
    assert not whole.no_longer
    assert set(since.now) == {str(fact) for fact in second.facts if fact not in first.facts}
    assert set(since.no_longer) == {str(fact) for fact in first.facts if fact not in second.facts}
    assert since.moved


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ('{"skill":"place","object":"a","target":"b"}', "place(a, b)"),
        ('{"skill":"pack","things":["a","b"],"times":2}', "pack([a, b], 2)"),
        ("no JSON", "no JSON"),
        ("[1]", "[1]"),
    ],
)
def test_a_command_is_told_as_a_call(text: str, called: str) -> None:
    assert short(text) == called


def test_every_decision_is_in_the_page(random_run: list[Path], tmp_path: Path) -> None:
    told = {
        (len(data["turns"]), data["turns"][0]["text"]) for data in unpacked(report(tmp_path / "r.html", random_run))
    }
    recorded = [read_episode(file, pictures=False) for file in random_run]
    assert told == {
        (len(episode.steps), episode.steps[0].command.text) for episode in recorded if episode.steps[0].command
    }


def test_failures_come_first(random_run: list[Path], tmp_path: Path) -> None:
    outcomes = re.findall(r'data-outcome="([a-z ]+)"', report(tmp_path / "r.html", random_run))
    assert outcomes == sorted(outcomes, key=["missed", "reached"].index)
    assert len(set(outcomes)) == 2


def test_a_long_run_makes_no_large_page(expert_episode: Path, random_run: list[Path], tmp_path: Path) -> None:
    files = []
    for number in range(MOST_PICTURED):
        files += [tmp_path / f"good-{number}.mcap", tmp_path / f"bad-{number}.mcap"]
        shutil.copy(expert_episode, files[-2])
        shutil.copy(random_run[0], files[-1])
    page = report(tmp_path / "r.html", files)
    assert page.count('class="frames"') == MOST_PICTURED
    assert page.rindex('class="frames"') < page.index('data-name="good-0"'), "pictures are spent on failures first"
    assert f"Film strips are here of {MOST_PICTURED} of {len(files)} episodes" in page
    pictures = sum(map(len, re.findall(r'class="frames">(.*?)</script>', page)))
    assert (len(page) - pictures) / len(files) < 8_000
    assert pictures / MOST_PICTURED < 200_000


def test_of_a_long_episode_only_some_pictures_are_kept_with_the_one_that_matters(expert_episode: Path) -> None:
    episode = read_episode(expert_episode)
    picture = episode.pictures[0][1]
    episode.pictures = [(float(at), picture) for at in range(100)]
    frames = film(episode, keep=50)
    assert len(frames) == MOST_FRAMES + 1
    assert [frames[0].time_s, frames[-1].time_s] == [0, 99]
    assert 50 in {frame.time_s for frame in frames}


def test_times_stand_on_a_logarithmic_axis_beside_their_budget() -> None:
    axis = axis_of({"decision_ms": [2.0, 90.0]}, {"decision_ms": Budget(p95=400)})
    assert axis == Axis(0, 3)
    assert [label for _, label in axis.ticks] == ["1 ms", "10 ms", "100 ms", "1 s"]
    assert axis.at(10) == 33.33
    slow = strip("decision_ms", "", [10.0] * 18 + [900.0] * 2, Budget(p95=400), axis)
    assert (slow.name, slow.count, slow.over, slow.worst) == ("decision", 20, 2, 900)
    assert slow.missed(20)
    assert not slow.missed(21)
    assert [bar.height for bar in slow.bars] == [100, 11.1]


def test_of_no_episodes_there_is_no_page(tmp_path: Path) -> None:
    assert not write_report(tmp_path / "r.html", [], summarize([]))
    assert not (tmp_path / "r.html").exists()


def test_a_page_that_cannot_be_written_is_told(random_run: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none/r\.html: cannot be written: No such file"):
        report(tmp_path / "none" / "r.html", random_run[:1])


def test_the_page_says_what_the_rules_found(random_run: list[Path], expert_episode: Path, tmp_path: Path) -> None:
    page = report(tmp_path / "report.html", [*random_run, expert_episode])
    said = 0
    for path in random_run:
        episode = read_episode(path, pictures=False)
        scenario = scenario_of(episode)
        wrong = first_wrong(episode, way(episode, scenario))
        said += len([one for one in remarks(episode, scenario) if wrong is None or one.step != wrong.step][:6])
    assert said
    assert page.count('<li data-rule="') == said, "and the expert's episode has none"
