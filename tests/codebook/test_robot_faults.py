"""A user's own robot that does something wrong is told what, where and what would be right, in one line."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from codeword.codebook import Entity, Fact, Outcome, PrimitiveRobot, parse_codebook, read_command
from codeword.codebook.errors import RobotError
from codeword.codebook.robot import Motion
from codeword.runtime.faults import in_one_line

BOOK = """
codebook: lamp
robot: {robot: lamp, primitives: {set_level: {description: sets it, args: {level: {number: {min: 1, max: 5}}}}}}
entities: [site]
facts:
  in_view(site): the site is seen
skills:
  glow: {description: light up, args: {level: {integer: {min: 1, max: 5}}}, steps: [set_level: {level: $level}]}
  done: {description: the end}
  cannot: {description: no way, args: {reason: {choice: [missing]}}}
"""
GLOW = '{"skill":"glow","level":3}'


class Lamp(PrimitiveRobot):
    """A lamp that is right."""

    tick_s = 0.001
    held = 0

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        return [Entity(id="dock", kind="site")], [Fact("in_view", ("dock",))]

    def perform(self, name: str, args: Mapping[str, Any]) -> Motion:
        del name, args
        yield
        return Outcome(True)

    def hold(self) -> None:
        self.held += 1


def glowing(robot: Lamp) -> str:
    return robot.execute(read_command(robot.codebook, GLOW)).result().status


def test_a_robot_that_is_right_is_as_it_was() -> None:
    robot = Lamp(parse_codebook(BOOK))
    assert glowing(robot) == "done"
    assert [entity.id for entity in robot.observe().entities] == ["dock"]


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (None, r"^test_robot_faults\.py:\d+: .*Broken\.look gave None; expected things and facts: "),
        (([], [], []), r"gave \(\[\], \[\], \[\]\); expected things and facts"),
        ((["dock"], []), "has 'dock' among its things"),
        (([], ["in_view(dock)"]), r"has 'in_view\(dock\)' among its facts"),
        (([], [Fact("in_vew", ("dock",))]), "tells of 'in_vew', a fact that codebook 'lamp' has not; .*'in_view'"),
        (([Entity(id="dock", kind="sites")], []), "tells of 'sites', a kind of thing that codebook .*'site'"),
    ],
)
def test_what_is_no_look_is_told(seen: Any, why: str) -> None:
    class Broken(Lamp):
        def look(self) -> Any:
            return seen

    with pytest.raises(RobotError, match=why) as told:
        Broken(parse_codebook(BOOK)).observe()
    assert "\n" not in str(told.value)


def test_facts_of_another_codebook_are_let_be() -> None:
    class Other(Lamp):
        def look(self) -> Any:
            return [Entity(id="dock", kind="site")], [Fact("charged", ())]

    assert Other(parse_codebook(BOOK)).observe().facts == (Fact("charged", ()),)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, r"^test_robot_faults\.py:\d+: .*Broken\.perform ended 'set_level' with None and not with an Outcome; "),
        (True, "ended 'set_level' with True and not with an Outcome; expected `return Outcome"),
    ],
)
def test_a_primitive_that_ends_without_an_outcome_is_told(given: Any, why: str) -> None:
    class Broken(Lamp):
        def perform(self, name: str, args: Mapping[str, Any]) -> Any:
            del name, args
            yield
            return given

    robot = Broken(parse_codebook(BOOK))
    with pytest.raises(RobotError, match=why):
        glowing(robot)
    assert robot.observe().last is not None
    assert robot.held == 1


def test_a_primitive_that_is_no_generator_is_told() -> None:
    class Broken(Lamp):
        def perform(self, name: str, args: Mapping[str, Any]) -> Any:
            del name, args
            return Outcome(True)

    with pytest.raises(
        RobotError, match=r"gave .*Outcome.* for 'set_level' and is to be a generator: `yield` once a tick"
    ):
        glowing(Broken(parse_codebook(BOOK)))


def test_what_a_robot_raises_is_told_with_its_place(tmp_path: Any) -> None:
    code = tmp_path / "my_lamp.py"
    code.write_text(
        "from codeword.codebook import Entity\n\n\ndef look():\n    return Entity(id='Alice', kind='site')\n\n\n"
        "def burn():\n    raise ValueError('motor 3 is hot\\nand smells')\n"
    )
    namespace: dict[str, Any] = {}
    exec(compile(code.read_text(), str(code), "exec"), namespace)
    for name, told in (
        (
            "look",
            "my_lamp.py:5: Entity: id: 'Alice' is no id (lower-case letters, digits and _); expected 'alice'",
        ),
        ("burn", "my_lamp.py:9: ValueError: motor 3 is hot"),
    ):
        with pytest.raises(ValueError) as raised:
            namespace[name]()
        line = in_one_line(raised.value)
        assert line.startswith(told)
        assert "\n" not in line


def _raised(call: Any) -> BaseException:
    with pytest.raises(ValueError) as raised:
        call()
    return raised.value
