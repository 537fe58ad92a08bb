"""The verbs of the link: the same episodes as in-process, connect without sending, keys, and errors in one line."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeword.codebook import InputError
from codeword.codebook.observation import Record
from codeword.runtime.link.keys import Keys
from codeword.runtime.recording import read_episode
from tests.runtime.link.cart import moved_at
from tests.runtime.link.processes import CART, Raw, Served, environment, free_port, served
from tests.runtime.test_cli import call


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served("tabletop/slip_on_the_way", "disturbed/noisy_looks", notes=tmp_path_factory.mktemp("s") / "n") as one:
        yield one


def essence(file: Path) -> tuple[object, ...]:
    """All of an episode but what it took."""
    episode = read_episode(file, pictures=False)
    steps = [(s.observation, s.decision.essence() if s.decision else None, s.command, s.result) for s in episode.steps]
    verdict: Record | None = episode.verdict
    return steps, verdict, episode.events


@pytest.mark.parametrize("controller", ["expert", "random"])
def test_a_run_over_the_link_gives_the_same_episodes_seed_by_seed(
    capsys: pytest.CaptureFixture[str], sim: Served, tmp_path: Path, controller: str
) -> None:
    """With a slip and noisy looks in them: what a look or a tick changes would be seen."""
    run = ["run", "tabletop/slip_on_the_way", "disturbed/noisy_looks", "--seeds", "2", "--controller", controller]
    here, there = tmp_path / "here", tmp_path / "there"
    call(capsys, *run, "--no-film", "--out", str(here))
    call(capsys, *run, "--no-film", "--out", str(there), "--robot", sim.url)
    files = sorted(path.name for path in here.glob("*.mcap"))
    assert len(files) == 4
    for name in files:
        assert essence(there / name) == essence(here / name), name


def test_a_clock_that_goes_on_is_refused_in_words(
    sim: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "tabletop/slip_on_the_way", "--controller", "expert", "--clock", "500ms", "--robot", sim.url]
    code, _, wrong = call(capsys, *run, "--out", str(tmp_path / "o"))
    assert code == 2
    assert "over a link the world waits for decisions" in wrong
    assert "run it with --clock paused" in wrong


def test_pictures_come_over_the_scenario_channel(
    sim: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = [
        "run",
        "tabletop/slip_on_the_way",
        "--controller",
        "expert",
        "--robot",
        sim.url,
        "--out",
        str(tmp_path / "o"),
    ]
    call(capsys, *run)
    episode = read_episode(next((tmp_path / "o").glob("*.mcap")))
    assert len(episode.pictures) >= 3
    assert all(jpeg.startswith(b"\xff\xd8") for _, jpeg in episode.pictures)


def test_a_scenario_that_the_other_side_lacks_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], sim: Served, tmp_path: Path
) -> None:
    _, _, wrong = call(
        capsys,
        "run",
        "tabletop/stack_two",
        "--controller",
        "expert",
        "--robot",
        sim.url,
        "--out",
        str(tmp_path / "o"),
        "--json",
    )
    del wrong
    row = (tmp_path / "o" / "results.csv").read_text()
    assert "no scenario 'stack_two' is served here" in row


def test_readonly_and_dry_run_send_nothing_that_moves_the_robot(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with served(notes=tmp_path / "notes") as cart:
        code, told, _ = call(capsys, "connect", cart.url, "--codebook", str(CART), "--readonly", "--looks", "1")
        assert code == 0
        assert "mark_0 (mark)" in told
        assert "at(mark_0)" in told
        args = ["connect", cart.url, "--codebook", str(CART), "--task", "go to mark 1", "--controller", "random"]
        code, told, _ = call(capsys, *args, "--dry-run")
        assert code == 0
        assert "would send: {" in told
        code, told, _ = call(capsys, *args, "--dry-run", "--json")
        assert (code, json.loads(told)["refused"]) == (0, "")
        assert json.loads(told)["would_send"]["skill"]
        look = ["connect", cart.url, "--codebook", str(CART), "--readonly", "--looks", "1", "--json"]
        [seen] = json.loads(call(capsys, *look)[1])["looks"]
        assert {entity["id"] for entity in seen["entities"]} >= {"mark_0", "mark_1"}
        assert moved_at(cart.notes) == []
        with Raw(cart.url) as raw:
            raw.hello()
            assert raw.until("disarmed")["epoch"] == 0, "nobody asked for the lease"


def test_connect_drives_and_leaves_the_robot_disarmed_and_rearm_clears_a_stop(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with served(notes=tmp_path / "notes") as cart:
        drive = [
            "connect",
            cart.url,
            "--codebook",
            str(CART),
            "--task",
            "go",
            "--controller",
            "random",
            "--decisions",
            "1",
        ]
        code, told, _ = call(capsys, *drive, "--out", str(tmp_path / "e.mcap"))
        assert code in (0, 1)
        assert "ended: " in told
        assert read_episode(tmp_path / "e.mcap", pictures=False).steps
        code, told, _ = call(capsys, *drive, "--json", "--out", str(tmp_path / "f.mcap"))
        over = json.loads(told)
        assert (over["decisions"], over["carried_out"]) == (1, code == 0)
        assert read_episode(Path(over["episode"]), pictures=False).steps
        code, told, _ = call(capsys, "stop", cart.url, "--json")
        assert (code, json.loads(told)["stopped"]) == (0, True)
        code, _, wrong = call(capsys, *drive)
        assert code == 2
        assert "the robot is stopped (codeword stop)" in wrong
        assert call(capsys, "connect", cart.url, "--codebook", str(CART), "--rearm")[0] == 0
        assert call(capsys, *drive)[0] in (0, 1)


def test_keys_are_for_their_owner_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    for name in ("robot", "laptop"):
        assert call(capsys, "keys", "new", name, "--keys", str(folder))[0] == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(("robot.key", "robot.secret", "laptop.key", "laptop.secret"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    listed = json.loads(call(capsys, "keys", "list", "--keys", str(folder), "--json")[1])["keys"]
    assert [(key["name"], key["secret"], key["revoked"]) for key in listed] == [
        ("laptop", True, False),
        ("robot", True, False),
    ]
    assert call(capsys, "keys", "revoke", "laptop", "--keys", str(folder))[0] == 0
    assert Keys(folder).let_in() == frozenset()
    (folder / "robot.secret").chmod(0o644)
    with pytest.raises(InputError, match=r"robot.secret: others can read this secret key; chmod 600"):
        Keys(folder)._secret("robot")


BAD = {
    "no loopback": (["serve", "--bind", "tcp://0.0.0.0:0"], "without keys only loopback is bound (tcp://127.0.0.1:0)"),
    "no loopback of IPv6": (
        ["serve", "--bind", "tcp://[::]:0"],
        "tcp://[::]:0: without keys only loopback is bound (tcp://[::1]:0)",
    ),
    "IPv6 without brackets": (["stop", "tcp://::1:5601"], "expected tcp://[::1]:port"),
    "remote IPv6 without keys": (["stop", "tcp://[2001:db8::1]:5555"], "needs keys"),
    "no address": (
        ["serve", "--bind", "ipc://x"],
        "'ipc://x' is no address of a robot; expected tcp://host:port",
    ),
    "port": (["stop", "tcp://127.0.0.1:99999"], "is no address"),
    "no robot there": (["stop", "tcp://127.0.0.1:{port}", "--timeout", "0.3"], "nobody listens at that address"),
    "remote without keys": (["stop", "tcp://192.0.2.1:5555"], "needs keys"),
    "codebook alone": (["serve", "--robot", "a:B"], "--robot a:B goes with --codebook FILE"),
    "class that is none": (["serve", "--robot", "json:dumps", "--codebook", "tabletop"], "dumps has no observe"),
    "class that raises": (
        [
            "serve",
            "--robot",
            "tests.runtime.link.jumpy:Unmakeable",
            "--codebook",
            str(CART),
            "--bind",
            "tcp://127.0.0.1:0",
        ],
        "could not be made: OSError: no such port",
    ),
    "keys not there": (["serve", "--keys", "{tmp}/none"], "none: no folder of keys: No such file"),
    "key name": (["keys", "new", "../x", "--keys", "{tmp}"], "'../x' cannot name a key"),
    "unknown key": (["keys", "revoke", "x", "--keys", "{tmp}"], "has no key 'x'"),
    "robot url": (["run", "--robot", "tcp://host"], "'tcp://host' is no address of a robot"),
    "nobody to run on": (
        ["run", "tabletop/put_in_bowl", "--controller", "expert", "--robot", "tcp://127.0.0.1:{port}"],
        "nobody listens at that address",
    ),
    "no task": (["connect", "tcp://127.0.0.1:1", "--codebook", "tabletop"], '--task "…" is what the robot is to do'),
    "wrong kind": (["run", "--robot", "lekiwi://h", "tabletop/put_in_bowl"], "this one is a LeKiwi: it cannot"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    args, says = BAD[what]
    code, told, wrong = call(capsys, *(arg.format(port=free_port(), tmp=tmp_path) for arg in args))
    assert (code, told) == (2, "")
    assert len(wrong.strip().splitlines()) == 1, wrong
    assert says in wrong
    assert not (tmp_path / "episodes").exists()


def test_ctrl_c_ends_a_served_robot_tidily(tmp_path: Path) -> None:
    import signal

    with served(notes=tmp_path / "notes") as cart, Raw(cart.url) as raw:
        raw.arm()
        raw.command()
        raw.keep_on(0.2)
        cart.process.send_signal(signal.SIGINT)
        assert raw.hear("goodbye")["reason"] == "the robot's side was ended"
        assert cart.process.wait(10) == 0
        assert moved_at(cart.notes)[-1] < time.monotonic()


def test_the_stand_in_is_driven_by_run(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "codeword.runtime.cli"]
    env = {**environment(), "CODEWORD_CACHE": os.environ.get("CODEWORD_CACHE", str(tmp_path))}
    host = subprocess.Popen(
        [*command, "serve", "--robot", "lekiwi-stand-in", "--bind", f"tcp://127.0.0.1:{port}"],
        env=env, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert host.stderr is not None
        assert "it has no keys" in host.stderr.readline()
        args = [
            "connect",
            f"lekiwi://127.0.0.1:{port}",
            "--codebook",
            "lekiwi",
            "--task",
            "move",
            "--controller",
            "random",
        ]
        done = subprocess.run(
            [*command, *args, "--decisions", "2"], env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        assert "ended: " in done.stdout
    finally:
        host.terminate()
        host.communicate()


def test_a_stop_word_stops_the_robot_at_the_other_end_and_keeps_it_stopped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "stopped.mcap"
    with served(notes=tmp_path / "notes") as cart:
        args = ["connect", cart.url, "--codebook", str(CART), "--controller", "random", "--decisions", "2"]
        code, told, _ = call(capsys, *args, "--task", "Halt!", "--dry-run")
        assert (code, told) == (0, "would stop the robot: 'Halt!' is a stop word\n")
        with Raw(cart.url) as raw:
            raw.hello()
            assert raw.until("disarmed")["reason"] != "its controller was told to stop"
        code, told, _ = call(
            capsys, *args, "--task", "Halt!", "--rearm", "--model", "no-such-model", "--out", str(file)
        )
        assert code == 1
        assert "ended: stopped" in told
        assert "'Halt!' is a stop word" in told
        assert moved_at(cart.notes) == []
        verdict = read_episode(file).verdict
        assert verdict is not None
        assert verdict.ended == "stopped"
        code, _, wrong = call(capsys, *args, "--task", "go to mark 1")
        assert code == 2
        assert "stopped" in wrong
        assert moved_at(cart.notes) == []
