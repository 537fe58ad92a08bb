"""The corpus of codebooks: every plan in it can be carried out, and what stands beside it comes to the same."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from codeword.codebook.distribution import check_quantified, spread
from codeword.codebook.plan_numbers import with_signs
from codeword.codebook.plan_trace import same_outcome, trace
from codeword.codebook.task_plan import check_things
from codeword.controller.ambiguity import check_ambiguous
from codeword.controller.rephrase import rephrased
from codeword.controller.teaching.corpus_reader import KINDS, SUFFIX, Entry, corpus, folder, read_entry

FILES = sorted(path for path in folder().glob("*/*.yaml") if not path.name.endswith(SUFFIX))
SHARES = {"single": (0.15, 0.45), "number": (0.1, 0.35), "sequence": (0.15, 0.4), "chaining": (0.03, 0.25),
          "refusal": (0.1, 0.3)}  # fmt: skip
"""What share of tasks may be of each kind."""


def sample(files: list[Path], one_of: int) -> list[Path]:
    """Some of the files, the same every time whatever is added beside them."""
    return [path for path in files if hashlib.sha256(path.name.encode()).digest()[0] % one_of == 0]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return [read_entry(path) for path in sample(FILES, 3)]


def test_every_codebook_has_its_tasks_beside_it() -> None:
    assert len(FILES) >= 240
    assert {path.with_name(path.stem + SUFFIX) for path in FILES} == set(folder().glob(f"*/*{SUFFIX}"))
    names = [path.stem for path in FILES]
    assert sorted(names) == sorted(set(names)), "a name stands for one codebook"


def test_there_are_enough_tasks_in_enough_words(entries: list[Entry]) -> None:
    kinds: Counter[str] = Counter()
    for entry in entries:
        where = f"{entry.domain}/{entry.path.stem}"
        assert 4 <= len(entry.codebook.skills) - 2 <= 25, where
        assert len(entry.tasks) >= 15, where
        said = [text.lower() for task in entry.tasks for text in task.say]
        assert len(said) == len(set(said)), where
        assert all(len(task.say) >= 3 for task in entry.tasks), where
        kinds.update(task.kind for task in entry.tasks)
    assert set(kinds) == set(KINDS)
    for kind, (low, high) in SHARES.items():
        assert low <= kinds[kind] / kinds.total() <= high, kind


NEWCOMERS = Path(__file__).parent.parent / "newcomers"


def test_every_plan_can_be_carried_out_and_those_of_one_task_come_to_the_same(entries: list[Entry]) -> None:
    for entry in [*entries, *(entry for part in ("read", "held_out", "later") for entry in corpus(NEWCOMERS / part))]:
        book = entry.codebook
        for task in entry.tasks:
            where = f"{entry.domain}/{entry.path.stem}: {task.say[0]}"
            facts = set()
            for plan in task.plans:
                check_things(book, plan, task.observation)
                traced = trace(book, plan, task.observation)
                assert not traced.failure, (where, plan.told, traced.failure)
                assert traced.commands, (where, "nothing is done")
                facts.add(traced.facts)
            assert len(facts) <= 1, (where, "plans of one task end otherwise")


def test_the_words_of_a_task_refuse_hardly_any_right_plan_and_change_none(entries: list[Entry]) -> None:
    """None is refused for what is left out or done by halves, and two of a thousand because they seem to be guessed."""
    asked, guessed = 0, []
    for entry in entries[::2]:
        book = entry.codebook
        for task in entry.tasks:
            seen = [entity.id for entity in task.observation.entities]
            for said in task.say if task.plans else ():
                words, plan = rephrased(book, said, task.observation), task.plans[0]
                refusals = [check_quantified(book, words, task.observation, other) for other in task.plans]
                assert "" in refusals, f"{entry.path.stem}: {words}: {refusals}"
                assert with_signs(book, words, seen, plan) == plan, words
                out = spread(book, words, task.observation, plan)
                assert out == plan or same_outcome(book, plan, out, task.observation), (words, out.told)
                asked += 1
                if all(check_ambiguous(book, words, task.observation, other) for other in task.plans):
                    guessed.append(f"{entry.path.stem}: {words}")
    assert len(guessed) <= asked / 500, guessed


def test_a_task_that_chains_needs_commands_that_nobody_named(entries: list[Entry]) -> None:
    for entry in entries:
        for task in entry.tasks:
            if task.kind == "chaining":
                longest = max(len(trace(entry.codebook, plan, task.observation).commands) for plan in task.plans)
                assert longest > 1, (entry.path.stem, task.say[0])


def test_domains_and_codebooks_come_in_one_order(tmp_path: Path) -> None:
    for name in ("b/two", "a/one"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir()
        path.write_text((folder() / "rovers/scout.yaml").read_text())
        path.with_name(path.stem + SUFFIX).write_text((folder() / f"rovers/scout{SUFFIX}").read_text())
    assert [(entry.domain, entry.path.stem) for entry in corpus(tmp_path)] == [("a", "one"), ("b", "two")]
