"""The command line: what a user sees, exit codes, and one clear line for whatever cannot be used."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from codeword.runtime.cli import VERBS, cli, main
from codeword.runtime.run_options import SECTIONS


def call(capsys: pytest.CaptureFixture[str], *args: str, group: click.Group = cli) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a call."""
    with pytest.raises(SystemExit) as end:
        main(args, group=group)
    captured = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, captured.out, captured.err


@pytest.fixture
def inputs(tmp_path: Path, expert_episode: Path) -> Path:
    """A folder of things that cannot be used."""
    good = "scenario: s\ncodebook: tabletop\ntask: t\nworld: {blocks: [red]}\ngoal: [gripper_empty]\n"
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "broken.yaml").write_text("scenario: [1")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "no_codebook.yaml").write_text(good.replace("tabletop", "tabeltop"))
    (tmp_path / "no_entity.yaml").write_text(good.replace("gripper_empty", "holding(rde_block)"))
    (tmp_path / "no_skill.yaml").write_text(good + "events: [{after: pik, do: slip}]\n")
    (tmp_path / "robot.yaml").write_text("robot: lamp\nprimitives: {glow: {description: glows}}\n")
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "broken.mcap").write_bytes(b"nonsense")
    (tmp_path / "cut.mcap").write_bytes(expert_episode.read_bytes()[:300])
    (tmp_path / "folder").mkdir()
    with sqlite3.connect(tmp_path / "theirs.sqlite") as theirs:
        theirs.execute("CREATE TABLE theirs (x)")
    theirs.close()
    return tmp_path


BAD = {
    "missing scenario": (["run", "nowhere.yaml"], "no such scenario"),
    "missing shipped scenario": (["run", "tabletop/put_in_bwl"], "did you mean 'tabletop/put_in_bowl'"),
    "empty scenario": (["run", "{}/empty.yaml"], "empty.yaml: is empty"),
    "broken scenario": (["run", "{}/broken.yaml"], "broken.yaml:1:13: is not YAML"),
    "binary scenario": (["run", "{}/binary.yaml"], "binary.yaml: is not UTF-8 text"),
    "empty folder": (["run", "{}/folder"], "has no scenario"),
    "unknown codebook": (["run", "{}/no_codebook.yaml"], "no_codebook.yaml:2:11: tabeltop: unknown codebook"),
    "unknown entity": (["run", "{}/no_entity.yaml"], "unknown argument 'rde_block'; did you mean 'red_block'?"),
    "unknown skill": (["run", "{}/no_skill.yaml"], "unknown skill 'pik'; did you mean 'pick'?"),
    "unknown model": (["run", "--model", "smollm3"], "there is no model 'smollm3'; did you mean 'smollm2-135m'?"),
    "unknown adapter": (["run", "--adapter", "best"], "there is no adapter 'best'"),
    "unknown controller": (["run", "--controller", "human"], "there is no controller 'human'"),
    "a task that is too long": (
        ["run", "--task", "go " * 7000],
        "--task: 21,000 characters, and a task has at most 20,000",
    ),
    "unknown robot url": (["run", "--robot", "tpc://host:1"], "unknown robot 'tpc://host:1'"),
    "robot without a module": (["run", "--robot", "no_such_module:Robot"], "cannot be imported"),
    "robot that is none": (["run", "--robot", "json:JSONDecoder"], "JSONDecoder has no observe, execute, stop, close"),
    "unknown cache": (["run", "--cache", "memcached://h"], "there is no decision cache by memcached://"),
    "another's cache": (["run", "--cache", "{}/theirs.sqlite"], "is a database of something else"),
    "cache in the way": (["cache", "show", "--cache", "{}/file/x"], "file/x: cannot be used as a decision cache"),
    "cache of an expert": (["run", "--controller", "expert", "--cache", "auto"], "--cache keeps decisions of a model"),
    "no cache": (
        ["cache", "clear", "--cache", "off"],
        "there is no decision cache 'off' (expected auto, a file or redis://…",
    ),
    "address without a model": (["run", "--model", "http://host:8000/v1"], "does not say which model of which server"),
    "address with a password": (["run", "--model", "http://a:b@host/v1#m"], "put the key into CODEWORD_API_KEY"),
    "unknown fallback": (["run", "--model", "http://h/v1#m", "--fallback", "lokal"], "there is no model 'lokal'"),
    "no time to answer": (["run", "--answer-s", "0"], "'--answer-s': 0"),
    "negative seeds": (["run", "--seeds", "-1"], "'--seeds': -1 is not in the range"),
    "negative first seed": (["run", "--first-seed", "-1"], "'--first-seed': -1 is not in the range"),
    "no jobs": (["run", "--jobs", "0"], "--jobs: '0' is neither a number from 1 to 256 nor auto"),
    "jobs that are told": (["run", "--jobs", "2", "--explain"], "--explain is for one episode after the other"),
    "jobs on one robot": (["run", "--jobs", "2", "--robot", "a:B"], "--robot a:B is for one episode after the other"),
    "resuming nothing": (["run", "--resume"], "--resume goes with --out"),
    "episodes in the way": (["run", "--controller", "random", "--out", "{}"], "has 2 episodes of an earlier run in it"),
    "output in the way": (["run", "--controller", "random", "--out", "{}/file"], "file: cannot be written to"),
    "task and scenarios": (["run", "--task", "x", "tabletop"], "either scenarios or --task"),
    "empty task": (["run", "--task", "  "], "--task is empty"),
    "expert without goal": (["run", "--task", "x", "--controller", "expert", "--out", "{}/o"], "the expert plans for"),
    "broken episode": (["replay", "{}/broken.mcap"], "broken.mcap: "),
    "cut episode": (["replay", "{}/cut.mcap"], "cut.mcap: is cut off before its header"),
    "missing episode": (["replay", "{}/none.mcap"], "none.mcap: cannot be read: No such file"),
    "no episodes": (["replay", "{}/folder"], "has no episode file"),
    "model without redecide": (["replay", "x.mcap", "--model", "y"], "--model goes with --redecide"),
    "unknown verb": (["rnu"], "there is no verb 'rnu'; did you mean 'run'?"),
    "unknown option": (["run", "--sedes", "3"], "No such option '--sedes'"),
    "unknown codebook for a task": (
        ["run", "--task", "x", "--codebook", "tabeltop"],
        "codeword: tabeltop: unknown codebook: no such file, and none of that name is shipped; did you mean 'tabletop'?",
    ),
    "robot file for a codebook": (
        ["codebook", "check", "{}/robot.yaml"],
        "robot.yaml: is a robot file, which says what a robot can do by itself; expected a codebook",
    ),
    "folder for an episode": (["episodes", "show", "{}"], "is a folder; expected an episode file, as "),
    "unknown codebook file": (["codebook", "check", "tabeltop"], "did you mean 'tabletop'?"),
    "unknown model to pull": (["models", "pull", "smollm2"], "there is no model 'smollm2'"),
    "model folder that is none": (["run", "--model", "{}/folder"], "folder"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], inputs: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inputs)
    args, says = BAD[what]
    code, out, err = call(capsys, *(arg.format(inputs) for arg in args))
    assert code == 2, err
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("codeword: ")
    assert says in lines[0]


