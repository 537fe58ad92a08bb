"""What a speaker took back is left out, and what is to be done first is said first."""

import pytest

from codeword.codebook import parse_codebook
from codeword.codebook.observation import Observation
from codeword.controller.rephrase import rephrased
from tests.codebook.plan_books import scene

CADDY = parse_codebook("""
codebook: caddy
robot: {robot: caddy, primitives: {act: {description: acts}}}
entities: [room, block, locker]
skills:
  sweep: {description: sweep a room, args: {room: {entity: room}}}
  take: {description: take a block, args: {block: {entity: block}}}
  open_locker: {description: open a locker, args: {locker: {entity: locker}}}
  dim: {description: dim the lights, args: {light_percent: {integer: {min: 0, max: 100, step: 5}}}}
  honk: {description: honk the horn}
  blink: {description: blink a lamp, args: {colour: {choice: [red, green, amber]}}}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")
SEEN: Observation = scene(
    hall="room", living_room="room", red_block="block", yellow_block="block", locker_1="locker", locker_2="locker",
    rack_a="locker", rack_b="locker",
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "asked"),
    [
        ("sweep the hall, no, sorry, the living room, then honk", "sweep the living room, then honk"),
        ("take the red, no wait, the yellow block", "take the yellow block"),
        ("bring the red block up here, no sorry, the yellow one, and honk", "bring the yellow one up here, and honk"),
        ("open locker 1, no, 2 I mean, and then honk", "open locker 2, and then honk"),
        ("open locker one, no, I mean the two", "open locker two"),
        ("tiles to rack A... no, rack B", "tiles to rack B"),
        ("dim to 60 percent, no, make that 45", "dim to 45 percent"),
        ("sixty - sorry, forty-five percent of light", "forty-five percent of light"),
        ("blink red... no wait, not red, amber", "blink amber"),
        ("not the hall, the living room needs sweeping", "the living room needs sweeping"),
        ("go and sweep the hall, no, sweep the living room", "go and sweep the living room"),
        ("sweep the hall no wait the living room", "sweep the living room"),
    ],
)
def test_what_was_taken_back_is_left_out(task: str, asked: str) -> None:
    assert rephrased(CADDY, task, SEEN) == asked


@pytest.mark.parametrize(
    ("task", "asked"),
    [
        ("sweep the hall, but honk first", "honk, then sweep the hall"),
        ("sweep the hall but first honk twice", "honk twice, then sweep the hall"),
        ("before you sweep the hall, honk three times", "honk three times, then sweep the hall"),
        ("honk before you sweep the hall", "honk, then sweep the hall"),
        ("before you sweep the living room honk three times", "honk three times, then sweep the living room"),
        ("before you open locker one dim to 40 percent.", "dim to 40 percent, then open locker one"),
        ("before you take the red block take the yellow block", "take the yellow block, then take the red block"),
        ("before you honk 3 times open locker 2", "open locker 2, then honk 3 times"),
        ("walk 2.5 m, but honk first.", "honk, then walk 2.5 m"),
        ("take the red block, but blink at it first", "blink at the red block, then take the red block"),
    ],
)
def test_what_is_to_be_done_first_is_said_first(task: str, asked: str) -> None:
    assert rephrased(CADDY, task, SEEN) == asked


@pytest.mark.parametrize(
    "task",
    [
        "sweep the hall, then honk",
        "no, sweep the hall",
        "sorry to bother you, could you sweep the hall?",
        "take the red block, not the yellow one",
        "honk, no lights",
        "sweep the hall, actually the living room too",
        "sweep the hall, then, sorry, the living room",
        "blink red, then take the red block, I mean it",
        "sweep the hall before you die of boredom",
        "before the guests come, sweep the hall",
        "sweep the hall, but not for long",
        "before you tire sweep the hall",
        "before you go into the hall",
        "before the guests sweep the hall honk",
        "before you sweep the big living room",
        "",
    ],
)
def test_whatever_is_not_clear_stays_as_it_is(task: str) -> None:
    assert rephrased(CADDY, task, SEEN) == task
