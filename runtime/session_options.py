"""What every verb that opens a session takes: which robot, and which codebook."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from codeword.controller.decider_config import DeciderConfig

from .episode import Listener
from .robots import check_robot_name, open_robot
from .run import Controllers
from .scenario import typed_scenario
from .session import Session
from .signals import held_at_the_end, raised
from .terminal import model_progress

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--codebook", default="tabletop", show_default=True, help="The robot's codebook: a name or a file."),
    click.option(
        "--robot", default="sim", show_default=True,
        help="sim, tcp://host:port, lekiwi://host, ros2://, or package.module:Class.",
    ),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which simulated world."),
    click.option("--out", "folder", type=click.Path(path_type=Path), help="Where episodes go [episodes/TIME]."),
)  # fmt: skip


def session_options(command: _Command) -> _Command:
    """Gives a command the options that `load` and `open_session` take."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load(robot: str, who: DeciderConfig) -> Controllers:
    """The model, loaded with a bar, once it is known that there can be such a robot; signals end what runs from now on.

    Raises InputError and ModelError.
    """
    click.get_current_context().with_resource(raised(suspend=robot != "sim"))
    check_robot_name(robot)
    with model_progress() as progress:
        return Controllers(who, progress)


@contextmanager
def open_session(
    controllers: Controllers, codebook: str, robot: str, seed: int, folder: Path | None,
    listeners: Sequence[Listener] = (),
) -> Iterator[Session]:  # fmt: skip
    """A session with a robot, which is held at the end of the block, however it ends."""
    there, physics = open_robot(robot, typed_scenario("look", codebook), seed)
    with held_at_the_end(there):
        folder = folder or Path("episodes") / time.strftime("%Y%m%d-%H%M%S")
        yield Session(controllers, codebook, (robot, there, physics), seed=seed, folder=folder, listeners=listeners)
