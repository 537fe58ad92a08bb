"""`codeword stop`: apart from the other verbs of the link, so that nothing is loaded that it can do without."""

import json
import time
from pathlib import Path

import click

from codeword.codebook.errors import RobotTimeoutError

from .link.connection import Connection
from .link.keys import keys_for
from .link.messages import Standstill, Stopped
from .link.robot import stop_robot, wait_for_standstill, why_not_still
from .link.sockets import address
from .link.urgency import urgent

_LEAST_S = 0.5
"""So long a robot that has taken the stop is asked whether it stands, whatever is left of the time."""


@click.command(epilog="Example: codeword stop tcp://127.0.0.1:5555")
@click.argument("url")
@click.option("--reason", default="codeword stop", show_default=True, help="What the robot tells its controller.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1), default=3.0, help="Seconds to try [3].")
@click.option("--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys [the user's own].")
@click.option("--key", help="Which of the keys is ours [the only one].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def stop(url: str, reason: str, timeout_s: float, folder: Path | None, key: str | None, as_json: bool) -> int:
    """Stop the robot at URL now; it stays stopped until somebody re-arms it (codeword connect URL --rearm).

    Exits 0 once the robot stands: no command is under way, and it has been held. Exits 1 where the robot has taken the
    stop and does not say within the time that it stands: it may still move. Exits 2 where it cannot be reached.
    """
    click.get_current_context().with_resource(urgent())
    host, _ = address(url)
    connection = Connection(url, keys_for(host, folder), key)
    began_s = time.monotonic()
    still: Standstill | None = None
    try:
        stopped = stop_robot(connection, reason, timeout_s)
        if stopped is not None:
            left_s = max(_LEAST_S, timeout_s - (time.monotonic() - began_s))
            still = wait_for_standstill(connection, left_s, lambda told: _warn(url, told, "going on to ask"))
        network = connection.network
    finally:
        connection.close()
    if stopped is None:
        raise RobotTimeoutError(
            f"{url}: no answer within {timeout_s:g} s: {network}; a robot that hears nothing holds by itself, and its "
            "own emergency stop is what to rely on"
        )
    stands = still is not None and still.still
    if as_json:
        click.echo(json.dumps(_told(url, stopped, still)))
    elif stands:
        click.echo(f"stopped {'in the middle of a command' if stopped.moving else 'while it stood'}: {stopped.reason}")
    if not stands:
        _warn(url, still, "use its own emergency stop")
    return 0 if stands else 1


def _warn(url: str, told: Standstill | None, then: str) -> None:
    click.echo(f"codeword: {url}: the stop was taken, but {why_not_still(told)}; {then}", err=True)


def _told(url: str, stopped: Stopped, still: Standstill | None) -> dict[str, object]:
    """What is known, for machines: `still` is null where the robot does not say."""
    return {
        "url": url, "stopped": True, "moving": stopped.moving, "reason": stopped.reason,
        "still": still.still if still is not None else None,
        "hold": still.hold if still is not None else None,
        "progress_ms": round(still.progress_ms, 1) if still is not None else None,
        "message": "" if still is not None and still.still else why_not_still(still),
    }  # fmt: skip
