"""The adapters that come with the package: small, of this prompt contract, each with the card of just these weights."""

import json
from pathlib import Path

import pytest

from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.controller.adapter import AUTO, RECORD, WEIGHTS, load_adapter, shipped
from codeword.controller.decider_config import POLICIES, policy_for
from codeword.controller.registry import DEFAULT_MODEL, LocalModel
from codeword.controller.store import sha256_of

LARGEST_BYTES = 16_000_000


def test_there_is_one_for_the_default_model() -> None:
    records = [json.loads((folder / RECORD).read_text()) for folder in shipped().values()]
    assert [one["contract"] for one in records if one["base"] == DEFAULT_MODEL] == [PLAN_CONTRACT]


@pytest.mark.parametrize("name", list(shipped()))
def test_it_is_small_of_this_contract_and_its_card_is_of_these_weights(name: str) -> None:
    folder = shipped()[name]
    record = json.loads((folder / RECORD).read_text())
    assert record["contract"] == PLAN_CONTRACT
    assert record["policies"] and set(record["policies"]) <= set(POLICIES)
    assert (folder / WEIGHTS).stat().st_size <= LARGEST_BYTES
    card = Path(folder / "README.md").read_text()
    assert card.startswith(f"# {name}\n")
    for told in (sha256_of(folder / WEIGHTS), record["base_sha256"], record["lessons"], "## What it reaches"):
        assert told in card


@pytest.mark.model
def test_the_default_model_is_used_with_it_and_by_what_it_is_best_at(real_model: LocalModel) -> None:
    adapter = load_adapter(AUTO, real_model)
    assert adapter.name in shipped()
    assert (policy_for(adapter), adapter.contract) == (adapter.policies[0], PLAN_CONTRACT)
    assert adapter.trust is not None
