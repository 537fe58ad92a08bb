"""Robots in processes of their own, and a raw socket that says to them whatever a test wants said."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import zmq

from codeword.codebook import Codebook, load_codebook
from codeword.runtime.link.limits import PROTOCOL
from tests.runtime.link.patient import PATIENT

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
CART = HERE / "cart.yaml"
CREEP = '{"skill":"creep","distance_m":5.0}'
NUDGE = '{"skill":"creep","distance_m":0.1}'


@dataclass
class Served:
    """A robot that is served: where, by which process, and where the cart's notes are."""

    url: str
    process: subprocess.Popen[str]
    notes: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds the package and the tests."""
    found = [str(ROOT / ".links"), str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found)), **more}


def start(*args: str, flags: Sequence[str] = (), **more: str) -> subprocess.Popen[str]:
    """A `codeword` process, by Python with those flags."""
    command = [sys.executable, *flags, "-m", "tests.runtime.link.patient", *args]
    return subprocess.Popen(
        command, env=environment(**more), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=heed
    )


def heed() -> None:
    """Have a process that is about to start heed signals, whatever those who ran the tests ignore (nohup, a shell's &)."""
    for name in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)


@contextmanager
def served(
    *args: str, notes: Path, bind: str = "tcp://127.0.0.1:0", flags: Sequence[str] = (), **more: str
) -> Iterator[Served]:
    """`codeword serve` until the end of the block; without arguments it serves the cart."""
    what = args or ("--robot", "tests.runtime.link.cart:Cart", "--codebook", str(CART))
    process = start("serve", *what, "--bind", bind, flags=flags, **{"CART_NOTES": str(notes)} | more)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"at (tcp://\S+)", line)
        assert found is not None, line + process.stderr.read()
        yield Served(found.group(1), process, notes)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


class Raw:
    """A controller made of a bare socket: says what it is told to, byte for byte, and beats only when it is told to."""

    def __init__(
        self, url: str, codebook: Codebook | None = None, setup: Callable[[zmq.Socket[bytes]], None] = lambda _: None
    ) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        setup(self.socket)
        self.socket.connect(url)
        self.codebook = codebook or load_codebook(CART)
        self.token = secrets.token_hex(16)
        self.session, self.epoch, self.sequence, self.beats, self.offset_ms = "", 0, 0, 0, 0.0
        self.heard: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        self.socket.close(0)
        self.context.term()

    def say(self, **message: Any) -> str:
        """Send a message; what every message has is filled in where it is not given. Its id."""
        values = {"id": secrets.token_hex(4), "session": self.session, "controller": self.token, "epoch": self.epoch}
        wanted = {
            "hello": ("id", "controller"), "lease": ("id", "session", "controller"), "stop": ("id",), "standstill": ("id",),
            "rearm": ("id", "session", "controller", "epoch"), "observe": ("id", "session", "controller"),
            "command": ("id", "session", "controller", "epoch"), "heartbeat": ("session", "controller", "epoch"),
            "goodbye": ("session", "controller", "epoch"),
        }[message["kind"]]  # fmt: skip
        whole = {name: values[name] for name in wanted} | message
        self.socket.send(json.dumps(whole).encode())
        return str(whole.get("id", ""))

    def hear(self, kind: str = "", message_id: str = "", timeout_s: float = 15.0) -> dict[str, Any]:
        """The next message of a kind, or that answers an id. What comes before is kept in `heard`."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            if self.socket.poll(int(left_s * 1000) + 1):
                said: dict[str, Any] = json.loads(self.socket.recv())
                if "time_ms" in said:
                    self.offset_ms = said["time_ms"] - time.monotonic() * 1000
                self.heard.append(said)
                if (not kind or said["kind"] == kind) and (not message_id or said.get("id") == message_id):
                    return said
        raise AssertionError(f"no {kind or 'answer'} {message_id} within {timeout_s} s; heard {self.heard[-5:]}")

    def ask(self, **message: Any) -> dict[str, Any]:
        return self.hear(message_id=self.say(**message))

    def fresh_ms(self) -> float:
        """Until when authority that is given now may reach."""
        return self.at_ms(PATIENT.hold_s)

    def at_ms(self, ahead_s: float) -> float:
        return time.monotonic() * 1000 + self.offset_ms + ahead_s * 1000

    def hello(self) -> dict[str, Any]:
        said = self.ask(kind="hello", protocol=PROTOCOL, codebook_hash=self.codebook.hash)
        self.session = said["session"]
        return said

    def lease(self, **more: Any) -> dict[str, Any]:
        said = self.ask(kind="lease", expires_at_ms=self.at_ms(4), **more)
        self.epoch, self.sequence = said.get("epoch", self.epoch), 0
        return said

    def rearm(self, *, clear_stop: bool = False) -> dict[str, Any]:
        said = self.ask(kind="rearm", expires_at_ms=self.fresh_ms(), clear_stop=clear_stop)
        self.epoch, self.sequence = said.get("epoch", self.epoch), 0
        return said

    def arm(self, *, clear_stop: bool = False) -> None:
        assert self.hello()["kind"] == "welcome"
        assert self.lease()["kind"] == "granted"
        assert self.rearm(clear_stop=clear_stop)["kind"] == "armed"

    def beat(self, **more: Any) -> None:
        self.beats += 1
        self.say(**{"kind": "heartbeat", "sequence": self.beats, "expires_at_ms": self.fresh_ms()} | more)

    def order(self, text: str = CREEP, **more: Any) -> dict[str, Any]:
        """The parts of a command, not sent yet."""
        self.sequence += 1
        values = {"id": secrets.token_hex(4), "sequence": self.sequence, "expires_at_ms": self.fresh_ms(), "text": text}
        return {"kind": "command", **values, **more}

    def command(self, text: str = CREEP, **more: Any) -> dict[str, Any]:
        self.beat()
        return self.ask(**self.order(text, **more))

    def keep_on(self, duration_s: float) -> None:
        """Beat for a time."""
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            self.beat()
            time.sleep(0.05)

    def hear_beating(self, kind: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """The next message of a kind; beats meanwhile, so that the lease outlasts the wait."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.beat()
            if self.socket.poll(50):
                said = self.hear()
                if said["kind"] == kind:
                    return said
        raise AssertionError(f"no {kind} within {timeout_s} s; heard {self.heard[-5:]}")

    def until(self, state: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """The first of the robot's heartbeats from now on that says so."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            beat = self.hear("heartbeat", timeout_s=timeout_s)
            if beat["state"] == state:
                return beat
        raise AssertionError(f"never {state}; {self.heard[-3:]}")


def wait_for_port(process: "subprocess.Popen[Any]", port: int, timeout_s: float = 60.0) -> bool:
    """Wait until somebody listens at a port; False where the process that was to do so has ended.

    Looked up and not tried: to connect to a free port over and over can end in a connection with oneself.
    """
    listening = f"0100007F:{port:04X} 00000000:0000 0A"
    deadline = time.monotonic() + timeout_s
    while listening not in Path("/proc/net/tcp").read_text():
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline, f"nobody listens at port {port} after {timeout_s} s"
        time.sleep(0.05)
    return True


def free_port() -> int:
    """A port that nobody listens at, nor at the next one."""
    while True:
        with socket.socket() as probe, socket.socket() as beside:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            try:
                beside.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
