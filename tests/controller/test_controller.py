"""Controllers: one way to make them, and what each promises."""

import os
import random
import subprocess
import sys
from collections import Counter

import pytest

from codeword.codebook import Codebook, legal
from codeword.codebook.errors import InputError, ModelError
from codeword.controller import Decision, make_controller
from codeword.controller.registry import LocalModel
from tests.observations import observe, random_observation


def test_kinds_and_names_that_do_not_exist(tabletop: Codebook, tiny_model: LocalModel) -> None:
    with pytest.raises(InputError, match=r"there is no controller 'lm'; did you mean 'llm'\? \(choices: llm, random\)"):
        make_controller("lm", tabletop)
    with pytest.raises(ModelError, match=r"there is no adapter 'x' \(choices: none, auto"):
        make_controller("llm", tabletop, model=str(tiny_model.folder), adapter="x")


def test_the_model_decides_what_is_legal(tabletop: Codebook, tiny_model: LocalModel) -> None:
    controller = make_controller("llm", tabletop, model=str(tiny_model.folder), adapter="none", policy="direct")
    rng = random.Random(1)
    for _ in range(20):
        observation = random_observation(rng)
        decision = controller.decide("Tidy up.", observation)
        assert legal(tabletop, observation).allows(decision.text)
        assert set(decision.stage_ms) == {"legal", "tokenize", "grammar", "prefill", "decode", "total"}
        stages = sum(time for stage, time in decision.stage_ms.items() if stage != "total")
        assert stages <= decision.stage_ms["total"]


def test_lots_are_legal_and_fall_evenly_over_skills(tabletop: Codebook) -> None:
    controller = make_controller("random", tabletop, seed=7)
    seen = observe({"red_block": "table", "blue_block": "table"}, ("green_bowl",), ("left_zone",))
    counts: Counter[str] = Counter()
    for step in range(600):
        observation = seen.model_copy(update={"step": step})
        decision = controller.decide("Tidy up.", observation)
        assert legal(tabletop, observation).allows(decision.text)
        assert decision.path == "random"
        counts[decision.text.split('"')[3]] += 1
    skills = len(legal(tabletop, seen).graph.edges[0][1].edges)
    assert len(counts) == skills
    assert min(counts.values()) > 600 / skills * 0.6


def draws(tabletop: Codebook, seed: int) -> list[Decision]:
    controller, rng = make_controller("random", tabletop, seed=seed), random.Random(2)
    return [controller.decide("Tidy up.", random_observation(rng)) for _ in range(20)]


def test_lots_depend_on_the_seed_alone(tabletop: Codebook) -> None:
    first = draws(tabletop, 1)
    assert [decision.essence() for decision in first] == [decision.essence() for decision in draws(tabletop, 1)]
    assert [decision.text for decision in first] != [decision.text for decision in draws(tabletop, 2)]
    assert not {decision.key for decision in first} & {decision.key for decision in draws(tabletop, 2)}


def test_lots_do_not_depend_on_the_process() -> None:
    program = (
        "from codeword.codebook import load_codebook; from codeword.controller import make_controller;"
        "from tests.observations import observe;"
        "controller = make_controller('random', load_codebook('tabletop'));"
        "print(controller.decide('x', observe({'a': 'table', 'b': 'a'})).text)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_a_decision_needs_no_transformers(tiny_model: LocalModel) -> None:
    program = (
        "import sys; from codeword.codebook import load_codebook; from codeword.controller import make_controller;"
        "from tests.observations import observe;"
        f"make_controller('llm', load_codebook('tabletop'), model={str(tiny_model.folder)!r})"
        ".decide('x', observe({'a': 'table'}));"
        "print(any(name.startswith('transformers.models') for name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said == "False\n"


@pytest.mark.parametrize(
    ("given", "policy"),
    [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"), ({"GOMP_SPINCOUNT": "9"}, "None")],
)
def test_threads_sleep_while_waiting_unless_told_otherwise(given: dict[str, str], policy: str) -> None:
    program = "import codeword.controller, os; print(os.environ.get('OMP_WAIT_POLICY'))"
    clean = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    said = subprocess.run(
        [sys.executable, "-c", program], env={**clean, **given}, check=True, capture_output=True, text=True
    ).stdout
    assert said == f"{policy}\n"
