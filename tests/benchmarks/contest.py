"""Sides at work on the same questions in turns, so that whatever else the machine does disturbs all alike."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Self

from codeword.runtime.statistics import quantile

from .process import SideError, SideProcess
from .side import Answer, Question
from .sides import OURS, SideSpec

REST_S = 0.1
"""Before each turn: threads of the side before may spin for a while after their last word."""

TRIALS = 5
"""Decisions by which the quickest setting of a side is found; the first is to warm up."""


def trial_decisions(specs: Sequence[SideSpec]) -> int:
    """How many decisions are made to find the quickest settings."""
    to_choose = {spec.made_by: len(spec.settings) for spec in specs if len(spec.settings) > 1}
    return TRIALS * sum(to_choose.values())


Advance = Callable[[], None]

Asked = Question | Mapping[str, Question]
"""One moment: the same question for all sides, or a question for each."""


class Contest:
    """The sides that run, each in a process of its own. A side that fails is left out, and `left_out` says why."""

    def __init__(
        self, specs: Sequence[SideSpec], trials: Sequence[Asked], advance: Advance, *, needed: str = OURS
    ) -> None:
        """Start every side in its quickest setting by some trial questions.

        Raises SideError where the side that is needed, to compare with, cannot run.
        """
        self._needed = needed
        self.left_out: dict[str, str] = {}
        self.setting: dict[str, str] = {}
        self.tried_ms: dict[str, dict[str, float]] = {}
        self._running: dict[str, SideProcess] = {}
        self._settled: list[SideSpec] = []
        self._stack = ExitStack()
        with ExitStack() as undo:
            undo.enter_context(self._stack)
            for spec in specs:
                with self._left_out_if_it_fails(spec.name):
                    self._start(spec, trials, advance)
            self._stack = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def rss_mb(self, name: str) -> float:
        """The memory that a side held after its last answer [MB]."""
        return self._running[name].rss_mb

    def decide(self, questions: Iterable[Asked], advance: Advance) -> dict[str, list[Answer]]:
        """Every side's answers. The first question is to warm up: its answers are not among them."""
        answers: dict[str, list[Answer]] = {name: [] for name in self._running}
        for number, asked in enumerate(questions):
            for name, side in list(self._running.items()):
                with self._left_out_if_it_fails(name):
                    answers[name].append(_ask(side, _question(asked, name)))
                if number:
                    advance()
        return {name: answers[name][1:] for name in self._running}

    def _start(self, spec: SideSpec, trials: Sequence[Asked], advance: Advance) -> None:
        """Start a side in each of its settings, and keep the one that is quickest on the trials, asked in turns.

        Sides with the same settings to choose from take the one that was found for the first of them.
        """
        found = next((self.setting[other.name] for other in self._settled if other.settings == spec.settings), None)
        settings = spec.settings if found is None else {found: spec.settings[found]}
        with ExitStack() as others:
            sides: dict[str, SideProcess] = {}
            for setting, how in settings.items():
                sides[setting] = SideProcess(spec.name, spec.made_by, how.options, how.environment)
                others.callback(sides[setting].close)
            times: dict[str, list[float]] = {setting: [] for setting in sides}
            for asked in trials if len(sides) > 1 else ():
                for setting, side in sides.items():
                    times[setting].append(_ask(side, _question(asked, spec.name)).total_ms)
                    advance()
            medians = {setting: round(quantile(ms[1:], 0.5), 1) for setting, ms in times.items()}
            best = min(sides, key=medians.__getitem__)
            for setting, side in sides.items():
                if setting != best:
                    side.close()
            self._stack.callback(sides[best].close)
            others.pop_all()
        self._running[spec.name], self.setting[spec.name] = sides[best], best
        self._settled.append(spec)
        if len(sides) > 1:
            self.tried_ms[spec.name] = medians

    @contextmanager
    def _left_out_if_it_fails(self, name: str) -> Iterator[None]:
        try:
            yield
        except SideError as problem:
            if name == self._needed:
                raise
            self._running.pop(name, None)
            self.left_out[name] = str(problem)


def _question(asked: Asked, name: str) -> Question:
    return asked if isinstance(asked, Question) else asked[name]


def _ask(side: SideProcess, question: Question) -> Answer:
    time.sleep(REST_S)
    return side.ask(question)
