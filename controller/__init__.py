"""Controllers: observation in, command out.

What is named here is imported when it is first asked for: training needs neither decoder nor kernels.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .omp import sleep_while_waiting

sleep_while_waiting()

if TYPE_CHECKING:
    from .controller import Controller, ModelController, RandomController, make_controller
    from .decision import Decision, DecisionCancelled

__all__ = [
    "Controller",
    "Decision",
    "DecisionCancelled",
    "ModelController",
    "RandomController",
    "make_controller",
]

_DECISION = ("Decision", "DecisionCancelled")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(".decision" if name in _DECISION else ".controller", __name__), name)
