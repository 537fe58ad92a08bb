"""Model cards: what an adapter is and reaches, as it is."""

from pathlib import Path

import pytest

from codeword.codebook.errors import InputError
from codeword.controller.adapter import NONE, load_adapter
from codeword.controller.registry import open_folder
from codeword.runtime.evaluation.card import model_card
from codeword.runtime.evaluation.contenders import contenders
from codeword.runtime.evaluation.table import SplitRow
from tests.controller.test_adapter import write_adapter
from tests.controller.tiny import write_folder


def test_a_card_tells_what_an_adapter_is_and_what_it_reaches(tmp_path: Path) -> None:
    base = open_folder(write_folder(tmp_path / "model"), "tiny")
    record = {"rank": 4, "alpha": 8, "settings": {"rate": 0.0005, "decisions": 24}, "data_seed": 3, "step": 2,
              "checks": {"seen": 0.875}, "policies": ["direct", "plan"]}  # fmt: skip
    adapter = load_adapter(str(write_adapter(tmp_path / "taught", base, record=record)), base)
    expert, taught = contenders(["expert", "base+adapter"], adapter=adapter.name)
    rows = [SplitRow(expert, "layouts", 20, 20), SplitRow(taught, "layouts", 20, 15), SplitRow(taught, "kinds", 10, 4)]
    card = model_card(adapter, base, rows)
    assert card.startswith("# taught\n")
    for told in (adapter.sha256, base.base_sha256, "direct, plan", "| rate | 0.0005 |", "seen 87.5%"):
        assert told in card
    assert "| base+adapter, plan | 15 of 20: 75% (53%–89%) | 4 of 10: 40% (17%–69%) |" in card
    assert "| expert, plan | 20 of 20: 100% (84%–100%) | - |" in card
    assert "- kinds: " in card
    assert "- grounded: " not in card
    assert "seeds from 10000 on" in card
    assert "seeds from 20000 on" in model_card(adapter, base, rows, 20000)


def test_there_is_no_card_of_no_adapter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give one with --adapter"):
        model_card(NONE, open_folder(write_folder(tmp_path / "model"), "tiny"), [])
