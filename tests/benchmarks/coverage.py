"""The plans that a model thinks of for the tasks of a split, and which of them are right: what coverage is learned
from.
"""

import math
import random
from collections.abc import Callable

from codeword.codebook import Codebook
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.task_plan import UNCLEAR, TaskPlan
from codeword.controller.backend import Backend
from codeword.controller.plan_controller import GivenPlan
from codeword.controller.plan_writer import PlanWriter
from codeword.controller.sampling import GREEDY
from codeword.controller.teaching.corpus_reader import Task
from codeword.controller.teaching.coverage import Thought
from codeword.controller.teaching.plan_lessons import books_of, read_once
from codeword.runtime.trial import try_task


def thoughts(backend: Backend, split: str, n: int, seed: int, advance: Callable[[], None]) -> list[Thought]:
    """Of n wordings of a split, drawn by seed, the plans that are thought of."""
    entries = [read_once(path) for path in books_of(split)]
    all_ = [(entry, task, words) for entry in entries for task in entry.tasks for words in task.say]
    drawn = sorted(random.Random(seed).sample(range(len(all_)), min(n, len(all_))))  # codebook by codebook
    writer, found = PlanWriter(backend, GREEDY), []
    for entry, task, words in (all_[number] for number in drawn):
        thought = writer.thought_of(entry.codebook, words, task.observation)
        plans, covered = list(thought.weights), thought.covered
        assert covered is not None, "the adapter has no prior"
        found.append(
            Thought(
                entry.codebook.name,
                tuple(math.log(max(weight, 1e-9)) for weight in thought.weights.values()),
                tuple(
                    tuple(row) if (row := covered.features(entry.codebook, plan)) is not None else None
                    for plan in plans
                ),
                tuple(len(plan.items) for plan in plans),
                tuple(_is_right(entry.codebook, task, words, plan) for plan in plans),
            )
        )
        advance()
    return found


def _is_right(codebook: Codebook, task: Task, words: str, plan: TaskPlan) -> bool:
    """Whether what would be carried out of a plan is right for a task."""
    there = [entity.id for entity in task.observation.entities]
    wrong_numbers = check_numbers(codebook, words, there, plan).refusal
    given = GivenPlan(codebook, TaskPlan((), UNCLEAR) if wrong_numbers else plan)
    trial = try_task(codebook, given, words, task.observation, task.plans)
    return not trial.carried_out if task.kind == "refusal" else trial.right is True
