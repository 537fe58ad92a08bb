"""What a prompt tells of the decisions before: nothing, or the conversation so far.

A fresh prompt is the same for the same observation. A growing conversation needs only its newest observation to be
read, whole or as changes, but is longer; it is bounded, and begins anew when it is full.
"""

from .errors import InputError, did_you_mean
from .observation import Observation
from .prompt import Prompt, Turn, changes_text
from .skills import Codebook

FORMS = ("fresh", "growing", "changes")
"""Every observation alone; all of an episode's observations, whole; the first whole, then what changed."""

MOST_TURNS = 8
"""A conversation that has so many turns begins anew with the next decision."""


class Conversation:
    """The decisions of an episode so far, as far as a prompt tells them."""

    def __init__(self, form: str = FORMS[0]) -> None:
        """Raises InputError for an unknown form."""
        if form not in FORMS:
            raise InputError(f"there is no form of history '{form}'{did_you_mean(form, FORMS)}")
        self.form = form
        self._task = ""
        self._system = ""
        self._turns: list[Turn] = []
        self._told: Observation | None = None
        self._asked = ""

    def prompt(self, codebook: Codebook, prompt: Prompt, observation: Observation) -> Prompt:
        """A prompt for an observation that stands alone, with what was told before put in front of it.

        The conversation goes on while codebook and task are the same and the last command is the one decided; else, and
        when it is full, it begins anew.
        """
        if self.form == "fresh":
            return prompt
        last = observation.last.command if observation.last else None
        goes_on = (
            self._told is not None
            and (prompt.system, prompt.task) == (self._system, self._task)
            and 0 < len(self._turns) < MOST_TURNS
            and self._turns[-1].command == last
        )
        text = prompt.observation
        if not goes_on:
            self._turns = []
        elif self.form == "changes" and self._told is not None:
            text = changes_text(codebook, self._told, observation)
        self._system, self._task, self._told, self._asked = prompt.system, prompt.task, observation, text
        return prompt._replace(observation=text, turns=tuple(self._turns))

    def answered(self, command: str) -> None:
        """The command that was decided on the last prompt."""
        self._turns.append(Turn(self._asked, command))
