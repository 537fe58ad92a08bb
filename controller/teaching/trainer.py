"""Training: decisions in, an adapter out; the same numbers for the same seed, however often it was stopped."""

import html
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from codeword.codebook.errors import ModelError

from .layout import lay_out
from .learner import Learner
from .learner_beside import LearnerBeside
from .sequences import Group


@dataclass(frozen=True)
class Check:
    """What a check found: the share `right` of `n` decisions; right ones and all, by kind and by what is due (`act`,
    `done`, `cannot`).
    """

    n: int
    right: float
    by_kind: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    by_act: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@torch.no_grad()
def wrong_in(learner: Learner, group: Group) -> set[int]:
    """Which of a group's decisions are wrong, by number. A decision is right where at every choice on the way to its
    command the likeliest of the allowed tokens leads to a right command."""
    row = lay_out([group], learner.device)
    logits = learner.logits(row)
    fine = row.right.gather(1, logits.argmax(1, keepdim=True))[:, 0]
    return set(row.decision[~fine].tolist())


def check(learner: Learner, groups: Sequence[Group]) -> Check:
    """Check with some groups."""
    kinds: dict[str, list[int]] = {}
    acts: dict[str, list[int]] = {}
    for group in groups:
        wrong = wrong_in(learner, group)
        for number, branch in enumerate(group.branches):
            for table, key in ((kinds, branch.kind), (acts, branch.act)):
                counts = table.setdefault(key, [0, 0])
                counts[0] += number not in wrong
                counts[1] += 1
    n = sum(total for _, total in acts.values())
    right = sum(fine for fine, _ in acts.values())
    return Check(
        n,
        right / max(1, n),
        {k: (a, b) for k, (a, b) in sorted(kinds.items())},
        {k: (a, b) for k, (a, b) in sorted(acts.items())},
    )


_WIDTH, _HEIGHT, _LEFT, _TOP, _PANEL = 860, 240, 60, 56, 350
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e")

Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Progress:
    """How far training is. `checks` are the newest, by the name of what was checked with."""

    step: int
    steps: int
    loss: float
    decisions: int
    decisions_s: float
    tokens_s: float
    left_s: float
    checks: Mapping[str, "Check"]


class TrainingLog:
    """The log of one training, in its folder. Lines of steps that are done again are dropped."""

    def __init__(self, folder: Path, step: int) -> None:
        self._path, self._drawing = folder / "log.jsonl", folder / "training.svg"
        lines = self._path.read_text().splitlines() if self._path.is_file() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        self._path.write_text("".join(f"{line}\n" for line in kept))

    def stepped(self, progress: Progress, rate: float) -> None:
        """A step was made."""
        told = {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(progress).items() if k != "checks"}
        self._write({**told, "rate": rate})

    def checked(self, step: int, checks: Mapping[str, "Check"]) -> None:
        """A check was made."""
        self._write({"step": step, "checks": {name: asdict(found) for name, found in checks.items()}})

    def plot(self) -> None:
        """Draw loss and rightness over the steps."""
        rows = [json.loads(line) for line in self._path.read_text().splitlines()]
        losses = [(row["step"], row["loss"]) for row in rows if "loss" in row]
        checks: dict[str, list[tuple[int, float]]] = {}
        for row in rows:
            for name, found in row.get("checks", {}).items():
                checks.setdefault(name, []).append((row["step"], found["right"]))
        self._drawing.write_text(draw(losses, checks))

    def _write(self, row: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def draw(losses: Curve, checks: Mapping[str, Curve]) -> str:
    """An SVG file with nothing outside it: the loss above, the share of decisions that were right below."""
    last = max([1, *(step for step, _ in losses), *(step for curve in checks.values() for step, _ in curve)])
    smooth = _smooth(losses, max(1, len(losses) // 200))
    panels = _panel("loss on the answers' tokens", {"loss": smooth}, last, max([0.01, *(v for _, v in smooth)]), 0)
    if checks:
        panels += _panel("next answer right", checks, last, 1.0, _PANEL)
    size = f"0 0 {_LEFT + _WIDTH + 40} {(2 if checks else 1) * _PANEL}"
    style = 'font-family="sans-serif" font-size="13"'
    back = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {style}>{back}{panels}</svg>\n'


def _smooth(points: Curve, over: int) -> Curve:
    """Of every so many points one, their mean."""
    parts = [points[i : i + over] for i in range(0, len(points), over)]
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in parts]


def _panel(title: str, series: Mapping[str, Curve], last: int, high: float, down: int) -> str:
    """Some curves that share their axes, so far down the page."""

    def at(step: float, value: float) -> str:
        return f"{_LEFT + step / last * _WIDTH:.1f},{down + _TOP + (1 - value / high) * _HEIGHT:.1f}"

    drawn = f'<text x="{_LEFT}" y="{down + 22}" font-size="16">{html.escape(title)}</text>'
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = down + _TOP + (1 - share) * _HEIGHT
        drawn += f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{share * high:.2f}</text>'
        drawn += f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        x = _LEFT + share * _WIDTH
        drawn += f'<text x="{x}" y="{down + _TOP + _HEIGHT + 20}" text-anchor="middle">{round(share * last)}</text>'
    drawn += f'<text x="{_LEFT + _WIDTH}" y="{down + _TOP + _HEIGHT + 38}" text-anchor="end">step</text>'
    for number, ((name, curve), color) in enumerate(zip(series.items(), _COLORS * 4, strict=False)):
        points = " ".join(at(step, value) for step, value in curve)
        drawn += f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{points}"/>'
        if curve:
            x = _LEFT + number * 180
            drawn += f'<text x="{x}" y="{down + 44}" fill="{color}">{html.escape(name)} {curve[-1][1]:.3f}</text>'
            dot = at(*curve[-1]).split(",")
            drawn += f'<circle cx="{dot[0]}" cy="{dot[1]}" r="3" fill="{color}"/>'
    return drawn


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
