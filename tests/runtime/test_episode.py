"""The loop, with a controller that says what it is told and the real simulation."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Fact, Observation, RobotError
from codeword.codebook.observation import Record
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.runtime.episode import Episode, check_observation, run_episode
from codeword.runtime.judge import Verdict
from codeword.runtime.robots import open_robot
from codeword.runtime.scenario import Scenario, parse_scenario
from tests.observations import observe
from tests.runtime.conftest import shipped

PICK = '{"skill":"pick","object":"red_block"}'
PLACE = '{"skill":"place","object":"red_block","target":"yellow_bowl"}'
DONE = '{"skill":"done"}'


class Parrot:
    """Says its lines one after the other; None hangs until it is given up."""

    def __init__(self, *lines: str | None) -> None:
        self.lines = list(lines)
        self.hashes: list[str] = []
        self.seen: list[Observation] = []

    def use(self, codebook: Codebook) -> None:
        self.hashes.append(codebook.hash)

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool]) -> Decision:
        del task
        self.seen.append(observation)
        line = self.lines.pop(0)
        if line is None:
            deadline = time.monotonic() + 10
            while not cancelled():
                assert time.monotonic() < deadline, "nobody gave the decision up"
            raise DecisionCancelled("too late")
        return Decision(text=line, logprob=0.0, stage_ms={"total": 0.0}, path="parrot", key="parrot")


class Notes:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Record]] = []

    def write(self, topic: str, record: Record, time_s: float) -> None:
        assert time_s >= 0
        self.heard.append((topic, record))

    def picture(self, jpeg: bytes, time_s: float) -> None:
        raise AssertionError(f"no pictures were asked for: {len(jpeg)} bytes at {time_s} s")

    def of(self, topic: str) -> list[Record]:
        return [record for kind, record in self.heard if kind == topic]


def play(scenario: Scenario, *lines: str | None) -> tuple[Verdict, Parrot, Notes]:
    parrot, notes = Parrot(*lines), Notes()
    robot, physics = open_robot("sim", scenario, seed=1)
    try:
        verdict = run_episode(Episode(scenario, "task", parrot, robot, physics, (notes,), film=False))
    finally:
        robot.close()
    return verdict, parrot, notes


def test_a_goal_that_is_reached_and_said_to_be_is_a_success() -> None:
    verdict, _, notes = play(shipped("tabletop/put_in_bowl"), PICK, PLACE, DONE)
    assert (verdict.success, verdict.ended, verdict.reason) == (True, "done", "goal reached")
    topics = [topic for topic, _ in notes.heard]
    turn = ["observation", "decision", "command", "budget", "result"]
    assert topics == [*turn, *turn, "observation", "decision", "command", "budget", "verdict"]


def test_done_too_early_is_a_failure_whatever_was_claimed() -> None:
    verdict, _, _ = play(shipped("tabletop/put_in_bowl"), DONE)
    assert (verdict.success, verdict.reason) == (False, "said done too early")
    assert verdict.open == ("in(red_block, yellow_bowl)",)


def test_a_goal_never_said_to_be_reached_is_no_success() -> None:
    wait = '{"skill":"wait","duration_s":0.5}'
    verdict, _, _ = play(shipped("tabletop/put_in_bowl"), PICK, PLACE, *[wait] * 6)
    assert (verdict.success, verdict.ended) == (False, "max_decisions")
    assert verdict.reason == "ran out of decisions with the goal reached but not said to be"


def test_giving_up_is_right_only_where_nothing_can_be_done() -> None:
    missing = '{"skill":"cannot","reason":"missing"}'
    assert play(shipped("tabletop/nothing_like_it"), missing)[0].success is True
    assert play(shipped("tabletop/put_in_bowl"), missing)[0].success is False
    wrong = play(shipped("tabletop/nothing_like_it"), '{"skill":"cannot","reason":"unsafe"}')[0]
    assert (wrong.success, wrong.reason) == (False, "gave the reason 'unsafe', not missing")
    assert play(shipped("tabletop/nothing_like_it"), DONE)[0].success is False


def test_what_the_guard_refuses_never_reaches_the_robot_and_is_told_to_the_controller() -> None:
    verdict, parrot, notes = play(shipped("tabletop/put_in_bowl"), '{"skill":"fly"}', PLACE, PICK, PLACE, DONE)
    assert verdict.success is True
    refused = [r for r in notes.of("command") if not r.allowed]  # type: ignore[attr-defined]
    assert [record.check for record in refused] == ["schema", "precondition"]  # type: ignore[attr-defined]
    assert [seen.time_s for seen in parrot.seen[:3]] == [0.0, 0.0, 0.0], "the robot did not move"
    last = parrot.seen[1].last
    assert last is not None
    assert (last.status, last.command) == ("refused", '{"skill":"fly"}')
    assert parrot.seen[3].last != parrot.seen[2].last


def test_a_decision_past_its_hard_limit_is_not_carried_out() -> None:
    scenario = shipped("tabletop/put_in_bowl")
    text = scenario.text.replace("hard: 15000", "hard: 60")
    strict = parse_scenario(text, "strict.yaml")
    verdict, parrot, notes = play(strict, None, PICK, PLACE, DONE)
    assert verdict.success is True
    assert [record.missed for record in notes.of("budget")] == [("decision_ms",), (), (), ()]  # type: ignore[attr-defined]
    assert parrot.seen[1].time_s == 0.0
    assert parrot.seen[1].last is not None
    assert parrot.seen[1].last.reason == "late"


def test_a_block_that_slips_is_seen_to_have_slipped() -> None:
    pick = '{"skill":"pick","object":"blue_block"}'
    place = '{"skill":"place","object":"blue_block","target":"red_bowl"}'
    verdict, parrot, notes = play(shipped("tabletop/slip_on_the_way"), pick, place, pick, place, DONE)
    assert verdict.success is True
    assert [result.status for result in notes.of("result")] == ["done", "failed", "done", "done"]  # type: ignore[attr-defined]
    assert parrot.seen[2].last is not None
    assert parrot.seen[2].last.reason == "slipped"
    assert [event.what for event in notes.of("event")] == ["slip"]  # type: ignore[attr-defined]


def test_the_controller_is_handed_no_goal_and_no_truth(tmp_path: Path) -> None:
    """What a controller sees of a scenario is its wording and the observation, which holds neither goal nor script."""
    scenario = shipped("tabletop/slip_on_the_way")
    _, parrot, _ = play(scenario, DONE)
    (tmp_path / "seen.json").write_text(parrot.seen[0].model_dump_json())
    seen = (tmp_path / "seen.json").read_text()
    assert "slip" not in seen
    assert "in(blue_block,red_bowl)" not in seen


def test_what_nothing_could_be_decided_by_is_a_robots_fault(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"})
    check_observation(tabletop, seen)
    twice = seen.model_copy(update={"entities": (*seen.entities, seen.entities[0])})
    with pytest.raises(RobotError, match="two entities with the id 'red_block'"):
        check_observation(tabletop, twice)
    short = seen.model_copy(update={"facts": (Fact("on", ("red_block",)),)})
    with pytest.raises(RobotError, match=r"the robot reports on\(red_block\); 'on' is of 2"):
        check_observation(tabletop, short)


def test_a_task_that_changes_is_told_and_judged_from_then_on() -> None:
    scenario = shipped("disturbed/another_task_in_the_end").seeded(1)
    first = next(block.id for block in scenario.spec.world.blocks if block.id not in ("gray_block", "black_block"))
    bowl = scenario.spec.world.bowls[0].id

    class Listening(Parrot):
        tasks: list[str] = []  # noqa: RUF012

        def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool]) -> Decision:
            self.tasks.append(task)
            return super().decide(task, observation, cancelled)

    def commands(block: str, target: str) -> tuple[str, str]:
        place = f'{{"skill":"place","object":"{block}","target":"{target}"}}'
        return f'{{"skill":"pick","object":"{block}"}}', place

    lines = (*commands(first, bowl), *commands(first, "table"), *commands("gray_block", bowl), DONE)
    for told, success in ((lines, True), ((*lines[:2], DONE), False)):
        parrot = Listening(*told)
        parrot.tasks = []
        robot, physics = open_robot("sim", scenario, seed=1)
        episode = Episode(scenario, "the first", parrot, robot, physics, film=False, then="the second")
        verdict = run_episode(episode)
        robot.close()
        assert parrot.tasks == ["the first"] * 2 + ["the second"] * (len(told) - 2)
        assert verdict.success is success
