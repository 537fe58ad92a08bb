"""`codeword models`: those known and here; fetching one, quantizing one, and finding its quickest profile."""

from typing import Any, get_args

import click
from rich.table import Table

from codeword.codebook.errors import InputError, ModelError
from codeword.controller.registry import DEFAULT_MODEL, ModelRow, known_models, open_folder, resolve
from codeword.controller.registry import pull as pull_model

from .terminal import counting, model_progress, out, print_json, stages

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


@click.group(invoke_without_command=True, epilog=f"Example: codeword models pull {DEFAULT_MODEL}")
@_JSON
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Show the models that are known: size, hash, licence, the profile in force here, and where those fetched are.

    "right of 200": tasks of codebooks that nothing was taught with, done rightly without an adapter.
    """
    if context.invoked_subcommand is not None:
        return
    rows = [(row, _in_force(row)) for row in known_models()]
    if as_json:
        listed = [
            {
                "name": row.name, "size_bytes": row.size_bytes, "sha256": row.sha256, "licence": row.licence,
                "path": str(row.path) if row.path else None, "right_of_200": row.right, **force,
            }
            for row, force in rows
        ]  # fmt: skip
        print_json({"models": listed})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("model", "size", "packed", "profile", "sha256", "licence", "right of 200", "where"):
        table.add_column(heading)
    for row, force in rows:
        where = str(row.path) if row.path else f"not here: codeword models pull {row.name}"
        packed = f"{force['packed_bytes'] / 1e6:.0f} MB" if force["packed_bytes"] else "-"
        profile = force["profile"] or "-"
        if force["tuned"]:
            profile += f" ({force['threads']} threads, tuned)"
        size = f"{row.size_bytes / 1e6:.0f} MB"
        right = "-" if row.right is None else str(row.right)
        table.add_row(row.name, size, packed, profile, (row.sha256 or "")[:12], row.licence or "?", right, where)
    out.print(table)


def _in_force(row: ModelRow) -> dict[str, Any]:
    """The profile that a model is used in here, and how large its weights are as they lie; nulls where it is not."""
    nothing = {"profile": None, "threads": None, "tuned": False, "packed_bytes": None}
    if row.path is None:
        return nothing
    from codeword.controller.profiles import choose, is_quantized

    try:
        model = open_folder(row.path, row.name)
    except ModelError:
        return nothing  # damaged, as using it will say
    best = choose(model)
    size = sum(file.stat().st_size for file in model.weights) if is_quantized(model) else None
    tuned = best.threads is not None
    return {"profile": best.profile, "threads": best.threads, "tuned": tuned, "packed_bytes": size}


@models.command(epilog=f"Example: codeword models pull {DEFAULT_MODEL}")
@click.argument("name")
def pull(name: str) -> None:
    """Fetch the model NAME, check its hash, and convert it once into the cache folder.

    NAME is a known model, a hub id (org/name), a local folder or a .gguf file. CODEWORD_CACHE moves the cache folder.
    """
    with model_progress() as progress:
        model = pull_model(name, progress)
    out.print(f"{model.name} is in {model.folder}", markup=False)


@models.command(epilog="Example: codeword models quantize ./SmolLM2-360M-Instruct --bits 4 --out smollm2-360m")
@click.argument("model")
@click.option("--bits", type=click.Choice(["4", "8"]), default="4", show_default=True, help="Bits of a layer's weight.")
@click.option(
    "--method", type=click.Choice(["rtn", "gptq"]), default="gptq", show_default=True,
    help="rtn rounds to nearest; gptq lets the weights not yet rounded make good the error.",
)  # fmt: skip
@click.option("--out", "target", required=True, help="A new folder, or a name for the cache folder.")
def quantize(model: str, bits: str, method: str, target: str) -> None:
    """Quantize MODEL, whose weights are floats: a folder with safetensors, a .gguf file in F16 or BF16, a hub id.

    GPTQ calibrates on prompts made from the shipped codebooks. Embedding and head get 8 bits. The result is used like
    any other model: by its name where --out is one, else by its folder.
    """
    from codeword.controller.profiles import is_quantized
    from codeword.controller.quantize import Method, quantize, target_of

    from .quantization_texts import calibration_texts

    chosen: Method = next(one for one in get_args(Method) if one == method)
    folder = target_of(target)
    with model_progress() as progress:
        source = resolve(model, progress)
    if is_quantized(source):
        raise InputError(f"{model}: its layers are quantized already (expected a model in floats)")
    with counting("preparing texts", 0) as bar:
        texts = calibration_texts() if method == "gptq" else []
        bar.update(bar.task_ids[0], visible=False)
        made = quantize(source, folder, bits=int(bits), method=chosen, texts=texts, progress=stages(bar))
    size = sum(file.stat().st_size for file in made.weights)
    out.print(f"{made.name} is in {made.folder}: {size / 1e6:.0f} MB, {bits} bits by {method}", markup=False)


@models.command(epilog=f"Example: codeword models tune {DEFAULT_MODEL}")
@click.argument("model", default=DEFAULT_MODEL)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@_JSON
def tune(model: str, device: str, as_json: bool) -> None:
    """Time every profile of MODEL with every count of threads on this machine, and use the quickest from now on.

    What counts is a typical decision: behind 900 tokens that are kept, a run of 48 tokens and two of 4. Let nothing
    else run meanwhile. The choice is kept until it is tuned again; nothing else changes it.
    """
    from codeword.controller.tune import LENGTHS
    from codeword.controller.tune import tune as tune_model

    with model_progress() as progress:
        local = resolve(model, progress)
    with counting("tuning", 0) as bar:
        bar.update(bar.task_ids[0], visible=False)
        timings = tune_model(local, device=device, progress=stages(bar))
    best = timings[0]
    if as_json:
        rows = [{**vars(one), "pass_ms": {str(n): round(ms, 2) for n, ms in one.pass_ms.items()}} for one in timings]
        print_json(
            {"model": local.name, "device": device, "profile": best.profile, "threads": best.threads, "rows": rows}
        )
        return
    table = Table(box=None, header_style="bold")
    for heading in ("profile", "threads", "weights [MB]", *(f"{n} tok [ms]" for n in LENGTHS), "a decision [ms]"):
        table.add_column(heading, justify="right")
    for one in timings:
        times = [f"{one.pass_ms[length]:.1f}" for length in LENGTHS]
        table.add_row(one.profile, str(one.threads), f"{one.weights_mb:.0f}", *times, f"{one.decision_ms:.1f}")
    out.print(table)
    out.print(f"{local.name} on {device}: {best.profile} with {best.threads} threads from now on", markup=False)
