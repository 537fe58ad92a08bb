"""Evaluation: variants are judged by the same physics, rows count, what was run is not run again, nothing is taught."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.controller.registry import open_folder
from codeword.controller.teaching.codebook_generator import shipped_book
from codeword.controller.teaching.kinds import KINDS, fitting
from codeword.controller.teaching.pools_of import held_out_kinds, training_pools
from codeword.controller.teaching.sequences import LARGEST_SEED
from codeword.runtime.cli import main
from codeword.runtime.evaluation.contenders import contenders
from codeword.runtime.evaluation.failures import failure, harmed
from codeword.runtime.evaluation.splits import (
    FIRST_SEED,
    SPLITS,
    cases,
    other_codebooks,
    other_words,
    rebooked,
    reworded,
)
from codeword.runtime.evaluation.table import count, evaluate, folder_of
from codeword.runtime.recording import read_episode
from codeword.runtime.scenario import find_scenarios, load_scenario
from tests.controller.test_adapter import write_adapter
from tests.controller.tiny import write_folder


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_has_as_many_episodes_as_are_asked_for_and_no_two_are_the_same(split: str) -> None:
    some = cases(split, 25)
    assert len({(case.scenario.name, case.seed) for case in some}) == 25
    assert min(case.seed for case in some) == FIRST_SEED


def test_an_unknown_split_or_controller_is_refused() -> None:
    with pytest.raises(InputError, match="there is no split 'layout'; did you mean 'layouts'"):
        cases("layout", 1)
    with pytest.raises(InputError, match="there is no controller 'expart'; did you mean 'expert'"):
        contenders(["expart"])
    with pytest.raises(InputError, match="which adapter"):
        contenders(["base+adapter"])


def test_who_is_compared() -> None:
    assert [who.name for who in contenders()] == ["expert", "random", "base"]
    some = contenders(adapter="trained", models=["other.gguf"])
    assert [(who.name, who.who.model, who.who.adapter) for who in some[2:]] == [
        ("base", "smollm2-135m", "none"),
        ("base+adapter", "smollm2-135m", "trained"),
        ("other.gguf", "other.gguf", "none"),
    ]
    twice = contenders(["expert", "base"], policies=("direct", "plan"))
    assert [(who.name, who.policy) for who in twice] == [("expert", "plan"), ("base", "direct"), ("base", "plan")]
    assert len({folder_of(who) for who in (*some, *twice)}) == 6


def test_every_task_has_other_words_and_every_codebook_fits_every_task() -> None:
    for path in find_scenarios(("tabletop",)):
        scenario = load_scenario(path)
        other = reworded(scenario, other_words()[scenario.name])
        told = {other.wording(seed) for seed in range(20)}
        assert len(told) >= 4
        assert not told & {scenario.spec.task, *scenario.spec.wordings}
        assert other.spec.goal == scenario.spec.goal
        for codebook, names in other_codebooks():
            under = rebooked(scenario, codebook, names)
            assert under.codebook.hash == codebook.hash
            assert under.spec.world == scenario.spec.world
            assert all(event.after is None or event.after in codebook.skills for event in under.spec.events)
            assert under.goal is not None


def test_the_goals_of_a_task_that_changes_are_translated_too() -> None:
    scenario = load_scenario(find_scenarios(("disturbed/another_task_in_the_end",))[0])
    codebook, names = other_codebooks()[0]
    under = rebooked(scenario, codebook, names).seeded(4)
    assert under.spec.then is not None
    assert under.spec.goal[-1] == under.spec.then.goal[-1] == "jaws_open"
    assert [event.after for event in under.spec.events] == ["berth"]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an episode of the expert under every codebook."""
    folder = tmp_path_factory.mktemp("evaluation")
    rows = evaluate(contenders(["expert"]), {"codebooks": cases("codebooks", 4)}, folder)
    assert [(row.n, row.success, dict(row.failures)) for row in rows] == [(4, 4, {})]
    return folder


def test_under_every_codebook_the_expert_reaches_the_goal_in_physics(evaluated: Path) -> None:
    episodes = [read_episode(file) for file in (evaluated / "expert_plan/codebooks").glob("*.mcap")]
    assert {episode.header.codebook for episode in episodes} == {"harbor", "courier", "kitchen", "archive"}
    assert all(episode.verdict is not None and episode.verdict.success for episode in episodes)


