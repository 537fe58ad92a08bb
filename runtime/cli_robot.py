"""`codeword robot`: a robot of one's own is brought up."""

import inspect
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import click

from codeword.codebook import Codebook, Command, Observation, Robot, load_codebook
from codeword.codebook.action_space import legal
from codeword.codebook.errors import RobotError
from codeword.codebook.primitive_robot import PrimitiveRobot
from codeword.codebook.transition import unshown_effects

from .episode import check_observation
from .faults import in_one_line
from .robots import check_robot_name, make_robot
from .signals import raised
from .terminal import out, print_json

SLOW_LOOK_S = 0.1
"""A look that takes longer holds decisions up."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: whether it is right, wrong, or worth knowing, and what there is to say."""

    what: str
    verdict: Literal["right", "wrong", "note"]
    told: str


def bring_up(name: str, codebook: Codebook, *, moves: bool) -> Iterator[Finding]:
    """Try a robot's class, `package.module:Class`, or one over ROS 2, as far as that makes sense; ends at what nothing
    can go on from.

    Without `moves` nothing is carried out: no primitive is called.
    """
    try:
        robot = make_robot(name, codebook)
    except RobotError as problem:
        yield Finding("made", "wrong", str(problem))
        return
    yield Finding("made", "right", f"{type(robot).__name__}, for the codebook '{codebook.name}'")
    holds = True
    try:
        if isinstance(robot, PrimitiveRobot):
            yield from _written(robot)
        seen = yield from _looks(robot.observe, codebook)
        if isinstance(robot, PrimitiveRobot):
            held = _held(robot)
            holds = held.verdict == "right"
            yield held
        if seen is None or not holds:
            return  # what cannot be seen or held is not moved
        if moves:
            yield from _moves(robot, codebook, seen)
        else:
            yield Finding("skills", "note", "none was carried out; --moves carries out each that is legal, once")
    finally:
        if holds:
            robot.close()


def _written(robot: PrimitiveRobot) -> Iterator[Finding]:
    """What can be told of a robot's methods without calling them."""
    if not inspect.isgeneratorfunction(robot.perform):
        yield Finding("perform", "wrong", "is no generator: `yield` once a tick, then `return Outcome(True)`")
        return
    wants = len(inspect.signature(robot.perform).parameters)
    if wants != 2:
        yield Finding("perform", "wrong", f"takes {wants} arguments; expected `def perform(self, name, args)`")
        return
    yield Finding("perform", "right", f"a generator, gone on with every {robot.tick_s:g} s")


def _looks(observe: Callable[[], Observation], codebook: Codebook) -> Generator[Finding, None, Observation | None]:
    """What a robot sees, and what of that its codebook does not know."""
    began_s = time.monotonic()
    try:
        seen = observe()
        check_observation(codebook, seen)
    except Exception as problem:  # noqa: BLE001 (a user's own robot may raise anything)
        yield Finding("look", "wrong", str(problem) if isinstance(problem, RobotError) else in_one_line(problem))
        return None
    took_s = time.monotonic() - began_s
    facts = ", ".join(map(str, seen.facts)) or "no facts"
    things = ", ".join(f"{entity.id} ({entity.kind})" for entity in seen.entities) or "no things"
    yield Finding("look", "right", f"{things}; {facts}; in {1000 * took_s:.1f} ms")
    if took_s > SLOW_LOOK_S:
        yield Finding("look", "note", f"took {took_s:.1f} s, and every decision waits for it")
    unknown = sorted({fact.name for fact in seen.facts} - set(codebook.predicates))
    if unknown:
        yield Finding("look", "note", f"the codebook has no fact {', '.join(unknown)}: nothing goes by it")
    strange = sorted({entity.kind for entity in seen.entities} - set(codebook.kinds))
    if strange:
        yield Finding("look", "note", f"the codebook has no kind {', '.join(strange)}: no skill can name such a thing")
    return seen


def _held(robot: PrimitiveRobot) -> Finding:
    began_s = time.monotonic()
    try:
        robot.call_hold()
    except Exception as problem:  # noqa: BLE001
        return Finding("hold", "wrong", in_one_line(problem))
    return Finding("hold", "right", f"returned in {1000 * (time.monotonic() - began_s):.1f} ms")


def _moves(robot: Robot, codebook: Codebook, seen: Observation) -> Iterator[Finding]:
    """Each skill once, by the first of its commands that is legal when its turn comes."""
    skills = [skill for skill in codebook.skills.values() if skill.ends is None]
    for number, skill in enumerate(skills):
        command = _first(codebook, seen, skill.name)
        if command is None:
            yield Finding(skill.name, "note", "not carried out: no command of it is legal now")
            continue
        try:
            result = robot.execute(command).result()
            after = robot.observe()
        except Exception as problem:  # noqa: BLE001
            told = str(problem) if isinstance(problem, RobotError) else in_one_line(problem)
            yield Finding(skill.name, "wrong", f"{command.text}: {told}")
            if left := ", ".join(other.name for other in skills[number + 1 :]):
                yield Finding("skills", "note", f"not tried, for nothing can be trusted after an error: {left}")
            return
        if result.status != "done":
            why = f"{result.reason}: {result.message}".strip(": ")
            yield Finding(skill.name, "wrong", f"{command.text} ended as {result.status} ({why})")
        else:
            missing = _unlike(unshown_effects(codebook, seen, command, after))
            told = f"{command.text} done in {result.duration_s:.1f} s"
            others = "" if missing or not skill.args else "; its other arguments were not tried"
            yield Finding(skill.name, "wrong" if missing else "right", f"{told}{missing}{others}")
        seen = after


def _first(codebook: Codebook, seen: Observation, skill: str) -> Command | None:
    return next((command for command in legal(codebook, seen).commands() if command.skill == skill), None)


def _unlike(unshown: Sequence[str]) -> str:
    if not unshown:
        return ""
    return f", but of its effects {'; '.join(unshown)} (either it was not done, or the look after it does not tell)"


_MARKS = {"right": "[green]right[/green]", "wrong": "[red]wrong[/red]", "note": "[yellow]note [/yellow]"}


@click.group(epilog="Example: codeword robot check my_cart:Cart --codebook my_cart.yaml")
def robot() -> None:
    """Bring up a robot of your own."""


@robot.command(epilog="Example: codeword robot check my_cart:Cart --codebook my_cart.yaml --moves")
@click.argument("name", metavar="MODULE:CLASS|ros2://")
@click.option("--codebook", required=True, help="Its codebook: a file, or the name of a shipped one.")
@click.option("--moves", is_flag=True, help="Also carry out each skill once, by its first legal command. It MOVES.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def check(name: str, codebook: str, moves: bool, as_json: bool) -> int:
    """Look through a robot's eyes, hold it, and with --moves carry out each skill once; exits 1 if something is wrong.

    It says what is seen, what of that the codebook does not know, how each skill ends, and which declared effects do
    not show afterwards.
    """
    click.get_current_context().with_resource(raised(suspend=True))
    book = load_codebook(codebook)
    check_robot_name(name)
    found = []
    for finding in bring_up(name, book, moves=moves):
        found.append(finding)
        if not as_json:
            out.print(f"{_MARKS[finding.verdict]}  {finding.what}:", end=" ")
            out.print(finding.told, markup=False, soft_wrap=True)
    wrong = sum(finding.verdict == "wrong" for finding in found)
    if as_json:
        print_json({"robot": name, "codebook": book.name, "moves": moves, "findings": [asdict(one) for one in found]})
    return 1 if wrong else 0
