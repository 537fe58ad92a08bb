"""`codeword episodes`: look into episode files, compare them, and hand them on as tables."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from codeword.codebook.errors import InputError

from .episodes import diff_text, format_page, reviewer
from .episodes import film as filming
from .episodes import show as showing
from .episodes.codes import EPILOG, exit_code
from .episodes.diff_page import write_diff
from .episodes.export import write_jsonl, write_steps
from .episodes.lerobot import write_lerobot
from .episodes.pairs import compare, same_processor
from .episodes.select import files, rows, wanted
from .recording import read_episode
from .report.rules import RULES, remarks
from .summary import scenario_of
from .terminal import counting, err, out, print_json

FORMATS = ("jsonl", "parquet", "lerobot")
_PATH = click.Path(path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
_WHERE = click.option(
    "--where",
    "filters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only those, as success=false or controller!=random.",
)


@click.group(epilog="Example: codeword episodes ls episodes/expert --where success=false")
def episodes() -> None:
    """Look into episode files: list, show, compare and export them."""


@episodes.command(
    epilog="Example: codeword episodes ls episodes --where controller=expert --where success=false --json"
)
@click.argument("names", nargs=-1, required=True, type=_PATH)
@_WHERE
@_JSON
def ls(names: tuple[Path, ...], filters: tuple[str, ...], as_json: bool) -> None:
    """List the episodes in NAMES: files, or folders with all that is below them.

    The columns that --where may name are those of results.csv (codeword run --columns).
    """
    found = [(path, row) for path, row in rows(files(names)) if wanted(filters, row)]
    if as_json:
        print_json({"episodes": [{"path": str(path), **row.model_dump(mode="json")} for path, row in found]})
        return
    table = Table(box=None, header_style="bold")
    for heading, justify in (("episode", "left"), ("by", "left"), ("decisions", "right"), ("simulated s", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("ended")
    for path, row in found:
        state = {True: "reached", False: "missed", None: "not judged"}[row.success]
        words = row.error or f"{state}: {row.reason}"
        who = " ".join(filter(None, (row.controller, row.model)))
        simulated = f"{row.simulated_s:.1f}" if row.simulated_s is not None else ""
        cells = (str(path), who, str(row.decisions), simulated, words)
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)
    out.print(f"{len(found)} episodes, {sum(bool(row.success) for _, row in found)} reached their goal", markup=False)


@episodes.command(epilog="Example: codeword episodes show episodes/expert/stack_two-0.mcap")
@click.argument("name", type=_PATH)
@_JSON
def show(name: Path, as_json: bool) -> None:
    """Show one episode as a time line: what was seen, decided and done, and what the rules say of it."""
    inside = list(name.glob("*.mcap"))
    episode = read_episode(inside[0] if len(inside) == 1 else name, pictures=False)
    if as_json:
        found = [vars(remark) for remark in remarks(episode, scenario_of(episode))]
        steps = [
            {part: record.model_dump(mode="json") for part, record in vars(step).items() if record is not None}
            for step in episode.steps
        ]
        verdict = episode.verdict.model_dump(mode="json") if episode.verdict is not None else None
        events = [event.model_dump(mode="json") for event in episode.events]
        header = episode.header.model_dump(mode="json")
        told = {"path": str(name), "whole": episode.whole, "header": header, "steps": steps, "events": events}
        print_json(told | {"verdict": verdict, "remarks": found})
        return
    for line in showing.lines(episode):
        out.print(line, markup=False)


@episodes.command(epilog=f"Example: codeword episodes diff yesterday.mcap today.mcap --html diff.html. {EPILOG}")
@click.argument("one", type=_PATH)
@click.argument("other", type=_PATH)
@click.option("--html", type=_PATH, help="Write them side by side into a page, one file without network.")
@click.option("--exact", is_flag=True, help="Compare bit by bit, where one processor recorded both.")
@_JSON
def diff(one: Path, other: Path, html: Path | None, exact: bool, as_json: bool) -> int:
    """Compare two episodes step by step: all that was seen, decided, guarded and done.

    Measured numbers may differ as they do between processors: codeword replay --help tells how far.
    """
    first, second = (read_episode(path, pictures=html is not None) for path in (one, other))
    comparison = compare(first, second, exact)
    elsewhere = exact and not same_processor(first, second)
    if html is not None:
        write_diff(html, comparison)
    code = exit_code(comparison.differences, not (first.complete and second.complete), elsewhere)
    if as_json:
        told = {"one": str(one), "other": str(other), "same": not comparison.differences, "parts": comparison.parts}
        lists = {name: [d.as_json() for d in getattr(comparison, name)] for name in ("header", "differences")}
        print_json(told | lists | {"exit": code, "exact": exact and not elsewhere})
        return code
    for line in diff_text.lines(comparison):
        out.print(line, markup=False)
    if elsewhere:
        names = " and ".join(f"'{each.header.processor or 'not said'}'" for each in (first, second))
        out.print(f"not compared bit by bit: recorded on {names}", markup=False)
    if html is not None:
        out.print(f"see {html}", markup=False)
    return code


@episodes.command(epilog="Example: codeword episodes export episodes/expert --format parquet --out steps.parquet")
@click.argument("names", nargs=-1, required=True, type=_PATH)
@click.option("--format", "kind", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="What to write.")
@click.option("--out", "target", type=_PATH, required=True, help="The file to write, or the folder of a dataset.")
@_WHERE
def export(names: tuple[Path, ...], kind: str, target: Path, filters: tuple[str, ...]) -> None:
    """Export the steps of the episodes in NAMES as a table: one line, row or frame for each step.

    lerobot makes a LeRobotDataset v3.0: gripper as state and action, the command beside it, pictures where there are
    any. An episode that cannot be read is told and left out.
    """
    chosen, unreadable = [], []
    for path, row in rows(files(names)):
        if not row.scenario:
            unreadable.append(row.error)
        elif wanted(filters, row):
            chosen.append(path)
    if not chosen:
        raise InputError("; ".join(unreadable) or "no episode is left to export; --where leaves none")
    for problem in unreadable:
        err.print(f"left out: {problem}", markup=False, soft_wrap=True)
    if kind == "lerobot":
        count = write_lerobot(target, [read_episode(path) for path in chosen])
        out.print(f"{count} frames of {len(chosen)} episodes in {target}", markup=False)
        return
    read = (read_episode(path, pictures=False) for path in chosen)
    count = write_jsonl(target, read) if kind == "jsonl" else write_steps(target, read)
    out.print(f"{count} steps of {len(chosen)} episodes in {target}", markup=False)


@episodes.command(epilog="Example: codeword episodes film episodes/stack/stack_two-0.mcap --out stack_two.gif")
@click.argument("name", type=_PATH)
@click.option("--out", "target", type=_PATH, required=True, help="The file to write: .gif or .webp.")
@click.option(
    "--every", "every_s", type=click.FloatRange(0.02, 10), default=0.2, show_default=True,
    help="Simulated time between two pictures [s].",
)  # fmt: skip
@click.option("--speed", type=click.FloatRange(0.1, 100), default=2.0, show_default=True, help="How much faster.")
@click.option("--width", type=click.IntRange(80, 1920), default=360, show_default=True, help="Of a picture [pixels].")
def film(name: Path, target: Path, every_s: float, speed: float, width: int) -> None:
    """Write a film of one episode: carried out again in its world, with the task and each command below.

    Of an episode whose world cannot be made again, as on a robot, it has the recorded pictures.
    """
    filming.check_kind(target)
    episode = read_episode(name)
    with counting("decisions", len(episode.steps)) as bar:
        some = filming.frames(episode, every_s, lambda _: bar.advance(bar.task_ids[0]))
    filming.write_film(target, episode, some, every_s / speed, width)
    out.print(f"{target}: {len(some)} pictures, {target.stat().st_size / 1e6:.1f} MB", markup=False)


@episodes.command(epilog="Example: codeword episodes rules")
def rules() -> None:
    """Tell what the rules look for that `show` and the report judge by, beside success."""
    for name, about in RULES.items():
        out.print(f"{name:<11} {about}", markup=False)


@episodes.command(epilog="Example: codeword episodes layout > codeword.foxglove.json, then Layouts, Import in Foxglove")
def layout() -> None:
    """Print a layout for Foxglove that shows scene, commands, decisions and the times of the stages.

    Open an episode file in Foxglove, then import what this prints as a layout.
    """
    click.echo(format_page.layout(), nl=False)


@episodes.command("format", epilog="Example: codeword episodes format > episode_file.md")
def file_format() -> None:
    """Print what stands in an episode file, channel by channel and field by field, as Markdown."""
    click.echo(format_page.page(), nl=False)


@episodes.command(epilog="Example: codeword episodes review yesterday.mcap today.mcap --asker my_judge:Judge")
@click.argument("one", type=_PATH)
@click.argument("other", type=_PATH)
@click.option(
    "--asker", required=True,
    help="Who is asked: a model as http://HOST:PORT/v1#NAME, or a class of yours as package.module:Class.",
)  # fmt: skip
@_JSON
def review(one: Path, other: Path, asker: str, as_json: bool) -> None:
    """Ask a language model which of two episodes went better, beside what physics and the rules say.

    It is asked in both orders, and put to controls: whether its answers follow position, length, or its own name.
    """
    pair = tuple(read_episode(path, pictures=False) for path in (one, other))
    judge = reviewer.open_asker(asker)
    found = reviewer.beside(reviewer.review(judge, *pair), *pair)
    controls = reviewer.controls(judge, pair, asker)
    rules_say = [[f"{remark.rule}: {remark.text}" for remark in remarks(each, scenario_of(each))] for each in pair]
    if as_json:
        print_json(found | {"rules": rules_say, "controls": vars(controls), "trusted": controls.trusted()})
        return
    out.print(f"physics: {found['physics']}; model: {found['model']}{' (they disagree)' if found['disagree'] else ''}")
    for path, said in zip((one, other), rules_say, strict=True):
        out.print(f"{path}: {'; '.join(said) or 'the rules say nothing'}", markup=False)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in vars(controls).items() if name != "pairs")
    trust = "its answers count for something" if controls.trusted() else "its answers follow what must not count"
    out.print(f"controls, {controls.pairs} pairs each: {shares}; {trust}", markup=False)
