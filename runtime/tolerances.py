"""How far apart two measured numbers may be and still tell of the same behaviour.

Physics computes with floating-point numbers, and mathematical libraries choose their kernels by the processor: the same
commands in the same world end in other last digits on another processor, and contacts enlarge them. What is counted,
chosen or named has no tolerance: commands, facts, statuses, reasons, verdicts, the things that are there, their sizes.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .differences import Difference


@dataclass(frozen=True)
class Tolerance:
    """How far apart the numbers under some names may be: `most` in `unit`, and why so far.

    A number is the name's own or stands in a list under it. Of angles (`turn`) whole turns count nothing. People are
    told the number times `scale`, in `told`.
    """

    names: frozenset[str]
    most: float
    unit: str
    told: str
    scale: float
    why: str
    turn: bool = False

    def apart(self, one: float, other: float) -> float:
        """How far apart two numbers are, in `unit`."""
        if self.turn:
            return abs(math.remainder(one - other, math.tau))
        return abs(one - other)

    def in_words(self, number: float) -> str:
        """A number as people are told it: `5 mm`."""
        told = number * self.scale
        return f"{told:.{2 if told < 10 else 3}g}{'' if self.told == '°' else ' '}{self.told}"


TOLERANCES = (
    Tolerance(
        frozenset({"position_m", "gripper_to_world_m"}), 0.005, "m", "mm", 1000.0,
        "seen between processors: at most 1.4 mm, where things are pushed or dropped; a block is 40 mm wide: what "
        "rests on what is no matter of 5 mm",
    ),
    Tolerance(
        frozenset({"gripper_opening_m"}), 0.015, "m", "mm", 1000.0,
        "seen between processors: 11 mm at most, while a block slips out of the hand, 0.7 mm else; around a block it "
        "is 40 mm, and whether the hand holds one is a fact",
    ),
    Tolerance(
        frozenset({"yaw_rad", "joints_rad"}), 0.1, "rad", "°", math.degrees(1.0),
        "seen between processors: 0.04 rad at most; at 0.1 rad the corner of a block is 3 mm elsewhere",
        turn=True,
    ),
    Tolerance(
        frozenset({"time_s", "duration_s", "simulated_s"}), 0.25, "s", "ms", 1000.0,
        "seen between processors: 1 tick of physics (1/240 s) where things are carried and 24 where they are pushed; "
        "the clock adds up what each command took, which is seconds",
    ),
    Tolerance(
        frozenset({"peak_n"}), 5.0, "N", "N", 1.0,
        "seen between processors: 1.8 N at most; a contact's peak lasts for one tick",
    ),
)  # fmt: skip
"""Every tolerance there is. They are wide beside what processors make differ, and narrow beside what a command does."""

BY_KERNELS = ("key", "logprob", "choices", "sureness", "considered")
"""What of a decision may be another where the same model computes with other kernels (`profile` in a header): its key
names them, and probabilities follow their rounding. It is not compared then; the command always is.
"""

_MEASURED = ("observation.", "result.", "verdict.", "events[")
"""Where measured numbers stand: not in codebooks, commands or decisions, whose numbers are chosen."""


def tolerance_of(path: str) -> Tolerance | None:
    """The tolerance of a field by its path, as `observation.entities[0].position_m[2]`; None for what must be equal."""
    if not path.startswith(_MEASURED):
        return None
    return next((tolerance for tolerance in TOLERANCES if _name(path) in tolerance.names), None)


def is_alike(found: Difference) -> bool:
    """Whether a difference is one of measured numbers within their tolerance."""
    tolerance = tolerance_of(found.field)
    if tolerance is None or not (_is_number(found.logged) and _is_number(found.now)):
        return False
    return tolerance.apart(found.logged, found.now) <= tolerance.most


def apart(differences: Iterable[Difference]) -> dict[str, float]:
    """Of numbers within their tolerances, how far apart those of each name are at most [the unit in the name]."""
    most: dict[str, float] = {}
    for one in differences:
        tolerance = tolerance_of(one.field)
        if tolerance is not None and is_alike(one):
            name = _name(one.field)
            most[name] = max(most.get(name, 0.0), tolerance.apart(one.logged, one.now))
    return most


def apart_in_words(most: Mapping[str, float]) -> str:
    """The same for people, by unit: `0.39 mm, 0.84°`; empty where every number is equal."""
    far: dict[Tolerance, float] = {}
    for tolerance in TOLERANCES:
        found = [most[name] for name in tolerance.names if name in most]
        like = next((one for one in far if one.told == tolerance.told), tolerance)
        if found:
            far[like] = max([far.get(like, 0.0), *found])
    return ", ".join(tolerance.in_words(number) for tolerance, number in far.items())


def allowed() -> str:
    """Every tolerance in words: `5 mm of position, …`."""
    told = []
    for tolerance in TOLERANCES:
        *names, last = sorted(name.rpartition("_")[0].replace("_", " ") for name in tolerance.names)
        of = f"{', '.join(names)} and {last}" if names else last
        told.append(f"{tolerance.in_words(tolerance.most)} of {of}")
    return ", ".join(told)


def is_same_processor(recorded: str, here: str) -> bool:
    """Whether numbers can be compared bit by bit. A file from before processors were recorded names none."""
    return bool(recorded) and recorded == here


def _name(path: str) -> str:
    return re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
