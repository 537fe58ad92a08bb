"""A codebook file that may be edited while it is in use."""

from collections.abc import Iterator
from pathlib import Path

from .compose import codebook_path
from .errors import CodebookError
from .load import load_codebook
from .skills import Codebook


class LiveCodebook:
    """The codebook in a file as it stands now; a broken edit keeps the last that was whole.

    What the file includes is looked at too. Asking costs a look at the files' times, not reading them.
    """

    def __init__(self, name_or_path: str | Path) -> None:
        """Read the file. Raises CodebookError where it cannot be used."""
        self.path = codebook_path(name_or_path)
        self.codebook: Codebook = load_codebook(self.path)
        self.fault = ""
        """Why the file as it stands is not in use; empty where it is."""
        self._seen = self._stamp()

    def refresh(self) -> bool:
        """Look at the file; True where something changed: `codebook` is another now, or `fault` says why it is not."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        before = (self.codebook.hash, self.fault)
        try:
            self.codebook, self.fault = load_codebook(self.path), ""
        except CodebookError as problem:
            self.fault = str(problem)
        self._seen = self._stamp()
        return (self.codebook.hash, self.fault) != before

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        return tuple(self._stamps())

    def _stamps(self) -> Iterator[tuple[int, int]]:
        for file in sorted({self.path, *self.codebook.files}):
            try:
                status = file.stat()
            except OSError:
                yield (0, 0)
            else:
                yield (status.st_mtime_ns, status.st_size)
