"""Episodes handed on: as a LeRobot dataset, to Foxglove, and to a language model that judges and is checked itself."""

import json
import re
from pathlib import Path

import pytest

from codeword.codebook.errors import CodewordError, InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.episodes.format_page import layout, page
from codeword.runtime.episodes.lerobot import STATE, write_lerobot
from codeword.runtime.episodes.reviewer import Controls, beside, controls, longer, read_answer, review, told
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import CHANNELS, RecordedEpisode, read_episode
from codeword.runtime.records import Header, schema_of
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.summary import add_up, scenario_of, task_at
from tests.controller.remote.servers import chat, scripted_server
from tests.runtime.conftest import shipped
from tests.runtime.episodes.test_diff import called


def test_a_dataset_has_a_frame_for_each_decision(
    expert_episode: Path, random_run: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "set"
    code, out, _ = called(
        capsys, "episodes", "export", expert_episode, random_run[0], "--format", "lerobot", "--out", target
    )
    read = [read_episode(path) for path in (expert_episode, random_run[0])]
    assert code == 0
    frames = sum(len(episode.steps) for episode in read)
    assert out.startswith(f"{frames} frames of 2 episodes")
    info = json.loads((target / "meta/info.json").read_text())
    data = parquet.read_table(target / "data/chunk-000/file-000.parquet").to_pydict()
    assert info["codebase_version"] == "v3.0"
    assert set(info["features"]) == set(data)
    assert info["total_frames"] == frames == len(data["index"])
    assert data["index"] == list(range(frames))
    for place, step in enumerate(read[0].steps):
        robot = step.observation.robot
        assert robot.gripper_to_world_m is not None
        assert data["observation.state"][place] == pytest.approx([*robot.gripper_to_world_m, robot.gripper_opening_m])
        assert data["observation.images.scene"][place]["bytes"] == read[0].pictures[place][1]
        assert data["command"][place] == (step.command.text if step.command else "")
    said = data["language_persistent"][0]
    carried_out = [step for step in read[0].steps if step.result is not None and step.result.command]
    assert [one["style"] for one in said] == ["subtask"] * len(carried_out)
    assert [one["timestamp"] for one in said] == [float(read[0].steps.index(step)) for step in carried_out]
    assert said[0]["content"].partition("(")[0] == json.loads(carried_out[0].result.command)["skill"]
    assert all(row == said for row in data["language_persistent"][: len(read[0].steps)]), "one list for an episode"
    assert set(map(len, data["language_events"])) == {0}
    assert data["action"][0] == data["observation.state"][1]
    assert len(data["action"][0]) == len(STATE)
    episodes = parquet.read_table(target / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(one["dataset_from_index"], one["dataset_to_index"]) for one in episodes] == [
        (0, len(read[0].steps)), (len(read[0].steps), frames),
    ]  # fmt: skip
    tasks = parquet.read_table(target / "meta/tasks.parquet")
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["task"]
    with pytest.raises(InputError, match="is not empty; a dataset gets a folder of its own"):
        write_lerobot(target, read)


def test_a_dataset_tells_plans_and_what_came_in_between(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    plan = '{"plan":[{"skill":"pick","object":"gray_block"},{"skill":"place","object":"gray_block","target":"table"}]}'
    controllers = Controllers(DeciderConfig("expert", "", "none", given=plan), silent)
    scenarios = (shipped("disturbed/another_task_on_the_way"),)
    (path,) = run(Plan(scenarios, range(1), "sim", tmp_path / "run", film=False), controllers)
    episode = read_episode(path)
    assert add_up([outcome_of(episode, scenario_of(episode))]).planned_decisions == len(episode.steps) == 3
    assert write_lerobot(tmp_path / "set", [episode]) == 3
    data = parquet.read_table(tmp_path / "set" / "data/chunk-000/file-000.parquet").to_pydict()
    assert [(row["style"], row["timestamp"], row["content"]) for row in data["language_persistent"][2]] == [
        ("plan", 0.0, "pick(object gray_block); place(object gray_block, target table)"),
        ("subtask", 0.0, "pick(object gray_block)"),
        ("subtask", 1.0, "place(object gray_block, target table)"),
    ]
    first, second, third = data["language_events"]
    assert (first, third) == ([], [])
    assert [(row["role"], row["style"]) for row in second] == [("user", "interjection")]
    assert second[0]["content"] == task_at(episode, scenario_of(episode), 1) != episode.header.task


def paths_in(data: object) -> set[str]:
    """The message paths that a layout shows."""
    if isinstance(data, dict):
        return {path for value in data.values() for path in paths_in(value)}
    if isinstance(data, list):
        return {path for value in data for path in paths_in(value)}
    return {data} if isinstance(data, str) and data.startswith("/") else set()


def test_the_layout_shows_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Every path leads to a channel and to a field of its schema; every panel stands in the layout and is described."""
    code, out, _ = called(capsys, "episodes", "layout")
    assert (code, out) == (0, layout())
    data = json.loads(out)
    shown = paths_in(data["configById"])
    assert {"/camera", "/decision", "/verdict", "/budget.stage_ms.decision_ms"} <= shown
    for path in shown - {"/camera"}:
        topic, *fields = path.removeprefix("/").split(".")
        schema = schema_of(CHANNELS[topic])
        for field in fields:
            schema = schema.get("properties", {}).get(field) or schema["additionalProperties"]
    placed = re.findall(r'"((?:Image|Plot|RawMessages|StateTransitions)!\w+)"', json.dumps(data["layout"]))
    assert sorted(placed) == sorted(data["configById"])


def test_the_page_tells_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "episodes", "format")
    assert (code, out) == (0, page())
    for topic, kind in CHANNELS.items():
        section = out.split(f"## /{topic}\n")[1].split("\n## ")[0]
        assert all(f"| `{name}` |" in section for name in kind.model_fields), topic
    assert all(f"| `{name}` |" in out for name in Header.model_fields)


class Fake:
    """A judge that answers by a rule of its own about the two texts, and keeps what it was asked."""

    def __init__(self, rule) -> None:
        self.rule = rule
        self.asked: list[str] = []

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        one, other = prompt.split("Episode A:\n")[1].split("\n\nEpisode B:\n")
        return self.rule(one, other.split("\n\nWhich went better?")[0])


@pytest.fixture
def pair(expert_episode: Path, random_run: list[Path]) -> tuple[RecordedEpisode, RecordedEpisode]:
    return read_episode(expert_episode, pictures=False), read_episode(random_run[0], pictures=False)


def by_goal(one: str, other: str) -> str:
    reached = ["reached: goal reached" in text for text in (one, other)]
    return "same" if reached[0] == reached[1] else "A" if reached[0] else "B"


def test_a_fair_judge_says_the_same_in_either_order(pair: tuple[RecordedEpisode, RecordedEpisode]) -> None:
    judge = Fake(by_goal)
    found = review(judge, *pair)
    assert (found.better, found.answers, found.consistent) == ("one", ("A", "B"), True)
    assert review(judge, *reversed(pair)).better == "other"
    assert len(judge.asked) == 4
    assert all("decided by" not in prompt for prompt in judge.asked)
    assert beside(found, *pair) == {"physics": "one", "model": "one", "answers": ["A", "B"], "disagree": False}
    fair = controls(judge, pair, "some model")
    assert fair == Controls(2, 0.0, 0.0, 0.0)
    assert fair.trusted()


@pytest.mark.parametrize(
    ("rule", "flaw"),
    [
        (lambda _one, _other: "A", "position"),
        (lambda one, other: "same" if len(one) == len(other) else "A" if len(one) > len(other) else "B", "length"),
        (lambda one, other: "same" if "some model" not in one + other else "A" if "some model" in one else "B", "self_preference"),
    ],
)  # fmt: skip
def test_each_flaw_is_found(pair: tuple[RecordedEpisode, RecordedEpisode], rule, flaw: str) -> None:
    found = controls(Fake(rule), pair, "some model")
    assert getattr(found, flaw) == 1.0
    assert not found.trusted()
    for other in {"position", "length", "self_preference"} - {flaw}:
        assert getattr(found, other) == 0.0, other


def test_a_verdict_never_takes_the_place_of_physics(pair: tuple[RecordedEpisode, RecordedEpisode]) -> None:
    wrong = review(Fake(lambda one, other: "B" if by_goal(one, other) == "A" else "A"), *pair)
    assert beside(wrong, *pair) == {"physics": "one", "model": "other", "answers": ["B", "A"], "disagree": True}
    torn = review(Fake(lambda _one, _other: "A"), *pair)
    assert (torn.better, torn.consistent) == ("unclear", False)
    assert beside(torn, *pair)["disagree"] is False


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("A", "A"),
        (" b.\n", "B"),
        ("**Same**", "same"),
        ("Episode A", "A"),
        ("A, because B", "unclear"),
        ("", "unclear"),
    ],
)
def test_only_one_word_is_an_answer(said: str, answer: str) -> None:
    assert read_answer(said) == answer


def test_what_is_no_text_is_told(pair: tuple[RecordedEpisode, RecordedEpisode]) -> None:
    with pytest.raises(CodewordError, match="answered with NoneType, not with text"):
        review(Fake(lambda _one, _other: None), *pair)
    assert controls(Fake(by_goal), (), "x") == Controls(0, None, None, None)
    assert not Controls(0, None, None, None).trusted()


def test_the_longer_telling_says_nothing_more(pair: tuple[RecordedEpisode, RecordedEpisode]) -> None:
    text = told(pair[0])
    lines = longer(text).splitlines()
    assert lines[::2] == text.splitlines()
    assert len(set(lines[1::2])) == 1


def test_a_judge_of_ones_own_is_asked_from_the_command_line(
    expert_episode: Path,
    random_run: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "my_judge.py").write_text(
        "class First:\n    def ask(self, prompt):\n        return 'A'\n\nclass Mute:\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    files = (expert_episode, random_run[0])
    code, out, _ = called(capsys, "episodes", "review", *files, "--asker", "my_judge:First", "--json")
    told_of = json.loads(out)
    assert (code, told_of["physics"], told_of["model"], told_of["trusted"]) == (0, "one", "unclear", False)
    assert told_of["controls"]["position"] == 1.0
    _, out, _ = called(capsys, "episodes", "review", *files, "--asker", "my_judge:First")
    assert "position 100%, length 0%, self_preference 0%; its answers follow what must not count" in out
    for name, says in (
        ("my_judge", "names no class; it would be one as package.module:Class"),
        ("my_judge:Mute", "has no method ask(prompt)"),
        ("no_such_module:Judge", "could not be made: ModuleNotFoundError"),
    ):
        code, _, err = called(capsys, "episodes", "review", *files, "--asker", name)
        assert code == 2
        assert says in err
        assert len(err.splitlines()) == 1


def test_a_model_elsewhere_is_asked_from_the_command_line(
    expert_episode: Path, random_run: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_server(chat("B")) as server:
        asker = f"{server.address}#judge"
        code, out, _ = called(capsys, "episodes", "review", expert_episode, random_run[0], "--asker", asker, "--json")
        assert len(server.asked) >= 2
    told_of = json.loads(out)
    assert (code, told_of["physics"], told_of["model"], told_of["trusted"]) == (0, "one", "unclear", False)
    code, _, err = called(capsys, "episodes", "review", expert_episode, random_run[0], "--asker", asker)
    assert code == 2
    assert len(err.splitlines()) == 1
