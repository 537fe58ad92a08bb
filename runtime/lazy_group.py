"""A group of commands each of which is imported when it is called, and not to be listed."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class Lazy:
    """Where a command is, as `module:attribute`, and the first sentence of its help."""

    where: str
    help: str

    def load(self) -> click.Command:
        """The command itself."""
        module, _, name = self.where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


class LazyGroup(click.Group):
    """Lists its commands in the order given, by the sentences given."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **more: Any) -> None:
        super().__init__(*args, **more)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        return self.lazy[cmd_name].load() if cmd_name in self.lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        room = formatter.width - 6 - max(map(len, self.lazy))
        rows = [(name, click.Command(name, help=one.help).get_short_help_str(room)) for name, one in self.lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
