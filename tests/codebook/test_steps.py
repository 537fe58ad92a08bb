"""The step interpreter, over primitives that keep a diary and do as they are told."""

from collections.abc import Mapping

import pytest

from codeword.codebook import (
    Codebook,
    Entity,
    Fact,
    Motion,
    Observation,
    Outcome,
    Value,
    load_codebook,
    make_command,
    parse_codebook,
)
from codeword.codebook.steps import carry_out
from tests.observations import observe

HEAD = """\
codebook: steps
robot: arm
entities: [block]
facts:
  held(a): a is held
properties: {}
skills:
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
  go:
    description: go
    args:
      object: {entity: block}
      n: {number: {min: -1, max: 1, step: 0.05}, default: 0.5}
      mode: {choice: [a, b], default: a}
      things: {list: block, min: 1, max: 3}
    steps:
"""


class Diary:
    """Notes each primitive; those named in `failing` fail so many times first. `open_gripper` lets go, closing grasps."""

    def __init__(self, **failing: int) -> None:
        self.failing = failing
        self.lines: list[str] = []
        self.held = False

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        self.lines.append(
            f"{name} {' '.join(f'{value:g}' if isinstance(value, float) else str(value) for value in args.values())}".strip()
        )
        yield
        if self.failing.get(name, 0):
            self.failing[name] -= 1
            return Outcome(False, f"{name}_failed")
        self.held = name == "close_gripper" or (self.held and name != "open_gripper")
        return Outcome(True)

    def observe(self) -> Observation:
        red = Entity(id="red", kind="block", position_m=(0.5, -0.1, 0.02), size_m=(0.04, 0.06, 0.05))
        facts = (Fact("held", ("red",)),) if self.held else ()
        return Observation(step=0, time_s=0.0, entities=(red, Entity(id="blue", kind="block")), facts=facts)


def play(steps: str, diary: Diary | None = None, skill: str = "go", **args: Value) -> tuple[Outcome, list[str]]:
    diary = diary or Diary()
    lines = "".join(f"      {line}\n" for line in steps.strip().splitlines())
    codebook = parse_codebook(HEAD + lines)
    given = {"object": "red", "things": ["red", "blue"], **args}
    command = make_command(codebook, skill, given if skill == "go" else args)  # type: ignore[arg-type]
    motion = carry_out(codebook, command, diary, diary.observe)
    while True:
        try:
            next(motion)
        except StopIteration as end:
            return end.value, diary.lines


def test_steps_run_in_order_with_arguments_and_defaults() -> None:
    steps = "- open_gripper\n- move_above: {entity: $object, height_m: 0.1}\n- close_gripper"
    assert play(steps) == (Outcome(True), ["open_gripper", "move_above red 0.1", "close_gripper 20"])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$n", "0.5"), ("$n / 2 + 0.01", "0.26"), ("2 * ($n - 0.2) * 0.5", "0.3"), ("-$object.y_m", "0.1"),
        ("$object.x_m - $object.width_m / 2", "0.47"), ("$object.height_m + $object.length_m", "0.09"),
    ],
)  # fmt: skip
def test_numbers_are_computed_from_arguments_and_from_where_things_are(expression: str, value: str) -> None:
    assert play(f'- wait: {{duration_s: "{expression}"}}')[1] == [f"wait {value}"]


@pytest.mark.parametrize(
    ("expression", "reason", "says"),
    [
        ("$n / 0", "no_value", "division by zero"),
        ("$n - 1", "out_of_range", "'duration_s' of 'wait' would be -0.5, outside 0..60"),
        ("1000 * $n", "out_of_range", "would be 500"),
    ],
)
def test_a_number_that_cannot_be_fails_before_anything_moves(expression: str, reason: str, says: str) -> None:
    outcome, lines = play(f'- wait: {{duration_s: "{expression}"}}')
    assert (outcome.ok, outcome.reason, lines) == (False, reason, [])
    assert says in outcome.message


def test_a_field_that_is_not_seen_fails() -> None:
    outcome, _ = play('- wait: {duration_s: "$object.x_m"}', object="blue")
    assert (outcome.reason, "x_m of 'blue' is not seen" in outcome.message) == ("no_value", True)


