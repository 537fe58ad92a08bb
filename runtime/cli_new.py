"""`codeword new`: a commented codebook or scenario to start from."""

import json
import os
from importlib import resources
from pathlib import Path

import click

from codeword.codebook import load_codebook, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.errors import CodewordError, InputError
from codeword.codebook.facts import ID

from .scenario import parse_scenario

_SCHEMA = "codebook.schema.json"


@click.group(epilog="Example: codeword new codebook my_codebook")
def new() -> None:
    """Write a commented codebook or scenario to start from. Nothing is overwritten."""


@new.command(epilog="Example: codeword new codebook my_codebook")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="The folder to write to.")
def codebook(name: str, out: Path) -> None:
    """Write NAME.yaml, and beside it the schema by which an editor completes and checks it."""
    text = _filled("new_codebook.yaml", NAME=_checked(name))
    path = out / f"{name}.yaml"
    parse_codebook(text, str(path))
    _write(path, text)
    schema = shipped()["tabletop"].with_name(_SCHEMA)
    if not (out / _SCHEMA).exists():
        _write(out / _SCHEMA, schema.read_text(encoding="utf-8"))
    click.echo(f"check it with: codeword codebook check {path}")


@new.command(epilog="Example: codeword new scenario my_scenario --codebook my_codebook.yaml")
@click.argument("name")
@click.option("--codebook", default="tabletop", show_default=True, help="What it is for: a name or a file.")
@click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="The folder to write to.")
def scenario(name: str, codebook: str, out: Path) -> None:
    """Write NAME.yaml, a task for an arm at a table."""
    book = load_codebook(codebook)
    beside = codebook if codebook in shipped() else os.path.relpath(codebook, out)
    text = _filled("new_scenario.yaml", NAME=_checked(name), CODEBOOK=json.dumps(beside) if "." in beside else beside)
    path = out / f"{name}.yaml"
    try:
        parse_scenario(text, str(path), book.text)
    except CodewordError as problem:
        why = str(problem).splitlines()[0]
        raise InputError(f"{codebook}: is no codebook for blocks and bowls at a table ({why})") from problem
    _write(path, text)
    click.echo(f"run it with: codeword run {path} --controller expert")


def _checked(name: str) -> str:
    if not ID.fullmatch(name):
        raise InputError(f"'{name}' cannot be a name: lower-case letters, digits and _ between them, like my_codebook")
    return name


def _filled(template: str, **values: str) -> str:
    text = resources.files(__package__).joinpath("templates", template).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as problem:  # of the file itself, or of a file where a folder should be
        if not path.exists():
            raise InputError(f"{path}: cannot be written: '{path.parent}' is no folder") from problem
        raise InputError(f"{path}: is there already; give another name, or remove it first") from problem
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem
    click.echo(f"wrote {path}")
