"""What a decision may be made quicker by, and changes nothing else of it."""

from dataclasses import dataclass
from typing import Literal

from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook


@dataclass(frozen=True)
class About:
    """The situation that a decision is about, and what is asked for in it."""

    codebook: Codebook
    task: str
    observation: Observation
    asks: Literal["command", "plan"] = "command"


@dataclass(frozen=True)
class Hint:
    """`guess` is the text that is expected, `about` the situation, for a cache to look for others like it."""

    guess: str | None = None
    about: About | None = None


NO_HINT = Hint()
