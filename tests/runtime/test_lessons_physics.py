"""The symbolic world that lessons are made in, held against physics: the same things seen, the same facts after."""

import random
from typing import Any

import pytest

from codeword.codebook import Observation
from codeword.codebook.errors import InputError
from codeword.controller.teaching.codebook_generator import Book, make_book, shipped_book
from codeword.controller.teaching.draft import DraftTask
from codeword.controller.teaching.kinds import make_task
from codeword.controller.teaching.lessons import observed
from codeword.controller.teaching.pools_of import held_out_names, training_pools
from codeword.controller.teaching.scene import TABLE
from codeword.controller.teaching.solver import Solver
from codeword.sim import SimRobot, WorldSpec
from codeword.sim.zone_specs import EDGES, ZONES


def world_of(task: DraftTask) -> WorldSpec | None:
    """The world with a task's scene at its start, or None where a simulator has no such places."""
    blocks: list[dict[str, Any]] = []
    crates, zones, slots = [], [], 0
    for block, at in zip(task.scene.blocks, task.start, strict=True):
        if at is not None and task.scene.kind(at) == "box":  # no world begins with something in a box
            return None
        told = {key: block.properties[key] for key in ("letter", "label") if key in block.properties}
        if block.wide:
            crates.append(block.properties["color"])
            if at != TABLE:
                return None
            continue
        spec: dict[str, Any] = told or {"id": block.id, **block.properties}
        blocks.append({**spec, **({} if at == TABLE else {"on": at})})
    for zone in task.scene.of_kind("zone"):
        properties = task.scene.by_id[zone].properties
        if "number" in properties:
            slots += 1
        elif "color" in properties:
            zones.append({"color": properties["color"]})
        elif zone in EDGES or zone.removesuffix("_zone") in ZONES:
            zones.append(zone)
        else:
            return None
    containers = {
        f"{kind}s": [{"color": i.removesuffix(f"_{kind}")} for i in task.scene.of_kind(kind)] for kind in ("bowl",)
    }
    containers["boxes"] = [{"color": i.removesuffix("_box")} for i in task.scene.of_kind("box")]
    row = {"row": slots} if slots else {}
    return WorldSpec.model_validate({"blocks": blocks, "wide_blocks": crates, "zones": zones, **containers, **row})


def same(seen: Observation, predicted: Observation) -> bool:
    things = [[(e.id, e.kind) for e in o.entities] for o in (seen, predicted)]
    return things[0] == things[1] and set(seen.facts) == set(predicted.facts)


def book_of(rng: random.Random, number: int) -> Book:
    if number % 3 == 0:
        return shipped_book(rng.choice(("tabletop", "colors", "letters", "packing")))
    pool = training_pools().names if number % 3 == 1 else held_out_names()
    return make_book(rng, pool, strange=1.0, own_words=False, steps=True)


@pytest.mark.slow
def test_after_every_command_physics_shows_what_the_symbolic_world_predicted() -> None:
    rng = random.Random(4)
    commands = agreeing = episodes = 0
    for number in range(90):
        if episodes >= 12:
            break
        book = book_of(rng, number)
        _, task = make_task(rng, book)
        spec = world_of(task) if task.aim is not None else None
        if spec is None or task.aim is None or len(task.scene.blocks) > 6:
            continue
        solver = Solver(task.scene, task.aim, book.able)
        try:
            robot = SimRobot(book.codebook, spec, number)
        except InputError:  # so many things do not fit on the table
            continue
        state = task.start
        assert same(robot.observe(), observed(book, task.scene, state, None)), task
        episodes += 1
        for _ in range(6):
            moves = solver.best(state)
            if not moves:
                break
            command = book.commands(task.scene, state, moves[0])[0]
            picks = command.skill == book.names.skills.get("pick")
            state = task.scene.moved(state, moves[0][0], None if picks else moves[0][1])
            result = robot.execute(command).result()
            commands += 1
            fine = result.status == "done" and same(robot.observe(), observed(book, task.scene, state, result))
            agreeing += fine
            if not fine:  # a slip or a missed push: from here on the two are different stories
                break
        robot.close()
    assert episodes >= 12
    assert commands > 20
    assert agreeing >= 0.93 * commands, (agreeing, commands)
