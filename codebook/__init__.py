"""The robot's language: codebooks, observations, commands, and all that is made from one YAML file."""

from .action_space import legal
from .command import Command, Value
from .command_codec import make_command, read_command
from .errors import CodebookError, CodewordError, CommandError, InputError, RobotError, RobotTimeoutError
from .facts import Fact
from .load import load_codebook, parse_codebook
from .observation import Entity, Observation, Result, RobotState
from .primitive_robot import PrimitiveRobot
from .robot import Execution, Motion, Outcome, Primitives, Robot
from .skills import Codebook, Skill

__all__ = [
    "Codebook",
    "CodebookError",
    "CodewordError",
    "Command",
    "CommandError",
    "Entity",
    "Execution",
    "Fact",
    "InputError",
    "Motion",
    "Observation",
    "Outcome",
    "PrimitiveRobot",
    "Primitives",
    "Result",
    "Robot",
    "RobotError",
    "RobotState",
    "RobotTimeoutError",
    "Skill",
    "Value",
    "legal",
    "load_codebook",
    "make_command",
    "parse_codebook",
    "read_command",
]
