"""`codeword codebook`: what is made from a codebook, to be looked at."""

import json
from pathlib import Path

import click

from codeword.codebook import Observation, command_schema, legal, load_codebook
from codeword.codebook.errors import InputError
from codeword.codebook.prompt import codebook_text, observation_text

from .recording import read_episode


@click.group(epilog="Example: codeword codebook check my_codebook.yaml")
def codebook() -> None:
    """Check a codebook, or show what is made from it. FILE is a file or the name of a shipped one."""


@codebook.command()
@click.argument("file")
def check(file: str) -> None:
    """Find every fault in FILE; exits 2 if there is one."""
    book = load_codebook(file)
    click.echo(f"{file}: {len(book.skills)} skills for the robot '{book.robot}', no fault found")


@codebook.command()
@click.argument("file")
def schema(file: str) -> None:
    """Print the JSON Schema that every command is checked against."""
    click.echo(json.dumps(command_schema(load_codebook(file)), indent=2))


@codebook.command()
@click.argument("file")
@click.option("--episode", type=click.Path(path_type=Path), help="Show the observations of this episode file too.")
def prompt(file: str, episode: Path | None) -> None:
    """Print what the model reads."""
    book = load_codebook(file)
    click.echo(codebook_text(book))
    for seen in _observations(episode):
        click.echo(f"\n{observation_text(book, seen)}")


@codebook.command()
@click.argument("file")
@click.option("--episode", type=click.Path(path_type=Path), help="Made for each observation of this episode file.")
def grammar(file: str, episode: Path | None) -> None:
    """Print the grammar that holds the model, as a regular expression; without an episode for an empty world."""
    book = load_codebook(file)
    for seen in _observations(episode) or [Observation(step=0, time_s=0.0, entities=(), facts=())]:
        click.echo(legal(book, seen).graph.regex())


def _observations(episode: Path | None) -> list[Observation]:
    if episode is None:
        return []
    steps = read_episode(episode, pictures=False).steps
    if not steps:
        raise InputError(f"{episode}: has no observation in it")
    return [step.observation for step in steps]
