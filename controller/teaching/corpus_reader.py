"""Codebooks of many domains, written by hand, with tasks and the plans that are right for them.

A domain is a folder of `corpus/`; a codebook is a file there, and beside it stands `NAME.tasks.yaml` with what is seen
and what people may say:

    scene:
      things: {rock: [red_rock, flat_rock], site: [base, ridge]}
      facts: [at(base)]
    tasks:
      - kind: number                                  # one of KINDS
        say: [go forward half a metre, drive ahead 50 cm, 0.5 m straight on please]
        plan: [drive: {distance_m: 0.5}]
        or: [[drive: {distance_m: 0.5}, stop]]        # other plans that are right as well
      - kind: refusal
        say: [what time is it, hello there, how are you today]
        cannot: [unclear]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeword.codebook import Codebook, Observation, load_codebook
from codeword.codebook.errors import CodebookError, did_you_mean
from codeword.codebook.plan_notation import read_notation
from codeword.codebook.scene_notation import read_scene
from codeword.codebook.task_plan import TaskPlan, reasons
from codeword.codebook.yaml_source import (
    List_,
    Mapping_,
    Place,
    Source,
    check_keys,
    parse_yaml,
    plain,
    read_text,
)

KINDS = ("single", "number", "sequence", "chaining", "refusal")
"""What a task asks for: one skill, one with a number, several or one several times, what other skills have to come
before, or nothing that can be done."""

SUFFIX = ".tasks.yaml"


@dataclass(frozen=True)
class Task:
    """What people may say, each in words of its own, and every plan that is right; or the reasons, one of which is the
    right one for refusing.
    """

    kind: str
    say: tuple[str, ...]
    plans: tuple[TaskPlan, ...]
    cannot: tuple[str, ...]
    observation: Observation


@dataclass(frozen=True)
class Entry:
    """A codebook with its tasks."""

    domain: str
    path: Path
    codebook: Codebook
    tasks: tuple[Task, ...]


def folder() -> Path:
    """Where the corpus is."""
    return Path(__file__).parent / "corpus"


def files(root: Path | None = None) -> list[Path]:
    """The codebooks' files, by domain and name."""
    return [path for path in sorted((root or folder()).glob("*/*.yaml")) if not path.name.endswith(SUFFIX)]


def corpus(root: Path | None = None) -> Iterator[Entry]:
    """All codebooks with their tasks, by domain and name. Raises CodebookError with every fault of a file."""
    yield from map(read_entry, files(root))


def read_entry(path: Path) -> Entry:
    """The codebook of a file with the tasks beside it. Raises CodebookError with every fault found."""
    codebook = load_codebook(path)
    beside = path.with_name(path.stem + SUFFIX)
    source = parse_yaml(read_text(beside, CodebookError), str(beside), CodebookError)
    tasks = list(_Reader(codebook, source).tasks())
    if source.faults:
        raise CodebookError(*source.faults)
    return Entry(path.parent.name, path, codebook, tuple(tasks))


class _Reader:
    def __init__(self, codebook: Codebook, source: Source) -> None:
        self.codebook, self.source = codebook, source

    def tasks(self) -> Iterator[Task]:
        root = self.source.root
        if not check_keys(self.source, root, "the file", ("scene", "tasks"), ()):
            return
        scene = self.scene(root.get("scene"), root.value_at("scene"))
        listed = root.get("tasks")
        if scene is None or not isinstance(listed, List_):
            self.source.fault("'tasks' is a list", root.value_at("tasks"))
            return
        for value, at in listed:
            task = self.task(value, at, scene)
            if task is not None:
                yield task

    def scene(self, value: Any, at: Place, before: Observation | None = None) -> Observation | None:
        """What is seen; of a task, with what stands there in place of the file's."""
        if not isinstance(value, Mapping_):
            self.source.fault("'scene' maps things, facts and properties to what they are", at)
            return None
        return read_scene(self.codebook, self.source, value, before)

    def task(self, value: Any, at: Place, scene: Observation) -> Task | None:
        if not isinstance(value, Mapping_) or not check_keys(
            self.source, value, "the task", ("kind", "say"), ("plan", "or", "cannot", "scene")
        ):
            return None
        kind, said = value.get("kind"), plain(value.get("say"))
        said = [said] if isinstance(said, str) else said
        if kind not in KINDS:
            self.source.fault(f"unknown kind '{kind}'{did_you_mean(str(kind), KINDS)}", value.value_at("kind"))
        if not isinstance(said, list) or not said or not all(isinstance(one, str) for one in said):
            self.source.fault("'say' is a list of texts", value.value_at("say"))
            return None
        if ("plan" in value) == ("cannot" in value):
            self.source.fault("a task has either a plan or 'cannot'", at)
            return None
        if "scene" in value:
            scene = self.scene(value.get("scene"), value.value_at("scene"), scene) or scene
        return Task(str(kind), tuple(said), tuple(self.plans(value)), tuple(self.cannot(value)), scene)

    def plans(self, value: Mapping_) -> Iterator[TaskPlan]:
        given = [(value.get("plan"), value.value_at("plan"))] if "plan" in value else []
        others = value.get("or")
        given += list(others) if isinstance(others, List_) else []
        for plan, at in given:
            found = read_notation(self.codebook, self.source, plan, at)
            if found is not None:
                yield found

    def cannot(self, value: Mapping_) -> Iterator[str]:
        given = plain(value.get("cannot")) if "cannot" in value else []
        for reason in [given] if isinstance(given, str) else given:
            if reason not in reasons(self.codebook):
                known = reasons(self.codebook)
                self.source.fault(
                    f"unknown reason '{reason}'{did_you_mean(str(reason), known)}", value.value_at("cannot")
                )
            yield reason
