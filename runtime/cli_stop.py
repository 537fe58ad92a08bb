"""`codeword stop`: apart from the other verbs of the link, so that nothing is loaded that it can do without."""

from pathlib import Path

import click

from codeword.codebook.errors import RobotTimeoutError

from .link.connection import Connection
from .link.keyring import keys_for
from .link.robot import stop_robot
from .link.sockets import address


@click.command(epilog="Example: codeword stop tcp://127.0.0.1:5555")
@click.argument("url")
@click.option("--reason", default="codeword stop", show_default=True, help="What the robot tells its controller.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1), default=3.0, help="Seconds to try [3].")
@click.option("--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys [the user's own].")
@click.option("--key", help="Which of the keys is ours [the only one].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def stop(url: str, reason: str, timeout_s: float, folder: Path | None, key: str | None, as_json: bool) -> None:
    """Stop the robot at URL now; it stays stopped until somebody re-arms it (codeword connect URL --rearm).

    Exits 0 once the robot has said that it is stopped, 2 where it cannot be reached.
    """
    host, _ = address(url)
    connection = Connection(url, keys_for(host, folder), key)
    try:
        stopped = stop_robot(connection, reason, timeout_s)
        network = connection.network
    finally:
        connection.close()
    if stopped is None:
        raise RobotTimeoutError(
            f"{url}: no answer within {timeout_s:g} s: {network}; a robot that hears nothing holds by itself, and its "
            "own emergency stop is what to rely on"
        )
    if as_json:
        import json

        click.echo(json.dumps({"url": url, "stopped": True, "moving": stopped.moving, "reason": stopped.reason}))
    else:
        click.echo(f"stopped {'in the middle of a command' if stopped.moving else 'while it stood'}: {stopped.reason}")
