"""How soon the grammar for an observation is ready, for a short codebook with many things and for a long codebook."""

import random
import time
from collections.abc import Callable
from typing import Any

from codeword.codebook import Codebook, Entity, Fact, Observation, load_codebook, parse_codebook
from codeword.codebook.action_prompt import offer
from codeword.codebook.choice_graph import Node
from codeword.codebook.plan_grammar import plan_graph
from codeword.controller.automaton import Automaton
from codeword.controller.grammar_check import GrammarCheck
from codeword.controller.registry import LocalModel
from codeword.controller.tokens import Tokens
from codeword.runtime.statistics import quantile

ROWS = 4
"""How many kinds of grammars are timed."""

_TASK = "Put the block number 3 into bowl number 2 and turn on the radio."
_TWENTY = (12, 4, 3)
_THINGS = ("lamp", "door", "tap", "radio", "curtain", "oven", "fan", "pump", "gate", "valve")


def long_codebook(skills: int) -> Codebook:
    """`tabletop` with many more skills, each about another thing, with entities, words and numbers for arguments."""
    text = load_codebook("tabletop").text
    for number in range(skills - len(load_codebook("tabletop").skills)):
        thing = _THINGS[number % len(_THINGS)]
        text += f"""
  set_{thing}_{number}:
    description: set the {thing} number {number} beside a block to a level
    args:
      object: {{entity: block}}
      target: {{entity: [bowl, zone]}}
      {thing}_mode: {{choice: [on, off, {thing}]}}
      level: {{number: {{min: 0, max: {1 + number % 7}, step: 0.1}}}}
    preconditions: [gripper_empty, clear(object), not in(object, target)]
    steps: [move_home]
"""
    return parse_codebook(text, "long.yaml")


def crowded(rng: random.Random, counts: tuple[int, int, int] = _TWENTY) -> Observation:
    """So many blocks, bowls and zones, and the table, with blocks on and in each other; usually twenty things."""
    names = zip(("block", "bowl", "zone"), counts, strict=True)
    blocks, bowls, zones = ([f"{name}_{number}" for number in range(count)] for name, count in names)
    held = rng.choice([None, *blocks[:3]])
    facts: list[Fact] = []
    free: list[str] = []
    for block in blocks:
        place = rng.choice(["table", "table", *bowls, *zones, *free])
        if block == held:
            facts.append(Fact("holding", (block,)))
            continue
        if place in free:
            free.remove(place)
        free.append(block)
        facts.append(Fact("in" if place in bowls else "on", (block, place)))
    things = [(block, "block") for block in blocks] + [(bowl, "bowl") for bowl in bowls]
    things += [(zone, "zone") for zone in zones] + [("table", "table")]
    entities = tuple(Entity(id=name, kind=kind) for name, kind in things)
    return Observation(step=0, time_s=0.0, entities=entities, facts=tuple(sorted(facts)))


def _commands(codebook: Codebook, observation: Observation, task: str) -> Node:
    return offer(codebook, task, observation).legal.graph


def bench_grammar(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Times [ms] from a new observation to a grammar that tokens can be asked of: the legal commands or the plans that
    can be written, the token automaton up to its first choice, and the matcher that holds it; `graph_p50_ms` of it is
    the graph of commands or plans alone.
    """
    tokens = Tokens(model.folder)
    hold = GrammarCheck(tokens.json, tokens.end_token)
    rows = []
    for name, codebook, graph_of, things in (
        ("tabletop, 20 entities", load_codebook("tabletop"), _commands, _TWENTY),
        ("200 skills", long_codebook(200), _commands, _TWENTY),
        ("plans, workbench, 20 entities", load_codebook("workbench"), plan_graph, _TWENTY),
        ("plans, 10 skills, 10 entities", long_codebook(10), plan_graph, (5, 2, 2)),
    ):
        rng = random.Random(0)
        times: list[float] = []
        graphs: list[float] = []
        counts: list[int] = []
        for number in range(n + 5):
            seen = crowded(rng, things)
            began = time.perf_counter()
            graph = graph_of(codebook, seen, _TASK)
            made = time.perf_counter()
            automaton = Automaton(graph, tokens.encode)
            run, state = automaton.forced_run(automaton.start)
            matcher = hold.matcher(graph)
            matcher.follow(run)
            matcher.expect(list(state.next))
            if number >= 5:  # the first few read the codebook and the words for the first time
                times.append((time.perf_counter() - began) * 1000)
                graphs.append((made - began) * 1000)
                counts.append(graph.count())
            advance()
        rows.append(
            {
                "name": name, "n": n, "skills": len(codebook.skills), "entities": sum(things) + 1,
                "commands_p50": quantile(counts, 0.5), "p50_ms": round(quantile(times, 0.5), 2),
                "p95_ms": round(quantile(times, 0.95), 2), "graph_p50_ms": round(quantile(graphs, 0.5), 2),
            }
        )  # fmt: skip
    return {"rows": rows}
