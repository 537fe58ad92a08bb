"""Random codebooks and observations: any mix of arguments, conditions and facts, with numbers on awkward steps."""

import itertools
import json
import random
from functools import cache

from codeword.codebook import Codebook, Entity, Fact, Observation, make_command, parse_codebook
from codeword.codebook.arguments import EntityArgument, ListArgument, NumberArgument, TextArgument
from codeword.codebook.command_codec import bindings_of
from codeword.codebook.conditions import holds_for_each
from codeword.codebook.spans import is_span

KINDS = ("block", "bowl", "zone")
TASK = "Take it, it is 5 o'clock"
COLORS = ("red", "green", "blue")
NAMES = ("alpha", "beta", "x1", "x12", "a_b", "left", "on", "item_2")
NUMBERS = (
    "{number: {min: 0.02, max: 0.14, step: 0.01}}",
    "{number: {min: -0.3, max: 0.3, step: 0.1}}",
    "{number: {min: 0, max: 1.5, step: 0.25}, default: 0.25}",
    "{integer: {min: -2, max: 3}}",
    "{integer: {min: 0, max: 40, step: 10}, default: 20}",
)
OTHERS = (
    "{choice: [left, right, far_left]}",
    "{choice: [slow, fast], default: fast}",
    "boolean",
    "{boolean: , default: true}",
    '{text: "[AB][1-3]"}',
    '{text: "x|xy|xyz", default: xy}',
    "{text: {max_words: 1}}",
    "{text: {max_words: 2}, default: it}",
)


def random_codebook(rng: random.Random) -> Codebook:
    """A codebook of one to four skills beside `done` and `cannot`."""
    names = rng.sample(NAMES, rng.randint(1, 4))
    skills = "".join(_skill(rng, name) for name in names)
    return parse_codebook(
        f"""\
codebook: random
robot: arm
entities: [{", ".join(KINDS)}]
facts:
  on(a, b): a is on b
  held(a): a is held
  ready: all is ready
derived:
  clear(a): not on(any, a)
  idle: not held(any)
properties:
  color: [{", ".join(COLORS)}]
skills:
{skills}  done:
    description: done
  cannot:
    description: cannot
    args: {{reason: {{choice: [missing, impossible]}}}}
"""
    )


def _skill(rng: random.Random, name: str) -> str:
    args: dict[str, str] = {}
    entities: list[str] = []
    lists = 0
    for arg in rng.sample(("obj", "target", "n", "mode", "list_1"), rng.choice((0, 1, 1, 2, 2, 3))):
        kind = rng.random()
        kinds = rng.sample(KINDS, rng.randint(1, 2))
        if kind < 0.4:
            args[arg] = f"{{entity: [{', '.join(kinds)}]}}"
            entities.append(arg)
        elif kind < 0.5 and not lists:
            low = rng.randint(1, 2)
            args[arg] = f"{{list: [{', '.join(kinds)}], min: {low}, max: {rng.randint(low, 2)}}}"
            entities.append(arg)
            lists += 1
        else:
            args[arg] = rng.choice(NUMBERS if kind < 0.75 else OTHERS)
    conditions = [_condition(rng, entities, args) for _ in range(rng.randint(0, 3))]
    lines = [f"  {name}:\n    description: do {name}\n"]
    if args:
        lines.append("    args:\n" + "".join(f"      {arg}: {spec}\n" for arg, spec in args.items()))
    if conditions:
        lines.append("    preconditions:\n" + "".join(f"      - {json.dumps(text)}\n" for text in conditions))
    return "".join(lines)


def _condition(rng: random.Random, entities: list[str], args: dict[str, str]) -> str:
    options = ["ready", "idle", "not ready or idle", "some x in block (clear(x))", "count(held(any)) < 1"]
    options += ["all x in block|bowl (not on(x, x) or ready)"]
    for arg in entities:
        options += [f"clear({arg})", f"not held({arg})", f"on({arg}, any)", f"block({arg}) or zone({arg})"]
        options += [f"color({arg}) == red", f"color({arg}) != blue", f"count(on(any, {arg})) <= 1"]
    for one, other in itertools.permutations(entities, 2):
        options += [f"{one} != {other}", f"not on({one}, {other})", f"color({one}) == color({other})"]
    for arg, spec in args.items():
        if "number" in spec or "integer" in spec:
            options += [f"{arg} <= 0.1", f"{arg} > 0.05 or idle"]
        elif "left" in spec:
            options += [f"{arg} == left", f"{arg} != far_left or ready"]
        elif "boolean" in spec:
            options += [f"{arg} == true"]
    return rng.choice(options)


def random_observation(rng: random.Random) -> Observation:
    """Up to five things of any kinds, with any facts among them."""
    count = rng.randint(0, 5)
    ids = rng.sample(("red", "red_1", "red_block", "r2d2", "b", "blue_bowl", "x"), count)
    things = [
        Entity(id=name, kind=rng.choice(KINDS), properties={"color": rng.choice(COLORS)} if rng.random() < 0.8 else {})
        for name in ids
    ]
    facts = {Fact("on", (rng.choice(ids), rng.choice(ids))) for _ in range(rng.randint(0, count))}
    facts |= {Fact("held", (rng.choice(ids),))} if ids and rng.random() < 0.4 else set()
    facts |= {Fact("ready")} if rng.random() < 0.5 else set()
    return Observation(step=0, time_s=0.0, entities=tuple(things), facts=tuple(sorted(facts)))


@cache
def _copied(most: int) -> list[str]:
    """Every piece of the task that may be copied, found by trying all."""
    pieces = {TASK[a:b] for a in range(len(TASK)) for b in range(a + 1, len(TASK) + 1)}
    return [piece for piece in sorted(pieces) if is_span(TASK, piece, most)]


def every_valid_command(codebook: Codebook, observation: Observation) -> set[str]:
    """All commands that hold, found by trying every combination of values: slow, and without the graph."""
    state = codebook.state(observation)
    found = set()
    for skill in codebook.skills.values():
        domains = []
        for argument in skill.args.values():
            if isinstance(argument, EntityArgument | ListArgument):
                things = [thing.id for thing in observation.entities if thing.kind in argument.kinds]
                if isinstance(argument, EntityArgument):
                    domains.append(things)
                    continue
                lengths = range(argument.low, argument.high + 1)
                domains.append([p for length in lengths for p in itertools.permutations(things, length)])
            elif isinstance(argument, NumberArgument):
                domains.append([argument.value(ticks) for ticks in range(argument.low, argument.high + 1)])
            elif isinstance(argument, TextArgument):
                copied = _copied(argument.max_words)
                domains.append(copied if argument.default is None else [*copied, argument.default])
            else:
                domains.append([json.loads(t) if t in ("true", "false") else t for t in argument.texts])
        for values in itertools.product(*domains):
            command = make_command(codebook, skill.name, dict(zip(skill.args, values, strict=True)))
            bindings = bindings_of(command)
            if all(holds_for_each(condition, state, bindings) for condition in skill.conjuncts):
                found.add(command.text)
    return found
