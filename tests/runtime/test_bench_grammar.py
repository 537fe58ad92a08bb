"""`python -m tests.benchmarks grammar`: plans are timed for small and for large codebooks and scenes."""

from pathlib import Path

from codeword.codebook import load_codebook
from codeword.controller.registry import open_folder
from tests.benchmarks.grammar import ROWS, bench_grammar
from tests.controller.tiny import write_folder


def test_every_kind_of_grammar_is_timed(tmp_path: Path) -> None:
    advanced: list[None] = []
    rows = bench_grammar(open_folder(write_folder(tmp_path), "tiny"), 1, lambda: advanced.append(None))["rows"]
    assert len(rows) == ROWS and len(advanced) == ROWS * 6
    assert [(row["skills"], row["entities"]) for row in rows] == [
        (7, 20),
        (200, 20),
        (len(load_codebook("workbench").skills), 20),
        (10, 10),
    ]
    assert all(0 < row["graph_p50_ms"] < row["p50_ms"] for row in rows)
    assert all(row["commands_p50"] > 1e9 for row in rows if row["name"].startswith("plans"))
