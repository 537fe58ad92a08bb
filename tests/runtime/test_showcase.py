"""Every feature of a codebook, carried out by the arm in simulation and judged by physics."""

from codeword.codebook import Observation, load_codebook, make_command
from codeword.codebook.command import Value
from codeword.runtime.guard import Guard
from codeword.sim import SimRobot, WorldSpec

BOOK = load_codebook("showcase")
WORLD = WorldSpec(blocks=("red", "green", "blue"), bowls=("red", "white"))


def do(robot: SimRobot, skill: str, **args: Value) -> tuple[str, str, Observation]:
    """Status, reason and what is seen after a command that passed the guard."""
    command = make_command(BOOK, skill, args)
    result = robot.execute(Guard(BOOK).check(command.text, robot.observe())).result()
    return result.status, result.reason, robot.scenario.truth()


def facts(seen: Observation) -> set[str]:
    return {str(fact) for fact in seen.facts}


def test_a_skill_made_of_skills_moves_a_block() -> None:
    robot = SimRobot(BOOK, WORLD, seed=3)
    status, _, seen = do(robot, "move", object="red_block", target="green_block", speed="fast")
    assert (status, "on(red_block,green_block)" in facts(seen)) == ("done", True)
    robot.close()


def test_a_list_is_collected_in_its_order() -> None:
    robot = SimRobot(BOOK, WORLD, seed=4)
    status, _, seen = do(robot, "collect", objects=("blue_block", "red_block"), bowl="white_bowl")
    assert status == "done"
    assert {"in(blue_block,white_bowl)", "in(red_block,white_bowl)"} <= facts(seen)
    robot.close()


def test_properties_say_what_matches() -> None:
    robot = SimRobot(BOOK, WORLD, seed=5)
    status, _, seen = do(robot, "match", object="red_block", bowl="red_bowl")
    assert (status, "in(red_block,red_bowl)" in facts(seen)) == ("done", True)
    robot.close()


def test_arithmetic_pushes_a_block_as_far_as_was_said() -> None:
    spec = WorldSpec(blocks=("red",), layout={"red_block": (0.5, 0.0, 0.0)})
    for direction, sign in (("left", 1), ("right", -1)):
        robot = SimRobot(BOOK, spec, seed=1)
        status, reason, seen = do(robot, "nudge", object="red_block", direction=direction, distance_m=0.1)
        block = seen.entity("red_block")
        assert status == "done", reason
        assert block is not None
        assert block.position_m is not None
        assert 0.05 < sign * block.position_m[1] < 0.15, block.position_m
        robot.close()


def test_what_fails_on_purpose_says_so_and_trusted_code_runs() -> None:
    robot = SimRobot(BOOK, WORLD, seed=6)
    assert do(robot, "refuse")[:2] == ("failed", "refused")
    assert do(robot, "own_code")[0] == "done"
    assert do(robot, "mark", object="red_block", shelf="C3", number=7)[0] == "done"
    assert do(robot, "stand_back")[0] == "done"
    robot.close()
