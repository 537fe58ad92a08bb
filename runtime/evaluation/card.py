"""The model card of an adapter: what it belongs to, how it was made, what it reaches, and where it ends."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from codeword.codebook.errors import InputError
from codeword.controller.adapter import RECORD, Adapter
from codeword.controller.registry import LocalModel

from .splits import FIRST_SEED, SPLITS
from .table import SplitRow

_ABOUT = {
    "layouts": "the suite `tabletop`, layouts of seeds that no lesson has",
    "wordings": "the same tasks in words that no lesson has",
    "codebooks": "the same tasks under codebooks that no lesson has: other names, arguments and descriptions",
    "kinds": "kinds of task that no lesson has",
    "disturbed": "the suite `disturbed`: slips, things moved, hidden or gone, late and noisy looks, tasks that change",
    "grounded": "the suite `grounded`: the tasks of Grounded Decoding",
    "lohoravens": "the suite `lohoravens`: the tasks of LoHoRavens",
}


def model_card(adapter: Adapter, base: LocalModel, rows: Sequence[SplitRow], first_seed: int = FIRST_SEED) -> str:
    """The card as Markdown, with the rows of an evaluation from a first seed on. Raises InputError for no adapter."""
    if adapter.folder is None:
        raise InputError("a model card is of an adapter; give one with --adapter")
    record = json.loads((adapter.folder / RECORD).read_text(encoding="utf-8"))
    megabytes = adapter.weights.stat().st_size / 1e6
    lines = [
        f"# {adapter.folder.name}",
        "",
        f"A low-rank adapter that teaches {base.name} to follow Codeword's codebooks: to pick the next command out of "
        "a codebook that it reads in its prompt, and to write a task's goal as facts.",
        "",
        *_table(("what", "value"), _facts(adapter, base, record, megabytes)),
        "",
        "## How it was made",
        "",
        "By `codeword train` on lessons made at random (`codeword lab lessons`): codebooks under other names and in "
        "other words, scenes, tasks and wordings, all that goes wrong on the way, and every answer that is right then. "
        "No scenario, wording, codebook or kind of task of the evaluation below is among them; a test holds that.",
        "",
        *_table(("setting", "value"), sorted(record.get("settings", {}).items())),
        "",
        "## What it reaches",
        "",
        f"Goals reached of episodes, judged by physics (`codeword lab evaluate`, seeds from {first_seed} on), with the "
        "95% interval.",
        "",
        *_reached(rows),
        "",
        *(f"- {split}: {_ABOUT[split]}" for split in SPLITS if any(row.split == split for row in rows)),
        "",
        "## Limits",
        "",
        "- Taught on tabletop tasks for one arm, in English; what else a codebook may hold, it may not follow.",
        "- It knows what an observation says and nothing else; it does not see.",
        "- Its commands are held by the grammar and checked by the guard; whether they are right is not.",
        "- Software is never a robot's emergency stop.",
        "",
    ]
    return "\n".join(lines)


def _facts(adapter: Adapter, base: LocalModel, record: Mapping[str, Any], megabytes: float) -> list[tuple[str, object]]:
    return [
        ("base", f"{base.name}, SHA-256 `{base.base_sha256}`"),
        ("licence", f"{base.licence or 'that of the base'}, like the base"),
        ("rank, alpha", f"{record.get('rank')}, {record.get('alpha')}"),
        ("size", f"{megabytes:.1f} MB"),
        ("SHA-256", f"`{adapter.sha256}`"),
        ("prompt contract", record.get("contract")),
        ("policies", ", ".join(adapter.policies)),
        ("seed of the lessons", record.get("data_seed")),
        ("lessons", record.get("lessons")),
        ("begun with", record.get("begun_with") or "nothing"),
        ("steps", record.get("step")),
        ("next answer right, while training", _checks(record.get("checks", {}))),
    ]


def _checks(checks: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in checks.items()) or "not checked"


def _reached(rows: Sequence[SplitRow]) -> list[str]:
    splits = [split for split in SPLITS if any(row.split == split for row in rows)]
    lines = []
    for contender in dict.fromkeys(row.contender for row in rows):
        mine = {row.split: row for row in rows if row.contender == contender}
        lines.append((f"{contender.name}, {contender.policy}", *(_cell(mine.get(split)) for split in splits)))
    return _table(("", *splits), lines)


def _cell(row: SplitRow | None) -> str:
    if row is None or not row.n:
        return "-"
    low, high = row.wilson95
    return f"{row.success} of {row.n}: {row.success / row.n:.0%} ({low:.0%}–{high:.0%})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{'|'.join('---' for _ in heads)}|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]
