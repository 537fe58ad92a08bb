"""A codebook that is taught out of itself: its lessons, and whether they helped with examples kept aside."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from codeword.codebook import load_codebook
from codeword.codebook.errors import ModelError
from codeword.controller import make_controller
from codeword.controller.adapter import NONE, Adapter, load_adapter
from codeword.controller.registry import LocalModel
from codeword.controller.teaching.codebook_lessons import CodebookLessons
from codeword.controller.teaching.made_beside import encode_group, made_beside
from codeword.controller.teaching.sequences import Group
from codeword.controller.teaching.set_aside import set_aside
from codeword.controller.tokens import Tokens

from .statistics import wilson95
from .trial import try_task

UNTRIED, FINAL, TRIED = "untried", "adapter", "examples.json"
"""In the folder of a training: the adapter before it was tried, and when it was put out; and what trying it showed."""

Say = Callable[[str], None]


class OwnCodebook:
    """A codebook with what is taught of it, and what is tried; `untried` is the folder of an adapter until then."""

    untried = UNTRIED

    def __init__(self, file: str, seed: int) -> None:
        """Raises CodebookError where it is none, InputError where its examples are too few, or cannot be taught."""
        self.file, self.codebook = file, load_codebook(file)
        self._seed, self._split = seed, set_aside(self.codebook, seed)
        self.lessons = CodebookLessons(self._split, seed)

    def tell(self, say: Say) -> None:
        """Say what is taught, and what is kept aside."""
        taught, kept = self._split.taught, self._split.kept
        say(
            f"{self.file}: {len(taught) - len(self.lessons.untaught)} examples are taught; kept aside, to be tried "
            f"before and after: {'; '.join(one.text for one in kept)}"
        )
        for text, why in self.lessons.untaught.items():
            say(f"{self.file}: not taught: '{text}', for {why}")

    def source(self, model: LocalModel, per_group: int) -> Callable[[int], Iterator[Group]]:
        """Groups of lessons from one by its number, as a model reads them, made by another process."""
        return partial(made_beside, partial(_groups, self.file, self._seed, model.folder, per_group))

    def tried(self, model: str, adapter: str) -> list[bool]:
        """Of each example that is kept aside, whether it comes out right; it is told the others, in a made-up scene."""
        controller = make_controller("llm", self._split.codebook, model=model, adapter=adapter)
        trials = [
            try_task(self._split.codebook, controller, one.text, self.lessons.scene(one), one.plans)
            for one in self._split.kept
        ]
        return [bool(trial.right) for trial in trials]

    def put_out(self, out: Path, before: Sequence[bool], after: Sequence[bool], say: Say) -> bool:
        """Put the adapter out where it is better than before, and say so; else remove it and say why."""
        texts = [one.text for one in self._split.kept]
        results = zip(texts, before, after, strict=True)
        told = {
            "codebook": self.codebook.name,
            "hash": self.codebook.hash,
            "kept_aside": [{"task": text, "before": was, "after": now} for text, was, now in results],
        }
        (out / TRIED).write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
        say(f"examples kept aside that came out right before: {rate(before)}; after: {rate(after)}")
        lost = [text for text, was, now in zip(texts, before, after, strict=True) if was and not now]
        if lost:
            say(f"right before, and wrong after: {'; '.join(lost)}")
        final = out / FINAL
        if is_better(before, after):
            shutil.rmtree(final, ignore_errors=True)
            os.replace(out / UNTRIED, final)  # noqa: PTH105
            say(f'the adapter is in {final}; try it with: codeword codebook try {self.file} "..." --adapter {final}')
            return True
        shutil.rmtree(out / UNTRIED)
        say(
            f"that is no better than before, so no adapter was put out; state and log are in {out}, and {TRIED} says "
            "which came out right. Write more examples, in more people's words, or give more --decisions and another "
            "folder"
        )
        return False


def _groups(file: str, seed: int, folder: Path, per_group: int, begin: int) -> Iterator[Group]:
    tokens = Tokens(folder)
    for group in OwnCodebook(file, seed).lessons.groups(per_group, begin):
        yield encode_group(tokens, group)


def is_better(before: Sequence[bool], after: Sequence[bool]) -> bool:
    """Whether more came out right than before, or all did both times."""
    return sum(after) > sum(before) or (all(before) and all(after))


def rate(right: Sequence[bool]) -> str:
    """How many came out right, with the 95% interval of that rate."""
    low, high = wilson95(sum(right), len(right))
    return f"{sum(right)} of {len(right)} (95% interval {low:.0%} to {high:.0%})"


def usable(begun: Adapter, model: LocalModel, say: Say) -> str:
    """The adapter to try before, by its name: the one that is begun with, or none where it can only be taught on."""
    if begun.folder is None:
        return NONE.name
    try:
        return load_adapter(str(begun.folder), model).name
    except ModelError as problem:
        say(f"before, the model is tried without an adapter: {problem}")
        return NONE.name
