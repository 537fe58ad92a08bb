"""The simulated robot: a Panda at a table in PyBullet, behind the interfaces of `codeword.codebook`."""

from typing import TYPE_CHECKING, Any

from .world_spec import WorldSpec

if TYPE_CHECKING:
    from .robot import SimRobot

__all__ = ["SimRobot", "WorldSpec"]


def __getattr__(name: str) -> Any:
    """The robot is loaded when it is first asked for: reading a scenario needs no physics."""
    if name == "SimRobot":
        from .robot import SimRobot

        return SimRobot
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
