"""`codeword engine`: one engine process that decides for every robot of this machine."""

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any

import click

from codeword.controller.adapter import load_adapter
from codeword.controller.engine import Engine
from codeword.controller.fleet.address import check_address
from codeword.controller.fleet.server import MOST_SIDE_BY_SIDE, Server
from codeword.controller.fleet.tally import Tally
from codeword.controller.profiles import AUTO, PROFILES
from codeword.controller.registry import DEFAULT_MODEL, resolve

from .statistics import quantile
from .terminal import err, model_progress, out, print_json

_EVERY_S = 60.0


@click.command(epilog="Example: codeword engine --bind ipc:///tmp/codeword.sock")
@click.option("--bind", "address", required=True, help="ipc:///tmp/NAME.sock, or tcp://127.0.0.1:PORT.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--adapter", default="auto", show_default=True, help="The shipped one (auto), a folder, or none.")
@click.option("--profile", default=AUTO, show_default=True, help=f"How the model is held: {', '.join(PROFILES)}.")
@click.option("--most", type=click.IntRange(1, 64), default=MOST_SIDE_BY_SIDE, show_default=True, help="At a time.")
@click.option("--json", "as_json", is_flag=True, help="At the end print one JSON object and nothing else.")
def engine(address: str, model: str, adapter: str, profile: str, most: int, as_json: bool) -> None:
    """Decide for several robots: codeword run --model ipc:///tmp/NAME.sock, from as many processes as you like.

    Each pass of the model carries on the decisions of whoever waits, one of a robot at a time, so that none keeps
    another waiting. Serves until Ctrl-C. Whatever is decided is what the model decides for one robot alone.
    """
    check_address(address, "--bind")
    with model_progress() as progress:
        found = resolve(model, progress)
        loaded = Engine(found, profile=profile, adapter=load_adapter(adapter, found), progress=progress)
    began = time.monotonic()
    with _stopping() as stopped, closing(Server(loaded, address, most=most)) as server:
        told = err if as_json else out
        told.print(
            f"{found.name}, adapter {loaded.adapter.name}, {loaded.held}: serves at {address}, {server.most} at a time",
            markup=False,
        )
        said = _Said(began)
        server.serve(lambda: stopped() or said.tell(server.tally, told.print))
    figures = {"model": found.name, "adapter": loaded.adapter.name, "profile": loaded.profile, "bind": address}
    figures |= figures_of(server.tally, time.monotonic() - began)
    if as_json:
        print_json(figures)
    else:
        out.print(_line(figures), markup=False)


def figures_of(tally: Tally, seconds: float) -> dict[str, Any]:
    """What was done in so many seconds, as it is told."""
    waits = {
        name: {"n": len(times), "p50_ms": round(quantile(times, 0.5), 1), "p95_ms": round(quantile(times, 0.95), 1)}
        for name, times in tally.waits_ms.items()
    }
    return {
        "seconds": round(seconds, 1), "decisions": tally.decisions, "batches": tally.passes,
        "mean_batch": round(tally.mean_batch, 2), "late": tally.late, "given_up": tally.given_up,
        "failed": tally.failed, "forgotten_clients": tally.forgotten, "waits": waits,
    }  # fmt: skip


class _Said:
    """Tells once a minute what was done since the beginning."""

    def __init__(self, began: float) -> None:
        self._began = self._last = began

    def tell(self, tally: Tally, say: Any) -> bool:
        """False, so that it can be asked whether to stop."""
        now = time.monotonic()
        if now - self._last > _EVERY_S:
            self._last = now
            say(_line(figures_of(tally, now - self._began)), markup=False)
        return False


def _line(figures: dict[str, Any]) -> str:
    waits = ", ".join(f"{name} {one['p50_ms']}/{one['p95_ms']} ms" for name, one in figures["waits"].items())
    return (
        f"{figures['decisions']} decisions in {figures['seconds']} s, {figures['batches']} batches of "
        f"{figures['mean_batch']} on average; {figures['late']} late, {figures['given_up']} given up; waited p50/p95: "
        f"{waits or 'nobody'}"
    )


@contextmanager
def _stopping() -> Iterator[Any]:
    """Gives what says whether Ctrl-C, or a signal to end, has come."""
    come: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        come.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(come)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
