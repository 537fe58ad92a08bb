"""A pytest plugin: each recorded episode under a configured folder is a test.

It costs nothing where it is not used: all else is imported when the first episode is collected.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from codeword.codebook import Codebook
    from codeword.runtime.episodes.deciders import Deciders
    from codeword.runtime.episodes.pairs import Comparison


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options, and the same in the configuration file."""
    group = parser.getgroup("codeword", "recorded episodes as tests")
    group.addoption("--codeword", metavar="DIR", action="append", default=[], help="Test the episodes in DIR too.")
    group.addoption(
        "--codeword-checks", metavar="NAMES", help="What to check: guard,commands,goals,exact,budgets,redecide."
    )
    group.addoption(
        "--codeword-update", action="store_true", help="Record episodes that differ again; what changes is shown first."
    )
    parser.addini("codeword_episodes", "folders of recorded episodes to test", type="paths", default=[])
    parser.addini(
        "codeword_checks", "what to check: guard, commands, goals, exact, budgets, redecide", type="args", default=[]
    )
    parser.addini("codeword_codebooks", "codebooks to test with, for those of their names", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Add the folders to what is collected, but for those that are collected anyway."""
    given = [Path(folder).absolute() for folder in config.getoption("--codeword")]
    for folder in given:
        if not folder.exists():
            raise pytest.UsageError(f"--codeword: {folder}: no such folder or file")
    named = config.args_source is not pytest.Config.ArgsSource.ARGS
    configured = [Path(folder) for folder in config.getini("codeword_episodes")]
    for folder in configured if named else ():
        if not folder.exists():
            raise pytest.UsageError(f"codeword_episodes: {folder}: no such folder or file")
    config.stash[_KEY] = settings = _Settings(config, [*given, *configured])
    if given or configured:
        settings.check()
    for folder in [*given, *(configured if named else [])]:
        there = [settings.place(argument) for argument in config.args]
        if not any(folder.is_relative_to(place) for place in there):
            config.args.append(str(folder))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "EpisodeFile | None":
    """An episode file that lies in one of the folders, or was named by itself."""
    if file_path.suffix != ".mcap":
        return None
    wanted = any(file_path.is_relative_to(folder) for folder in parent.config.stash[_KEY].folders)
    if not wanted and not parent.session.isinitpath(file_path):
        return None
    made: EpisodeFile = EpisodeFile.from_parent(parent, path=file_path)
    return made


class EpisodeFile(pytest.File):
    """One file with one episode in it."""

    def collect(self) -> Iterator["EpisodeItem"]:
        """The episode."""
        yield EpisodeItem.from_parent(self, name="episode")


class EpisodeItem(pytest.Item):
    """An episode that is carried out again and compared with its log."""

    def runtest(self) -> None:
        """Fails with what differs; with `--codeword-update` what differs is recorded again."""
        from codeword.runtime.episodes.checks import check
        from codeword.runtime.episodes.record import record_again
        from codeword.runtime.episodes.telling import told
        from codeword.runtime.recording import read_episode

        settings = self.config.stash[_KEY]
        episode = read_episode(self.path, pictures=False)
        codebook = settings.codebook(episode.header.codebook)
        deciders = settings.deciders
        controller = deciders.controller(episode, codebook) if "redecide" in settings.checks else None
        other = deciders.parted(episode) if controller is not None else []
        kernels = deciders.kernels(episode) if controller is not None else None
        found = (*other, *check(episode, settings.checks, controller, codebook, kernels).found)
        if found and settings.update:
            exact = "exact" in settings.checks
            if record_again(episode, deciders, True, self._tell, codebook, exact).what == "updated":
                return
            found = tuple(one for one in found if one.field.startswith("budgets."))
        if found:
            raise Differs("\n".join(told(found)))
        if not episode.complete:
            raise Differs(f"ends without a verdict; its {len(episode.steps)} steps replayed the same")

    def _tell(self, comparison: "Comparison") -> None:
        """Show what changes, before it is written."""
        from codeword.runtime.episodes.telling import told

        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        capture: Any = self.config.pluginmanager.get_plugin("capturemanager")
        if reporter is None:
            return
        with nullcontext() if capture is None else capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"{self.path}: recorded again")
            for line in told([*comparison.differences, *comparison.header], "before", "after", checks=False):
                reporter.write_line(f"  {line}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, as it is told; an error of input in its one line; anything else as pytest shows it."""
        from codeword.codebook.errors import CodewordError

        if isinstance(excinfo.value, Differs):
            return f"{self.path}: {excinfo.value}"
        if isinstance(excinfo.value, CodewordError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is, for the report."""
        return self.path, None, f"episode {self.path.stem}"


class Differs(Exception):
    """An episode does not go as it went; says where."""


class _Settings:
    """What was asked for, checked when it is first needed."""

    def __init__(self, config: pytest.Config, folders: list[Path]) -> None:
        self.config = config
        self.folders = folders
        self.update = bool(config.getoption("--codeword-update"))
        self._checks: tuple[str, ...] | None = None
        self._books: dict[str, Codebook] | None = None
        self._deciders: Deciders | None = None

    def place(self, argument: str) -> Path:
        """The folder or file that an argument of pytest's names."""
        return (self.config.invocation_params.dir / argument.split("::")[0]).absolute()

    @property
    def checks(self) -> tuple[str, ...]:
        """What to check. Raises InputError for an unknown name."""
        if self._checks is None:
            from codeword.runtime.episodes.checks import check_names

            option = self.config.getoption("--codeword-checks")
            self._checks = check_names(option or ",".join(self.config.getini("codeword_checks")))
        return self._checks

    def check(self) -> None:
        """Raises UsageError where the settings cannot be used, before anything is collected."""
        from codeword.codebook.errors import CodewordError

        try:
            self.codebook("")
            assert self.checks
        except CodewordError as problem:
            raise pytest.UsageError(str(problem)) from problem

    @property
    def deciders(self) -> "Deciders":
        """Who decides again, kept for the whole run: a model is loaded once."""
        if self._deciders is None:
            from codeword.runtime.episodes.deciders import Deciders

            self._deciders = Deciders()
        return self._deciders

    def codebook(self, name: str) -> "Codebook | None":
        """The codebook to test with in the place of one of that name. Raises CodebookError for a broken one."""
        if self._books is None:
            from codeword.codebook import load_codebook

            root = self.config.rootpath
            given = self.config.getini("codeword_codebooks")
            books = [load_codebook(root / book if (root / book).is_file() else book) for book in given]
            self._books = {book.name: book for book in books}
        return self._books.get(name)


_KEY = pytest.StashKey[_Settings]()