def test_ways_part_by_what_is_seen_when_the_step_is_reached() -> None:
    steps = """
- if: held(object)
  then: [open_gripper]
  else: [close_gripper]
- if: held(object) and mode == b
  then:
    - wait: {duration_s: 1}
"""
    assert play(steps)[1] == ["close_gripper 20"]
    assert play(steps, mode="b")[1] == ["close_gripper 20", "wait 1"]


def test_a_repeat_ends_when_its_condition_holds_and_fails_when_it_never_does() -> None:
    steps = "- repeat: 3\n  until: held(object)\n  steps:\n    - rise: {distance_m: 0.1}\n    - close_gripper"
    assert play(steps)[1] == ["rise 0.1", "close_gripper 20"]
    steps = "- repeat: 3\n  until: held(object)\n  steps:\n    - rise: {distance_m: 0.1}"
    outcome, lines = play(steps)
    assert (outcome.reason, len(lines)) == ("not_reached", 3)
    assert play("- repeat: 2\n  steps: [open_gripper]")[1] == ["open_gripper"] * 2


def test_each_thing_of_a_list_is_taken_in_its_order() -> None:
    steps = "- each: $things\n  as: one\n  steps:\n    - move_above: {entity: $one, height_m: 0}"
    assert play(steps, things=["blue", "red"])[1] == ["move_above blue 0", "move_above red 0"]


def test_what_fails_is_undone_and_tried_again_and_then_given_up() -> None:
    steps = (
        "- try:\n    - rise: {distance_m: 0.1}\n    - close_gripper\n  retry: 2\n  undo: [open_gripper]\n- move_home"
    )
    outcome, lines = play(steps, Diary(close_gripper=2))
    once = ["rise 0.1", "close_gripper 20"]
    assert (outcome.ok, lines) == (True, [*once, "open_gripper", *once, "open_gripper", *once, "move_home"])
    outcome, lines = play(steps, Diary(close_gripper=9))
    assert (outcome.reason, lines[-1]) == ("close_gripper_failed", "close_gripper 20")
    assert "move_home" not in lines


def test_undo_without_retry_tidies_up_and_fails() -> None:
    outcome, lines = play("- try: [close_gripper]\n  undo: [open_gripper]", Diary(close_gripper=1))
    assert (outcome.reason, lines) == ("close_gripper_failed", ["close_gripper 20", "open_gripper"])


def test_fail_gives_up_with_its_reason() -> None:
    assert play("- fail: too_risky\n- open_gripper") == (Outcome(False, "too_risky"), [])


def test_a_skill_made_of_skills_asks_their_preconditions_again() -> None:
    showcase = load_codebook("showcase")
    seen = observe({"red_block": "table", "green_block": "red_block"}, bowls=("blue_bowl",))

    class Still(Diary):
        def observe(self) -> Observation:
            return seen

    command = make_command(showcase, "match", {"object": "red_block", "bowl": "blue_bowl"})
    diary = Still()
    motion = carry_out(showcase, command, diary, diary.observe)
    with pytest.raises(StopIteration) as end:
        while True:
            next(motion)
    assert (end.value.value.reason, diary.lines) == ("precondition", [])
    assert "'pick' needs clear(object)" in end.value.value.message


def test_trusted_code_is_called(tabletop: Codebook) -> None:
    del tabletop
    showcase = load_codebook("showcase")
    diary = Diary()
    motion = carry_out(showcase, make_command(showcase, "own_code", {}), diary, diary.observe)
    with pytest.raises(StopIteration) as end:
        while True:
            next(motion)
    assert (end.value.value, diary.lines) == (Outcome(True), ["wait 0.5", "wait 0.5"])


def test_trusted_code_that_raises_fails_its_command_and_says_what_happened() -> None:
    text = HEAD + '      - open_gripper\n  code: {description: code, call: "json:loads"}\n'
    codebook = parse_codebook(text)
    diary = Diary()
    motion = carry_out(codebook, make_command(codebook, "code", {}), diary, diary.observe)
    with pytest.raises(StopIteration) as end:
        next(motion)
    assert (end.value.value.ok, end.value.value.reason) == (False, "code_failed")
    assert end.value.value.message.startswith("json:loads: ")
