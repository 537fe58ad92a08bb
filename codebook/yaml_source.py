"""YAML read strictly (1.2, no duplicate keys), with the place of every key and value kept for messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from .errors import Fault, FileError, did_you_mean
from .facts import ID

MAX_BYTES = 1_000_000
MOST_VALUES = 100_000

_T = TypeVar("_T")


@dataclass
class Source:
    """One YAML file: its text, its tree, and the faults found in it so far."""

    name: str
    text: str
    root: "Mapping_"
    faults: list[Fault] = field(default_factory=list)

    def fault(self, message: str, place: "Place") -> None:
        """Note a fault; reading goes on, so that one pass finds them all."""
        self.faults.append(Fault(message, self.name, *place))

    def parsed(self, parse: "Callable[[str], _T]", text: Any, at: "Place") -> "_T | None":
        """What a text says, or None with a fault noted at the very character; errors may have an `offset`."""
        if not isinstance(text, str):
            self.fault(f"expected a text, not '{shown(text)}'", at)
            return None
        try:
            return parse(text)
        except ValueError as problem:
            self.fault(str(problem), (at[0], at[1] + int(getattr(problem, "offset", 0))))
            return None
        except RecursionError:
            self.fault("is nested too deeply", at)
            return None


Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True)
class Mapping_:  # noqa: N801 (Mapping is taken)
    """A YAML mapping whose keys and values know where they stand."""

    data: CommentedMap
    place: Place

    def __str__(self) -> str:
        return shown(self)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data)

    def get(self, key: str) -> Any:
        """The value, wrapped if it is a mapping or a list; None where the key is missing."""
        return wrap(self.data.get(key), self.value_at(key) if key in self.data else self.place)

    def items(self) -> Iterator[tuple[Any, Any]]:
        for key in self.data:
            yield key, self.get(key)

    def key_at(self, key: Any) -> Place:
        return self._at(self.data.lc.key, key)

    def value_at(self, key: Any) -> Place:
        return self._at(self.data.lc.value, key)

    def _at(self, where: Callable[[Any], tuple[int, int]], key: Any) -> Place:
        try:
            line, column = where(key)
        except (KeyError, TypeError):  # a key that came by `<<`, from a mapping that stands elsewhere
            return self.place
        return line + 1, column + 1


@dataclass(frozen=True)
class List_:  # noqa: N801 (List is taken)
    """A YAML list whose items know where they stand."""

    data: CommentedSeq
    place: Place

    def __str__(self) -> str:
        return shown(self)

    def __iter__(self) -> Iterator[tuple[Any, Place]]:
        for index, item in enumerate(self.data):
            line, column = self.data.lc.item(index)
            place = (line + 1, column + 1)
            yield wrap(item, place), place

    def __len__(self) -> int:
        return len(self.data)


def wrap(value: Any, place: Place) -> Any:
    """A mapping or list with its place; any other value as it is."""
    if isinstance(value, CommentedMap):
        return Mapping_(value, place)
    if isinstance(value, CommentedSeq):
        return List_(value, place)
    return value


def shown(value: Any) -> str:
    """A value as a message shows it: what stands in the file, on one line and not too long."""
    text = str(plain(value)) if isinstance(value, Mapping_ | List_) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def plain(value: Any) -> Any:
    """A tree of ordinary dicts, lists and scalars."""
    if isinstance(value, Mapping_ | List_):
        value = value.data
    if isinstance(value, CommentedMap):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, CommentedSeq):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):  # ruamel's own scalar classes carry layout
        if isinstance(value, kind):
            return kind(value)
    return value


def read_text(path: Path, error: type[FileError]) -> str:
    """A text file's content. Raises `error` where it is missing, too large, or not UTF-8 text."""
    try:
        if path.exists() and not path.is_file():
            raise error(Fault("is no file", str(path)))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise error(Fault(f"cannot be read: {getattr(problem, 'strerror', problem)}", str(path))) from problem
    if len(data) > MAX_BYTES:
        raise error(Fault(f"is too long; at most {MAX_BYTES} bytes are read", str(path)))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error(Fault(f"is not UTF-8 text (byte {problem.start})", str(path))) from problem
    if "\0" in text:
        raise error(Fault("is not a text file", str(path)))
    return text


