"""Controllers: observation in, command out."""

from .controller import Controller, ModelController, RandomController, make_controller
from .decision import Choice, Decision, DecisionCancelled, Option

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
