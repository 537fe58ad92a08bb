"""Logs grow and grow old: files of earlier versions, parts left out, and a cap on how much is kept."""

import json
from pathlib import Path

import pytest
from mcap.stream_reader import StreamReader

from codeword.codebook.errors import EpisodeError, InputError
from codeword.runtime import migration
from codeword.runtime.cli import main
from codeword.runtime.episodes.record import compact
from codeword.runtime.privacy import LEFT_OUT, PARTS, read_parts, scenario_without
from codeword.runtime.recording import EpisodeWriter, read_episode
from codeword.runtime.replay import replay, replayed
from codeword.runtime.rotation import Cap, rotate
from codeword.runtime.scenario import find_scenarios, load_scenario, parse_scenario
from tests.runtime.episodes.test_diff import called

KEPT = Path(__file__).parent / "kept"


@pytest.mark.parametrize("name", ["schema0-first", "schema0-last", "schema1"])
def test_files_of_every_version_are_read_and_replayed(name: str) -> None:
    episode = read_episode(KEPT / f"{name}.mcap")
    assert episode.complete
    assert len(episode.steps) == 5
    assert episode.header.schema_version == migration.SCHEMA
    assert replay(episode) == []


def test_what_a_version_did_not_record_is_told_and_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    first = replayed(read_episode(KEPT / "schema0-first.mcap")).uncompared
    assert {"verdict.credit", "verdict.bumps"} <= first.keys()
    of_plans = {f"decision.{name}" for name in ("plan", "item", "done", "considered", "sureness")}
    added_since = {*of_plans, "verdict.commands"}
    assert replayed(read_episode(KEPT / "schema1.mcap")).uncompared.keys() == added_since
    code, out, _ = called(capsys, "replay", KEPT / "schema0-first.mcap")
    assert code == 0
    assert "not compared: " in out
    assert "verdict.credit" in out


def test_there_is_a_file_and_a_step_for_every_schema() -> None:
    """Whoever raises SCHEMA keeps a file of the one before, and says how it is brought on."""
    assert set(migration.STEPS) == set(range(migration.SCHEMA))
    kept = {path.name.removeprefix("schema").split("-")[0].split(".")[0] for path in KEPT.glob("*.mcap")}
    assert kept == {str(schema) for schema in range(migration.SCHEMA + 1)}


def test_a_step_changes_records_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A next schema in which a field has another name: today's file is read through the door."""

    def renamed(topic: str, record: dict) -> dict:
        if topic == "header":
            return {**record, "task": record["task"].upper(), "schema_version": 4}
        return record

    monkeypatch.setattr(migration, "SCHEMA", 4)
    monkeypatch.setattr("codeword.runtime.recording.SCHEMA", 4)
    monkeypatch.setattr(migration, "STEPS", {**migration.STEPS, 3: renamed})
    for name in ("schema0-last", "schema1", "schema2", "schema3"):
        episode = read_episode(KEPT / f"{name}.mcap")
        assert episode.header.task.isupper()
        assert episode.header.schema_version == 4


@pytest.mark.parametrize(
    ("goal", "plan"),
    [
        ('{"goal":[["red_block","in","blue_bowl"]]}', '{"plan":[[["red_block","in","blue_bowl"]]]}'),
        ('{"cannot":"missing"}', '{"cannot":"missing"}'),
        ("", ""),
    ],
)
def test_a_goal_that_was_written_alone_is_read_as_a_plan(goal: str, plan: str) -> None:
    read = migration.migrated("decision", {"text": "x", "written_goal": goal, "plan": ""}, 2)
    assert read == {"text": "x", "plan": plan}


def test_a_file_of_a_newer_version_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "SCHEMA", 0)
    with pytest.raises(EpisodeError) as error:
        read_episode(KEPT / "schema1.mcap")
    assert str(error.value).endswith(
        "schema1.mcap: was written by version 0.1.0 with schema 1, and this one reads up to 0; "
        "a newer version of codeword reads it"
    )


@pytest.mark.parametrize("schema", ["1", None, -1, True, 1.5])
def test_a_schema_that_is_no_number_is_damage(schema: object) -> None:
    with pytest.raises(EpisodeError, match="is damaged: schema_version is"):
        migration.schema_of_header({"schema_version": schema}, "x.mcap")


def everything_in(path: Path) -> str:
    """All that a file says, decompressed."""
    with path.open("rb") as stream:
        return " ".join(str(record) for record in StreamReader(stream).records)