def parse_yaml(text: str, name: str, error: type[FileError]) -> Source:
    """The tree of a YAML text whose root is a mapping. Raises `error` where it is none."""
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    try:
        root = yaml.load(text)
    except DuplicateKeyError as problem:
        mark = problem.problem_mark
        key = str(problem.problem).split('"')[1] if '"' in str(problem.problem) else "?"
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise error(Fault(f"the key '{key}' stands here twice", name, *place)) from problem
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise error(Fault(f"is not YAML: {problem.problem or problem.context}", name, *place)) from problem
    except (YAMLError, ValueError, RecursionError) as problem:
        raise error(Fault(f"is not YAML: {str(problem).splitlines()[0]}", name)) from problem
    if root is None:
        raise error(Fault("is empty", name))
    if not isinstance(root, CommentedMap):
        raise error(Fault(f"is no mapping of keys to values but a {type(root).__name__}", name, 1, 1))
    if _size(root, {}) > MOST_VALUES:
        raise error(Fault(f"has anchors that make more than {MOST_VALUES} values of it", name))
    return Source(name, text, Mapping_(root, (1, 1)))


def _size(node: Any, known: dict[int, int]) -> int:
    """How many values a tree has with its anchors written out."""
    if not isinstance(node, CommentedMap | CommentedSeq):
        return 1
    if id(node) not in known:
        children = node.values() if isinstance(node, CommentedMap) else node
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]


def check_keys(
    source: Source, mapping: Mapping_, what: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> bool:
    """Note every unknown and missing key; True where there is none."""
    known = (*required, *optional)
    before = len(source.faults)
    for key in mapping:
        if key not in known:
            source.fault(f"unknown key '{key}' in {what}{did_you_mean(str(key), known)}", mapping.key_at(key))
    for key in required:
        if key not in mapping:
            source.fault(f"{what} lacks the key '{key}'", mapping.place)
    return len(source.faults) == before


def read_words(source: Source, parent: Mapping_, key: str, what: str) -> tuple[str, ...]:
    """A list of distinct ids, at least one."""
    listed = parent.get(key)
    if not isinstance(listed, List_) or len(listed) == 0:
        if key in parent:
            source.fault(f"'{key}' is a list of words, at least one", parent.value_at(key))
        return ()
    words: list[str] = []
    for item, at in listed:
        if not isinstance(item, str) or not ID.fullmatch(item):
            source.fault(f"'{item}' cannot be {what} (lower-case letters, digits and _ between them)", at)
        elif item in words:
            source.fault(f"'{item}' stands here twice", at)
        else:
            words.append(str(item))
    return tuple(words)


def locate(root: Mapping_, path: tuple[str | int, ...]) -> Place:
    """The place of the value that a path of keys and indices leads to, or of the nearest thing on the way."""
    here: Any = root
    place = root.place
    for part in path:
        if isinstance(here, Mapping_) and part in here:
            place, here = here.value_at(part), here.get(str(part))
        elif isinstance(here, List_) and isinstance(part, int) and part < len(here):
            here, place = list(here)[part]
    return place


def rejoined(listed: List_) -> Iterator[tuple[Any, Place]]:
    """The items of a list, `[on(a, b), clear(a)]` as two: YAML itself cuts at every comma, also inside parentheses."""
    pending, start = "", (0, 0)
    for item, at in listed:
        if pending:
            item, at = f"{pending}, {item}", start
        if isinstance(item, str) and item.count("(") > item.count(")"):
            pending, start = item, at
        else:
            pending = ""
            yield item, at
    if pending:
        yield pending, start
