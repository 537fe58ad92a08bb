"""Says from physics whether a goal holds; what the controller claims decides nothing but when an episode ends."""

from typing import Literal

from codeword.codebook import Observation
from codeword.codebook.conditions import conjuncts
from codeword.codebook.observation import Record

from .scenario import Scenario

Ended = Literal["done", "cannot", "max_decisions", "stopped"]


class Verdict(Record):
    """How an episode ended. `success` is None where the scenario has no goal to judge by; `open` lists the parts of the
    goal that do not hold; `reason` says in a few words what decided it.
    """

    success: bool | None
    ended: Ended
    reason: str
    open: tuple[str, ...] = ()
    decisions: int = 0
    simulated_s: float = 0.0


def judge(scenario: Scenario, truth: Observation, ended: Ended, said: str, decisions: int) -> Verdict:
    """The verdict on an episode: `truth` is the settled world, `said` the reason that a `cannot` gave."""
    state = scenario.codebook.state(truth)
    parts = conjuncts(scenario.goal) if scenario.goal is not None else ()
    still_open = tuple(str(part) for part in parts if not part.holds(state, {}))
    success: bool | None
    if scenario.goal is None:
        success, reason = None, "no goal to judge by"
    elif scenario.spec.cannot:
        success, reason = _impossible(scenario, ended, said)
    elif ended == "done":
        success, reason = not still_open, "goal reached" if not still_open else "said done too early"
    elif ended == "cannot":
        success, reason = False, f"gave up ({said}) on what can be done"
    else:
        what = "ran out of decisions" if ended == "max_decisions" else "was stopped"
        success, reason = False, f"{what} with the goal {'open' if still_open else 'reached but not said to be'}"
    return Verdict(
        success=success, ended=ended, reason=reason, open=still_open, decisions=decisions, simulated_s=truth.time_s
    )


def _impossible(scenario: Scenario, ended: Ended, said: str) -> tuple[bool, str]:
    """Success and reason where the right answer is that the task cannot be done."""
    if ended != "cannot":
        return False, {"done": "said done to what cannot be done", "stopped": "was stopped"}.get(
            ended, "ran out of decisions at what cannot be done"
        )
    if said in scenario.spec.cannot:
        return True, f"told that it cannot be done ({said})"
    return False, f"gave the reason '{said}', not {' or '.join(scenario.spec.cannot)}"
