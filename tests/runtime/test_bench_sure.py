"""What a floor under sureness trades: what is counted, and by which of two ways to be sure."""

from codeword.codebook import Codebook
from codeword.codebook.reflexes import reflex
from codeword.controller.adapter import Adapter
from codeword.runtime.bench.sure import MEANING, REFUSED, _row, _take, _Taken, refused_count, scene
from tests.controller.goal_fakes import RED, Unsure


class Settling(Unsure):
    """An engine that keeps nothing."""

    adapter = Adapter("none")

    def settle(self) -> None:
        """There is nothing to forget."""


def test_what_is_carried_out_and_of_that_what_is_wrong() -> None:
    asked = [_Taken(0.5, 0.8, True, True), _Taken(0.9, 0.9, True, False), _Taken(0.9, 0.9, False, False)]
    asked.append(_Taken(0.8, 0.8, True, True, holds=True))
    refused = [_Taken(0.7, 0.7, True, False), _Taken(0.2, 0.2, True, False), _Taken(0.9, 0.9, False, False)]

    def told(floor: float, how: str) -> list[str]:
        row = _row(floor, how, asked, refused)
        return [str(row[name]).split(" (")[0] for name in ("carried_out", "of_these_wrong", "refused_but_done")]

    assert told(0.0, MEANING) == ["3 of 4", "1 of 3", "2 of 3"]
    assert told(0.6, MEANING) == ["2 of 4", "1 of 2", "1 of 3"], "what holds already has to be surer"
    assert told(0.6, "one text alone") == ["1 of 4", "1 of 1", "1 of 3"]


def test_a_task_is_taken_however_unsurely(tabletop: Codebook) -> None:
    taken = _take(Settling(red=0.3, green=0.3), tabletop, "red into the blue bowl", scene(), (RED,))  # type: ignore[arg-type]
    assert (round(taken.alone, 3), round(taken.shared, 3), taken.moves, taken.right) == (0.5, 0.5, True, True)
    taken = _take(Settling(green=1.0), tabletop, "red into the blue bowl", scene(), (RED,))  # type: ignore[arg-type]
    assert (taken.moves, taken.right) == (True, False)


def test_some_of_what_is_to_be_refused_is_left_to_the_model(tabletop: Codebook) -> None:
    left = [task for tasks in REFUSED.values() for task in tasks if reflex(tabletop, task) is None]
    assert 30 < len(left) < refused_count()
