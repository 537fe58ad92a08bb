"""Stepped numbers are whole multiples of their step, exactly."""

from decimal import Decimal

import pytest

from codeword.codebook.arguments import NumberArgument


def test_every_multiple_of_a_hundredth_is_written_and_read_exactly() -> None:
    argument = NumberArgument(-200, 200, Decimal("0.01"))
    for ticks in range(-200, 201):
        value = argument.value(ticks)
        assert argument.count(value) == ticks
        assert argument.write(value) == argument.text_of(ticks)
    assert [argument.text_of(t) for t in (7, 14, 10, 100, 0, -5)] == ["0.07", "0.14", "0.1", "1", "0", "-0.05"]


@pytest.mark.parametrize("value", [0.075, 2.01, -2.01, 0.1 + 0.2, True, "0.07", float("nan"), float("inf")])
def test_what_is_on_no_step_or_out_of_bounds_cannot_be_written(value: float) -> None:
    assert NumberArgument(-200, 200, Decimal("0.01")).write(value) is None
