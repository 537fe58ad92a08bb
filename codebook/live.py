"""A codebook file that may be edited while it is in use."""

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
        self._seen = {file: _stamp(file) for file in self._files()}

    def refresh(self) -> bool:
        """Look at the file; True where something changed: `codebook` is another now, or `fault` says why it is not."""
        now = {file: _stamp(file) for file in self._files()}
        if now == self._seen:
            return False
        before = (self.codebook.hash, self.fault)
        try:
            self.codebook, self.fault = load_codebook(self.path), ""
        except CodebookError as problem:
            self.fault = str(problem)
        # Stamped before they were read: an edit made meanwhile is seen the next time.
        self._seen = {file: now[file] if file in now else _stamp(file) for file in self._files()}
        return (self.codebook.hash, self.fault) != before

    def _files(self) -> set[Path]:
        return {self.path, *self.codebook.files}


def _stamp(file: Path) -> tuple[int, int]:
    """When a file was last written, and its size; zeros where it is not there."""
    try:
        status = file.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
