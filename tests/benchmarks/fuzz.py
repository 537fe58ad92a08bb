"""Messages with something wrong in them, to both ends of the link: neither may break, and nothing may move."""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from codeword.codebook import CommandError, load_codebook
from codeword.codebook.observation import Record, Result
from codeword.runtime.link import messages
from codeword.runtime.link.authority import About
from codeword.runtime.link.document import CHANNELS
from codeword.runtime.link.effects import Gate, Send, Start
from codeword.runtime.link.lekiwi_format import KEYS, read_observation
from codeword.runtime.link.lekiwi_format import read_command as read_lekiwi_command
from codeword.runtime.link.limits import LIMITS, MOST_BYTES, PROTOCOL
from codeword.runtime.link.machine import Machine
from codeword.runtime.link.scenario_messages import FROM_SCENARIO, TO_SCENARIO
from codeword.runtime.link.wire import read, read_from_robot, write

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, 2**64, 1e308, -1e308, "", "x" * 600, "\x00", "\ud800", [], [[]], {}, {"kind": "stop"},
    "0" * 16, "0" * 32, "wait", 0.1,
)  # fmt: skip
RAW = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 2000, b"\xff\xfe", b"\x00", b'"', b"}", b"{}")
CONTROLLER, STRANGER, SESSION = "a" * 32, "b" * 32, "1" * 16


def bench_fuzz(n: int, seed: int, on_step: Callable[[int], None]) -> dict[str, Any]:
    """Send `n` messages, half to each end. Calls `on_step` with how many were sent. Whatever breaks is raised."""
    rng = random.Random(seed)
    robot, controller = _Robot(), Counter[str]()
    templates = {name: [_template(kind) for kind in kinds] for name, kinds in CHANNELS.items()}
    to_robot, to_controller, to_scenario, from_scenario = templates.values()
    for number in range(n):
        if number % 2:
            robot.take(_spoil(rng, rng.choice(to_robot)))
        else:
            controller[_read_elsewhere(rng, to_controller, to_scenario, from_scenario)] += 1
        if number % 1000 == 999:
            on_step(1000)
    return {
        "messages": n, "seed": seed, "to_robot": dict(robot.answers), "to_others": dict(controller),
        "motions": robot.motions, "passes": robot.motions == 0,
    }  # fmt: skip


class _Robot:
    """A robot that is armed by a controller that keeps on beating, while strangers speak to it."""

    def __init__(self) -> None:
        self.book = load_codebook("tabletop")
        self.now_s, self.beats, self.motions, self.armings = 100.0, 0, 0, 0
        self.answers: Counter[str] = Counter()
        self.machine = Machine(self.book, About("fuzzed", SESSION, MOST_BYTES), Gate(), self.now_s)
        self.arm()

    def arm(self) -> None:
        self.armings += 1
        soon_ms = (self.now_s + LIMITS.hold_s) * 1000
        common: dict[str, Any] = {"session": SESSION, "controller": CONTROLLER}
        for message in (
            messages.Hello(
                id=f"h{self.armings}", protocol=PROTOCOL, controller=CONTROLLER, codebook_hash=self.book.hash
            ),
            messages.LeaseRequest(id=f"l{self.armings}", expires_at_ms=soon_ms, **common),
        ):
            self.machine.receive(self.now_s, b"c", [write(message)])
        assert self.machine.lease is not None
        epoch = self.machine.lease.epoch
        rearm = messages.Rearm(id=f"r{self.armings}", epoch=epoch, expires_at_ms=soon_ms, clear_stop=True, **common)
        self.machine.receive(self.now_s, b"c", [write(rearm)])
        assert self.machine.state == "armed", self.machine.state
        self.beats = 0

    def take(self, frames: list[bytes]) -> None:
        self.now_s += 1 / LIMITS.messages_per_s
        if self.machine.state != "armed":
            self.arm()  # a stop was among the messages: it is what a stranger may say
        self.beats += 1
        beat = messages.ControllerHeartbeat(
            session=SESSION, controller=CONTROLLER, epoch=self.machine._epoch, sequence=self.beats,
            expires_at_ms=(self.now_s + LIMITS.hold_s) * 1000,
        )  # fmt: skip
        if self.beats % 20 == 1:
            self.machine.receive(self.now_s, b"c", [write(beat)])
        effects = self.machine.receive(self.now_s, b"s", frames)
        for effect in effects:
            if isinstance(effect, Start):
                self.motions += 1
                self.machine.ended(self.now_s, effect.id, Result(command=effect.command.text, status="done"))
            if isinstance(effect, Send):
                self.answers[getattr(effect.message, "check", effect.message.kind)] += 1
        self.machine.tick(self.now_s, self.beats)


