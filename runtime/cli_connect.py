"""`codeword connect`: a task for a robot at the other end of a link, with as little as one likes of it really done."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from codeword.codebook import Codebook, CommandError, Observation, Robot, load_codebook
from codeword.codebook.errors import InputError, RobotTimeoutError
from codeword.codebook.reflexes import stops
from codeword.controller import Controller
from codeword.controller.decider_config import BEST_POLICY, POLICIES, DeciderConfig

from .episode import Episode, check_observation, run_episode
from .explain import Explainer
from .guard import Guard
from .link.keys import keys_for
from .link.lekiwi import LeKiwiRobot
from .link.robot import LinkRobot, stop_robot
from .link.sockets import address
from .model_options import with_model
from .recording import EpisodeWriter
from .robots import check_fit
from .run import NOBODY, Controllers
from .scenario import typed_scenario
from .signals import held_at_the_end, raised
from .terminal import err, model_progress, out, print_json

LEKIWI = "lekiwi://"
_STOP_S = 3.0


@click.command(epilog='Example: codeword connect tcp://127.0.0.1:5555 --task "say hello" --codebook my.yaml --dry-run')
@click.argument("url")
@click.option("--task", help="The task in your own words.")
@click.option("--codebook", required=True, help="The robot's codebook: a name or a file, the same as on its side.")
@click.option("--readonly", is_flag=True, help="Only look: tell what the robot reports, send nothing that moves it.")
@click.option("--dry-run", is_flag=True, help="Decide once and tell the command; send nothing that moves the robot.")
@click.option("--rearm", is_flag=True, help="Clear a stop first. Only when you have looked that it is safe.")
@click.option("--looks", type=click.IntRange(1), default=5, show_default=True, help="With --readonly: how many looks.")
@click.option("--decisions", type=click.IntRange(1, 200), default=20, show_default=True, help="At most so many.")
@click.option("--controller", default="llm", show_default=True, help="Who decides: llm or random.")
@with_model()
@click.option(
    "--policy", default=BEST_POLICY, show_default=True,
    help=f"What it writes: {', '.join(POLICIES)}; auto: what its adapter is best at.",
)  # fmt: skip
@click.option("--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys [the user's own].")
@click.option("--key", help="Which of the keys is ours [the only one].")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Write the episode file (.mcap) here.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def connect(
    url: str,
    task: str | None,
    codebook: str,
    readonly: bool,
    dry_run: bool,
    rearm: bool,
    looks: int,
    decisions: int,
    controller: str,
    policy: str,
    folder: Path | None,
    key: str | None,
    file: Path | None,
    as_json: bool,
    who: DeciderConfig,
) -> int:
    """Drive the robot at URL (tcp://host:port or lekiwi://host) with a task in your own words.

    Begin with --readonly, then --dry-run. Ctrl-C stops the robot, and so does a task that is a stop word alone
    ("Stop!"): it is sent at once, before any model is loaded, and the robot stays stopped until --rearm. Exits 0 if the
    controller said done after some command, 1 if not, also when stopped, 2 where something given cannot be used or the
    link fails.
    """
    click.get_current_context().with_resource(raised(suspend=True))
    if readonly and (dry_run or rearm):
        raise InputError("--readonly sends nothing: leave --dry-run and --rearm")
    if task is None and not readonly and not rearm:
        raise InputError('--task "…" is what the robot is to do; --readonly only looks')
    book = load_codebook(codebook)
    scenario = typed_scenario(task or "look", codebook)
    check_fit(url, scenario)
    stopping = task is not None and not readonly and stops(book, task)
    moves = not (readonly or dry_run or stopping)
    who = replace(who, controller=NOBODY if stopping else controller, policy=policy)
    decides = task is not None and not readonly
    if decides:  # before the robot is armed
        with model_progress() as progress:
            controllers = Controllers(who, progress)
        decider = controllers.make(scenario, 0)
    console = err if as_json else out

    def tell(line: str, **told: object) -> None:
        if as_json:
            print_json({"url": url, "task": task, **told})
        else:
            out.print(line, markup=False)

    robot = _open(url, book, folder, key, arm=moves, rearm=rearm and not stopping, sends=moves or stopping)
    with held_at_the_end(robot) if moves else closing(robot):
        if readonly:
            seen = list(_looks(robot, book, looks, None if as_json else out))
            if as_json:
                print_json({"url": url, "looks": [one.model_dump(mode="json") for one in seen]})
            return 0
        if task is None:
            tell(f"{url}: cleared and disarmed; the next connection can arm it", ended="cleared")
            return 0
        if stopping and not dry_run:
            _stop(robot, url)
        explainer = Explainer(console, book, task)
        if dry_run and stopping:
            tell(f"would stop the robot: '{task}' is a stop word", would_send=None, would_stop=True)
            return 0
        if dry_run:
            command, why = _decide(robot, book, decider, task, explainer)
            line = f"would not send {command}: {why}" if why else f"would send: {command}"
            tell(line, would_send=json.loads(command), refused=why)
            return 0
        spec = scenario.spec.model_copy(update={"max_decisions": decisions})
        bounded = replace(scenario, spec=spec)
        if file is None:
            verdict = run_episode(Episode(bounded, task, decider, robot, None, (explainer,), film=False))
        else:
            with EpisodeWriter(file, controllers.header(scenario, 0, url), book.text, scenario.text) as writer:
                verdict = run_episode(Episode(bounded, task, decider, robot, None, (writer, explainer), film=False))
        told = {"ended": verdict.ended, "decisions": verdict.decisions, "carried_out": verdict.carried_out}
        tell(
            f"ended: {verdict.ended} after {verdict.decisions} decisions",
            **told, episode=None if file is None else str(file),
        )  # fmt: skip
        if verdict.ended == "done" and not verdict.carried_out:
            console.print("done was said, but the robot was given no command", markup=False)
        return 0 if verdict.carried_out else 1


def _stop(robot: Robot, url: str) -> None:
    """Stop the robot at the other end now. Raises RobotTimeoutError where it does not say that it is stopped."""
    if not isinstance(robot, LinkRobot):
        robot.stop()
    elif stop_robot(robot.connection, "its controller was told to stop", _STOP_S) is None:
        raise RobotTimeoutError(
            f"{url}: no answer to a stop within {_STOP_S:g} s: {robot.connection.network}; a robot that hears nothing "
            "holds by itself, and its own emergency stop is what to rely on"
        )


def _open(
    url: str, book: Codebook, folder: Path | None, key: str | None, *, arm: bool, rearm: bool, sends: bool
) -> Robot:
    if url.startswith(LEKIWI):
        return LeKiwiRobot(book, url, send=sends)
    host, _ = address(url)
    return LinkRobot(url, book, keys=keys_for(host, folder), key=key, arm=arm, clear_stop=rearm)


def _looks(robot: Robot, book: Codebook, looks: int, console: Console | None) -> Iterator[Observation]:
    """What the robot reports, once a second, told as it is seen."""
    for look in range(looks):
        if look:
            time.sleep(1.0)
        seen = robot.observe()
        check_observation(book, seen)
        if console is not None:
            things = ", ".join(f"{entity.id} ({entity.kind})" for entity in seen.entities)
            facts = " ".join(map(str, seen.facts))
            console.print(f"{seen.time_s:8.2f} s  {things}; {facts or 'no facts'}", markup=False)
        yield seen


def _decide(robot: Robot, book: Codebook, who: Controller, task: str, explainer: Explainer) -> tuple[str, str]:
    """Decide once, and send nothing: the command, and why the guard would refuse it, empty where it would not."""
    seen = robot.observe()
    check_observation(book, seen)
    decision = who.decide(task, seen)
    explainer.write("observation", seen, seen.time_s)
    explainer.write("decision", decision, seen.time_s)
    try:
        return Guard(book).check(decision.text, seen, task).text, ""
    except CommandError as problem:
        return decision.text, str(problem)
