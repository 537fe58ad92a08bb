"""`codeword run`: scenarios in, a table, episode files and a report out."""

import time
from contextlib import ExitStack
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from codeword.codebook import Codebook
from codeword.codebook.conversation import FORMS
from codeword.codebook.errors import InputError
from codeword.codebook.live import LiveCodebook
from codeword.controller.profiles import AUTO, PROFILES
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.sampling import Sampling

from .episode import Listener
from .explain import Explainer
from .listeners import Several
from .recording import read_episode
from .report import write_report
from .robots import check_robot
from .run import CONTROLLERS, Controllers, Plan, Who
from .run import run as run_plan
from .scenario import Scenario, find_scenarios, load_scenario, typed_scenario
from .statistics import wilson95
from .summary import FEWEST_FOR_P95, Summary, summarize
from .terminal import counting, err, model_progress, out, print_json
from .view import View
from .view.opening import show


@click.command(epilog='Example: codeword run --task "put the red block in the blue bowl" --explain')
@click.argument("scenarios", nargs=-1)
@click.option("--task", help="A task in your own words, in a default world, instead of scenarios.")
@click.option("--codebook", default="tabletop", show_default=True, help="The codebook for --task: a name or a file.")
@click.option("--seeds", type=click.IntRange(1, 100_000), default=1, show_default=True, help="Episodes per scenario.")
@click.option("--first-seed", type=click.IntRange(0), default=0, show_default=True, help="The first of the seeds.")
@click.option("--controller", default="llm", show_default=True, help=f"Who decides: {', '.join(CONTROLLERS)}.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--adapter", default="none", show_default=True, help="The adapter that the model is used with.")
@click.option("--profile", default=AUTO, show_default=True, help=f"How the model is held: {', '.join(PROFILES)}.")
@click.option("--history", default=FORMS[0], show_default=True, help=f"Told of before: {', '.join(FORMS)}.")
@click.option(
    "--temperature", type=float, default=0.0, show_default=True, help="Above 0, tokens are drawn by lot, by seed."
)
@click.option("--top-k", type=int, default=0, help="With --temperature: draw among so many likeliest only.")
@click.option("--top-p", type=float, default=1.0, help="With --temperature: draw among those that hold this share.")
@click.option("--robot", default="sim", show_default=True, help="sim, or a class of yours as package.module:Class.")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Where episodes and report go [episodes/TIME].")
@click.option("--film/--no-film", default=True, show_default=True, help="Record pictures of the scene.")
@click.option("--watch", is_flag=True, help="With --task: take up edits of the codebook file between decisions.")
@click.option("--explain", is_flag=True, help="Tell each decision as it is made.")
@click.option("--view", is_flag=True, help="Show scene and decisions as they happen, in a page of this machine alone.")
@click.option("--view-port", type=click.IntRange(0, 65_535), default=0, help="The port of --view [any free one].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def run(
    scenarios: tuple[str, ...],
    task: str | None,
    codebook: str,
    seeds: int,
    first_seed: int,
    controller: str,
    model: str,
    adapter: str,
    profile: str,
    history: str,
    temperature: float,
    top_k: int,
    top_p: float,
    robot: str,
    folder: Path | None,
    film: bool,
    watch: bool,
    explain: bool,
    view: bool,
    view_port: int,
    as_json: bool,
) -> int:
    """Run SCENARIOS: files, folders, or shipped ones such as tabletop or tabletop/put_in_bowl [default: tabletop].

    Writes one episode file (.mcap) per episode and a report.html. Exits 0 only if every goal was reached within its
    budgets, 1 if not, 2 if something given cannot be used.
    """
    if watch and task is None:
        raise InputError("--watch goes with --task: a scenario's episode is made with one codebook")
    chosen = _chosen(scenarios, task, codebook)
    check_robot(robot)
    folder = folder or Path("episodes") / time.strftime("%Y%m%d-%H%M%S")
    _make(folder)
    sampling = Sampling(temperature, top_k, top_p)
    with model_progress() as progress:
        controllers = Controllers(Who(controller, model, adapter, profile, history, sampling), progress)
    live = LiveCodebook(codebook) if watch else None
    plan = Plan(chosen, range(first_seed, first_seed + seeds), robot, folder, film, live)
    console = err if as_json else out
    with ExitStack() as stack:
        live_view = stack.enter_context(_view(controllers, view_port)) if view else None
        if live_view is not None:
            show(live_view, err)
        bar = stack.enter_context(counting("episodes", len(plan)))

        def tell(book: Codebook) -> Listener:
            told = (live_view, Explainer(console, book) if explain else None)
            return Several(tuple(listener for listener in told if listener is not None))

        files = run_plan(plan, controllers, lambda _: bar.advance(bar.task_ids[0]), tell if explain or view else None)
    summary = summarize(read_episode(file, pictures=False) for file in files)
    write_report(folder / "report.html", map(read_episode, files), summary)
    if as_json:
        adapter_used = controllers.engine.adapter.name if controllers.engine else None
        model_used = controllers.engine.model.name if controllers.engine else None
        who = {"controller": controller, "model": model_used, "adapter": adapter_used, "out": str(folder)}
        print_json(summary.as_json() | who)
    else:
        _show(summary, folder)
    return 0 if summary.ok else 1