def _read_elsewhere(rng: random.Random, *templates: list[dict[str, Any]]) -> str:
    """Have one of the other parsers read a spoiled message: what it said."""
    which = rng.randrange(5)
    try:
        if which < 3:
            frames = _spoil(rng, rng.choice(templates[which]))
            if which == 0:
                read_from_robot(frames)
            elif which == 1:
                read(TO_SCENARIO, frames, MOST_BYTES)
            else:
                read(FROM_SCENARIO, frames, MOST_BYTES)
        else:
            state: dict[str, Any] = dict.fromkeys(KEYS, 1.0)
            frames = _spoil(rng, {**state, "front": "aGk="} if rng.random() < 0.5 else {"_cams": ["front"], **state})
            if which == 3:
                read_observation(frames)
            else:
                read_lekiwi_command(frames[0] if frames else b"")
    except CommandError as problem:
        return problem.check
    return "read"


def _template(kind: type[Record]) -> dict[str, Any]:
    """A message of a kind as a stranger would write it: well-formed, with tokens of its own."""
    values: dict[str, Any] = {
        "id": "x1", "session": SESSION, "controller": STRANGER, "epoch": 2, "sequence": 1, "expires_at_ms": 100_400.0,
        "time_ms": 1.0, "protocol": PROTOCOL, "codebook_hash": "0" * 64, "scenario_hash": "0" * 64, "scenario": "s",
        "text": '{"skill":"wait","duration_s":0.5}', "kind": "truth", "seed": 1, "message": "m", "check": "size",
        "reason": "r", "moving": False, "still": True, "hold": "returned", "progress_ms": 1.0,
        "state": "armed", "progress": 1, "age_ms": 0.0, "robot": "r", "codebook": "c",
        "heartbeat_ms": 1.0, "hold_ms": 1.0, "lease_ms": 1.0, "ahead_ms": 1.0, "most_bytes": 1,
        "result": {"command": "{}", "status": "done"},
        "observation": {"step": 0, "time_s": 0.0, "entities": [{"id": "a", "kind": "b"}], "facts": ["on(a,b)"]},
    }  # fmt: skip
    wanted = {name: values[name] for name, field in kind.model_fields.items() if field.is_required()}
    return {**({"kind": kind.model_fields["kind"].default} if "kind" not in wanted else {}), **wanted}


def _spoil(rng: random.Random, message: dict[str, Any]) -> list[bytes]:
    """The frames of a message with something wrong in it, or nothing."""
    message = dict(message)
    how = rng.randrange(10)
    if how in (0, 1):
        message[rng.choice(list(message))] = rng.choice(ODD)
    elif how == 2:
        del message[rng.choice(list(message))]
    elif how == 3:
        message[rng.choice(("surprise", "kind", "__proto__", "id"))] = rng.choice(ODD)
    text = json.dumps(message).encode("utf-8", "surrogatepass")
    if how == 4:
        text = text[: rng.randrange(len(text))]
    elif how == 5:
        at = rng.randrange(len(text))
        text = text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
    elif how == 6:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(RAW) + text[at:]
    elif how == 7:
        text = text[:-1] + b"," + text[1:]
    elif how == 8:
        return [text] * rng.choice((0, 2, 3))
    return [text]
