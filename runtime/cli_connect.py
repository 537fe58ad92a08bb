"""`codeword connect`: a task for a robot at the other end of a link, with as little as one likes of it really done."""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from codeword.codebook import Codebook, CommandError, Robot, load_codebook
from codeword.codebook.errors import InputError, RobotTimeoutError
from codeword.codebook.reflexes import stops
from codeword.controller import Controller
from codeword.controller.controller import BEST_POLICY, POLICIES
from codeword.controller.profiles import AUTO, PROFILES
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.store import silent
from codeword.controller.sureness import SURE

from .episode import Episode, check_observation, run_episode
from .explain import Explainer
from .guard import Guard
from .link.keyring import keys_for
from .link.lekiwi import LeKiwiRobot
from .link.robot import LinkRobot, stop_robot
from .link.sockets import address
from .recording import EpisodeWriter
from .robots import check_fit
from .run import NOBODY, Controllers, Who
from .scenario import typed_scenario
from .signals import held_at_the_end, raised
from .terminal import model_progress, out

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
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--adapter", default="auto", show_default=True, help="What was taught: auto, a folder, or none.")
@click.option("--profile", default=AUTO, show_default=True, help=f"How the model is held: {', '.join(PROFILES)}.")
@click.option(
    "--policy", default=BEST_POLICY, show_default=True,
    help=f"What it writes: {', '.join(POLICIES)}; auto: what its adapter is best at.",
)  # fmt: skip
@click.option(
    "--sure", type=click.FloatRange(0, 1), default=SURE, show_default=True,
    help="A goal that the model is less sure of is not gone after: it holds and says so; 0: any is.",
)  # fmt: skip
@click.option("--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys [the user's own].")
@click.option("--key", help="Which of the keys is ours [the only one].")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Write the episode file (.mcap) here.")
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
    model: str,
    adapter: str,
    profile: str,
    policy: str,
    sure: float,
    folder: Path | None,
    key: str | None,
    file: Path | None,
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
    if stopping:
        controllers = Controllers(Who(NOBODY, model, adapter), silent)
        who = controllers.make(scenario, 0)
    elif task is not None and not readonly:  # before the robot is armed
        with model_progress() as progress:
            given = Who(controller, model, adapter, profile, policy=policy, sure=sure)
            controllers = Controllers(given, progress)
        who = controllers.make(scenario, 0)
    robot = _open(url, book, folder, key, arm=moves, rearm=rearm and not stopping, sends=moves or stopping)
    with held_at_the_end(robot) if moves else closing(robot):
        if readonly:
            _look(robot, book, looks)
            return 0
        if task is None:
            out.print(f"{url}: cleared and disarmed; the next connection can arm it", markup=False)
            return 0
        if stopping and not dry_run:
            _stop(robot, url)
        explainer = Explainer(out, book, task)
        if dry_run and stopping:
            out.print(f"would stop the robot: '{task}' is a stop word", markup=False)
            return 0
        if dry_run:
            _decide(robot, book, who, task, explainer)
            return 0
        spec = scenario.spec.model_copy(update={"max_decisions": decisions})
        bounded = replace(scenario, spec=spec)
        if file is None:
            verdict = run_episode(Episode(bounded, task, who, robot, None, (explainer,), film=False))
        else:
            with EpisodeWriter(file, controllers.header(scenario, 0, url), book.text, scenario.text) as writer:
                verdict = run_episode(Episode(bounded, task, who, robot, None, (writer, explainer), film=False))
        out.print(f"ended: {verdict.ended} after {verdict.decisions} decisions", markup=False)
        if verdict.ended == "done" and not verdict.carried_out:
            out.print("done was said, but the robot was given no command", markup=False)
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


def _look(robot: Robot, book: Codebook, looks: int) -> None:
    """Tell what the robot reports, once a second."""
    for look in range(looks):
        if look:
            time.sleep(1.0)
        seen = robot.observe()
        check_observation(book, seen)
        things = ", ".join(f"{entity.id} ({entity.kind})" for entity in seen.entities)
        facts = " ".join(map(str, seen.facts))
        out.print(f"{seen.time_s:8.2f} s  {things}; {facts or 'no facts'}", markup=False)


def _decide(robot: Robot, book: Codebook, who: Controller, task: str, explainer: Explainer) -> None:
    """Decide once, tell it, and send nothing."""
    seen = robot.observe()
    check_observation(book, seen)
    decision = who.decide(task, seen)
    explainer.write("observation", seen, seen.time_s)
    explainer.write("decision", decision, seen.time_s)
    try:
        command = Guard(book).check(decision.text, seen, task)
        out.print(f"would send: {command.text}", markup=False)
    except CommandError as problem:
        out.print(f"would not send {decision.text}: {problem}", markup=False)
