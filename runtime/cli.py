"""The `codeword` command: its verbs, and how errors reach a user."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from codeword.codebook.errors import CodewordError, InputError, did_you_mean

from .signals import exit_code

VERBS = {
    "run": "codeword.runtime.cli_run:run",
    "serve": "codeword.runtime.cli_link:serve",
    "connect": "codeword.runtime.cli_connect:connect",
    "stop": "codeword.runtime.cli_stop:stop",
    "keys": "codeword.runtime.cli_link:keys",
    "engine": "codeword.runtime.cli_engine:engine",
    "replay": "codeword.runtime.cli_replay:replay",
    "episodes": "codeword.runtime.cli_episodes:episodes",
    "published": "codeword.runtime.cli_published:published",
    "codebook": "codeword.runtime.cli_codebook:codebook",
    "new": "codeword.runtime.cli_new:new",
    "models": "codeword.runtime.cli_models:models",
    "cache": "codeword.runtime.cli_cache:cache",
    "bench": "codeword.runtime.cli_benches:bench",
    "train": "codeword.runtime.cli_train:train",
    "lessons": "codeword.runtime.cli_train:lessons",
    "evaluate": "codeword.runtime.cli_evaluate:evaluate",
}
"""Each verb and where it is; a verb's module is imported only when it is called."""


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise InputError(f"there is no verb '{args[0]}'{did_you_mean(args[0], list(VERBS))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: codeword run tabletop/put_in_bowl --explain",
)
@click.version_option(package_name="codeword", prog_name="codeword")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Drive a robot with a small language model that picks commands out of a codebook."""
    del debug


def main(args: Sequence[str] | None = None) -> None:
    """Entry point: exit 0 if all is well, 1 if a goal, a budget or a replay failed, 2 for unusable input."""
    given = list(sys.argv[1:] if args is None else args)
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # a user's own robot and trusted code lie where they work
    try:
        code = cli.main(given, prog_name="codeword", standalone_mode=False)
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
        sys.exit(exit_code(problem))
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