def _view(controllers: Controllers, port: int) -> View:
    """The live view of what they decide."""
    who, model = controllers.who, controllers.engine.model.name if controllers.engine else ""
    return View(f"{who.controller} {model}".strip(), who.history, read=bool(model), port=port)


def _chosen(names: tuple[str, ...], task: str | None, codebook: str) -> tuple[Scenario, ...]:
    if task is not None:
        if names:
            raise InputError("give either scenarios or --task, not both")
        if not task.strip():
            raise InputError("--task is empty; say what is to be done")
        return (typed_scenario(task, codebook),)
    chosen = tuple(load_scenario(path) for path in find_scenarios(names or ("tabletop",)))
    names_seen = [scenario.name for scenario in chosen]
    for name in names_seen:
        if names_seen.count(name) > 1:
            raise InputError(f"two scenarios are called '{name}'; their episode files would have one name")
    return chosen


def _make(folder: Path) -> None:
    """Find out now, not after an hour, whether the folder can be written to."""
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise InputError(f"{folder}: cannot be written to: {problem.strerror}") from problem


def _show(summary: Summary, folder: Path) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("scenario")
    for heading in ("episodes", "reached", "95% interval", "credit"):
        table.add_column(heading, justify="right")
    rows = [*summary.by_scenario.items()]
    for name, tally in [*rows, *([("all", summary.total)] if len(rows) > 1 else [])]:
        low, high = wilson95(tally.success, tally.judged)
        reached = str(tally.success) if tally.judged else "not judged"
        credit = "" if tally.mean_credit is None else f"{tally.mean_credit:.0%}"
        table.add_row(name, str(tally.episodes), reached, f"{low:.0%}–{high:.0%}" if tally.judged else "", credit)
    out.print(table)
    times = summary.quantiles("decision_ms")
    out.print(
        f"{summary.decisions} decisions: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms; "
        f"{summary.invalid_commands} invalid, {summary.refused_commands} refused by the guard"
        if times["p50"] is not None and times["p95"] is not None
        else "no decisions"
    )
    if summary.total.fallen or summary.total.bumps:
        out.print(f"damage: {summary.total.fallen} blocks off the table, {summary.total.bumps} hard bumps of the arm")
    for stage, (measured, budget) in summary.p95_misses.items():
        out.print(f"[red]budget missed:[/red] {stage} p95 {measured:.1f} ms, budget {budget:.1f} ms")
    if summary.hard_misses:
        out.print(f"[red]budget missed:[/red] {summary.hard_misses} decisions past their hard limit")
    verdict = "[green]all goals reached within budgets[/green]" if summary.ok else "[red]not all goals reached[/red]"
    if summary.ok and summary.decisions < FEWEST_FOR_P95:
        verdict = f"[green]all goals reached[/green] (p95 budgets are judged from {FEWEST_FOR_P95} decisions on)"
    if summary.ok and not summary.total.judged:
        verdict = "no goal to judge by"
    out.print(f"{verdict}; report: {escape(str(folder / 'report.html'))}")
