"""`codeword codebook`: what is made from a codebook, to be looked at."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeword.codebook import CodebookError, Observation, legal, load_codebook
from codeword.codebook.action_prompt import task_told
from codeword.codebook.advice import advice
from codeword.codebook.calls import trusted_calls
from codeword.codebook.command_codec import command_schema
from codeword.codebook.docs import codebook_docs
from codeword.codebook.editor_schema import codebook_schema
from codeword.codebook.errors import InputError
from codeword.codebook.fact_kinds import unknown_places
from codeword.codebook.prompt import codebook_text, observation_text
from codeword.codebook.scene_notation import load_scene, made_up_scene
from codeword.codebook.task_plan import told_command
from codeword.controller.decider_config import DeciderConfig

from .model_options import with_model
from .terminal import model_progress, out, print_json

if TYPE_CHECKING:
    from .trial import Trial


@click.group(epilog="Example: codeword codebook check my_codebook.yaml")
def codebook() -> None:
    """Check a codebook, or show what is made from it. FILE is a file or the name of a shipped one."""


@codebook.command(epilog="Example: codeword codebook check my_codebook.yaml --json")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def check(file: str, as_json: bool) -> int:
    """Find every fault in FILE, and say which skills run trusted code; exits 2 if there is a fault.

    It also tells which skills the planner can chain, which facts nothing brings about, and which descriptions a model
    can hardly tell apart. Trusted code is looked for, not run. Where neither a fact nor a skill tells which kinds of
    things the fact is of, it asks for them: goals can name only what is known.
    """
    try:
        book = load_codebook(file)
    except CodebookError as problem:
        if not as_json:
            raise
        keys = ("file", "line", "column", "message")
        faults = [{key: getattr(fault, key) for key in keys} for fault in problem.faults]
        print_json(
            {"file": file, "ok": False, "skills": None, "faults": faults, "calls": [], "unknown": [], "advice": []}
        )
        return 2
    calls, unknown, told = trusted_calls(book), unknown_places(book), advice(book)
    if as_json:
        shown = [{**asdict(call), "found": not call.missing} for call in calls]
        good = {"file": file, "ok": True, "skills": len(book.skills), "faults": [], "calls": shown, "unknown": unknown}
        print_json(good | {"advice": told})
        return 0
    click.echo(f"{file}: {len(book.skills)} skills for the robot '{book.robot}', no fault found")
    for call in calls:
        click.echo(f"{file}: {call}")
    for line in (*unknown, *told):
        click.echo(f"{file}: {line}")
    return 0


@codebook.command("try", epilog='Example: codeword codebook try my_codebook.yaml "go to mark 2" "bark three times"')
@click.argument("file")
@click.argument("tasks", nargs=-1)
@click.option(
    "--observation", type=click.Path(path_type=Path), help="The first look of this episode file is the scene."
)
@click.option("--scene", type=click.Path(path_type=Path), help="This YAML file says what is there and what is so.")
@with_model()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def try_(
    file: str,
    tasks: tuple[str, ...],
    observation: Path | None,
    scene: Path | None,
    as_json: bool,
    who: DeciderConfig,
) -> int:
    """Show what the model would do for each of TASKS with FILE, without a robot; without TASKS, for FILE's examples.

    The scene is made up from FILE's kinds of things, with no facts, or seen in an episode, or told in a YAML file:
    `things: {site: [dock, ridge]}`, `facts: [at(dock)]` and `properties: {dock: {color: red}}`. Of an example, which
    the model is not told then, it is said whether it came out right; exits 1 where one did not.
    """
    from codeword.controller.controller import configured_controller  # a check needs no decoder

    from .trial import try_examples, try_task

    if observation is not None and scene is not None:
        raise InputError("the scene is either an episode's (--observation) or a file's (--scene)")
    book = load_codebook(file)
    if not tasks and not book.examples:
        raise InputError(f'{file} has no examples to try; give a task: codeword codebook try {file} "..."')
    if scene is not None:
        seen = load_scene(book, scene)
    else:
        seen = _observations(observation)[0] if observation is not None else made_up_scene(book)
    with model_progress() as progress:
        controller = configured_controller(who, book, progress)
    tried = [try_task(book, controller, task, seen) for task in tasks] or list(try_examples(book, controller, seen))
    if as_json:
        told = {"things": {one.id: one.kind for one in seen.entities}, "facts": [str(fact) for fact in seen.facts]}
        print_json({"file": file, "scene": told, "tasks": [_as_json(one) for one in tried]})
    else:
        things = ", ".join(entity.id for entity in seen.entities)
        out.print(f"scene: {things or 'nothing'}", markup=False)
        if book.predicates:
            is_made_up = observation is None and scene is None
            facts = "none (the scene is made up; --scene tells another)" if is_made_up else "none"
            out.print(f"facts: {', '.join(map(str, seen.facts)) or facts}", markup=False)
        for one in tried:
            _tell(one)
    return 1 if any(one.right is False for one in tried) else 0


def _tell(tried: "Trial") -> None:
    """A task as it was tried, for people."""
    sure = "" if tried.decision.sureness is None else f"{tried.decision.sureness:.0%} sure, "
    verdict = {None: "", True: "  right", False: "  WRONG"}[tried.right]
    out.print(f"\n{tried.task}{verdict}", markup=False)
    out.print(f"  {tried.plan.told} ({sure}{tried.taken_s:.1f} s)", markup=False)
    for other in tried.decision.considered[1:3]:
        out.print(f"  or {other.told} ({other.probability:.0%})", markup=False)
    for note in tried.decision.notes:
        out.print(f"  {note.text}", markup=False)
    if tried.carried_out:
        commands = "; ".join(told_command(command) for command in tried.trace.commands)
        out.print(f"  would do: {commands or 'nothing'}{_why(tried.trace.failure)}", markup=False)
    else:
        out.print(f"  would do nothing and say: {tried.decision.text}", markup=False)


def _why(failure: str) -> str:
    return f"; then give up ({failure})" if failure else ""


def _as_json(tried: "Trial") -> dict[str, object]:
    return {
        "task": tried.task,
        "plan": tried.plan.text,
        "sureness": tried.decision.sureness,
        "considered": [one.model_dump() for one in tried.decision.considered],
        "commands": [command.text for command in tried.trace.commands],
        "carried_out": tried.carried_out,
        "failure": tried.trace.failure,
        "right": tried.right,
        "notes": [note.text for note in tried.decision.notes],
        "taken_s": round(tried.taken_s, 3),
    }


@codebook.command(epilog="Example: codeword codebook schema my_codebook.yaml --out my_codebook.schema.json")
@click.argument("file", required=False)
@click.option("--commands", is_flag=True, help="The JSON Schema that every command of FILE is checked against.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead.")
def schema(file: str | None, commands: bool, out: Path | None) -> None:
    """Print the JSON Schema by which an editor completes and checks codebook files.

    Without FILE it is for any codebook; made for FILE, it knows that codebook's kinds, facts, skills and primitives. A
    codebook names it in its first line: `# yaml-language-server: $schema=codebook.schema.json`.
    """
    if commands and file is None:
        raise InputError("--commands needs a codebook: codeword codebook schema --commands FILE")
    book = None if file is None else load_codebook(file)
    made = command_schema(book) if commands and book is not None else codebook_schema(book)
    write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", out)


@codebook.command(epilog="Example: codeword codebook docs my_codebook.yaml --out my_codebook.md")
@click.argument("file")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead.")
def docs(file: str, out: Path | None) -> None:
    """Print FILE as a page of Markdown for people."""
    write_text(codebook_docs(load_codebook(file)), out)


@codebook.command()
@click.argument("file")
@click.option("--task", help="Show this task too, as the model is told it.")
@click.option("--episode", type=click.Path(path_type=Path), help="Show the observations of this episode file too.")
def prompt(file: str, task: str | None, episode: Path | None) -> None:
    """Print what the model reads."""
    book = load_codebook(file)
    click.echo(codebook_text(book))
    if task is not None:
        click.echo(f"\n{task_told(book, task)}")
    for seen in _observations(episode):
        click.echo(f"\n{observation_text(book, seen)}")


@codebook.command()
@click.argument("file")
@click.option("--episode", type=click.Path(path_type=Path), help="Made for each observation of this episode file.")
@click.option("--task", default="", help="The task that texts may be copied from.")
def grammar(file: str, episode: Path | None, task: str) -> None:
    """Print the grammar that holds the model, as a regular expression; without an episode for an empty world."""
    book = load_codebook(file)
    for seen in _observations(episode) or [Observation(step=0, time_s=0.0, entities=(), facts=())]:
        click.echo(legal(book, seen, task).graph.regex())


def write_text(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say so. Raises InputError where that cannot be."""
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{out}: cannot be written: {problem.strerror}") from problem
    click.echo(f"wrote {out}")


def _observations(episode: Path | None) -> list[Observation]:
    if episode is None:
        return []
    from .recording import read_episode

    steps = read_episode(episode, pictures=False).steps
    if not steps:
        raise InputError(f"{episode}: has no observation in it")
    return [step.observation for step in steps]
