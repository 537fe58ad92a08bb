"""The options of `codeword run`, in the sections that its help shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from codeword.controller.decider_config import BEST_POLICY, POLICIES
from codeword.controller.remote.address import USUAL
from codeword.sim.installed import SENSES, SYMBOLS

from .model_options import model_options
from .privacy import PARTS
from .run import CONTROLLERS
from .tables import columns
from .terminal import out


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


_SECONDS = click.FloatRange(0, 3600, min_open=True)


def _tell_columns(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    del param
    if not asked:
        return
    for name, kind, about in columns():
        out.print(f"{name:<20}{kind:<7}{about}", markup=False)
    ctx.exit()


SECTIONS: Mapping[str, Sequence[click.Option]] = {
    "What is run": (
        click.Option(["--task"], help="A task in your own words, in a default world, instead of scenarios."),
        click.Option(
            ["--codebook"], default="tabletop", show_default=True, help="The codebook for --task: a name or a file."
        ),
        click.Option(
            ["--plan", "given"], default="", help="With --task: carry out this plan (JSON), and ask no model."
        ),
        click.Option(
            ["--seeds"], type=click.IntRange(1, 100_000), default=1, show_default=True, help="Episodes per scenario."
        ),
        click.Option(
            ["--first-seed"], type=click.IntRange(0), default=0, show_default=True, help="The first of the seeds."
        ),
        click.Option(
            ["--robot"],
            default="sim",
            show_default=True,
            help="sim, tcp://host:port, lekiwi://host, ros2://, or package.module:Class.",
        ),
        click.Option(
            ["--senses"],
            default=SYMBOLS,
            show_default=True,
            help=f"What the simulated robot looks with: {', '.join(SENSES)}; a camera finds tags in pictures.",
        ),
        click.Option(
            ["--clock"],
            help="Physics while decisions are made: paused, live, or a latency such as 500ms [as the scenario says].",
        ),
        click.Option(
            ["--watch"], is_flag=True, help="With --task: take up edits of the codebook file between decisions."
        ),
        click.Option(["--resume"], is_flag=True, help="Go on with what an earlier run into --out left undone."),
        click.Option(
            ["--jobs"],
            default="1",
            show_default=True,
            help="Episodes side by side, in processes: how many, auto (by cores), ray, ray://HOST:PORT (a cluster).",
        ),
        click.Option(
            ["--lookahead/--no-lookahead"],
            default=None,
            help="Decide ahead while commands are carried out [on, but off with --jobs: it uses idle cores].",
        ),
    ),
    "Who decides": (
        click.Option(
            ["--controller"], default="llm", show_default=True, help=f"Who decides: {', '.join(CONTROLLERS)}."
        ),
        *model_options(),
        click.Option(
            ["--policy"],
            default=BEST_POLICY,
            show_default=True,
            help=f"What it writes: {', '.join(POLICIES)}; auto: what its adapter is best at.",
        ),
        click.Option(
            ["--temperature"],
            type=float,
            default=0.0,
            show_default=True,
            help="Above 0, tokens are sampled, by seed.",
        ),
        click.Option(["--top-k"], type=int, default=0, help="With --temperature: sample from so many likeliest only."),
        click.Option(
            ["--top-p"], type=float, default=1.0, help="With --temperature: sample from those that hold this share."
        ),
        click.Option(
            ["--connect-s"],
            type=_SECONDS,
            default=USUAL.connect_s,
            show_default=True,
            help="Longest to connect elsewhere [s].",
        ),
        click.Option(
            ["--answer-s"],
            type=_SECONDS,
            default=USUAL.answer_s,
            show_default=True,
            help="Longest to decide elsewhere [s].",
        ),
    ),
    "What is kept": (
        click.Option(
            ["--out", "folder"], type=click.Path(path_type=Path), help="Where episodes and report go [episodes/TIME]."
        ),
        click.Option(["--film/--no-film"], default=True, show_default=True, help="Record pictures of the scene."),
        click.Option(
            ["--record"], type=click.Path(path_type=Path), help="Keep small copies there, to be tests: no pictures."
        ),
        click.Option(
            ["--update"], is_flag=True, help="With --record: replace those that went another way; what changes is told."
        ),
        click.Option(
            ["--keep"], type=click.IntRange(1), help="Keep no more episode files than so many: the oldest go."
        ),
        click.Option(
            ["--max-mb"], type=click.FloatRange(0, min_open=True), help="Keep no more than so many megabytes of them."
        ),
        click.Option(
            ["--leave-out"], default="", metavar="PARTS", help=f"Not into the files: {', '.join(PARTS)} (with commas)."
        ),
    ),
    "What is shown": (
        click.Option(["--explain"], is_flag=True, help="Tell each decision as it is made."),
        click.Option(
            ["--view"], is_flag=True, help="Show scene and decisions as they happen, in a page of this machine alone."
        ),
        click.Option(
            ["--foxglove"], is_flag=True, help="Serve the run to Foxglove as it happens, to this machine alone."
        ),
        click.Option(
            ["--view-port"], type=click.IntRange(0, 65_535), default=0, help="The port of either [any free one]."
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object and nothing else."),
        click.Option(
            ["--columns"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_tell_columns,
            help="Tell what stands in results.csv and results.parquet, and exit.",
        ),
    ),
}
"""Below each heading of the help, its options."""
