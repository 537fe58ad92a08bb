"""The simulated robot: a Panda at a table in PyBullet, behind the interfaces of `codeword.codebook`."""

from typing import TYPE_CHECKING, Any

from .damage_report import Damage
from .event_spec import EventSpec
from .world_spec import WorldSpec

if TYPE_CHECKING:
    from .channel import ScenarioChannel
    from .robot import SimRobot

__all__ = ["Damage", "EventSpec", "ScenarioChannel", "SimRobot", "WorldSpec"]


def __getattr__(name: str) -> Any:
    """The robot is loaded when it is first asked for: reading a scenario needs no physics."""
    if name == "SimRobot":
        from .robot import SimRobot

        return SimRobot
    if name == "ScenarioChannel":
        from .channel import ScenarioChannel

        return ScenarioChannel
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
