"""The `codeword` command: its verbs, and how errors reach a user."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from codeword.codebook.errors import CodewordError, InputError, did_you_mean

from .lazy_group import Lazy, LazyGroup
from .signals import exit_code

VERBS = {
    "run": Lazy(
        "codeword.runtime.cli_run:run",
        "Run SCENARIOS: files, folders, or shipped ones such as tabletop or tabletop/put_in_bowl [default: tabletop].",
    ),
    "chat": Lazy(
        "codeword.runtime.cli_chat:chat",
        "Type tasks one after another; the robot does them, and the model is loaded once.",
    ),
    "mcp": Lazy(
        "codeword.runtime.cli_mcp:mcp",
        "Let an agent drive the robot by the Model Context Protocol, and do nothing that the codebook forbids.",
    ),
    "serve": Lazy(
        "codeword.runtime.cli_link:serve",
        "Serve a robot over ZeroMQ: the simulated one of SCENARIOS, or a class of yours with its codebook.",
    ),
    "connect": Lazy(
        "codeword.runtime.cli_connect:connect",
        "Drive the robot at URL (tcp://host:port or lekiwi://host) with a task in your own words.",
    ),
    "stop": Lazy(
        "codeword.runtime.cli_stop:stop",
        "Stop the robot at URL now; it stays stopped until somebody re-arms it (codeword connect URL --rearm).",
    ),
    "keys": Lazy(
        "codeword.runtime.cli_link:keys", "Keys of the robot link: who may drive a robot from another machine."
    ),
    "robot": Lazy("codeword.runtime.cli_robot:robot", "Bring up a robot of your own."),
    "replay": Lazy(
        "codeword.runtime.cli_replay:replay",
        "Replay EPISODES (files, or folders of them) and name every difference from what was logged.",
    ),
    "episodes": Lazy(
        "codeword.runtime.cli_episodes:episodes", "Look into episode files: list, show, compare and export them."
    ),
    "codebook": Lazy("codeword.runtime.cli_codebook:codebook", "Check a codebook, or show what is made from it."),
    "new": Lazy("codeword.runtime.cli_new:new", "Write a commented codebook or scenario to start from."),
    "models": Lazy(
        "codeword.runtime.cli_models:models",
        "Show the models that are known: size, hash, licence, the profile in force here, and where those fetched are.",
    ),
    "cache": Lazy(
        "codeword.runtime.cli_cache:cache", "Look into the decisions that `codeword run --cache` keeps, or forget them."
    ),
    "doctor": Lazy(
        "codeword.runtime.cli_doctor:doctor",
        "See whether this machine has what a run needs, a line for each thing, with the cure; exits 1 if one is ill.",
    ),
    "train": Lazy(
        "codeword.runtime.cli_train:train", "Teach a model a codebook of yours, or to follow codebooks from nothing."
    ),
    "lab": Lazy(
        "codeword.runtime.cli_lab:lab", "Measure controllers and adapters, and make what adapters are taught with."
    ),
}
"""Each verb: where it is, and what it says of itself."""

_OF_LAB = ("evaluate", "lessons", "published")


class _Verbs(LazyGroup):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            if args[0] in _OF_LAB:
                raise InputError(f"'{args[0]}' is a verb of the lab: codeword lab {args[0]}")
            raise InputError(f"there is no verb '{args[0]}'{did_you_mean(args[0], list(VERBS))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Verbs,
    lazy=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: codeword run tabletop/put_in_bowl --explain",
)
@click.version_option(package_name="codeword", prog_name="codeword")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Drive a robot with a small language model that picks commands out of a codebook."""
    del debug


def main(args: Sequence[str] | None = None, group: click.Group = cli, name: str = "codeword") -> None:
    """Entry point of a group of commands: exit 0 if all is well, 1 if a goal, a budget or a replay failed, 2 for
    unusable input, which is told in one line.
    """
    given = list(sys.argv[1:] if args is None else args)
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # a user's own robot and trusted code lie where they work
    try:
        code = group.main(given, prog_name=name, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as problem:
        click.echo(problem.format_message(), err=True)
        sys.exit(2)
    except (CodewordError, click.ClickException, BrokenPipeError) as problem:
        if isinstance(problem, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read our output has gone
            sys.exit(141)
        if "--debug" in given:
            traceback.print_exc()
        message = problem.format_message() if isinstance(problem, click.ClickException) else str(problem)
        for line in message.splitlines():
            click.echo(f"codeword: {line}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as problem:
        with suppress(OSError):  # the terminal may be what has gone
            click.echo("codeword: stopped", err=True)
        sys.exit(exit_code(problem.__cause__ or problem))  # click makes an Abort of what it catches
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
