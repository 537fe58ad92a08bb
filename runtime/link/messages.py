"""Every message of the command channel: what a controller says to a robot, and what the robot says back.

All are JSON objects with a `kind`. Times of the form `..._at_ms` and `time_ms` are milliseconds on the robot's own
monotonic clock, which a controller learns from the robot's messages; no wall clock is ever sent.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from codeword.codebook.holds import HoldState
from codeword.codebook.observation import Observation, Record, Result

MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Token = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=500)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Milliseconds = Annotated[float, Field(ge=0.0, le=1e13)]

Check = Literal[
    "size", "json", "message", "protocol", "codebook", "hello", "session", "lease", "epoch", "sequence", "expired",
    "too_far", "authority", "disarmed", "stopped", "busy", "rate", "schema", "failed",
]  # fmt: skip
"""What may refuse a message."""

State = Literal["disarmed", "armed", "executing", "stopped"]


class Hello(Record):
    """The first message. `codebook_hash` is that of the controller's own copy; without one it may only look and stop.

    `controller` is a token that the controller draws at random and keeps to itself: leases are bound to it.
    """

    kind: Literal["hello"] = "hello"
    id: MessageId
    protocol: Count
    controller: Token
    name: Words = ""
    codebook_hash: Hash | None = None


class LeaseRequest(Record):
    """Ask for the lease: the right to move the robot, held by one controller at a time.

    `busy_limit_ms` is how long the controller may be at one decision before the robot is stopped.
    """

    kind: Literal["lease"] = "lease"
    id: MessageId
    session: Token
    controller: Token
    expires_at_ms: Milliseconds
    busy_limit_ms: Milliseconds | None = None


class Rearm(Record):
    """Take commands from now on, under a new epoch. Only the holder of the lease may say so.

    Until `expires_at_ms`, as a heartbeat does, it lets the robot move. A stop is ended only with `clear_stop`: somebody
    has looked, and wants the robot to move again.
    """

    kind: Literal["rearm"] = "rearm"
    id: MessageId
    session: Token
    controller: Token
    epoch: Count
    expires_at_ms: Milliseconds
    clear_stop: bool = False


class CommandRequest(Record):
    """Carry out a command, given as canonical JSON in `text`. The same `id` again asks how it stands, never for more.

    `sequence` grows from command to command within an epoch. After `expires_at_ms` it is not begun.
    """

    kind: Literal["command"] = "command"
    id: MessageId
    session: Token
    controller: Token
    epoch: Count
    sequence: Count
    expires_at_ms: Milliseconds
    text: Annotated[str, Field(max_length=8192)]


class Observe(Record):
    """Look at the world. Without the lease, while another holds it, the newest look is told, with its age."""

    kind: Literal["observe"] = "observe"
    id: MessageId
    session: Token
    controller: Token


class ControllerHeartbeat(Record):
    """Fresh authority, sent by the holder of the lease: the robot may move until `expires_at_ms`.

    `doing` says what the controller is at, `busy_ms` for how long, and `progress` grows as it gets on.
    """

    kind: Literal["heartbeat"] = "heartbeat"
    session: Token
    controller: Token
    epoch: Count
    sequence: Count
    expires_at_ms: Milliseconds
    doing: Literal["idle", "deciding", "waiting"] = "idle"
    busy_ms: Milliseconds = 0.0
    progress: Count = 0


class Stop(Record):
    """Stop now and stay stopped. Anyone who may connect may say so, before a hello too, as often as they like.

    `controller` is given by a controller that stops the robot itself: such a stop ends with its own goodbye.
    """

    kind: Literal["stop"] = "stop"
    id: MessageId
    controller: Token | None = None
    reason: Words = ""


class StandstillRequest(Record):
    """Ask whether the robot stands still. Anyone who may connect may ask, before a hello too. A robot that does not
    know this kind refuses it with `message`; whether it stands is then not known.
    """

    kind: Literal["standstill"] = "standstill"
    id: MessageId


class Goodbye(Record):
    """The controller leaves; its lease is free. The same kind from a robot says that it goes, or begins again."""

    kind: Literal["goodbye"] = "goodbye"
    session: Token
    controller: Token
    epoch: Count = 0


class Welcome(Record):
    """The answer to a hello: who the robot is, and what it holds controllers to [ms]."""

    kind: Literal["welcome"] = "welcome"
    id: MessageId
    protocol: Count
    session: Token
    time_ms: Milliseconds
    robot: Words
    codebook: Words
    codebook_hash: Hash
    primitives: tuple[Words, ...] = ()
    capabilities: tuple[Words, ...] = ()
    heartbeat_ms: Milliseconds
    hold_ms: Milliseconds
    lease_ms: Milliseconds
    ahead_ms: Milliseconds
    most_bytes: Count


class Granted(Record):
    """The lease is the controller's, under this epoch. It is disarmed until re-armed."""

    kind: Literal["granted"] = "granted"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    epoch: Count


