"""Controllers: observation in, command out."""

from .waiting import sleep_while_waiting

sleep_while_waiting()

from .controller import Controller, ModelController, RandomController, make_controller  # noqa: E402
from .decision import Choice, Decision, DecisionCancelled, Option  # noqa: E402

__all__ = [
    "Choice",
    "Controller",
    "Decision",
    "DecisionCancelled",
    "ModelController",
    "Option",
    "RandomController",
    "make_controller",
]
