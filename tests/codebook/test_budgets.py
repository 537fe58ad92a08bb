"""What a codebook says of budgets, and of what is done where one is missed."""

import pytest
from jsonschema import Draft7Validator

from codeword.codebook import parse_codebook
from codeword.codebook.budgets import STAGES, Budget
from codeword.codebook.docs import codebook_docs
from codeword.codebook.editor_schema import codebook_schema
from tests.codebook.test_editor_schema import data
from tests.codebook.test_load import GOOD, faults

HOME = "  home:\n    description: stand back\n    steps: [move_home]\n"
LIMITED = GOOD + HOME + "fallback: home\nbudgets:\n  decision_ms: {p95: 400, hard: 2000}\n  skill_ms: {p95: 9000}\n"


def test_budgets_and_fallback_are_read() -> None:
    book = parse_codebook(LIMITED)
    assert book.budgets == {"decision_ms": Budget(p95=400, hard=2000), "skill_ms": Budget(p95=9000)}
    assert book.fallback == "home"
    assert parse_codebook(GOOD + "fallback: hold\n").fallback == ""
    assert (parse_codebook(GOOD).budgets, parse_codebook(GOOD).fallback) == ({}, "")


def test_a_renamed_skill_is_fallen_back_on_under_its_new_name() -> None:
    assert parse_codebook(LIMITED + "rename: {home: stand_back}\n").fallback == "stand_back"


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("budgets: {decison_ms: {p95: 4}}", "11: unknown stage 'decison_ms'; did you mean 'decision_ms'?"),
        ("budgets: {decision_ms: 400}", "the budget of decision_ms: expected p95 and hard, not '400'"),
        ("budgets: {decision_ms: {p99: 4}}", "unknown key 'p99' in the budget of decision_ms"),
        ("budgets: {decision_ms: {p95: -4}}", "p95 is a number of milliseconds above 0, not '-4'"),
        ("budgets: {decision_ms: {hard: true}}", "hard is a number of milliseconds above 0, not 'True'"),
        ("budgets: {decision_ms: {hard: .inf}}", "hard is a number of milliseconds above 0, not 'inf'"),
        ("budgets: {skill_ms: {hard: 400}}", "skill_ms has no hard limit: a skill's own budget_s"),
        ("budgets: [decision_ms]", "the budgets: expected a mapping of stages"),
        ("fallback: pik", "there is no skill 'pik' to fall back on; did you mean 'pick'?"),
        ("fallback: pick", "'pick' needs arguments: what is fallen back on is carried out by itself"),
        ("fallback: done", "'done' ends the episode"),
        ("fallback: [home]", "to fall back on"),
    ],
)
def test_a_fault_is_told_with_its_place(lines: str, fault: str) -> None:
    told = faults(GOOD + lines + "\n")
    assert len(told) == 1
    assert fault in told[0]
    assert told[0].startswith(f"c.yaml:{len(GOOD.splitlines()) + 1}:")


def test_the_editor_knows_them() -> None:
    schema = codebook_schema()
    assert not list(Draft7Validator(schema).iter_errors(data(LIMITED)))
    assert set(schema["properties"]["budgets"]["properties"]) == set(STAGES)
    for wrong in ("budgets: {skill_ms: {hard: 4}}\n", "budgets: {decision_ms: {p95: 0}}\n"):
        assert list(Draft7Validator(schema).iter_errors(data(GOOD + wrong)))
    own = codebook_schema(parse_codebook(LIMITED))
    assert own["properties"]["fallback"]["enum"] == ["hold", "home"]


def test_the_page_about_a_codebook_tells_them() -> None:
    page = codebook_docs(parse_codebook(LIMITED))
    assert "| `decision_ms` | 400 | 2000 |" in page
    assert "Where something took longer than it ever may, it carries out `home`." in page
    assert "it holds still" in codebook_docs(parse_codebook(LIMITED.replace("fallback: home\n", "")))
    assert "longer than it ever may" not in codebook_docs(parse_codebook(GOOD))
