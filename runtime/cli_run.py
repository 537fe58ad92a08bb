"""`codeword run`: scenarios in, a table, episode files and a report out."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from codeword.codebook import Codebook
from codeword.codebook.errors import CodewordError, CommandError, EpisodeError, InputError
from codeword.codebook.live import LiveCodebook
from codeword.codebook.reflexes import stops
from codeword.codebook.task_plan import read_plan
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.remote.address import Limits
from codeword.controller.sampling import Sampling

from .episode import Listener
from .episodes.record import keep_all, refused
from .explain import Explainer, ask_which
from .jobs import cores, open_crew
from .listeners import Several
from .model_options import gathered
from .outcome import Outcome
from .privacy import read_parts
from .ray_jobs import is_ray
from .recording import RecordedEpisode, read_episode
from .report import write_report
from .resume import finished, require_free
from .rotation import Cap, rotate
from .run import NOBODY, Plan, Task, check_plan
from .run_options import SECTIONS, SectionedCommand
from .run_table import run_bar, run_notes, run_table
from .scenario import Scenario, find_scenarios, load_scenario, typed_scenario
from .scenario_spec import Clock, Latency
from .signals import exit_code, raised
from .summary import add_up
from .tables import PARQUET_HINT, write_csv, write_parquet
from .terminal import err, model_progress, out, print_json
from .view.opening import live_views

MOST_JOBS = 256
_SECONDS = click.FloatRange(0, 3600, min_open=True)


@click.command(
    cls=SectionedCommand,
    sections=SECTIONS,
    epilog='Example: codeword run --task "put the red block in the blue bowl" --explain',
)
@click.argument("scenarios", nargs=-1)
@gathered
def run(
    scenarios: tuple[str, ...],
    task: str | None,
    codebook: str,
    seeds: int,
    first_seed: int,
    controller: str,
    connect_s: float,
    answer_s: float,
    policy: str,
    temperature: float,
    top_k: int,
    top_p: float,
    robot: str,
    senses: str,
    jobs: str,
    lookahead: bool | None,
    clock: str | None,
    resume: bool,
    folder: Path | None,
    record: Path | None,
    update: bool,
    keep: int | None,
    max_mb: float | None,
    leave_out: str,
    film: bool,
    given: str,
    watch: bool,
    explain: bool,
    view: bool,
    foxglove: bool,
    view_port: int,
    as_json: bool,
    who: DeciderConfig,
) -> int:
    """Run SCENARIOS: files, folders, or shipped ones such as tabletop or tabletop/put_in_bowl [default: tabletop].

    Writes one episode file (.mcap) per episode, a report.html, and a row per episode into results.csv and
    results.parquet. Exits 0 only if every goal was reached within its budgets, 1 if not, 2 if something given cannot
    be used. An episode that breaks stops no other and counts as not reached. With --jobs decisions are the same, but
    times are taken while other episodes use the machine too. A task that is a stop word alone ("Stop!") stops the
    robot, and no model is loaded for it. Without a goal to judge by, a task counts as carried out where it was said to
    be done after some command.

    With --record each episode is kept as SCENARIO-SEED.mcap, to be committed and tested (pytest --codeword DIR). One
    that is there and went the same way stays as it is; where it went another way, the difference is told and exit is
    1, unless --update replaces it. With --keep and --max-mb the tables still have a row for each episode.
    """
    click.get_current_context().with_resource(raised(suspend=robot != "sim"))
    if update and record is None:
        raise InputError("--update goes with --record, the folder of the episodes to update")
    if watch and task is None:
        raise InputError("--watch goes with --task: a scenario's episode is made with one codebook")
    if resume and (folder is None or watch):
        what = "not with --watch" if watch else "with --out, the folder of the run to go on with"
        raise InputError(f"--resume goes {what}")
    cap = Cap(keep, max_mb)
    if cap.any and (resume or record is not None):
        raise InputError("--keep and --max-mb remove episodes that --resume and --record need; leave either")
    if given and task is None:
        raise InputError("--plan goes with --task: a plan is for one task")
    chosen = _chosen(scenarios, task, codebook)
    if given:
        _check_plan(chosen[0], given)
    folder = folder or Path("episodes") / time.strftime("%Y%m%d-%H%M%S")
    live = LiveCodebook(codebook) if watch else None
    plan = Plan(
        chosen, range(first_seed, first_seed + seeds), robot, folder, film, live, clock=read_clock(clock),
        leave_out=read_parts(leave_out), senses=senses,
    )  # fmt: skip
    sampling, limits = Sampling(temperature, top_k, top_p), Limits(connect_s, answer_s)
    who = replace(who, controller=controller, sampling=sampling, policy=policy, limits=limits, given=given)
    if all(stops(scenario.codebook, scenario.spec.task) for scenario in chosen):
        who = replace(who, controller=NOBODY)  # nothing is loaded first: a stop is not to wait for it
    one_by_one = {
        "--watch": watch, "--explain": explain, "--view": view, "--foxglove": foxglove,
        f"--robot {robot}": robot != "sim",
    }  # fmt: skip
    processes, cluster = _processes(jobs, plan, one_by_one), jobs if is_ray(jobs) else ""
    plan = replace(plan, lookahead=processes == 1 if lookahead is None else lookahead)
    check_plan(plan, who)
    if robot.startswith("tcp://"):
        from .link.sockets import require_listener

        require_listener(robot)
    is_new = not folder.exists()
    _make(folder)
    if record is not None:
        _make(record)
    if not resume:
        require_free(folder)
    console = err if as_json else out
    over: dict[Task, Outcome] = {}
    told: list[Listener] = []

    def tell(book: Codebook) -> Listener:
        return Several((*told, *([Explainer(console, book)] if explain else [])))

    try:
        try:
            with model_progress() as progress:
                crew = open_crew(plan, who, processes, progress, tell if explain or view or foxglove else None, cluster)
        except CodewordError:
            if is_new:  # nothing was run, and nothing is left
                with suppress(OSError):
                    folder.rmdir()
            raise
        with ExitStack() as stack:
            stack.enter_context(crew)
            decides = f"{controller} {crew.loaded.model}".strip()
            told += live_views(
                stack, err, decides, read=bool(crew.loaded.model), page=view, foxglove=foxglove, port=view_port
            )
            bar = stack.enter_context(run_bar(len(plan)))
            for one, outcome in finished(plan, who, crew.loaded) if resume else ():
                over[one] = outcome
                bar.count(outcome, kept=True)
            kept = len(over)
            for one, outcome in crew.carry_out([one for one in plan.tasks if one not in over]):
                over[one] = outcome
                bar.count(outcome)
                if outcome.row.logging:
                    err.print(f"codeword: {outcome.row.logging}", markup=False, soft_wrap=True)
                if cap.any:
                    rotate([plan.path(each) for each in over], cap)
    except KeyboardInterrupt as problem:
        done = sum(not outcome.row.error for outcome in over.values())
        cure = f"the same command with --out {folder} --resume goes on from there"
        with suppress(OSError):  # the terminal may be what has gone
            err.print(
                f"codeword: stopped; {done} of {len(plan)} episodes are finished, {cure}", markup=False, soft_wrap=True
            )
        return exit_code(problem)
    outcomes = [over[one] for one in plan.tasks]
    if click.get_current_context().find_root().params.get("debug"):
        for outcome in outcomes:
            err.print(outcome.trace, markup=False, soft_wrap=True, end="")
    summary, rows = add_up(outcomes), [outcome.row for outcome in outcomes]
    unwritten: list[InputError] = []
    reported = False
    try:
        write_csv(folder / "results.csv", rows)
        if not write_parquet(folder / "results.parquet", rows):
            err.print(PARQUET_HINT, markup=False, soft_wrap=True)
        reported = write_report(folder / "report.html", _readable(map(plan.path, plan.tasks)), summary)
    except InputError as problem:
        unwritten.append(problem)  # told after the results, which are not to be lost for it
    recorded = [] if record is None else keep_all([plan.path(one) for one in plan.tasks], record, update, console)
    if as_json:
        loaded = crew.loaded
        decided = {"controller": controller, "model": loaded.model or None, "adapter": loaded.adapter or None}
        wrong = [{"scenario": row.scenario, "seed": row.seed, "error": row.error} for row in rows if row.error]
        unlogged = [row.logging for row in rows if row.logging]
        files = {} if record is None else {"recorded": {one.path.name: one.what for one in recorded}}
        told_of = {"out": str(folder), "jobs": processes, "kept": kept, "errors": wrong, "unlogged": unlogged}
        print_json(summary.as_json() | decided | told_of | files)
    else:
        out.print(run_table(summary))
        for note in run_notes(summary, rows):
            out.print(note)
        before = f"{kept} of {len(plan)} were there already; " if kept else ""
        page = folder / ("report.html" if reported else "results.csv")
        out.print(f"{before}see {page}", markup=False)
    if unwritten:
        raise unwritten[0]
    if task is not None and not as_json and _at_terminal():
        episode = next(_readable([plan.path(plan.tasks[0])]), None)
        taken = ask_which(episode.steps[-1].decision if episode is not None and episode.steps else None, out)
        if taken:
            given_now = click.get_current_context().params
            chosen_folder = folder.with_name(f"{folder.name}-chosen")
            return int(click.get_current_context().invoke(run, **given_now | {"given": taken, "folder": chosen_folder}))
    return 0 if summary.ok and not refused(recorded) else 1


def _check_plan(scenario: Scenario, text: str) -> None:
    """Raises InputError where a text is no plan of the scenario's codebook."""
    try:
        read_plan(scenario.codebook, text)
    except CommandError as problem:
        raise InputError(f"--plan: {problem}") from problem


