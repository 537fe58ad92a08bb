"""Of several things that the words fit equally none is taken by guess."""

import pytest

from codeword.codebook import parse_codebook
from codeword.codebook.facts import Fact
from codeword.codebook.observation import Observation
from codeword.codebook.task_plan import read_plan
from codeword.controller.ambiguity import check_ambiguous
from tests.codebook.plan_books import scene

LIFT = parse_codebook("""
codebook: lift
robot: {robot: lift, primitives: {act: {description: acts}}}
entities: [lift, bottle, bin]
facts:
  running(lift): the lift runs
skills:
  stop_lift: {description: stop a lift, args: {lift: {entity: lift}}, preconditions: [running(lift)], effects: [not running(lift)]}
  wipe_seats: {description: wipe the seats of a lift, args: {lift: {entity: lift}}}
  grab: {description: take a bottle, args: {bottle: {entity: bottle}}}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")
SEEN: Observation = scene(
    big_chair="lift", little_chair="lift", green_bottle="bottle", old_bottle="bottle", bottle_bin="bin"
)


def plan(skill: str, **args: str) -> str:
    told = ",".join(f'"{name}":"{value}"' for name, value in args.items())
    return f'{{"plan":[{{"skill":"{skill}",{told}}}]}}'


@pytest.mark.parametrize(
    ("task", "text", "why"),
    [
        ("grab the bottle", plan("grab", bottle="green_bottle"), "'the bottle' may be green_bottle or old_bottle; say which"),
        ("bottle please", plan("grab", bottle="old_bottle"), "'bottle' may be green_bottle or old_bottle; say which"),
        ("wipe the seats now", plan("wipe_seats", lift="big_chair"),
         "lift of wipe_seats may be big_chair or little_chair; say which"),
        ("grab a bottle", plan("grab", bottle="green_bottle"), ""),
        ("grab the green bottle", plan("grab", bottle="green_bottle"), ""),
        ("grab the bottle on the left", plan("grab", bottle="green_bottle"), ""),
        ("grab the emerald bottle", plan("grab", bottle="green_bottle"), ""),
        ("grab the bottle you are looking at", plan("grab", bottle="green_bottle"), ""),
        ("grab all the bottles", plan("grab", bottle="green_bottle"), ""),
        ("wipe its seats", plan("wipe_seats", lift="big_chair"), ""),
        ("wipe the seats of the chairlift", plan("wipe_seats", lift="big_chair"), ""),
        ("hello", '{"cannot":"unclear"}', ""),
    ],
)  # fmt: skip
def test_what_is_told_from_what_is_guessed(task: str, text: str, why: str) -> None:
    assert check_ambiguous(LIFT, task, SEEN, read_plan(LIFT, text)) == why


def test_where_it_can_be_done_with_one_alone_that_one_is_meant() -> None:
    one_runs = SEEN.model_copy(update={"facts": (Fact("running", ("big_chair",)),)})
    both_run = SEEN.model_copy(update={"facts": (*one_runs.facts, Fact("running", ("little_chair",)))})
    stop = read_plan(LIFT, plan("stop_lift", lift="big_chair"))
    assert check_ambiguous(LIFT, "stop the chair", one_runs, stop) == ""
    assert "may be big_chair or little_chair" in check_ambiguous(LIFT, "stop the chair", both_run, stop)


def test_goals_are_no_guess_either() -> None:
    goal = read_plan(LIFT, '{"plan":[[["not","running","big_chair"]]]}')
    runs = read_plan(LIFT, '{"plan":[[["running","big_chair"]]]}')
    assert (
        check_ambiguous(LIFT, "let the chair run", SEEN, runs)
        == "'the chair' may be big_chair or little_chair; say which"
    )
    one_runs = SEEN.model_copy(update={"facts": (Fact("running", ("little_chair",)),)})
    assert check_ambiguous(LIFT, "let the chair run", one_runs, runs) == ""  # the other one goes already
    both = SEEN.model_copy(
        update={"facts": tuple(Fact("running", (chair,)) for chair in ("big_chair", "little_chair"))}
    )
    assert "may be" in check_ambiguous(LIFT, "the chair should stand still", both, goal)
    assert (
        check_ambiguous(
            LIFT,
            "the chair should stand still",
            one_runs,
            read_plan(LIFT, '{"plan":[[["not","running","little_chair"]]]}'),
        )
        == ""
    )
