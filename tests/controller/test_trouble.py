"""What goes wrong with commands in lessons: each status that tells of it, and nothing refused that could be allowed."""

import random
from collections import Counter
from itertools import islice

from codeword.codebook.action_prompt import offer
from codeword.controller.teaching.kinds import make_task
from codeword.controller.teaching.lessons import observed
from codeword.controller.teaching.mixes import books, training_mix
from codeword.controller.teaching.solver import Solver
from codeword.controller.teaching.trajectory import failed


def test_a_command_fails_is_late_or_is_refused_and_what_is_refused_cannot_be_allowed() -> None:
    told: Counter[str] = Counter()
    for book, rng in islice(books(5, training_mix()), 60):
        _, task = make_task(rng, book)
        moves = Solver(task.scene, task.aim, book.able).best(task.start) if task.aim else []
        if not moves:
            continue
        seen = observed(book, task.scene, task.start, None)
        for _ in range(20):
            after, result = failed(random.Random(rng.random()), book, task.scene, task.start, rng.choice(moves))
            told[result.status] += 1
            if result.status == "refused":
                assert not offer(book.codebook, "", seen).legal.graph.accepts(result.command)
            if result.reason in ("refused", "late"):
                assert after == task.start
    assert set(told) == {"failed", "refused", "timeout"}, told
    assert min(told.values()) > 0.01 * told.total(), told
