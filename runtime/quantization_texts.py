"""Prompts and answers that quantization looks at: those of the shipped codebooks, in situations drawn by seed."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

from codeword.codebook import Codebook, Entity, Observation, load_codebook
from codeword.codebook.action_prompt import offer
from codeword.controller.calibration import Text
from codeword.controller.controller import RandomController

from .scenario import Scenario, find_scenarios, load_scenario
from .situations import Situation, situations

HELD_OUT = "showcase"
"""The codebook that is left out of calibration where what it did is to be measured."""


def suite(codebook: str = "tabletop") -> tuple[Scenario, ...]:
    """The shipped scenarios of the arm, with a codebook for it in place of their own."""
    given = load_codebook(codebook)
    return tuple(replace(scenario, codebook=given) for scenario in _scenarios())


@cache
def _scenarios() -> tuple[Scenario, ...]:
    return tuple(load_scenario(path) for path in find_scenarios(("tabletop",)))


def calibration_texts(count: int = 96, *, held_out: str | None = None) -> list[Text]:
    """So many texts: most of them of `tabletop`, the others of what else is shipped. The same ones every time."""
    others = [name for name in ("showcase", "mobile") if name != held_out]
    each = count // 8
    texts = [text_of(one, number) for number, one in enumerate(_of("tabletop", count - each * len(others)))]
    for name in others:
        texts += [text_of(one, number) for number, one in enumerate(_of(name, each))]
    return texts


def held_out_texts(count: int = 8) -> list[Text]:
    """Texts of the codebook HELD_OUT, in situations that no calibration sees."""
    return [text_of(one, 0) for one in islice(situations(suite(HELD_OUT), seed=1000), count)]


def text_of(situation: Situation, seed: int) -> Text:
    """A situation's prompt, and a legal command drawn by lot."""
    offered = offer(situation.codebook, situation.task, situation.observation)
    lot = RandomController(situation.codebook, seed)
    return Text(offered.prompt, lot.decide(situation.task, situation.observation).text)


def _of(name: str, count: int) -> Iterator[Situation]:
    codebook = load_codebook(name)
    if codebook.robot == load_codebook("tabletop").robot:
        yield from islice(situations(suite(name), seed=500), count)
        return
    for number in range(count):
        yield Situation(codebook, _task(codebook, number), _any_observation(codebook, number))


def _task(codebook: Codebook, number: int) -> str:
    """Words for a robot that no scenario is shipped for: what one of its skills is said to do."""
    described = [skill.description for skill in codebook.skills.values() if skill.ends is None]
    return f"{described[number % len(described)].capitalize()}."


def _any_observation(codebook: Codebook, number: int) -> Observation:
    """A few things of every kind, and no facts."""
    kinds = sorted(codebook.kinds)
    entities = tuple(Entity(id=f"{kind}_{one}", kind=kind) for kind in kinds for one in range(1 + number % 3))
    return Observation(step=0, time_s=0.0, entities=entities, facts=())
