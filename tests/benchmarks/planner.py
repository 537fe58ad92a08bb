"""Plans for many things: how long the planner takes, in how much memory, and how long its plans are; beside Fast
Downward (up-fast-downward), where that is installed.
"""

import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codeword.codebook import Entity, Fact, Observation, load_codebook
from codeword.codebook.conditions import And
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.runtime.machine import machine

KINDS = ("into bowls", "reverse a tower", "one tower", "random to random", "dig out")
BOWLS = ("pink_bowl", "blue_bowl")
_FAST_DOWNWARD_S = 120.0

_DOMAIN = """(define (domain tabletop) (:requirements :strips)
 (:predicates (on ?b ?p) (in ?b ?c) (holding ?b) (empty) (clear ?b) (block ?b) (top ?p) (bowl ?c))
 (:action pick-block :parameters (?b ?p) :precondition (and (block ?b) (block ?p) (on ?b ?p) (clear ?b) (empty))
  :effect (and (holding ?b) (clear ?p) (not (on ?b ?p)) (not (clear ?b)) (not (empty))))
 (:action pick-top :parameters (?b ?p) :precondition (and (block ?b) (top ?p) (on ?b ?p) (clear ?b) (empty))
  :effect (and (holding ?b) (not (on ?b ?p)) (not (clear ?b)) (not (empty))))
 (:action pick-bowl :parameters (?b ?c) :precondition (and (block ?b) (bowl ?c) (in ?b ?c) (clear ?b) (empty))
  :effect (and (holding ?b) (not (in ?b ?c)) (not (clear ?b)) (not (empty))))
 (:action place-block :parameters (?b ?p) :precondition (and (holding ?b) (block ?p) (clear ?p))
  :effect (and (on ?b ?p) (clear ?b) (empty) (not (holding ?b)) (not (clear ?p))))
 (:action place-top :parameters (?b ?p) :precondition (and (holding ?b) (top ?p))
  :effect (and (on ?b ?p) (clear ?b) (empty) (not (holding ?b))))
 (:action place-bowl :parameters (?b ?c) :precondition (and (holding ?b) (bowl ?c))
  :effect (and (in ?b ?c) (clear ?b) (empty) (not (holding ?b)))))
"""
"""What `pick` and `place` of the codebook `tabletop` need and do, in PDDL."""


def arrangement(kind: str, size: int, seed: int = 0) -> tuple[dict[str, str], dict[str, str]]:
    """So many blocks, each with what it is on at first, and those that are to be elsewhere with where."""
    names, rng = [f"block_{number}" for number in range(size)], random.Random(seed)
    tower = dict(zip(names, [*names[1:], "table"], strict=True))
    flat = dict.fromkeys(names, "table")
    if kind == "into bowls":
        return flat, {name: BOWLS[number % 2] for number, name in enumerate(names)}
    if kind == "reverse a tower":
        return tower, {below: name for name, below in tower.items() if below != "table"}
    if kind == "one tower":
        return flat, {name: below for name, below in tower.items() if below != "table"}
    if kind == "dig out":
        return tower, {names[-1]: BOWLS[0]}
    return _towers(names, rng), _towers(names, rng)


def _towers(names: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Blocks in some towers at random."""
    placed: dict[str, str] = {}
    tops: list[str] = []
    for name in rng.sample(names, len(names)):
        if not tops or rng.random() < 0.3:
            placed[name] = "table"
            tops.append(name)
        else:
            tower = rng.randrange(len(tops))
            placed[name], tops[tower] = tops[tower], name
    return placed


def observed(placed: Mapping[str, str]) -> Observation:
    """What is seen of an arrangement on a table with the bowls."""
    things = [*((name, "block") for name in placed), *((bowl, "bowl") for bowl in BOWLS), ("table", "table")]
    facts = tuple(Fact("in" if place in BOWLS else "on", (name, place)) for name, place in placed.items())
    return Observation(
        step=0, time_s=0.0, entities=tuple(Entity(id=thing, kind=kind) for thing, kind in things), facts=facts
    )


def facts_wanted(placed: Mapping[str, str]) -> list[str]:
    """The facts of an arrangement, as conditions say them."""
    return [f"{'in' if place in BOWLS else 'on'}({name}, {place})" for name, place in placed.items()]


def bench_planner(sizes: Sequence[int], seed: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Every kind with so many blocks, each plan searched for in a process of its own."""
    rows = []
    for size in sizes:
        for kind in KINDS:
            with ProcessPoolExecutor(1, max_tasks_per_child=1) as alone:
                row = alone.submit(_planned, kind, size, seed).result()
            rows.append(row | _fast_downward(kind, size, seed))
            advance()
    return {"machine": machine(), "seed": seed, "rows": rows}


def _planned(kind: str, size: int, seed: int) -> dict[str, Any]:
    import resource  # which only POSIX has

    before, after = arrangement(kind, size, seed)
    codebook = load_codebook("tabletop")
    world = SymbolicWorld.of(codebook, observed(before))
    vocabulary = Vocabulary(codebook.places(), codebook.kinds, entities=None)
    goal = And(tuple(parse_condition(text, vocabulary) for text in facts_wanted(after)))
    began = time.process_time()
    found = plan(world, goal)
    took_s = time.process_time() - began
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    length = None if found.failure else len(found.commands)
    return {"task": kind, "blocks": size, "commands": length, "s": round(took_s, 2), "MB": round(memory_mb)}


def _fast_downward(kind: str, size: int, seed: int) -> dict[str, Any]:
    """The first plan of LAMA (Richter and Westphal 2010) for the same, its process counted; nothing where it is not
    installed.
    """
    spec = find_spec("up_fast_downward")
    if spec is None or spec.origin is None:
        return {}
    driver = Path(spec.origin).parent / "downward" / "fast-downward.py"
    with tempfile.TemporaryDirectory() as folder:
        domain, problem, made = (Path(folder) / name for name in ("domain.pddl", "problem.pddl", "plan"))
        domain.write_text(_DOMAIN, encoding="utf-8")
        problem.write_text(_problem(*arrangement(kind, size, seed)), encoding="utf-8")
        options = ["--plan-file", str(made), "--alias", "lama-first", str(domain), str(problem)]
        began = time.perf_counter()
        try:
            subprocess.run(
                [sys.executable, str(driver), *options],
                cwd=folder,
                capture_output=True,
                timeout=_FAST_DOWNWARD_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"FD commands": None, "FD s": math.inf}
        took_s = time.perf_counter() - began
        length = sum(line.startswith("(") for line in made.read_text().splitlines()) if made.is_file() else None
    return {"FD commands": length, "FD s": round(took_s, 2)}


def _problem(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    objects = " ".join((*before, *BOWLS, "table"))
    facts = [*(f"(block {name})" for name in before), *(f"(bowl {bowl})" for bowl in BOWLS), "(top table)", "(empty)"]
    facts += [f"(clear {name})" for name in before if name not in before.values()]
    facts += _facts(before)
    goal = " ".join(_facts(after))
    return (
        f"(define (problem p) (:domain tabletop) (:objects {objects}) (:init {' '.join(facts)}) (:goal (and {goal})))"
    )


def _facts(placed: Mapping[str, str]) -> list[str]:
    return [f"({'in' if place in BOWLS else 'on'} {name} {place})" for name, place in placed.items()]
