"""Looking again: only what declares that it merely waits is sent before a task is given up."""

import random

import pytest

from codeword.codebook import Codebook, CodebookError, Entity, Fact, Observation, load_codebook, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.goal_executor import idle, idle_command
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.prompt import codebook_text

ROVER = """\
codebook: rover
robot: base
entities: [place]
facts:
  at(spot): the base stands at the place
skills:
  drive:
    description: drive ahead
    args:
      distance_m: {number: {min: -2, max: 2, step: 0.5}}
    steps:
      - drive: {distance_m: $distance_m}
  rest:
    description: stand still
    args:
      duration_s: {integer: {min: 0, max: 9}}
    waits: true
    steps:
      - wait: {duration_s: $duration_s}
  done: {description: say that it is done}
  cannot: {description: give up, args: {reason: {choice: [missing, impossible]}}}
"""
SEEN = Observation(step=0, time_s=0.0, entities=(Entity(id="hall", kind="place"),), facts=(Fact("at", ("hall",)),))


def looks(codebook: Codebook) -> str:
    command = idle_command(SymbolicWorld.of(codebook, SEEN))
    return command.text if command is not None else ""


def test_a_skill_without_effects_is_not_taken_for_harmless() -> None:
    rover = parse_codebook(ROVER)
    assert [skill.name for skill in idle(rover)] == ["rest"]
    assert looks(rover) == '{"skill":"rest","duration_s":1}', "to wait for nothing is no look"
    assert looks(parse_codebook(ROVER.replace("    waits: true\n", ""))) == ""
    usual = ROVER.replace("max: 9}}", "max: 9}, default: 4}")
    assert looks(parse_codebook(usual)) == '{"skill":"rest"}'


def test_what_is_declared_is_not_told_to_the_model() -> None:
    assert codebook_text(parse_codebook(ROVER)) == codebook_text(parse_codebook(ROVER.replace("    waits: true\n", "")))


def test_the_shipped_codebooks_say_which_skills_wait() -> None:
    found = {name: [skill.name for skill in idle(load_codebook(name))] for name in shipped()}
    assert {name: skills for name, skills in found.items() if skills != ["wait"]} == {"showcase": ["wait", "rest"]}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    waits: true\n", "    waits: maybe\n", "17:12: 'waits' is true or false, not 'maybe'"),
        (
            "    waits: true\n",
            "    waits: true\n    effects: [not at(any)]\n",
            "18:5: 'rest' merely waits, so it changes nothing; leave out 'effects' or 'waits'",
        ),
        (
            "      duration_s: {integer: {min: 0, max: 9}}\n",
            "      duration_s: {integer: {min: 0, max: 9}}\n      spot: {entity: place}\n",
            "17:7: 'rest' merely waits, so it names no entities; leave out 'spot' or 'waits'",
        ),
        (
            "  done: {description: say that it is done}",
            "  done: {description: say that it is done, waits: true}",
            "20:44: 'done' ends an episode and waits for nothing; leave out 'waits'",
        ),
    ],
)
def test_a_skill_that_waits_changes_nothing_and_names_nothing(old: str, new: str, fault: str) -> None:
    with pytest.raises(CodebookError) as told:
        parse_codebook(ROVER.replace(old, new), "c.yaml")
    assert [str(one) for one in told.value.faults] == [f"c.yaml:{fault}"]


def test_a_wait_that_is_not_legal_now_is_not_sent() -> None:
    bound = ROVER.replace("    waits: true\n", "    waits: true\n    preconditions: [not at(any)]\n")
    assert looks(parse_codebook(bound)) == ""


def test_made_up_codebooks_declare_their_waiting_skill() -> None:
    from codeword.controller.teaching.codebook_generator import make_book
    from codeword.controller.teaching.lessons import waits
    from codeword.controller.teaching.pools_of import training_pools

    rng, waiting = random.Random(5), 0
    for _ in range(30):
        book = make_book(rng, training_pools().names)
        name = book.names.skills.get("wait")
        assert [skill.name for skill in idle(book.codebook)] == ([name] if name else [])
        assert {command.skill for command in waits(book)} == ({name} if name else set())
        waiting += name is not None
    assert 5 < waiting < 30
