"""Random picks and places in random worlds; `python tests/sim/test_pick_and_place.py TRIES` measures and prints."""

import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from codeword.codebook.command import Command
from codeword.codebook.facts import Fact
from codeword.codebook.load import load_codebook
from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook
from codeword.sim.robot import SimRobot
from codeword.sim.world_spec import WorldSpec

COLORS = ["red", "green", "blue", "pink", "cyan", "white", "black"]
PLACES_PER_WORLD = 6


@dataclass
class Tally:
    tries: int = 0
    failures: list[str] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    simulated_s: list[float] = field(default_factory=list)


def _world(rng: random.Random) -> WorldSpec:
    return WorldSpec.model_validate(
        {
            "blocks": COLORS[: rng.randint(3, 7)],
            "bowls": rng.sample(["yellow", "navy"], rng.randint(0, 2)),
            "zones": rng.sample(["left", "right", "far", "near", "middle"], rng.randint(0, 3)),
        }
    )


def _below(seen: Observation) -> dict[str, str]:
    return {fact.args[0]: fact.args[1] for fact in seen.facts if fact.name in ("on", "in")}


def _choose(seen: Observation, rng: random.Random) -> tuple[str, str]:
    """A block with nothing on it, and where it goes: often a tower of up to four."""
    below = _below(seen)
    kinds = {entity.id: entity.kind for entity in seen.entities}
    clear = [block for block in below if block not in below.values()]

    def height(thing: str) -> int:
        return 1 + height(below[thing]) if thing in below else 0

    def in_bowl(thing: str) -> bool:
        return kinds[thing] == "bowl" or (thing in below and in_bowl(below[thing]))

    block = rng.choice(clear)
    towers = [other for other in clear if other != block and height(other) < 4 and not in_bowl(other)]
    targets = sorted(towers, key=height, reverse=True)[:2] * 2
    for entity in seen.entities:
        inside = sum(support == entity.id for support in below.values())
        if entity.kind in ("zone", "table") or (entity.kind == "bowl" and inside < 3):
            targets.append(entity.id)
    targets = [target for target in targets if target != below[block]]
    return (block, rng.choice(targets)) if targets else _choose(seen, rng)


def _command(skill: str, **args: str) -> Command:
    return Command(skill, args, json.dumps({"skill": skill, **args}, separators=(",", ":")))


def measure(codebook: Codebook, tries: int, first_seed: int = 0) -> Tally:
    """Pick and place so many times. A try fails if a command does, or if any fact is not as it should be then."""
    tally, seed = Tally(), first_seed
    while tally.tries < tries:
        rng = random.Random(seed)
        robot = SimRobot(codebook, _world(rng), seed)
        for _ in range(min(PLACES_PER_WORLD, tries - tally.tries)):
            before = robot.scenario.truth()
            block, target = _choose(before, rng)
            began_s, began_sim_s = time.process_time(), robot.scenario.time_s
            results = [robot.execute(_command("pick", object=block)).result()]
            if results[0].status == "done":
                results.append(robot.execute(_command("place", object=block, target=target)).result())
            tally.cpu_s.append(time.process_time() - began_s)
            tally.simulated_s.append(robot.scenario.time_s - began_sim_s)
            tally.tries += 1
            kind = next(entity.kind for entity in before.entities if entity.id == target)
            wanted = {fact for fact in before.facts if fact.args[0] != block}
            wanted.add(Fact("in" if kind == "bowl" else "on", (block, target)))
            after = set(robot.scenario.truth().facts)
            if after != wanted or results[-1].status != "done":
                what = f"seed {seed}: {block} from {_below(before)[block]} to {target}: {results[-1].status}"
                wrong = ", ".join(sorted(map(str, after - wanted)))
                tally.failures.append(f"{what} {results[-1].reason} {results[-1].message}; not wanted: {wrong}")
                break
        robot.close()
        seed += 1
    return tally


def test_every_pick_and_place_succeeds_and_is_quick(codebook: Codebook, sized: Callable[[int], int]) -> None:
    tally = measure(codebook, tries=sized(48))
    assert tally.failures == []
    assert sum(tally.cpu_s) / tally.tries < 1.0
    assert max(tally.simulated_s) < 12.0


def main() -> None:
    tries, first_seed = ([int(word) for word in sys.argv[1:]] + [300, 1000][len(sys.argv) - 1 :])[:2]
    tally = measure(load_codebook("tabletop"), tries, first_seed)
    for failure in tally.failures:
        print(failure)
    n = tally.tries
    print(f"{n - len(tally.failures)} of {n} succeeded, seeds from {first_seed}")
    print(f"computer time per pick-and-place: mean {sum(tally.cpu_s) / n:.3f} s, most {max(tally.cpu_s):.3f} s")
    print(f"simulated time: mean {sum(tally.simulated_s) / n:.2f} s, most {max(tally.simulated_s):.2f} s")


if __name__ == "__main__":
    main()
