"""Training: decisions in, an adapter out; the same numbers for the same seed, however often it was stopped."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from codeword.codebook.errors import ModelError

from .checks import Check, check
from .learner import Learner
from .learner_beside import LearnerBeside
from .sequences import Group
from .training_log import Progress, TrainingLog

Source = Callable[[int], Iterator[Group]]
"""Groups from one by its number on, without end."""


@dataclass(frozen=True)
class Settings:
    """How it is trained. `rate` rises over the first `warmup` of all steps and falls to 0 on a cosine.

    Steps are small: what a model learns at first is a matter of how many there were, not of how much each of them saw.
    """

    decisions: int = 20_000
    per_group: int = 6
    groups: int = 2
    rate: float = 5e-4
    warmup: float = 0.03
    clip: float = 1.0
    seed: int = 0
    together: int = 1
    check_every: int = 150
    save_every_s: float = 300.0

    @property
    def steps(self) -> int:
        """How many steps there are in all."""
        return max(1, math.ceil(self.decisions / (self.per_group * self.groups)))

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rising = max(1, round(self.warmup * self.steps))
        if step < rising:
            return self.rate * (step + 1) / rising
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, self.steps - rising)))


class Trainer:
    """Trains one adapter into a folder, from where it was left if it was."""

    def __init__(
        self,
        learner: Learner,
        settings: Settings,
        out: Path,
        *,
        told: Mapping[str, Any] | None = None,
        adapter: str = "adapter",
        beside: LearnerBeside | None = None,
    ) -> None:
        """`told` goes into the adapter's record with the settings: what else must be the same when it goes on.
        `adapter` is the name of its folder; `beside` reads every other group. Raises ModelError where another
        training's state is in the folder.
        """
        self.learner, self.settings, self.out, self._beside = learner, settings, out, beside
        out.mkdir(parents=True, exist_ok=True)
        self.step = 0
        self.checks: dict[str, Check] = {}
        self.adapter = out / adapter
        self._told = {"base_sha256": learner.base.base_sha256, **asdict(learner.shape), **(told or {})}
        self.optimizer = torch.optim.AdamW(learner.exact, lr=settings.rate, betas=(0.9, 0.99), weight_decay=0.0)
        self._state = out / "state.pt"
        if self._state.is_file():
            self._resume()
        self.log = TrainingLog(out, self.step)

    def run(
        self,
        source: Source,
        held_out: Mapping[str, Sequence[Group]],
        report: Callable[[Progress], None] | None = None,
        *,
        until: int | None = None,
    ) -> None:
        """Train to the end, or up to a step. `held_out` is what is checked with now and then."""
        settings = self.settings
        groups = source(self.step * settings.groups)
        last = settings.steps if until is None else min(until, settings.steps)
        began, saved, first = time.monotonic(), time.monotonic(), self.step
        tokens = 0
        while self.step < last:
            batch = list(islice(groups, settings.groups))
            loss, count = self._learn(batch)
            tokens += count
            self.step += 1
            spent = time.monotonic() - began
            done = self.step - first
            if self.step % settings.check_every == 0 or self.step == settings.steps:
                self.checks = {name: self.check(kept) for name, kept in held_out.items()}
                self.log.checked(self.step, self.checks)
                began += time.monotonic() - began - spent  # what checking took is not training's
            progress = Progress(
                step=self.step,
                steps=settings.steps,
                loss=loss,
                decisions=self.step * settings.groups * settings.per_group,
                decisions_s=done * settings.groups * settings.per_group / spent,
                tokens_s=tokens / spent,
                left_s=(settings.steps - self.step) * spent / done,
                checks=self.checks,
            )
            self.log.stepped(progress, settings.rate_at(self.step - 1))
            if report is not None:
                report(progress)
            if time.monotonic() - saved > settings.save_every_s:
                self.save()
                saved = time.monotonic()
        self.save()

    def check(self, groups: Sequence[Group]) -> Check:
        """How often the next command is right."""
        return check(self.learner, groups)

    def save(self) -> None:
        """Write adapter, state and log; a crash on the way leaves the state before."""
        told = {**self._told, "settings": asdict(self.settings), "step": self.step}
        told["checks"] = {name: one.right for name, one in self.checks.items()}
        self.learner.save(self.adapter, told)
        state = {
            "settings": asdict(self.settings),
            "told": self._told,
            "step": self.step,
            "exact": [p.detach().cpu() for p in self.learner.exact],
            "optimizer": self.optimizer.state_dict(),
        }
        fresh = self._state.with_suffix(".new")
        torch.save(state, fresh)
        os.replace(fresh, self._state)  # noqa: PTH105
        self.log.plot()

    def _learn(self, batch: Sequence[Group]) -> tuple[float, int]:
        """One step; gives the mean loss, and how many tokens were read."""
        learner, settings, beside = self.learner, self.settings, self._beside
        size = max(1, sum(len(branch.choices) for group in batch for branch in group.branches))
        mine = batch if beside is None else batch[::2]
        if beside is not None:
            beside.begin(batch[1::2], size)
        loss, tokens = learner.learn(mine, size, settings.together)
        learner.gather()
        if beside is not None:
            more, read = beside.finish()
            loss, tokens = loss + more, tokens + read
        torch.nn.utils.clip_grad_norm_(learner.exact, settings.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate_at(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        learner.publish()
        return loss, tokens

    def _resume(self) -> None:
        state = torch.load(self._state, map_location="cpu", weights_only=True)
        mine = {**asdict(self.settings), **self._told}
        theirs = {**state["settings"], **state.get("told", self._told)}
        for key in ("together", "check_every", "save_every_s"):  # these change nothing that is learned
            mine.pop(key), theirs.pop(key)
        other = next((key for key in mine if mine[key] != theirs.get(key)), None)
        if other is not None:
            raise ModelError(
                f"{self.out}: a training with {other} {theirs.get(other)}, not {mine[other]}, is there; "
                "go on with its settings or choose another folder"
            )
        self.step = state["step"]
        with torch.no_grad():
            for exact, kept in zip(self.learner.exact, state["exact"], strict=True):
                exact.copy_(kept)
        self.learner.publish()
        self.optimizer.load_state_dict(state["optimizer"])
