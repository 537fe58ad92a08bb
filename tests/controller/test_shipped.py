"""The adapters that come with the package: small, of this prompt contract, each with the card of just these weights."""

import json
from pathlib import Path

import pytest

from codeword.codebook import load_codebook
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.codebook.prompt import CONTRACT
from codeword.controller.adapter import AUTO, AUTO_PLANS, RECORD, WEIGHTS, chosen_adapter, load_adapter, shipped
from codeword.controller.controller import POLICIES, policy_for
from codeword.controller.registry import DEFAULT_MODEL, LocalModel
from codeword.controller.store import sha256_of

LARGEST_BYTES = 16_000_000


def test_there_is_one_for_the_default_model_under_each_contract() -> None:
    records = [json.loads((folder / RECORD).read_text()) for folder in shipped().values()]
    assert sorted(one["contract"] for one in records if one["base"] == DEFAULT_MODEL) == [CONTRACT, PLAN_CONTRACT]


@pytest.mark.parametrize("name", list(shipped()))
def test_it_is_small_of_this_contract_and_its_card_is_of_these_weights(name: str) -> None:
    folder = shipped()[name]
    record = json.loads((folder / RECORD).read_text())
    assert record["contract"] in (CONTRACT, PLAN_CONTRACT)
    assert record["policies"] and set(record["policies"]) <= {*POLICIES, "goal", "mixed"}
    assert (folder / WEIGHTS).stat().st_size <= LARGEST_BYTES
    card = Path(folder / "README.md").read_text()
    assert card.startswith(f"# {name}\n")
    for told in (sha256_of(folder / WEIGHTS), record["base_sha256"], record["lessons"], "## What it reaches"):
        assert told in card


@pytest.mark.model
def test_the_default_model_is_used_with_it_and_by_what_it_is_best_at(real_model: LocalModel) -> None:
    for name, contract in ((AUTO, CONTRACT), (AUTO_PLANS, PLAN_CONTRACT)):
        adapter = load_adapter(name, real_model)
        assert adapter.name in shipped()
        assert (policy_for(adapter), adapter.contract) == (adapter.policies[0], contract)
        assert adapter.plans_are_goals is (contract == CONTRACT)
        assert (adapter.trust is None) is (contract == CONTRACT)


def test_tabletops_get_the_adapter_that_was_taught_on_them_and_others_the_one_that_writes_plans(tmp_path: Path) -> None:
    books = {name: load_codebook(name) for name in ("tabletop", "workbench", "colors", "mobile", "lekiwi")}
    assert {name for name, book in books.items() if chosen_adapter(AUTO, [book]) == AUTO_PLANS} == {"mobile", "lekiwi"}
    assert chosen_adapter(AUTO, [books["tabletop"], books["mobile"]]) == AUTO_PLANS
    assert chosen_adapter("none", [books["mobile"]]) == "none"
    own = "codebook: own\ninclude: [tabletop]\nskills:\n  tap:\n    description: tap a block\n"
    own += "    args: {object: {entity: block}}\n    steps: [move_above: {entity: $object, height_m: 0.1}]\n"
    shown = own.replace("tap", "show")  # a skill of that name is shipped elsewhere, and is not this one
    (tmp_path / "shown.yaml").write_text(shown)
    assert chosen_adapter(AUTO, [load_codebook(tmp_path / "shown.yaml")]) == AUTO_PLANS
    for effects, name in ((False, AUTO_PLANS), (True, AUTO)):
        if effects:
            own = (
                own.replace("skills:", "facts: {tapped(block): it was tapped}\nskills:")
                + "    effects: [tapped(object)]\n"
            )
        (tmp_path / "own.yaml").write_text(own)
        assert chosen_adapter(AUTO, [load_codebook(tmp_path / "own.yaml")]) == name
