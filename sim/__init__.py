"""The simulated robot: a Panda at a table in PyBullet, behind the interfaces of `codeword.codebook`."""

from .channel import ScenarioChannel
from .robot import SimRobot
from .world_spec import EventSpec, WorldSpec

__all__ = ["EventSpec", "ScenarioChannel", "SimRobot", "WorldSpec"]