def without(expert_episode: Path, target: Path, parts: frozenset[str]) -> Path:
    episode = read_episode(expert_episode)
    with EpisodeWriter(target, episode.header, episode.codebook_text, episode.scenario_text, parts) as writer:
        for step in episode.steps:
            for topic in ("observation", "decision", "command", "budget", "result"):
                record = getattr(step, topic)
                if record is not None:
                    writer.write(topic, record, step.observation.time_s)
        for event in episode.events:
            writer.write("event", event, event.time_s)
        for time_s, jpeg in episode.pictures:
            writer.picture(jpeg, time_s)
        assert episode.verdict is not None
        writer.write("verdict", episode.verdict, episode.verdict.simulated_s)
    return target


def test_what_is_left_out_is_nowhere_in_the_file_and_the_rest_replays(expert_episode: Path, tmp_path: Path) -> None:
    whole = read_episode(expert_episode)
    path = without(expert_episode, tmp_path / "private.mcap", frozenset(PARTS))
    said = everything_in(path)
    assert whole.header.task in everything_in(expert_episode)
    assert whole.header.task not in said
    assert "torch" not in said
    episode = read_episode(path)
    assert episode.pictures == []
    assert episode.header.task == LEFT_OUT
    assert set(episode.header.left_out) == set(PARTS)
    again = replayed(episode)
    assert again.differences == []
    assert again.uncompared["decision"] == "the task was left out of the file"
    assert again.uncompared["decision.choices"] == "the thoughts were left out of the file"


def test_a_scenario_without_its_task_keeps_world_and_goal() -> None:
    text = "# Ask nicely\nscenario: s\ntask: Secret.  # secret\nwordings: [Secret too]\nthen: {task: Secret 3, goal: [x]}\ngoal: [y]\n"
    left = scenario_without(text, {"task"})
    assert "ecret" not in left
    assert "Ask nicely" not in left
    assert "then:" in left
    assert scenario_without(text, {"pictures"}) == text


@pytest.mark.parametrize("suite", ["tabletop", "grounded", "lohoravens", "disturbed"])
def test_a_scenario_without_its_task_is_the_same_for_physics_and_judge(suite: str) -> None:
    for path in find_scenarios((suite,))[::4]:
        whole = load_scenario(path)
        for seed in (0, 3):
            left = parse_scenario(scenario_without(whole.text, {"task"}), str(path), whole.codebook.text, seed)
            same = whole.seeded(seed)
            assert (left.goal, left.then_goal, left.spec.world) == (same.goal, same.then_goal, same.spec.world)
            assert left.spec.events == same.spec.events
            assert left.wording(seed) == LEFT_OUT


def test_a_run_leaves_out_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("run", "tabletop/put_in_bowl", "--controller", "expert", "--leave-out", "task,pictures", "--out", tmp_path)
    code, _, _ = called(capsys, *args)
    assert code == 0
    code, out, _ = called(capsys, "replay", tmp_path, "--redecide")
    assert code == 0
    assert "not compared: decision, header.scenario_hash (the task was left out of the file)" in out
    with pytest.raises(InputError, match=r"there is nothing called 'tasks'; did you mean 'task'\?"):
        read_parts("tasks")


def test_the_oldest_files_go_and_the_latest_stays(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.mcap" for number in range(5)]
    for file in files:
        file.write_bytes(b"x" * 1000)
    assert rotate(files, Cap()) == []
    assert rotate(files, Cap(files=4)) == files[:1]
    assert rotate(files, Cap(megabytes=0.0021)) == files[1:3]
    assert rotate(files, Cap(megabytes=0.0001)) == files[3:4]
    assert [file.exists() for file in files] == [False] * 4 + [True]


def test_a_run_keeps_to_its_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("tabletop/already_done", "--controller", "expert", "--no-film", "--seeds", "4", "--keep", "2")
    code, out, _ = called(capsys, "run", *args, "--out", tmp_path, "--json")
    assert code == 0
    assert json.loads(out)["episodes"] == 4
    assert sorted(path.name for path in tmp_path.glob("*.mcap")) == ["already_done-2.mcap", "already_done-3.mcap"]
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 5
    with pytest.raises(SystemExit):
        main(["run", *args, "--out", str(tmp_path), "--resume"])
    assert "--keep and --max-mb remove episodes that --resume and --record need" in capsys.readouterr().err


def test_a_small_copy_of_an_old_file_can_be_made(tmp_path: Path) -> None:
    compact(KEPT / "schema0-first.mcap", tmp_path / "small.mcap")
    assert replay(read_episode(tmp_path / "small.mcap")) == []
