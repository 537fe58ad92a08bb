"""Every error that Codeword raises on purpose, as one tree.

CodewordError
├── InputError                something that a user gave cannot be used: command line exit code 2
│   ├── CodebookError         a codebook, with every fault found in it
│   ├── ScenarioError         a scenario file
│   ├── EpisodeError          an episode file
│   └── ModelError            a model, an adapter, or the room to keep them
├── CommandError              a text that is no valid command here; says which check refused it
└── RobotError                a robot did not do what was asked
    └── RobotTimeoutError     … in time (also a TimeoutError)
"""

from dataclasses import dataclass
from difflib import get_close_matches


class CodewordError(Exception):
    """Root of all errors raised on purpose."""


class InputError(CodewordError):
    """Something that a user gave cannot be used; the message says what, where, and what would be right."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a file, at a place (line and column from 1; 0 where the whole file is meant)."""

    message: str
    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class FileError(InputError):
    """A file with faults in it; `faults` lists them all in the order in which they stand in the file."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = tuple(sorted(faults, key=lambda f: (f.file, f.line, f.column)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class CodebookError(FileError):
    """A codebook cannot be used."""


class ScenarioError(FileError):
    """A scenario file cannot be used."""


class EpisodeError(FileError):
    """An episode file cannot be read."""


class ModelError(InputError):
    """A model or adapter is unknown, damaged, does not fit, or cannot be stored."""


class CommandError(CodewordError):
    """A text is not a valid command here. `check` names what refused it (size, json, schema, …)."""

    def __init__(self, check: str, message: str) -> None:
        self.check = check
        super().__init__(f"{check}: {message}")


class RobotError(CodewordError):
    """A robot could not do what was asked."""


class RobotTimeoutError(RobotError, TimeoutError):
    """A robot did not answer or finish in time."""


def did_you_mean(given: str, valid: "list[str] | tuple[str, ...]", most: int = 20) -> str:
    """A tail for a message about an unknown name: the nearest valid name if one is near, and up to `most` choices."""
    near = get_close_matches(given, valid, n=1, cutoff=0.6)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    shown = ", ".join(list(valid)[:most]) + (", …" if len(valid) > most else "")
    return f"{hint} (choices: {shown})" if valid else f"{hint} (there are none)"
