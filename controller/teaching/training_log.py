"""What happened in a training: a line of JSON for every step and check, and a page with the curves."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks import Check
    from .trainer import Progress

_WIDTH, _HEIGHT = 860, 260
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e")


class TrainingLog:
    """The log of one training, in its folder. Lines of steps that are done again are dropped."""

    def __init__(self, folder: Path, step: int) -> None:
        self._path, self._page = folder / "log.jsonl", folder / "training.html"
        lines = self._path.read_text().splitlines() if self._path.is_file() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        self._path.write_text("".join(f"{line}\n" for line in kept))

    def stepped(self, progress: "Progress", rate: float) -> None:
        """A step was made."""
        told = {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(progress).items() if k != "checks"}
        self._write({**told, "rate": rate})

    def checked(self, step: int, checks: Mapping[str, "Check"]) -> None:
        """A check was made."""
        self._write({"step": step, "checks": {name: asdict(found) for name, found in checks.items()}})

    def plot(self) -> None:
        """Write the page with the curves of loss and of rightness."""
        rows = [json.loads(line) for line in self._path.read_text().splitlines()]
        losses = [(row["step"], row["loss"]) for row in rows if "loss" in row]
        checks: dict[str, list[tuple[int, float]]] = {}
        for row in rows:
            for name, found in row.get("checks", {}).items():
                checks.setdefault(name, []).append((row["step"], found["right"]))
        curves = _curves("loss on the commands' tokens", {"loss": _smooth(losses)})
        curves += _curves("next command right", checks, top=1.0)
        self._page.write_text(f"<!doctype html><meta charset=utf-8><title>Training</title>{curves}")

    def _write(self, row: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _smooth(points: Sequence[tuple[int, float]], over: int = 10) -> list[tuple[int, float]]:
    """Every so many points one, their mean."""
    parts = [points[i : i + over] for i in range(0, len(points), over)]
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in parts]


def _curves(title: str, series: Mapping[str, Sequence[tuple[int, float]]], top: float | None = None) -> str:
    """A drawing of some curves that share their axes."""
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    last = max(1, max(step for step, _ in points))
    high = top or max(value for _, value in points) or 1.0
    lines, labels = "", ""
    for (name, line), color in zip(series.items(), _COLORS * 4, strict=False):
        path = " ".join(
            f"{50 + step / last * _WIDTH:.1f},{20 + (1 - value / high) * _HEIGHT:.1f}" for step, value in line
        )
        lines += f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{path}"/>'
        labels += f'<span style="color:{color}">{html.escape(name)} {line[-1][1]:.3f}</span> '
    grid = ""
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = 20 + (1 - share) * _HEIGHT
        grid += f'<text x="4" y="{y + 4}">{share * high:.2f}</text>'
        grid += f'<line x1="50" x2="{50 + _WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>'
    size = f'width="{_WIDTH + 70}" height="{_HEIGHT + 50}" font-family="sans-serif" font-size="12"'
    end = f'<text x="{20 + _WIDTH}" y="{_HEIGHT + 40}">{last}</text>'
    return f"<h3>{html.escape(title)}</h3><p>{labels}</p><svg {size}>{grid}{lines}{end}</svg>"
