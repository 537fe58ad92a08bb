"""Long runs do not fill the disk: the oldest episode files go when there are too many, or too much."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codeword.codebook.errors import InputError


@dataclass(frozen=True)
class Cap:
    """How much may stay: so many files, so many megabytes (10^6 bytes); None for no limit."""

    files: int | None = None
    megabytes: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return self != Cap()


def rotate(made: Sequence[Path], cap: Cap) -> list[Path]:
    """Remove the oldest of the episode files of a run, given in the order made, until they keep to a cap.

    The latest one stays, whatever its size. Returns those removed. Raises InputError where one cannot be removed.
    """
    there = [path for path in made if path.exists()]
    sizes = {path: path.stat().st_size for path in there}
    gone: list[Path] = []
    while len(there) > 1 and _over(there, sizes, cap):
        oldest = there.pop(0)
        try:
            oldest.unlink()
        except OSError as problem:
            raise InputError(f"{oldest}: cannot be removed: {problem.strerror}") from problem
        gone.append(oldest)
    return gone


def _over(there: Sequence[Path], sizes: dict[Path, int], cap: Cap) -> bool:
    many = cap.files is not None and len(there) > cap.files
    return many or (cap.megabytes is not None and sum(sizes[path] for path in there) > cap.megabytes * 1e6)
