"""An episode as a test: what is checked of it, and what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeword.codebook import Codebook
from codeword.codebook.budgets import Budget, Stage
from codeword.codebook.errors import InputError, did_you_mean
from codeword.controller import Controller
from codeword.controller.processor import processor
from codeword.runtime.differences import Difference
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.replay import Replayed, replayed
from codeword.runtime.statistics import quantile
from codeword.runtime.summary import FEWEST_FOR_P95, scenario_of
from codeword.runtime.tolerances import is_alike, is_same_processor

CHECKS = {
    "guard": "the guard lets through and holds back what it did, for the same reasons",
    "commands": "the same commands lead to the same observations, results and events",
    "goals": "physics judges the end as it did",
    "exact": "measured numbers are the same bit by bit, not within tolerances; where the processor is the one recorded",
    "budgets": "looking, checking and (with redecide) deciding are within the budgets now, whatever else runs",
    "redecide": "every decision, made again from what was observed, is the same",
}
"""What can be checked of an episode, and what it means; beside them, the file is always what it says it is."""

DEFAULT_CHECKS = ("guard", "commands", "goals", "budgets")

_FIELDS = {
    "header": "file",
    "codebook": "codebook",
    "verdict": "goals",
    "budgets": "budgets",
    "decision": "redecide",
}
_GUARD = ("command.allowed", "command.check", "command.message")


@dataclass(frozen=True)
class Checked:
    """What was found of an episode: the differences that the chosen checks name, and all else that was compared."""

    found: tuple[Difference, ...]
    again: Replayed


def check_names(text: str) -> tuple[str, ...]:
    """The checks that a list with commas names. Raises InputError for an unknown one."""
    names = tuple(filter(None, (name.strip() for name in text.replace(",", " ").split())))
    for name in names:
        if name not in CHECKS:
            raise InputError(f"there is no check '{name}'{did_you_mean(name, list(CHECKS))}")
    return names or DEFAULT_CHECKS


def check(
    episode: RecordedEpisode,
    checks: Sequence[str],
    controller: Controller | None = None,
    codebook: Codebook | None = None,
    kernels: str | None = None,
) -> Checked:
    """Carry out an episode again and keep what the checks are about.

    `controller` decides again where `redecide` is among them, with those `kernels`; another `codebook` takes the place
    of the file's own, and that it is another is no failure in itself. Raises CodewordError where the episode cannot be
    carried out again.
    """
    redecide = "redecide" in checks
    again = replayed(
        episode, controller if redecide else None, codebook=codebook, kernels=kernels if redecide else None
    )
    exact = "exact" in checks and is_same_processor(episode.header.processor, processor())
    differences = list(again.to_the_bit if exact else again.differences)
    if "budgets" in checks:
        differences += over_budget(str(episode.path), again.stage_ms, scenario_of(episode, codebook).budgets)
    wanted = {"file", *checks}
    return Checked(tuple(found for found in differences if check_of(found) in wanted), again)


def check_of(difference: Difference) -> str:
    """The check that a difference belongs to: one of CHECKS, `file`, or `codebook`."""
    if is_alike(difference):
        return "exact"
    if difference.field in _GUARD:
        return "guard"
    if difference.field == "decision":  # none was recorded
        return "commands"
    return _FIELDS.get(difference.field.partition(".")[0], "commands")


def over_budget(
    episode: str, stage_ms: Mapping[str, Sequence[float]], budgets: Mapping[Stage, Budget]
) -> list[Difference]:
    """Each budget [ms] that times taken now are over; the limit stands where else the logged value does.

    Below 20 times a p95 says nothing: then half of them must be under that limit.
    """
    found = []
    for stage, budget in budgets.items():
        times = list(stage_ms.get(stage, ()))
        if not times:
            continue
        name, share = ("p95", 0.95) if len(times) >= FEWEST_FOR_P95 else ("median", 0.5)
        figure = round(quantile(times, share), 3)
        if budget.p95 is not None and figure > budget.p95:
            found.append(Difference(episode, 0, f"budgets.{stage}.{name}", budget.p95, figure))
        if budget.hard is not None and max(times) > budget.hard:
            step = times.index(max(times))
            found.append(Difference(episode, step, f"budgets.{stage}.hard", budget.hard, round(max(times), 3)))
    return found
