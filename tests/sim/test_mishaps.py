"""Looks that go wrong: late, noisy, with something hidden; and what the judge sees all the same."""

from collections.abc import Callable

from codeword.codebook.command import Command
from codeword.codebook.facts import Fact
from codeword.sim.robot import SimRobot

Start = Callable[..., SimRobot]
Make = Callable[..., Command]
WORLD = {"blocks": ["red", "green"], "bowls": ["yellow"]}
HOLDING = Fact("holding", ("red_block",))


def test_a_late_look_shows_the_world_as_it_was_before(start: Start, command: Make) -> None:
    robot = start(0, [{"after": "pick", "do": "late", "times": 2}], **WORLD)
    before = robot.observe()
    robot.execute(command("pick", object="red_block")).result()
    for _ in range(2):
        late = robot.observe()
        assert (late.facts, late.entities) == (before.facts, before.entities)
        assert late.last is not None
        assert late.last.status == "done", "the robot knows its own last command"
        assert HOLDING in robot.scenario.truth().facts, "the judge is not deceived"
    assert HOLDING in robot.observe().facts


def test_what_is_hidden_is_neither_seen_nor_told_of(start: Start, command: Make) -> None:
    robot = start(0, [{"after": "wait", "do": "hide", "entity": "green_block"}], **WORLD)
    robot.execute(command("wait", duration_s=0.5)).result()
    hidden = robot.observe()
    assert hidden.entity("green_block") is None
    assert not any("green_block" in fact.args for fact in hidden.facts)
    assert robot.scenario.truth().entity("green_block") is not None
    assert robot.observe().entity("green_block") is not None


def test_a_noisy_look_is_off_and_misses_a_fact_the_same_way_for_the_same_seed(start: Start, command: Make) -> None:
    def looks(seed: int) -> list[str]:
        robot = start(seed, [{"after": "wait", "do": "noise", "times": 2}], **WORLD)
        robot.execute(command("wait", duration_s=0.5)).result()
        truth = robot.truth()
        seen = [robot.observe() for _ in range(3)]
        for look in seen[:2]:
            assert len(look.facts) == len(truth.facts) - 1
            for entity, true in zip(look.entities, truth.entities, strict=True):
                if true.kind == "block" and entity.position_m and true.position_m:
                    off_m = [abs(a - b) for a, b in zip(entity.position_m, true.position_m, strict=True)]
                    assert 0 < max(off_m) <= 0.02
        assert seen[2] == truth
        return [look.model_dump_json() for look in seen]

    assert looks(3) == looks(3)
    assert looks(3) != looks(4)


def test_a_gripper_jams_as_often_as_it_is_told_to(start: Start, command: Make) -> None:
    robot = start(0, [{"at_s": 0.0, "do": "jam", "times": 2}], **WORLD)
    results = [robot.execute(command("pick", object="red_block")).result().status for _ in range(3)]
    assert results == ["failed", "failed", "done"]


def test_what_was_moved_is_seen_where_it_now_is_at_once(start: Start, command: Make) -> None:
    events = [{"after": "place", "do": "move", "entity": "red_block", "to_zone": "left"}]
    robot = start(0, events, blocks=["red", "green"], zones=["left"])
    robot.execute(command("pick", object="red_block")).result()
    robot.execute(command("place", object="red_block", target="green_block")).result()
    assert Fact("on", ("red_block", "left_zone")) in robot.observe().facts
