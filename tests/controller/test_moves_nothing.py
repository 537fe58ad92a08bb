"""A task that is given up at first has moved nothing: whatever the codebook, and whoever decides."""

import random
from collections.abc import Iterator
from importlib import resources
from itertools import islice
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, Result, load_codebook, parse_codebook, read_command
from codeword.codebook.compose import shipped
from codeword.codebook.goal_executor import PATIENCE
from codeword.controller.adapter import NONE
from codeword.controller.controller import ModelController
from codeword.controller.decision import Decision
from codeword.controller.plan_controller import PlanController
from codeword.controller.teaching.codebook_generator import make_book
from codeword.controller.teaching.pools_of import held_out_names, training_pools
from tests.codebook.generated import random_codebook

KINDS = (ModelController, PlanController)
OWN = (
    "distance_m: {number: {min: -2, max: 2, step: 0.5}}",
    "spot: {entity: place}",
    "spots: {list: place, min: 1, max: 2}",
    "way: {choice: [left, right]}",
)


COMMAND = '{"skill":"cannot","reason":"REASON"}'


class GivesUp:
    """A model that gives up, and where other commands can be chosen takes each of those in its turn."""

    adapter = NONE

    def __init__(self, reason: str, rng: random.Random) -> None:
        self.reason, self.rng, self.asked = reason, rng, 0

    def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
        del cancelled, hint, sampling, prompt
        self.asked += 1
        if self.asked == 1:
            words = [
                form.replace("REASON", self.reason) for form in ('{"cannot":"REASON"}', '{"cannot":"missing"}', COMMAND)
            ]
            text = next(text for text in words if graph.accepts(text))
        else:
            texts = list(islice(graph.texts(), 3000))
            text = self.rng.choice([text for text in texts if '"cannot"' not in text] or texts)
        return Decision(text=text, logprob=0.0, stage_ms={"total": 1.0}, path="decoded", key=text)


def rover(argument: str) -> Codebook:
    """A codebook of somebody who declares no effects."""
    return parse_codebook(
        "codebook: rover\nrobot: base\nentities: [place]\nfacts: {at(spot): it is there}\nskills:\n"
        f"  move: {{description: drive, args: {{{argument}}}}}\n  spin: {{description: turn round}}\n"
        "  done: {description: done}\n  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}\n"
    )


def codebooks() -> Iterator[Codebook]:
    yield from map(load_codebook, shipped())
    for folder in ("evaluation/codebooks",):
        for file in sorted((Path(str(resources.files("codeword.runtime"))) / folder).glob("*.yaml")):
            yield load_codebook(file)
    yield load_codebook(Path(__file__).parents[1] / "runtime/link/cart.yaml")
    yield from map(rover, OWN)
    rng = random.Random(11)
    for pool in (training_pools().names, held_out_names()):
        yield from (make_book(rng, pool).codebook for _ in range(8))
    yield from (random_codebook(rng) for _ in range(20))


def look(codebook: Codebook, rng: random.Random) -> Observation:
    """A thing or two of every kind, and a few facts of them."""
    things = [Entity(id=f"{kind}_{n}", kind=kind) for kind in codebook.kinds for n in range(1, rng.randint(2, 3))]
    ids = [thing.id for thing in things]
    facts = {
        Fact(name, tuple(rng.choice(ids) for _ in predicate.places))
        for name, predicate in codebook.predicates.items()
        if (ids or not predicate.places) and rng.random() < 0.6
    }
    return Observation(step=0, time_s=0.0, entities=tuple(things), facts=tuple(sorted(facts)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_up_at_first_has_moved_nothing(kind: type) -> None:
    rng, books = random.Random(7), 0
    for codebook in codebooks():
        for reason in codebook.skills["cannot"].args["reason"].texts:  # type: ignore[union-attr]
            seen = look(codebook, rng)
            controller = kind(GivesUp(reason, rng), codebook)
            for step in range(PATIENCE + 3):
                command = read_command(codebook, controller.decide("fetch the grail", seen).text)
                skill = codebook.skills[command.skill]
                if skill.ends:
                    break
                assert skill.waits, (codebook.name, kind, command.text)
                last = Result(command=command.text, status="done", duration_s=1.0)
                seen = seen.model_copy(update={"step": step + 1, "last": last})
            else:
                raise AssertionError(f"{codebook.name}: goes on waiting")
        books += 1
    assert books > 40


def test_whoever_declares_no_effects_gets_no_drive_for_an_answer() -> None:
    for argument in OWN:
        codebook = rover(argument)
        for kind in KINDS:
            seen = look(codebook, random.Random(1))
            controller = kind(GivesUp("missing", random.Random(1)), codebook)
            assert controller.decide("drive a metre", seen).text == '{"skill":"cannot","reason":"missing"}'
