"""What the prior's figures for things that are not there rest on, counted in the corpus without evaluation's domains."""

from collections import Counter

import pytest

from codeword.codebook.goals import known_words
from codeword.codebook.mentions import mistaken
from codeword.controller.teaching.domains import TAUGHT, VALIDATION
from codeword.controller.teaching.plan_lessons import books_of, read_once


@pytest.mark.slow
def test_a_name_like_that_of_something_else_tells_what_is_to_be_refused() -> None:
    counts: Counter[str] = Counter()
    for path in (*books_of(TAUGHT), *books_of(VALIDATION)):
        entry = read_once(path)
        for task in entry.tasks:
            seen, known = (
                [entity.id for entity in task.observation.entities],
                known_words(entry.codebook, task.observation),
            )
            for text in task.say:
                names = mistaken(text, seen, known)
                counts["refusals"] += not task.plans
                counts["found"] += bool(names) and not task.plans
                written = "".join(plan.text for plan in task.plans)
                counts["taken"] += any(f'"{thing}"' in written for things in names.values() for thing in things)
                counts["feasible"] += bool(task.plans)
    print(dict(counts))
    assert counts["found"] >= 70, "of the refusals"
    assert counts["taken"] <= counts["found"] / 10, "tasks that are right with a plan that takes such a thing"
