"""Carries out a command: interprets the steps of its skill over a robot's primitives."""

from .command import Command
from .robot import Motion, Outcome, Primitives
from .skills import Codebook, Reference


def carry_out(codebook: Codebook, command: Command, primitives: Primitives) -> Motion:
    """The motion of a command: each `next` lets the robot go on for one tick; returns how it ended.

    The steps run in order; the first that fails ends the command with its reason. A skill without steps is done at
    once.
    """
    for step in codebook.skills[command.skill].steps:
        args = {
            name: command.args[value.name] if isinstance(value, Reference) else value
            for name, value in step.args.items()
        }
        outcome = yield from primitives.perform(step.name, args)
        if not outcome.ok:
            return outcome
    return Outcome(True)
