"""Help that shows a command's options in sections, each below its heading."""

from collections.abc import Mapping, Sequence
from typing import Any

import click


class SectionedCommand(click.Command):
    """A command whose options come in sections."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[click.Option]], **more: Any) -> None:
        super().__init__(*args, **more)
        self._sections = sections
        self.params += [option for options in sections.values() for option in options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, and whatever option is in none of them behind."""
        placed = {id(option) for options in self._sections.values() for option in options}
        others = [one for one in self.get_params(ctx) if isinstance(one, click.Option) and id(one) not in placed]
        for heading, options in {**self._sections, "Options": others}.items():
            rows = [row for option in options if (row := option.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