def _at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def read_clock(text: str | None) -> Clock | None:
    """The clock that a text names. Raises InputError for another."""
    known: Literal["paused", "live"] | None
    for known in (None, "paused", "live"):
        if text == known:
            return known
    assert text is not None
    number, unit = (text[:-2], 1.0) if text.endswith("ms") else (text[:-1], 1000.0)
    try:
        if not text.endswith("s"):
            raise ValueError("a number alone has no unit")
        return Latency(latency_ms=unit * float(number))
    except ValueError as problem:
        raise InputError(
            f"--clock: '{text}' is unknown (expected paused, live, or a latency up to 60s, such as 500ms)"
        ) from problem


def _processes(jobs: str, plan: Plan, one_by_one: Mapping[str, bool]) -> int:
    """How many processes are wanted, of which none would be idle. What goes `one_by_one` goes in one."""
    hindered = next((option for option, given in one_by_one.items() if given), None)
    if jobs == "auto":
        return 1 if hindered else min(cores(), len(plan))
    if is_ray(jobs):
        if hindered:
            raise InputError(f"{hindered} is for one episode after the other; leave --jobs {jobs}")
        return len(plan)
    if not jobs.isdecimal() or not 1 <= int(jobs) <= MOST_JOBS:
        raise InputError(f"--jobs: '{jobs}' is neither a number from 1 to {MOST_JOBS} nor auto, ray or ray://HOST:PORT")
    if int(jobs) > 1 and hindered:
        raise InputError(f"{hindered} is for one episode after the other; leave --jobs {jobs}")
    return min(int(jobs), len(plan))


def _readable(files: Iterable[Path]) -> Iterator[RecordedEpisode]:
    """The episodes of those files that have any in them: one that broke may have left nothing."""
    for file in files:
        with suppress(EpisodeError):
            yield read_episode(file)


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
