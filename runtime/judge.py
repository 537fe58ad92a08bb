"""Says from physics whether a goal holds; what the controller claims decides nothing but when an episode ends."""

from typing import Literal

from codeword.codebook import Observation
from codeword.codebook.conditions import conjuncts
from codeword.codebook.grounding import Grounder, changing, open_parts
from codeword.codebook.observation import Record
from codeword.sim.damage_report import Damage

from .scenario import Scenario

Ended = Literal["done", "cannot", "max_decisions", "stopped"]


class Verdict(Record):
    """How an episode ended. `success` is None where the scenario has no goal to judge by; `open` lists the parts of the
    goal that do not hold; `reason` says in a few words what decided it.

    `credit` is the share of what was open at the start that is closed now, from 0 to 1, whatever was claimed. `fallen`
    are the blocks off the table, `bumps` the contacts of the arm above the limit, `peak_n` its hardest contact [N].
    `commands` is how many commands the robot was given: what is said to be done without any may never have been asked.
    """

    success: bool | None
    ended: Ended
    reason: str
    open: tuple[str, ...] = ()
    decisions: int = 0
    commands: int = 0
    simulated_s: float = 0.0
    credit: float | None = None
    fallen: tuple[str, ...] = ()
    bumps: int = 0
    peak_n: float = 0.0

    @property
    def carried_out(self) -> bool:
        """Whether the task counts as carried out: by physics, or where there is no goal to judge by, said to be done
        after something was done.
        """
        return self.ended == "done" and self.commands > 0 if self.success is None else self.success


UNHARMED = Damage()


def judge(
    scenario: Scenario,
    start: Observation,
    truth: Observation,
    ended: Ended,
    said: str,
    decisions: int,
    damage: Damage = UNHARMED,
    commands: int = 0,
) -> Verdict:
    """The verdict on an episode: `start` is the world before it, `truth` the settled world after it, `said` the reason
    that a `cannot` gave, `commands` how many the robot was given.
    """
    state = scenario.codebook.state(truth)
    parts = conjuncts(scenario.goal) if scenario.goal is not None else ()
    still_open = tuple(str(part) for part in parts if not part.holds(state, {}))
    success: bool | None
    if scenario.goal is None:
        success, reason = None, _unjudged(ended, said, commands)
    elif scenario.spec.cannot:
        success, reason = _impossible(scenario, ended, said)
    elif ended == "done":
        success, reason = not still_open, "goal reached" if not still_open else "said done too early"
    elif ended == "cannot":
        success, reason = False, f"gave up ({said}) on what can be done"
    else:
        what = "ran out of decisions" if ended == "max_decisions" else "was stopped"
        success, reason = False, f"{what} with the goal {'open' if still_open else 'reached but not said to be'}"
    credit = None if success is None else float(success) if scenario.spec.cannot else _credit(scenario, start, truth)
    return Verdict(
        success=success,
        ended=ended,
        reason=reason,
        open=still_open,
        decisions=decisions,
        commands=commands,
        simulated_s=truth.time_s,
        credit=credit,
        fallen=damage.fallen,
        bumps=damage.bumps,
        peak_n=round(damage.peak_n, 3),
    )


def _unjudged(ended: Ended, said: str, commands: int) -> str:
    """How an episode ended that has no goal to judge by."""
    if ended == "done":
        return "no goal to judge by" if commands else "said done without a command to the robot; no goal to judge by"
    told = {"cannot": f"gave up ({said})", "stopped": "was stopped", "max_decisions": "ran out of decisions"}[ended]
    return f"{told}; no goal to judge by"


def _credit(scenario: Scenario, start: Observation, truth: Observation) -> float:
    """How far an episode came: the share of the parts of the goal that were open and are not any more."""
    assert scenario.goal is not None
    book, left = scenario.codebook, []
    for seen in (start, truth):
        state = book.state(seen)
        left.append(open_parts(Grounder(book, state, changing(book)).formula(scenario.goal), state))
    before, now = left
    return round(max(0.0, 1.0 - now / before), 4) if before else float(not now)


def _impossible(scenario: Scenario, ended: Ended, said: str) -> tuple[bool, str]:
    """Success and reason where the right answer is that the task cannot be done."""
    if ended != "cannot":
        return False, {"done": "said done to what cannot be done", "stopped": "was stopped"}.get(
            ended, "ran out of decisions at what cannot be done"
        )
    if said in scenario.spec.cannot:
        return True, f"told that it cannot be done ({said})"
    return False, f"gave the reason '{said}', not {' or '.join(scenario.spec.cannot)}"