def test_what_was_run_is_only_read_again_unless_it_was_cut_off_or_is_another(evaluated: Path) -> None:
    files = sorted((evaluated / "expert_plan/codebooks").glob("*.mcap"))
    cut, other, *same = files
    before = {file: file.read_bytes() for file in files}
    cut.write_bytes(before[cut][: len(before[cut]) // 2])
    other.write_bytes(before[same[0]])
    ran: list[bool] = []
    stamps = {file: file.stat().st_mtime_ns for file in files}
    evaluate(contenders(["expert"]), {"codebooks": cases("codebooks", 4)}, evaluated, lambda: ran.append(True), jobs=2)
    assert len(ran) == 4
    assert {file for file in files if file.stat().st_mtime_ns != stamps[file]} == {cut, other}


def verdict(evaluated: Path, scenario: str, moved: bool = True, **told: Any) -> Any:
    """An episode that ended in some way."""
    episode = read_episode(next((evaluated / "expert_plan/codebooks").glob("*.mcap")))
    assert episode.verdict is not None
    case = next(case for case in cases("layouts", 17) if case.scenario.name == scenario)
    episode.scenario_text, episode.codebook_text = case.scenario.text, case.scenario.codebook.text
    episode.verdict = episode.verdict.model_copy(update={"success": False, "open": ("in(a, b)",), **told})
    for step in episode.steps:
        step.result = step.result if moved else None
    return episode


def test_failures_are_told_apart(evaluated: Path) -> None:
    made = {
        "done at once": verdict(evaluated, "stack_two", ended="done", moved=False, credit=0.0),
        "done too early": verdict(evaluated, "stack_two", ended="done", credit=0.5),
        "wrong thing or place": verdict(evaluated, "stack_two", ended="done", credit=0.0),
        "done not said": verdict(evaluated, "stack_two", ended="max_decisions", open=()),
        "out of decisions": verdict(evaluated, "stack_two", ended="max_decisions"),
        "gave up": verdict(evaluated, "stack_two", ended="cannot"),
        "did not refuse": verdict(evaluated, "too_wide", ended="done"),
        "wrong reason": verdict(evaluated, "too_wide", ended="cannot"),
        "stopped": verdict(evaluated, "stack_two", ended="stopped"),
    }
    assert {kind: failure(episode) for kind, episode in made.items()} == {kind: kind for kind in made}
    fine = verdict(evaluated, "stack_two", success=True, fallen=("red_block",))
    assert failure(fine) is None
    assert harmed(fine)
    row = count(contenders(["random"])[0], "layouts", [fine, *made.values(), None])
    assert (row.n, row.success, row.harmed, row.failures["gave up"], row.failures["broke"]) == (11, 1, 1, 1, 1)
    assert row.scenarios == {fine.header.scenario: (1, 10)}
    told = row.as_json()
    assert told["scenarios"] == {fine.header.scenario: {"success": 1, "n": 10}}
    assert {key: told[key] for key in ("controller", "policy", "split", "n", "success", "rate")} == {
        "controller": "random", "policy": "chance", "split": "layouts", "n": 11, "success": 1, "rate": 1 / 11,
    }  # fmt: skip
    assert told["wilson95"] == [0.0162, 0.3774]


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


def test_the_command_prints_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("lab", "evaluate", "--controller", "random", "--split", "kinds", "--episodes", "2", "--out", str(tmp_path))
    assert run(*args, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["controller"], row["split"], row["n"]) == ("random", "kinds", 2)
    assert sum(row["failures"].values()) == 2 - row["success"]
    assert run(*args, "--failures") == 0
    said = capsys.readouterr().out
    assert f"{row['success']} of 2" in said
    assert "with damage" in said
    assert re.search(r"(?m)^ *random +chance +kinds +2 ", said)
    missed = re.findall(r"(\w+) (\d) of 1", said.partition("random, chance, kinds: reached of ")[2])
    assert missed == [(name, str(told["success"])) for name, told in row["scenarios"].items() if told["success"] < 1]
    assert run("lab", "evaluate", "--first-seed", "9999") == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--adapter", "nope"), "there is no adapter 'nope'"),
        (("--model", "nope.gguf"), "nope.gguf"),
    ],
)
def test_nothing_is_run_where_a_model_or_adapter_cannot_be_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], said: str
) -> None:
    base, out = str(write_folder(tmp_path / "tiny")), tmp_path / "out"
    assert run("lab", "evaluate", "--base", base, "--split", "kinds", "--episodes", "1", "--out", str(out), *given) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_nothing_is_run_where_an_adapter_was_not_taught_the_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = open_folder(write_folder(tmp_path / "tiny"), "tiny")
    adapter = write_adapter(tmp_path / "taught", base, record={"policies": ["direct"]})
    asked = ("--base", str(base.folder), "--adapter", str(adapter), "--out", str(tmp_path / "out"))
    assert run("lab", "evaluate", *asked, "--split", "kinds", "--episodes", "1", "--policy", "plan") == 2
    assert "was taught for policy direct, and not for plan" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def words_of(codebook: Codebook) -> set[str]:
    """Every name and sentence of a codebook but what a simulator gives it and what every codebook has."""
    found = {codebook.description}
    for skill in codebook.skills.values():
        found |= {skill.description} if skill.ends else {skill.name, skill.description, *skill.args}
    return found - {"reason", ""}


def pool_words(pool: Any) -> set[str]:
    """Every text in a pool, in its names and in its values."""
    if isinstance(pool, dict):
        return {text for key, value in pool.items() for text in {str(key)} | pool_words(value)}
    return {text for item in pool for text in pool_words(item)} if isinstance(pool, list) else {str(pool)}


def test_no_name_or_sentence_of_an_evaluated_codebook_is_ever_taught() -> None:
    taught = pool_words(dict(training_pools().names))
    for flavor in ("tabletop", "colors", "letters", "packing"):
        taught |= words_of(shipped_book(flavor).codebook)
    assert len(taught) > 300
    for codebook, names in other_codebooks():
        mine = words_of(codebook) | {names[name] for name in ("gripper_empty", "clear", "on_table")}
        assert len(mine) > 15
        assert not mine & taught, sorted(mine & taught)


def test_no_evaluated_kind_is_ever_taught() -> None:
    names = {case.scenario.name for case in cases("kinds", 6)}
    assert names == held_out_kinds()
    taught = {kind for flavor in ("tabletop", "colors", "letters", "packing") for kind in fitting(shipped_book(flavor))}
    assert taught == set(KINDS) - names


def test_seeds_of_evaluation_and_training_lie_apart() -> None:
    assert all(case.seed >= FIRST_SEED for split in SPLITS for case in cases(split, 5))
    assert run("train", "--seed", str(LARGEST_SEED + 1), "--out", "nowhere") == 2
