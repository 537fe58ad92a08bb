"""Facts are said of things of their kinds alone, as declared or as skills tell."""

import pytest

from codeword.codebook import Codebook, CodebookError, Entity, Fact, Observation, RobotError, parse_codebook
from codeword.codebook.docs import codebook_docs
from codeword.codebook.fact_kinds import place_kinds, unknown_places
from codeword.codebook.prompt import codebook_text
from codeword.runtime.episode import check_observation
from tests.codebook.goal_grammar import goal_graph

HOME = """\
codebook: home
robot: base
entities: [room, charger, lamp, desk]
facts:
  at(spot): the base is there
  lit(lamp): the lamp is on
  clean(thing): it is clean
  broken(thing): it is broken
skills:
  go:
    description: go there
    args:
      spot: {entity: [room, charger]}
    effects: [not at(any), at(spot)]
  light:
    description: switch it on
    args:
      lamp: {entity: lamp}
    effects: [lit(lamp)]
  tidy:
    description: dust a lamp off, or sweep a room
    args:
      thing: {entity: [lamp, room, desk]}
    preconditions: [not desk(thing)]
    effects: [clean(thing) if not lamp(thing), lit(thing) if lamp(thing)]
  done: {description: say that it is done}
  cannot: {description: give up, args: {reason: {choice: [missing, impossible]}}}
"""
KINDS = {"kitchen": "room", "living_room": "room", "dock": "charger", "desk_lamp": "lamp", "old_desk": "desk"}
SEEN = Observation(
    step=0,
    time_s=0.0,
    entities=tuple(Entity(id=thing, kind=kind) for thing, kind in KINDS.items()),
    facts=(Fact("at", ("dock",)),),
)


def sayable(codebook: Codebook, name: str) -> set[str]:
    graph = goal_graph(codebook, SEEN, "go to the kitchen")
    return {thing for thing in KINDS if graph.accepts(f'{{"goal":[["{name}","{thing}"]]}}')}


def test_a_goal_says_a_fact_only_of_things_of_its_kinds() -> None:
    home = parse_codebook(HOME)
    assert sayable(home, "lit") == {"desk_lamp"}
    assert sayable(home, "at") == {"kitchen", "living_room", "dock"}
    assert sayable(home, "clean") == {"kitchen", "living_room"}


def test_kinds_are_told_by_effects_what_their_conditions_leave_and_else_by_what_is_asked() -> None:
    found = place_kinds(parse_codebook(HOME.replace("[not desk(thing)]", "[not desk(thing), not broken(thing)]")))
    assert found == {
        "at": (("room", "charger"),),
        "lit": (("lamp",),),
        "clean": (("room",),),
        "broken": (("room", "lamp", "desk"),),
    }


def test_what_nothing_tells_of_is_asked_for_and_declared() -> None:
    home = parse_codebook(HOME)
    assert unknown_places(home) == [
        "broken(thing): nothing tells of which kinds 'thing' is; write thing in room|charger|lamp|desk with those that "
        "it takes"
    ]
    named = parse_codebook(HOME.replace("broken(thing)", "broken(lamp)"))
    assert unknown_places(named) == ["broken(lamp): nothing tells of which kinds 'lamp' is; write lamp in lamp"]
    declared = parse_codebook(HOME.replace("broken(thing)", "broken(thing in lamp|desk)"))
    assert unknown_places(declared) == []
    assert place_kinds(declared)["broken"] == (("lamp", "desk"),)
    assert codebook_text(declared) == codebook_text(home), "the model reads no kinds"
    assert "`broken(thing in lamp\\|desk)`" in codebook_docs(declared)


def test_what_is_declared_stands_before_what_skills_tell() -> None:
    narrow = HOME.replace("at(spot):", "at(spot in room):").replace("{entity: [room, charger]}", "{entity: room}")
    assert place_kinds(parse_codebook(narrow))["at"] == (("room",),)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("lit(lamp):", "lit(lamp in lmap):", "6:15: unknown kind 'lmap'; did you mean 'lamp'? (choices: room, charger, lamp, desk)"),
        ("lit(lamp):", "'lit(lamp: lamp)':", "6:11: the kinds of a place stand behind 'in', such as lamp in block|bowl"),
        ("at(spot):", "at(spot in room):", "14:28: 'at(spot)' can be of a charger, and 'at' takes room; narrow the argument 'spot', or say: if room(spot)"),
        ("lit(lamp):", "lit(lamp in desk):", "19:15: 'lit' takes desk, and 'lamp' is lamp"),
        ("broken(thing):", "broken(thing in charger):", None),
        ("[not desk(thing)]", "[not desk(thing), some x in desk (clean(x) and at(x))]", None),
        ("skills:\n", "derived:\n  dark(room in room): not lit(any)\nskills:\n", "10:13: a computed fact takes what its condition is true of; leave out its kinds"),
    ],
)  # fmt: skip
def test_kinds_that_do_not_go_together_are_faults(old: str, new: str, fault: str | None) -> None:
    text = HOME.replace(old, new, 1)
    if fault is None:
        parse_codebook(text)
        return
    with pytest.raises(CodebookError) as told:
        parse_codebook(text, "c.yaml")
    assert str(told.value.faults[0]) == f"c.yaml:{fault}"


def test_a_condition_that_can_never_hold_is_a_fault() -> None:
    text = HOME.replace("clean(thing):", "clean(thing in room):")
    parse_codebook(text)
    never = text.replace("[not desk(thing)]", "[not desk(thing), some x in desk (clean(x))]")
    with pytest.raises(CodebookError, match="'clean' takes room, and 'x' is desk"):
        parse_codebook(never)


def test_a_fact_of_a_thing_of_another_kind_is_the_robot_s_mistake() -> None:
    ill = SEEN.model_copy(update={"facts": (Fact("lit", ("living_room",)),)})
    check_observation(parse_codebook(HOME), ill)
    declared = parse_codebook(HOME.replace("lit(lamp)", "lit(lamp in lamp)", 1))
    check_observation(
        declared, SEEN.model_copy(update={"facts": (Fact("lit", ("desk_lamp",)), Fact("lit", ("unseen",)))})
    )
    with pytest.raises(RobotError) as told:
        check_observation(declared, ill)
    assert str(told.value) == (
        "the robot reports lit(living_room); 'living_room' is of the kind room, and 'lit' takes lamp"
    )


def test_a_codebook_tells_the_kinds_of_a_fact_that_it_includes() -> None:
    own = parse_codebook("codebook: own\ninclude: [tabletop]\nfacts:\n  wide(thing in block): it is wide\n")
    assert own.predicates["wide"].kinds == (("block",),)
    assert list(own.predicates) == ["on", "in", "holding", "wide"]
    assert parse_codebook(own.text).predicates == own.predicates
    with pytest.raises(CodebookError, match="there is a fact called 'at' already"):
        parse_codebook(HOME.replace("  at(spot):", "  at(spot, other): twice\n  at(spot):"))
