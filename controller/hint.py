"""What a decision may be made quicker by, and changes nothing else of it."""

from dataclasses import dataclass

from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook


@dataclass(frozen=True)
class About:
    """The situation that a decision is about; `of_goal` where not a command is asked for but what is to hold."""

    codebook: Codebook
    task: str
    observation: Observation
    of_goal: bool = False


@dataclass(frozen=True)
class Hint:
    """`guess` is the text that is expected, `about` the situation, for a cache to look for others like it."""

    guess: str | None = None
    about: About | None = None


NO_HINT = Hint()
