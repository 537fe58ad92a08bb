"""A robot of one's own is brought up by what `codeword robot check` says: five planted mistakes, each told with its cure."""

import json
import sys
from pathlib import Path

import pytest

from codeword.codebook import PrimitiveRobot
from tests.runtime.test_cli import call

BOOK = """
codebook: cart
robot: {robot: cart, primitives: {go: {description: drives, args: {mark: entity}}, beep: {description: beeps}}}
entities: [mark]
facts:
  at(mark): the cart stands at the mark
skills:
  go:
    description: drive to a mark
    args: {mark: {entity: mark}}
    preconditions: [not at(mark)]
    effects: [not at(any), at(mark)]
    steps: [go: {mark: $mark}]
  beep: {description: beep once, steps: [beep]}
  done: {description: the end}
  cannot: {description: no way, args: {reason: {choice: [missing]}}}
"""

CODE = """
import time
from codeword.codebook import Entity, Fact, Outcome, PrimitiveRobot


class Cart(PrimitiveRobot):
    tick_s = 0.001
    at = "mark_0"
    calls = []

    def look(self):
        return [Entity(id=f"mark_{n}", kind="mark") for n in range(2)], [Fact("at", (self.at,))]

    def perform(self, name, args):
        self.calls.append(name)
        yield
        self.at = args.get("mark", self.at)
        return Outcome(True)

    def hold(self):
        pass


class Misspells(Cart):
    def look(self):
        return [Entity(id="mark_0", kind="mark")], [Fact("att", ("mark_0",))]


class ForgetsTheOutcome(Cart):
    def perform(self, name, args):
        yield


class NeverArrives(Cart):
    def perform(self, name, args):
        self.calls.append(name)
        yield
        return Outcome(True)


class Capitals(Cart):
    def look(self):
        return [Entity(id="Mark 0", kind="mark")], []


class Raises(Cart):
    def perform(self, name, args):
        yield
        return Outcome(args["colour"] == "red")


class LooksLong(Cart):
    def look(self):
        time.sleep(0.6)
        return super().look()


class Burns(Cart):
    def hold(self):
        raise OSError("the bus is gone")


class Slips(Cart):
    def perform(self, name, args):
        yield
        return Outcome(False, "slipped", "a wheel turned without grip")


class MoreFacts(Cart):
    def look(self):
        things, facts = super().look()
        return [*things, Entity(id="door", kind="gate")], [*facts, Fact("charged", ())]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cart.yaml").write_text(BOOK)
    (tmp_path / "checked_cart.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "checked_cart", raising=False)


def check(capsys: pytest.CaptureFixture[str], name: str, *more: str) -> tuple[int, list[str]]:
    code, out, _ = call(capsys, "robot", "check", f"checked_cart:{name}", "--codebook", "cart.yaml", *more)
    return code, [" ".join(line.split()) for line in out.splitlines()]


def test_a_robot_that_is_right_is_looked_at_and_each_skill_carried_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = check(capsys, "Cart", "--moves")
    assert code == 0
    assert told[0] == "right made: Cart, for the codebook 'cart'"
    assert told[1] == "right perform: a generator, gone on with every 0.001 s"
    assert told[2].startswith("right look: mark_0 (mark), mark_1 (mark); at(mark_0); in ")
    assert told[3].startswith("right hold: returned in ")
    assert told[4].startswith('right go: {"skill":"go","mark":"mark_1"} done in ')
    assert told[4].endswith(" s; its other arguments were not tried")
    assert told[5].startswith('right beep: {"skill":"beep"} done in ')
    assert len(told) == 6


def test_nothing_moves_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = check(capsys, "Cart")
    assert code == 0
    assert told[-1] == "note skills: none was carried out; --moves carries out each that is legal, once"
    assert sys.modules["checked_cart"].Cart.calls == []


@pytest.mark.parametrize(
    ("name", "what", "why"),
    [
        ("Misspells", "look", "tells of 'att', a fact that codebook 'cart' has not; did you mean 'at'?"),
        ("ForgetsTheOutcome", "go", "not with an Outcome; expected `return Outcome(True)`"),
        ("NeverArrives", "go", "but of its effects at(mark_1) does not show; at(mark_0) still shows"),
        (
            "Capitals",
            "look",
            "checked_cart.py:43: Entity: id: 'Mark 0' is no id (lower-case letters, digits and _); expected 'mark_0'",
        ),
        ("Burns", "hold", "checked_cart.py:60: OSError: the bus is gone"),
        ("Slips", "go", "ended as failed (slipped: a wheel turned without grip)"),
    ],
)
def test_planted_mistakes_are_each_told_with_what_would_be_right(
    capsys: pytest.CaptureFixture[str], name: str, what: str, why: str
) -> None:
    code, told = check(capsys, name, "--moves")
    assert code == 1
    wrong = [line for line in told if line.startswith("wrong")]
    assert wrong[0].startswith(f"wrong {what}: ")
    assert why in wrong[0]


def test_after_an_error_it_is_told_which_skills_were_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = check(capsys, "Raises", "--moves")
    assert code == 1
    assert told[-2].startswith('wrong go: {"skill":"go","mark":"mark_1"}: ')
    assert told[-2].endswith("checked_cart.py:49: KeyError: 'colour'")
    assert told[-1] == "note skills: not tried, for nothing can be trusted after an error: beep"


def test_what_the_codebook_does_not_know_is_worth_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = check(capsys, "MoreFacts")
    assert code == 0
    assert "note look: the codebook has no fact charged: nothing goes by it" in told
    assert "note look: the codebook has no kind gate: no skill can name such a thing" in told


def test_its_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "robot", "check", "checked_cart:Slips", "--codebook", "cart.yaml", "--moves", "--json")
    told = json.loads(out)
    assert (code, told["codebook"], told["moves"]) == (1, "cart", True)
    assert [one["verdict"] for one in told["findings"]] == ["right"] * 4 + ["wrong"] * 2
    assert call(capsys, "robot", "check", "checked_cart:Nobody", "--codebook", "cart.yaml")[0] == 2


def carried_out(capsys: pytest.CaptureFixture[str], name: str, plan: str) -> tuple[int, str]:
    args = ("--codebook", "cart.yaml", "--robot", f"checked_cart:{name}", "--plan", plan, "--no-film")
    code, out, _ = call(capsys, "run", "--task", "go there", *args, "--out", f"out-{name}")
    return code, " ".join(out.split())


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ("mark_9", "held: nothing is done: entity: 'mark_9' is not observed"),
        ("mark_0", "held: said done without a command to the robot; no goal to judge by"),
    ],
)
def test_why_nothing_was_done_for_a_task_is_told(capsys: pytest.CaptureFixture[str], mark: str, why: str) -> None:
    code, told = carried_out(capsys, "Cart", f'{{"plan":[{{"skill":"go","mark":"{mark}"}}]}}')
    assert code == 1
    assert why in told


def test_a_command_without_its_effect_is_not_sent_again_and_again(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = carried_out(capsys, "NeverArrives", '{"plan":[[["at","mark_1"]]]}')
    assert code == 1
    assert sys.modules["checked_cart"].NeverArrives.calls == ["go"] * 3
    assert "held: go(mark mark_1) was done 3 times, but at(mark_1) does not show and at(mark_0) still shows" in told


def test_a_command_whose_effect_does_not_show_is_not_taken_for_done(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = carried_out(capsys, "NeverArrives", '{"plan":[{"skill":"go","mark":"mark_1"}]}')
    assert code == 1
    assert "no effect: go(mark mark_1) was done, but at(mark_1) does not show" in told
    assert "1 of 1 tasks without a goal to judge by not carried out" in told
    assert carried_out(capsys, "Cart", '{"plan":[{"skill":"go","mark":"mark_1"}]}')[0] == 0


def test_facts_that_the_codebook_does_not_declare_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = carried_out(capsys, "MoreFacts", '{"plan":[{"skill":"beep"}]}')
    assert code == 0
    assert "undeclared: the robot tells of charged, and the codebook has no such fact" in told


def test_a_slow_look_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = carried_out(capsys, "LooksLong", '{"plan":[{"skill":"beep"}]}')
    assert code == 0
    assert "slow: a look takes 0.6 s, and every decision waits for it" in told


def test_why_the_last_command_failed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = carried_out(capsys, "Slips", '{"plan":[{"skill":"go","mark":"mark_1"}]}')
    assert code == 1
    assert 'held: {"skill":"go","mark":"mark_1"} failed (slipped: a wheel turned without grip)' in told


def test_the_guide_tells_of_all_that_a_robot_has() -> None:
    page = (Path(__file__).parents[2] / "runtime" / "guide" / "robots.md").read_text()
    table = page.split("## What is called when")[1].split("## Over a link")[0]
    attributes = {name for name in vars(PrimitiveRobot) if not name.startswith("_")} | {"codebook", "holds"}
    inner = {"ended", "call_hold"}  # between a robot and what carries its commands out
    assert [name for name in sorted(attributes - inner) if f"`{name}" not in table] == []
