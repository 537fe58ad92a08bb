"""`codeword models`: which models are known and here, and fetching one."""

import click
from rich.table import Table

from codeword.controller.registry import DEFAULT_MODEL, known_models
from codeword.controller.registry import pull as pull_model

from .terminal import model_progress, out, print_json


@click.group(invoke_without_command=True, epilog=f"Example: codeword models pull {DEFAULT_MODEL}")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Show the models that are known, with size, hash and licence, and where those fetched are."""
    if context.invoked_subcommand is not None:
        return
    rows = known_models()
    if as_json:
        listed = [
            {
                "name": row.name, "size_bytes": row.size_bytes, "sha256": row.sha256, "licence": row.licence,
                "path": str(row.path) if row.path else None,
            }
            for row in rows
        ]  # fmt: skip
        print_json({"models": listed})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("model", "size", "sha256", "licence", "where"):
        table.add_column(heading)
    for row in rows:
        where = str(row.path) if row.path else f"not here: codeword models pull {row.name}"
        table.add_row(row.name, f"{row.size_bytes / 1e6:.0f} MB", (row.sha256 or "")[:12], row.licence or "?", where)
    out.print(table)


@models.command(epilog=f"Example: codeword models pull {DEFAULT_MODEL}")
@click.argument("name")
def pull(name: str) -> None:
    """Fetch the model NAME, check its hash, and convert it once into the cache folder.

    NAME is a known model, a hub id (org/name), a local folder or a .gguf file. CODEWORD_CACHE moves the cache folder.
    """
    with model_progress() as progress:
        model = pull_model(name, progress)
    out.print(f"{model.name} is in {model.folder}", markup=False)
