"""What happened in a training: a line of JSON for every step and check, and a drawing of the curves."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks import Check

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
