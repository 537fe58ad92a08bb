"""Codebooks made of several files: what is included, removed and renamed, and the one text that says it all."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .errors import CodebookError, Fault, did_you_mean
from .load_skills import Entry, read_phrases
from .primitives import shipped_robots
from .yaml_source import List_, Mapping_, Place, Source, check_keys, parse_yaml, plain, read_text, read_words

_REQUIRED = ("codebook",)
_OPTIONAL = (
    "description", "robot", "include", "entities", "facts", "derived", "properties", "workspace", "skills", "remove",
    "rename", "wordings", "language", "budgets", "fallback", "examples", "stop_words",
)  # fmt: skip


def shipped() -> dict[str, Path]:
    """The codebooks that come with the package, by name."""
    folder = Path(str(resources.files(__package__))) / "library"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def is_file(path: Path) -> bool:
    """Whether there is such a file; False too for what cannot be a file's name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def codebook_path(name_or_path: str | Path) -> Path:
    """The file that a name or a path stands for. Raises CodebookError where there is none."""
    known = shipped()
    path = known.get(str(name_or_path)) or Path(name_or_path)
    if not is_file(path):
        hint = did_you_mean(str(name_or_path), list(known))
        message = f"unknown codebook: no such file, and none of that name is shipped{hint}"
        raise CodebookError(Fault(message, str(name_or_path)))
    return path


def _key(what: str, entry: Entry, table: Mapping[str, Entry]) -> str:
    """What an entry goes by: one of the same key wins over those included before. Facts go by their name alone, so that
    the kinds of an included fact can be told; two of one file stay two, to be told of.
    """
    if what == "wordings":
        return f"{entry.source.name} {entry.name}"
    name = entry.name.partition("(")[0].strip()
    before = table.get(name)
    return name if what == "facts" and (before is None or before.source is not entry.source) else entry.name


@dataclass
class Parts:
    """What the files of a codebook say together; what is nearer to the top wins."""

    top: Source
    sources: list[Source] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    stop_words: list[str] = field(default_factory=list)
    settings: dict[str, tuple[Source, Any, Place]] = field(default_factory=dict)
    tables: dict[str, dict[str, Entry]] = field(
        default_factory=lambda: {"facts": {}, "derived": {}, "properties": {}, "skills": {}, "wordings": {}}
    )
    rename: dict[str, Entry] = field(default_factory=dict)
    removed: dict[str, list[Source]] = field(default_factory=dict)
    """The files that were there when a skill was removed, by its name."""
    dependent: bool = False

    def gather(self, source: Source, path: tuple[str, ...]) -> None:
        """Add a file, what it includes first."""
        self.sources.append(source)
        root = source.root
        check_keys(source, root, "the codebook", _REQUIRED, _OPTIONAL)
        for included in self.included(source, (*path, source.name)):
            self.gather(included, (*path, source.name))
        for word in read_words(source, root, "entities", "a kind of entity"):
            if word not in self.kinds:
                self.kinds.append(word)
        self.stop_words += [word for word in read_phrases(source, root, "stop_words") if word not in self.stop_words]
        for key in ("robot", "workspace", "language", "budgets", "fallback"):
            if key in root:
                self.settings[key] = (source, root.get(key), root.value_at(key))
        if "remove" in root:
            for word in read_words(source, root, "remove", "the name of a skill"):
                if self.tables["skills"].pop(word, None) is None:
                    hint = did_you_mean(word, list(self.tables["skills"]))
                    source.fault(f"there is no skill '{word}' to remove{hint}", root.value_at("remove"))
                self.removed[word] = [one for one in self.sources if one is not source]
        for key, table in [*self.tables.items(), ("rename", self.rename)]:
            value = root.get(key)
            if isinstance(value, Mapping_):
                for name, item in value.items():
                    entry = Entry(source, str(name), item, value.key_at(name), value.value_at(name))
                    table[_key(key, entry, table)] = entry
            elif key in root:
                source.fault(f"'{key}': expected a mapping, not '{value}'", root.value_at(key))

    def included(self, source: Source, path: tuple[str, ...]) -> Iterator[Source]:
        if "include" not in source.root:
            return
        self.dependent = True
        listed = source.root.get("include")
        items = list(listed) if isinstance(listed, List_) else [(listed, source.root.value_at("include"))]
        for item, at in items:
            beside = Path(source.name).parent / str(item)
            try:
                file = beside if is_file(beside) else codebook_path(str(item))
                if file.resolve() in [Path(step).resolve() for step in path]:
                    source.fault(f"includes itself: {' includes '.join((*path, str(file)))}", at)
                    continue
                yield parse_yaml(read_text(file, CodebookError), str(file), CodebookError)
            except CodebookError as problem:
                for fault in problem.faults:
                    source.fault(f"include: {fault}", at)

    def files(self) -> Iterator[Path]:
        """The files that this was read from, a robot's beside a codebook among them."""
        for source in self.sources:
            if is_file(Path(source.name)):
                yield Path(source.name)
        if "robot" in self.settings:
            source, value, _ = self.settings["robot"]
            if isinstance(value, str) and is_file(Path(source.name).parent / value):
                yield Path(source.name).parent / value

    def is_removed(self, source: Source, example: Any) -> bool:
        """Whether an example of a whole task is about a skill that another file removed from this one."""
        plan = example.get("plan") if isinstance(example, Mapping_) and "plan" in example else None
        said = _said(plain(plan)) & self.removed.keys() - self.tables["skills"].keys()
        return any(source is one for name in said for one in self.removed[name])

    def examples(self) -> Iterator[Any]:
        """The examples of whole tasks of all files, as they stand there."""
        for source in self.sources:
            listed = source.root.get("examples")
            for example, _ in listed if isinstance(listed, List_) else ():
                if not self.is_removed(source, example):
                    yield plain(example)

    def text(self) -> str:
        """The codebook as one text that needs no other file: its own, or all of its files made one."""
        if not self.dependent:
            return self.top.text
        whole: dict[str, Any] = {"codebook": self.top.root.get("codebook")}
        if "description" in self.top.root:
            whole["description"] = self.top.root.get("description")
        if self.kinds:
            whole["entities"] = list(self.kinds)
        if self.stop_words:
            whole["stop_words"] = list(self.stop_words)
        for key, (source, value, _) in self.settings.items():
            whole[key] = plain(value)
            if key == "robot" and isinstance(value, str) and value not in shipped_robots():
                file = Path(source.name).parent / value
                whole[key] = plain(parse_yaml(read_text(file, CodebookError), value, CodebookError).root)
        for table in ("facts", "derived", "properties", "skills"):
            whole[table] = {entry.name: plain(entry.value) for entry in self.tables[table].values()}
        for entry in self.tables["wordings"].values():
            whole.setdefault("wordings", {}).setdefault(entry.name, {}).update(plain(entry.value))
        examples = list(self.examples())
        if examples:
            whole["examples"] = examples
        if self.rename:
            whole["rename"] = {entry.name: entry.value for entry in self.rename.values()}
        out = io.StringIO()
        yaml = YAML(typ="rt", pure=True)
        yaml.allow_unicode = True
        yaml.width = 4096
        yaml.dump(whole, out)
        return out.getvalue()


def _said(plan: Any) -> set[str]:
    """The names that may be skills in a plan as it is written."""
    if isinstance(plan, list):
        return set[str]().union(*map(_said, plan))
    if isinstance(plan, dict):
        return {str(key) for key in plan} | _said(plan.get("plan"))
    return {plan} if isinstance(plan, str) else set()
