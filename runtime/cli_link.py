"""`codeword serve`, and `codeword keys`: the robot's side of the link."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from codeword.codebook import load_codebook
from codeword.codebook.errors import InputError, RobotError

from .link.host import Host, ScenarioDesk, SetUp
from .link.journal import Journal
from .link.keys import Keys, default_folder
from .link.lekiwi_format import COMMAND_PORT
from .link.lekiwi_host import LeKiwiHost
from .link.server import Server
from .link.sockets import address, endpoint
from .robots import check_robot_name, make_robot
from .scenario import find_scenarios, load_scenario
from .signals import raised
from .terminal import out, print_json

STAND_IN = "lekiwi-stand-in"

KEYS = click.option(
    "--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys; without it only loopback is used."
)


@click.command(epilog="Example: codeword serve tabletop --bind tcp://127.0.0.1:5555")
@click.argument("scenarios", nargs=-1)
@click.option(
    "--bind", default="tcp://127.0.0.1:5555", show_default=True, help="Where to listen; port 0: any free one."
)
@click.option("--robot", default="sim", show_default=True, help=f"sim, package.module:Class, or {STAND_IN}.")
@click.option("--codebook", help="With --robot: its codebook, a name or a file.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The first layout, until a run resets it."
)
@click.option("--pace", type=click.FloatRange(0), default=0.0, help="Simulated seconds a second [as fast as it goes].")
@KEYS
def serve(
    scenarios: tuple[str, ...], bind: str, robot: str, codebook: str | None, seed: int, pace: float, folder: Path | None
) -> None:
    """Serve a robot over ZeroMQ: the simulated one of SCENARIOS, or a class of yours with its codebook.

    A simulated robot is set up for whichever of SCENARIOS a run asks for; until then it stands in the first of them.
    The scenario channel is at the next port. Ctrl-C stops the robot and ends, and so do TERM and HUP.
    """
    click.get_current_context().with_resource(raised(suspend=robot != "sim"))
    host, port = address(bind)
    keys = Keys(folder) if folder is not None else None
    if robot == STAND_IN:
        _stand_in(host, port)
        return
    faults: list[str] = []
    if robot == "sim":
        if codebook is not None:
            raise InputError("--codebook goes with --robot; a scenario names its own")
        chosen = tuple(load_scenario(path) for path in find_scenarios(scenarios or ("tabletop",)))
        server = _beside(host, port, keys)
        hosted = Host(server, "sim", pace=pace)
        server.desk = desk = ScenarioDesk(hosted, chosen)
        desk.first(seed, _Telling(robot, host, server, hosted, faults))
    else:
        if scenarios or codebook is None:
            raise InputError(f"--robot {robot} goes with --codebook FILE, and without scenarios")
        check_robot_name(robot)
        book = load_codebook(codebook)
        server = Server(host, port, keys, say=Journal())
        hosted = Host(server, robot, pace=1.0)
        hosted.set_up(lambda: SetUp(make_robot(robot, book), book, None), _Telling(robot, host, server, hosted, faults))
    server.start()
    try:
        hosted.run()
    except KeyboardInterrupt:
        _say("stopped")
    if faults:
        raise RobotError(faults[0])


def _stand_in(host: str, port: int) -> None:
    """Be a LeKiwi's host until Ctrl-C."""
    chosen = port or COMMAND_PORT
    stand_in = LeKiwiHost(host, chosen, lifetime_s=float("inf"))
    _say(f"standing in for a LeKiwi at {endpoint(host, chosen, 'lekiwi')}; it has no keys, as the real one has none")
    try:
        stand_in.run()
    except KeyboardInterrupt:
        _say("stopped")
    finally:
        stand_in.close()


@dataclass(frozen=True)
class _Telling:
    """Tells that the first robot can be spoken to now; where it cannot be made there is nothing to serve."""

    robot: str
    host: str
    server: Server
    hosted: Host
    faults: list[str]

    def __call__(self, session: str, fault: str) -> None:
        del session
        if fault:
            self.faults.append(fault)
            self.hosted.end()
        else:
            _say(f"serving {self.robot} at {endpoint(self.host, self.server.port)}")


def _say(what: str) -> None:
    """Tell on standard error; a full disk or a closed terminal must not end a robot's loop."""
    try:
        sys.stderr.write(f"codeword: {what}\n")
        sys.stderr.flush()
    except OSError:
        return


def _beside(host: str, port: int, keys: Keys | None) -> Server:
    """A server with a scenario channel at the port after its own."""
    for attempt in range(20):
        if port:
            return Server(host, port, keys, scenario_port=port + 1, say=Journal())
        probe = Server(host, 0, keys)
        chosen = probe.port
        probe.discard()
        try:
            return Server(host, chosen, keys, scenario_port=chosen + 1, say=Journal())
        except InputError:
            if attempt == 19:
                raise
    raise AssertionError("the last attempt returns or raises")


@click.group(epilog="Example: codeword keys new robot")
def keys() -> None:
    """Keys of the robot link: who may drive a robot from another machine.

    On the robot: `keys new robot`, and `keys new NAME` for each controller. A controller needs NAME.secret, NAME.key
    and robot.key in its own folder; the robot needs robot.secret, robot.key and NAME.key.
    """


FOLDER = click.option("--keys", "folder", type=click.Path(path_type=Path), help="Folder of keys [the user's own].")


@keys.command()
@click.argument("name")
@FOLDER
def new(name: str, folder: Path | None) -> None:
    """Make a pair of keys."""
    chosen = _folder(folder)
    key = chosen.new(name)
    out.print(f"{key.name}: {key.fingerprint} in {chosen.folder}", markup=False)


@keys.command(name="list")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def list_keys(folder: Path | None, as_json: bool) -> None:
    """List the keys of a folder with their fingerprints."""
    found = _folder(folder).list()
    if as_json:
        print_json({"keys": [vars(key) for key in found]})
        return
    for key in found:
        what = "revoked" if key.revoked else "secret and public" if key.secret else "public"
        out.print(f"{key.name:<24}{key.fingerprint}  {what}", markup=False)


@keys.command()
@click.argument("name")
@FOLDER
def revoke(name: str, folder: Path | None) -> None:
    """Let nobody in with that key any more; a robot that is running sees it at once."""
    _folder(folder).revoke(name)
    out.print(f"{name}: revoked", markup=False)


def _folder(folder: Path | None) -> Keys:
    return Keys(folder or default_folder())
