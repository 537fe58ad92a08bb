"""One episode as a time line to read in a terminal."""

from collections.abc import Iterator

from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.report.rules import Remark, remarks
from codeword.runtime.report.turns import Teller, Turn
from codeword.runtime.report.way import way
from codeword.runtime.report.wrong import KINDS, first_wrong
from codeword.runtime.summary import scenario_of, task_at


def lines(episode: RecordedEpisode) -> Iterator[str]:
    """An episode in words: who decided, each step with its time [s of the robot], what changed, what was decided with
    which share, how it ended; then what went wrong first, and what the rules say.
    """
    header, scenario = episode.header, scenario_of(episode)
    who = " ".join(filter(None, (header.controller, header.model, header.adapter, header.profile)))
    yield f"{header.scenario}, seed {header.seed}: {header.task}"
    yield f"decided by {who}, codebook {header.codebook} ({header.codebook_hash[:12]}), robot {header.robot}"
    ahead = way(episode, scenario)
    found = remarks(episode, scenario, ahead)
    teller = Teller(scenario.codebook)
    for number, step in enumerate(episode.steps):
        turn = teller.turn(step, task_at(episode, scenario, number))
        yield from _turn(episode, number, turn, [remark for remark in found if remark.step == number])
    verdict = episode.verdict
    if verdict is None:
        yield f"the file ends here, after {len(episode.steps)} steps, without a verdict"
        return
    state = {True: "reached", False: "missed", None: "not judged"}[verdict.success]
    yield f"{verdict.simulated_s:7.2f} s  {state}: {verdict.reason}{_open(verdict.open)}"
    wrong = first_wrong(episode, ahead, bool(scenario.spec.cannot))
    if wrong is not None:
        yield f"went wrong first, at step {wrong.step}: {KINDS[wrong.kind]}: {wrong.text}"


def _turn(episode: RecordedEpisode, number: int, turn: Turn, found: list[Remark]) -> Iterator[str]:
    for event in episode.events:
        if event.step == number:
            yield f"{event.time_s:7.2f} s  event: {event.what}"
    share = f"  {turn.probability:.0%}" if turn.probability is not None else ""
    took = f"  {turn.stage_ms['decision_ms']:.1f} ms" if "decision_ms" in turn.stage_ms else ""
    yield f"{turn.time_s:7.2f} s  step {number}: {turn.command or 'no command'}{share}{took}"
    changes = [f"+{fact}" for fact in turn.seen.now] + [f"-{fact}" for fact in turn.seen.no_longer]
    changes += [f"{name} moved {metres:.3f} m" for name, metres in turn.seen.moved.items()]
    changes += [f"{name} appeared" for name in turn.seen.appeared if number] + [
        f"{name} gone" for name in turn.seen.gone
    ]
    if changes:
        yield f"             seen: {', '.join(changes)}"
    if turn.guard is not None and not turn.guard.allowed:
        yield f"             refused: {turn.guard.message}"
    for missed in turn.missed:
        yield f"             late: {missed} past its hard limit"
    if turn.result is not None:
        result = turn.result
        why = ": ".join(filter(None, (result.reason, result.message)))
        yield f"             {result.status} after {result.duration_s:.2f} s{f' ({why})' if why else ''}"
        if result.status != "done":
            yield from (f"             planned if {case}: {then}" for case, then in turn.contingencies)
    for remark in found:
        yield f"             {remark.rule}: {remark.text}"


def _open(parts: tuple[str, ...]) -> str:
    return f"; open: {', '.join(parts)}" if parts else ""
