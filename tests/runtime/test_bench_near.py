"""What guesses save: every side decides the same, and those that know more read less often."""

from pathlib import Path

from codeword.controller.engine import Engine
from codeword.runtime.bench.near import SIDES, bench_near
from tests.controller.tiny import quantized
from tests.runtime.conftest import shipped


def test_guesses_are_compared_over_the_same_situations(tmp_path: Path) -> None:
    engine = Engine(quantized(tmp_path / "tiny"), threads=1)
    advanced: list[None] = []
    figures = bench_near(engine, [shipped("tabletop/put_in_bowl")], 8, lambda: advanced.append(None))
    rows = {row["guesses"]: row for row in figures["rows"]}
    assert tuple(rows) == SIDES
    assert len(advanced) == 8 == rows["near"]["n"]
    assert rows["nothing"]["guessed"] == 0 < rows["near"]["guessed"]
    assert all(row["passes"] <= rows["nothing"]["passes"] for row in rows.values())
    assert 0 < figures["looking"]["p50_ms"] <= figures["looking"]["p95_ms"]