def test_what_cannot_be_begun_leaves_no_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for folder in (tmp_path / "new", there):
        asked = ("run", "tabletop/put_in_bowl", "--adapter", "best", "--out", str(folder))
        assert call(capsys, *asked)[0] == 2
    assert sorted(tmp_path.iterdir()) == [there]


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "--debug", "run", "nowhere.yaml")
    assert code == 2
    assert "Traceback" in err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_that_parses(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    code, out, _ = call(capsys, verb, "--help")
    assert code == 0
    example = re.search(r"Example: codeword (\S+)", out)
    assert example is not None
    assert example.group(1) == verb


def test_run_prints_the_keys_that_scripts_rely_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out_dir = tmp_path / "out"
    args = ["run", "tabletop/put_in_bowl", "--controller", "random", "--seeds", "2", "--json", "--out", str(out_dir)]
    code, out, _ = call(capsys, *args)
    data = json.loads(out)
    assert code == (0 if data["success"] == 2 else 1)
    assert {
        "episodes", "success", "rate", "wilson95", "decisions", "invalid_commands", "refused_commands",
        "budget_misses", "decision_ms", "by_scenario", "controller", "model", "adapter", "out",
    } <= data.keys()  # fmt: skip
    assert set(data["decision_ms"]) == {"p50", "p95", "p99"}
    by_scenario = data["by_scenario"]["put_in_bowl"]
    assert (by_scenario["episodes"], by_scenario["success"]) == (2, data["success"])
    assert by_scenario["credit"] == data["credit"]
    assert data["success"] / 2 <= data["credit"] <= 1
    assert data["damage"].keys() == {"fallen", "bumps"}
    assert sorted(path.name for path in out_dir.iterdir()) == [
        "put_in_bowl-0.mcap",
        "put_in_bowl-1.mcap",
        "report.html",
        "results.csv",
        "results.parquet",
    ]
    code, out, _ = call(capsys, "replay", str(out_dir), "--redecide", "--json")
    told = {"episodes": 2, "identical": 2, "differences": [], "unfinished": [], "exit": 0, "uncompared": {}}
    found = json.loads(out)
    assert (code, {name: found[name] for name in told}) == (0, told)
    assert [decided["same"] for decided in found["redecided"]] == [len(d["decisions"]) for d in found["redecided"]]


def test_a_reached_goal_exits_0_and_a_missed_one_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = call(capsys, "run", "tabletop/stack_two", "--controller", "expert", "--out", str(tmp_path / "a"))
    assert code == 0
    assert "all goals reached" in out
    args = ["run", "tabletop/stack_three", "--controller", "random", "--no-film", "--out", str(tmp_path / "b")]
    code, out, _ = call(capsys, *args)
    assert code == 1
    assert "not all goals reached" in out


def test_a_user_project_with_its_own_sim_and_runtime_uses_codeword(tmp_path: Path) -> None:
    """Folders called like ours do not collide with what is installed; their robot class runs from the command line."""
    for name in ("sim", "runtime", "codebook"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("MINE = True\n")
    (tmp_path / "my_robot.py").write_text(
        "import sim, runtime\n"
        "from codeword.sim import SimRobot, WorldSpec\n"
        "assert sim.MINE and runtime.MINE\n"
        "class Robot(SimRobot):\n"
        "    def __init__(self, codebook):\n"
        "        super().__init__(codebook, WorldSpec(blocks=['red'], bowls=['yellow']), seed=1)\n"
    )
    command = [str(Path(sys.executable).parent / "codeword"), "run", "--task", "put red in the bowl", "--json"]
    command += ["--controller", "random", "--robot", "my_robot:Robot", "--out", "out"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "nothing says that it was done"
    data = json.loads(done.stdout)
    assert (data["episodes"], data["judged"], data["rate"], data["broken"]) == (1, 0, None, 0), done.stderr
    command = [str(Path(sys.executable).parent / "codeword"), "replay", "out", "--redecide", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["identical"]) == (0, 1), done.stderr


def test_a_codebook_for_another_robot_is_refused_before_it_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    args = ["run", "--task", "x", "--codebook", "mobile", "--controller", "random", "--out", str(tmp_path)]
    code, _, err = call(capsys, *args)
    assert code == 2
    assert "is for the robot 'base', and the simulated one is an arm: it cannot dock, drive," in err
    assert not list(tmp_path.glob("*.mcap"))


def test_one_broken_file_does_not_keep_the_others_from_being_replayed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, expert_episode: Path
) -> None:
    (tmp_path / "good.mcap").write_bytes(expert_episode.read_bytes())
    (tmp_path / "empty.mcap").write_bytes(b"")
    (tmp_path / "cut.mcap").write_bytes(expert_episode.read_bytes()[:30_000])
    code, out, err = call(capsys, "replay", str(tmp_path))
    assert code == 2
    assert "1 of 2 episodes identical" in out
    assert "cut.mcap: ends without a verdict" in out
    assert "empty.mcap: is cut off before its header" in err


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a b", ""])
def test_a_scenario_cannot_name_a_file_elsewhere(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"scenario: {json.dumps(name)}\ncodebook: tabletop\ntask: t\nworld: {{blocks: [red]}}\n")
    code, _, err = call(capsys, "run", str(path), "--controller", "random", "--out", str(tmp_path / "o"))
    assert code == 2
    assert "s.yaml:1:11: scenario: String should match pattern" in err


def test_a_run_that_is_killed_leaves_a_file_up_to_the_cut(tmp_path: Path) -> None:
    from codeword.runtime.recording import read_episode

    command = [sys.executable, "-m", "codeword.runtime.cli", "run", "tabletop/sort_into_bowls", "--controller"]
    command += ["expert", "--no-film", "--out", str(tmp_path)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path = tmp_path / "sort_into_bowls-0.mcap"
    try:
        while running.poll() is None and (not path.exists() or path.stat().st_size < 9_000):
            pass
    finally:
        running.kill()
        running.wait()
    episode = read_episode(path)
    assert episode.header.scenario == "sort_into_bowls"
    assert episode.steps or episode.whole


def test_the_help_of_run_shows_every_option_below_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "run", "--help")
    assert code == 0
    headings = [line.removesuffix(":") for line in said.splitlines() if line.endswith(":") and line[:1].isalpha()]
    assert headings == [*SECTIONS, "Options"]
    assert said.split("\nOptions:\n")[1].startswith("  -h, --help ")
    for options in SECTIONS.values():
        assert all(said.count(f"  {option.opts[0]} ") == 1 for option in options)
