"""How far a model's sureness is to be trusted: of what it was so sure of, how much is right.

Where a model is well calibrated, seven in ten answers of a sureness of 70% are right. The expected calibration error is
the mean distance between the two over bins of sureness, each weighed by its answers (Naeini et al. 2015).
"""

import html
from collections.abc import Sequence
from typing import Any

from codeword.runtime.statistics import wilson95

BINS = 5
"""Into so many bins of equal width sureness is parted."""


def reliability(answers: Sequence[tuple[float, bool]], bins: int = BINS) -> dict[str, Any]:
    """The bins, and the expected calibration error (0 to 1; None without answers), of answers with their sureness (0 to
    1) and whether they are right. A bin holds what is at least `low` and below `high`, the last also what is 1.
    """
    parted: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for sure, right in answers:
        at = int(sure * bins + 1e-9)  # a bound that is no binary fraction belongs to the bin that it begins
        parted[min(bins - 1, at)].append((sure, right))
    rows = [_bin(number / bins, (number + 1) / bins, held) for number, held in enumerate(parted)]
    error = sum(row["n"] * abs(row["sure"] - row["right"] / row["n"]) for row in rows if row["n"])
    return {"n": len(answers), "bins": rows, "ece": round(error / len(answers), 4) if answers else None}


def _bin(low: float, high: float, held: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    right = sum(is_right for _, is_right in held)
    mean = sum(sure for sure, _ in held) / len(held) if held else None
    interval = wilson95(right, len(held)) if held else None
    return {"low": low, "high": high, "n": len(held), "right": right, "sure": mean, "wilson95": interval}


_SIDE, _LEFT, _TOP = 360, 64, 76


def draw_reliability(title: str, figures: dict[str, Any]) -> str:
    """An SVG file with nothing outside it: the share that is right, with its 95% interval, over sureness; what is well
    calibrated lies on the diagonal.
    """

    def x(sure: float) -> float:
        return _LEFT + sure * _SIDE

    def y(rate: float) -> float:
        return _TOP + (1 - rate) * _SIDE

    error = "no answers" if figures["ece"] is None else f"expected calibration error {figures['ece']:.3f}"
    parts = [
        f'<text x="{_LEFT}" y="22" font-size="15">plans that are right over their sureness</text>',
        f'<text x="{_LEFT}" y="42">{html.escape(title)}</text>',
        f'<text x="{_LEFT}" y="60">{error}, n = {figures["n"]}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<line x1="{_LEFT}" x2="{x(1):g}" y1="{y(share):g}" y2="{y(share):g}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(share) + 4:g}" text-anchor="end">{share:.0%}</text>')
        parts.append(f'<text x="{x(share):g}" y="{y(0) + 20:g}" text-anchor="middle">{share:.0%}</text>')
    for row in figures["bins"]:
        if not row["n"]:
            continue
        rate, (low, high), middle = row["right"] / row["n"], row["wilson95"], x((row["low"] + row["high"]) / 2)
        left, width = x(row["low"]) + 2, (row["high"] - row["low"]) * _SIDE - 4
        parts.append(
            f'<rect x="{left:.1f}" y="{y(rate):.1f}" width="{width:.1f}" height="{rate * _SIDE:.1f}" '
            'fill="#1f77b4" opacity="0.5"/>'
        )
        parts.append(
            f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" stroke="#1f77b4"/>'
        )
        parts.append(f'<circle cx="{x(row["sure"]):.1f}" cy="{y(rate):.1f}" r="4" fill="#1f77b4"/>')
        parts.append(f'<text x="{middle:.1f}" y="{y(0) - 6:g}" text-anchor="middle">{row["right"]}/{row["n"]}</text>')
    parts.append(f'<line x1="{x(0):g}" y1="{y(0):g}" x2="{x(1):g}" y2="{y(1):g}" stroke="#888" stroke-dasharray="4"/>')
    parts.append(f'<text x="{x(1):g}" y="{y(0) + 40:g}" text-anchor="end">sureness</text>')
    size = f"0 0 {_LEFT + _SIDE + 40} {_TOP + _SIDE + 56}"
    back = '<rect width="100%" height="100%" fill="white"/>'
    style = 'font-family="sans-serif" font-size="13"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {style}>{back}{"".join(parts)}</svg>\n'