class Armed(Record):
    """Commands are taken."""

    kind: Literal["armed"] = "armed"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    epoch: Count


class Accepted(Record):
    """The command is being carried out; its result follows."""

    kind: Literal["accepted"] = "accepted"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    sequence: Count


class Ended(Record):
    """How a command ended."""

    kind: Literal["result"] = "result"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    sequence: Count
    result: Result


class Seen(Record):
    """What was seen. `sequence` grows with every look: the newest wins. `age_ms` is how long ago the look was taken."""

    kind: Literal["observation"] = "observation"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    sequence: Count
    age_ms: Milliseconds
    observation: Observation


class RobotHeartbeat(Record):
    """Sent to every controller. `progress` grows with every tick of the loop that moves the robot.

    `running` is the id of the command under way; `reason` says why the robot is stopped.
    """

    kind: Literal["heartbeat"] = "heartbeat"
    session: Token
    time_ms: Milliseconds
    sequence: Count
    state: State
    epoch: Count
    progress: Count
    running: MessageId | None = None
    reason: Words = ""


class Stopped(Record):
    """The robot has been told to stop, and takes no command until it is re-armed.

    `moving` says that a command is under way which has not ended yet. That the robot stands is not said here: ask for
    its `standstill`.
    """

    kind: Literal["stopped"] = "stopped"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    reason: Words
    moving: bool


class Standstill(Record):
    """Whether the robot stands still: no command is under way, and it was held since it was stopped.

    `hold` says what became of holding it: it has returned, is not begun yet, has not returned, or raised what `message`
    says. `progress_ms` is how long ago the loop that moves the robot last made progress.
    """

    kind: Literal["standstill"] = "standstill"
    id: MessageId
    session: Token
    time_ms: Milliseconds
    still: bool
    hold: HoldState
    progress_ms: Milliseconds
    running: MessageId | None = None
    message: Words = ""


class Refused(Record):
    """Nothing was done. `check` names what refused it, `message` says why; `id` is empty where none was read."""

    kind: Literal["refused"] = "refused"
    id: Annotated[str, Field(max_length=64)]
    session: Token
    time_ms: Milliseconds
    check: Check
    message: Words


class Farewell(Record):
    """The robot goes, or begins a new session: whoever wants to go on says hello again."""

    kind: Literal["goodbye"] = "goodbye"
    session: Token
    reason: Words


FromController = (
    Hello | LeaseRequest | Rearm | CommandRequest | Observe | ControllerHeartbeat | Stop | StandstillRequest | Goodbye
)  # fmt: skip
FromRobot = (
    Welcome | Granted | Armed | Accepted | Ended | Seen | RobotHeartbeat | Stopped | Standstill | Refused | Farewell
)  # fmt: skip
Reply = Welcome | Granted | Armed | Accepted | Ended | Seen | Stopped | Standstill | Refused

FROM_CONTROLLER: TypeAdapter[FromController] = TypeAdapter(Annotated[FromController, Field(discriminator="kind")])
FROM_ROBOT: TypeAdapter[FromRobot] = TypeAdapter(Annotated[FromRobot, Field(discriminator="kind")])
