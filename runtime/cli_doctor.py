"""`codeword doctor`: whether this machine has what a first run needs."""

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import click

from codeword.codebook.errors import CodewordError
from codeword.controller.adapter import AUTO, load_adapter
from codeword.controller.processor import instruction_sets, usable_cpus
from codeword.controller.profiles import choose
from codeword.controller.registry import DEFAULT_MODEL, known_models, resolve
from codeword.controller.store import cache_dir, megabytes

from .terminal import out, print_json

_ROOM_BYTES = 1_000_000_000
"""So much room the default model, its prefixes and some episodes take."""
_LINK_PORT = 5555
"""Where `codeword serve` listens by default."""
_EXTRAS = {
    "peft": ("train", "codeword train"),
    "pyarrow": ("tables", "results.parquet beside results.csv"),
    "redis": ("redis", "--cache redis://…"),
    "mcp": ("mcp", "codeword mcp"),
    "foxglove": ("foxglove", "--foxglove"),
    "ray": ("ray", "--jobs ray://…"),
    "rclpy": ("ros2", "--robot ros2://"),
    "cv2": ("camera", "--senses camera"),
    "xllamacpp": ("peers", "comparing decisions with llama.cpp (make bench)"),
}


@dataclass(frozen=True)
class Sign:
    """One thing looked at: `well`, `worse` than it could be, or `ill`, so that something does not work."""

    what: str
    state: Literal["well", "worse", "ill"]
    told: str


def examine() -> Iterator[Sign]:
    """Everything, from the ground up."""
    yield Sign("python", "well", f"{platform.python_version()} at {sys.executable}, {platform.platform()}")
    yield _processor()
    yield from _cache()
    yield _disk(Path.cwd(), "disk for episodes")
    yield from _models()
    yield _simulator()
    yield _ports()
    yield from _extras()


def _processor() -> Sign:
    return Sign("processor", "well", f"{len(usable_cpus())} cores of {instruction_sets()}")


def _cache() -> Iterator[Sign]:
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        cure = "set CODEWORD_CACHE to a folder of yours"
        yield Sign("cache folder", "ill", f"{folder}: cannot be written to ({problem.strerror}); {cure}")
        return
    yield Sign("cache folder", "well", str(folder))
    yield _disk(folder, "disk for models")


def _disk(folder: Path, what: str) -> Sign:
    free_bytes = shutil.disk_usage(folder).free
    told = f"{megabytes(free_bytes)} free at {folder}"
    if free_bytes < _ROOM_BYTES:
        return Sign(what, "worse", f"{told}; {megabytes(_ROOM_BYTES)} are wanted: make room, or take another disk")
    return Sign(what, "well", told)


def _models() -> Iterator[Sign]:
    present = [row.name for row in known_models() if row.present]
    if DEFAULT_MODEL not in present:
        cure = f"codeword models pull {DEFAULT_MODEL}, or the first run fetches it"
        yield Sign("model", "worse", f"{DEFAULT_MODEL} is not here; {cure}")
        return
    try:
        model = resolve(DEFAULT_MODEL, fetch=False)  # checks the hashes of its weights
        yield Sign("model", "well", f"{DEFAULT_MODEL}, weights {model.weights_sha256[:12]}, in {model.folder}")
        best = choose(model)
        yield Sign("profile", "well", f"{best.profile}, {best.threads or len(usable_cpus())} threads")
        yield Sign("adapter", "well", load_adapter(AUTO, model).name)
    except CodewordError as problem:
        yield Sign("model", "ill", f"{problem}; codeword models pull {DEFAULT_MODEL} makes it again")


def _simulator() -> Sign:
    if _version("pybullet") is None:
        return Sign("simulator", "worse", "pybullet is not installed (pip install pybullet): robots of your own work")
    return Sign("simulator", "well", f"pybullet {_version('pybullet')}")


def _ports() -> Sign:
    """Whether this process may listen on loopback, as the link and the live view do, and whether the link's usual port
    is free.
    """
    try:
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
    except OSError as problem:
        told = f"127.0.0.1: cannot be listened on ({problem.strerror}); no codeword serve, no --view"
        return Sign("ports", "ill", f"{told}: ask whoever runs this machine")
    with socket.socket() as usual, suppress(OSError):
        usual.bind(("127.0.0.1", _LINK_PORT))
        return Sign("ports", "well", f"127.0.0.1 can be listened on, {_LINK_PORT} is free")
    return Sign("ports", "worse", f"{_LINK_PORT} is in use on 127.0.0.1: take another with codeword serve --bind")


def _extras() -> Iterator[Sign]:
    for module, (extra, what_for) in _EXTRAS.items():
        version = _version(module)
        if version is not None:
            yield Sign(extra, "well", f"{module} {version}, for {what_for}")
        else:
            yield Sign(extra, "worse", f"{module} is not installed (pip install 'codeword[{extra}]'): no {what_for}")


def _version(module: str) -> str | None:
    if find_spec(module) is None:
        return None
    packages = metadata.packages_distributions().get(module)
    return metadata.version(packages[0]) if packages else "of no package"


_MARKS = {"well": "[green]well [/green]", "worse": "[yellow]worse[/yellow]", "ill": "[red]ill  [/red]"}


@click.command(epilog="Example: codeword doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def doctor(as_json: bool) -> int:
    """See whether this machine has what a run needs, a line for each thing, with the cure; exits 1 if one is ill.

    Worse is what a run can do without. Nothing is fetched.
    """
    signs = []
    for sign in examine():
        signs.append(sign)
        if not as_json:
            out.print(f"{_MARKS[sign.state]}  {sign.what}:", end=" ")
            out.print(sign.told, markup=False, soft_wrap=True)
    if as_json:
        print_json({"signs": [asdict(sign) for sign in signs]})
    return 1 if any(sign.state == "ill" for sign in signs) else 0
