"""`codeword cache`: what the decision cache holds, and emptying it."""

from contextlib import closing

import click

from codeword.codebook.errors import InputError
from codeword.controller.cache.opening import AUTO, KeptStore, default_path, open_kept

from .terminal import out, print_json

_WHERE = click.option(
    "--cache", "where", default=AUTO, show_default=True, help="auto (in the cache folder), a file or redis://…"
)  # fmt: skip


@click.group(epilog="Example: codeword cache show")
def cache() -> None:
    """Look into the decisions that `codeword run --cache` keeps, or forget them."""


@cache.command(epilog="Example: codeword cache show --json")
@_WHERE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def show(where: str, as_json: bool) -> None:
    """Say how many decisions are kept, and how much room they take."""
    with closing(_open(where)) as store:
        entries, size_bytes = store.size()
        for note in store.take_notes():
            raise InputError(note.text)
    if as_json:
        print_json({"cache": store.name, "entries": entries, "bytes": size_bytes})
    else:
        out.print(f"{store.name}: {entries} decisions, {size_bytes / 1e6:.1f} MB", markup=False)


@cache.command(epilog="Example: codeword cache clear")
@_WHERE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def clear(where: str, as_json: bool) -> None:
    """Forget every decision that is kept."""
    with closing(_open(where)) as store:
        entries = store.clear()
        for note in store.take_notes():
            raise InputError(note.text)
    if as_json:
        print_json({"cache": store.name, "forgotten": entries})
    else:
        out.print(f"{store.name}: {entries} decisions forgotten", markup=False)


def _open(where: str) -> KeptStore:
    if where == AUTO and not default_path().exists():
        raise InputError(f"{default_path()}: nothing is kept yet; codeword run --cache auto begins it")
    return open_kept(where)
