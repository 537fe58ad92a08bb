"""A plan that is asked for and not carried out: by a model that writes plans, and by one that writes goals alone."""

from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.controller.adapter import Adapter
from codeword.controller.plan_asking import ask_for_plan
from tests.codebook.plan_books import DOG, book, scene
from tests.controller.goal_fakes import Unsure, start
from tests.controller.test_plan_controller import BARK, Writer


class Goals(Unsure):
    """An engine whose adapter was taught to write goals."""

    adapter = Adapter("taught", Path("taught"), contract=8)


def test_a_model_writes_a_plan_and_says_how_sure_it_is() -> None:
    plan, sure = ask_for_plan(Writer(bark=3, sit=1), book(DOG), "bark twice", scene())  # type: ignore[arg-type]
    assert (plan.text, sure) == (BARK, pytest.approx(0.75))


def test_an_adapter_that_writes_goals_writes_a_plan_with_one(tabletop: Codebook) -> None:
    plan, sure = ask_for_plan(Goals(red=1), tabletop, "red into the blue bowl", start())  # type: ignore[arg-type]
    assert (plan.text, sure) == ('{"plan":[[["red_block","in","blue_bowl"]]]}', pytest.approx(1.0))
    plan, _ = ask_for_plan(Goals(missing=1), tabletop, "the cup into the blue bowl", start())  # type: ignore[arg-type]
    assert plan.cannot == "missing"
