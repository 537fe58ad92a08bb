"""Preference: at the start nothing is preferred, the gradient is that of the formula, and margins grow; likelihood is
what training does unless told otherwise."""

import math
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from codeword.codebook.errors import InputError
from codeword.controller.registry import LocalModel
from codeword.controller.teaching.encode import encoded
from codeword.controller.teaching.layout import lay_out
from codeword.controller.teaching.learner import Learner, Shape
from codeword.controller.teaching.objective import Likelihood, Preference, pairs_of
from codeword.controller.teaching.sequences import Group, taken_in_turns
from codeword.controller.teaching.trainer import Settings, Trainer
from codeword.controller.tokens import Tokens

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def groups(tiny_model: LocalModel) -> list[Group]:
    """Two codebooks with three decisions; in the second of each something wrong was written: another's answer."""
    found = []
    for group in islice(encoded(Tokens(tiny_model.folder), 5, "seen", per_book=3), 2):
        first, second, third = group.branches
        other = third.command if third.command != second.command else first.command
        found.append(Group(group.prefix, (first, replace(second, refused=other), third)))
    return found


def learner(model: LocalModel) -> Learner:
    made = Learner(model, Shape(rank=4, alpha=8), dtype=torch.float32, device="cpu", seed=0)
    with torch.no_grad():
        for exact in made.exact:
            exact.add_(torch.randn(exact.shape, generator=torch.Generator().manual_seed(1)) * 0.02)
    made.publish()
    return made


def log_probability(model: Learner, group: Group, which: int) -> float:
    """Of one answer, alone in its row."""
    alone = Group(group.prefix, (replace(group.branches[which], choices=()),))
    with torch.no_grad():
        return -float(model.loss(lay_out([alone])))


def test_only_decisions_with_something_wrong_are_laid_out_right_first(
    tiny_model: LocalModel, groups: list[Group]
) -> None:
    for group in groups:
        right, wrong = pairs_of(group)
        assert right == group.branches[1]
        assert (wrong.command, wrong.prompt, wrong.choices) == (right.refused, right.prompt, ())
    assert Preference(learner(tiny_model)).lay_out(groups, CPU).decisions == 4


def test_the_loss_is_that_of_the_paper(tiny_model: LocalModel, groups: list[Group]) -> None:
    model = learner(tiny_model)
    plain = [Group(g.prefix, tuple(replace(b, choices=()) for b in g.branches)) for g in groups]
    preference = Preference(model, beta=0.3)
    row = preference.lay_out(plain, CPU)
    assert preference.size(row) == 2
    assert math.isclose(float(preference.loss(model, row).detach()), 2 * math.log(2), rel_tol=1e-5)

    def margins() -> list[float]:
        pairs = [Group(g.prefix, tuple(pairs_of(g))) for g in plain]
        return [log_probability(model, pair, 0) - log_probability(model, pair, 1) for pair in pairs]

    before = margins()
    with torch.no_grad():
        for exact in model.exact:
            exact.mul_(1.5)
    model.publish()
    now = margins()
    assert any(abs(one - other) > 1e-3 for one, other in zip(before, now, strict=True))
    expected = sum(math.log1p(math.exp(-0.3 * (b - a))) for a, b in zip(before, now, strict=True))
    assert math.isclose(float(preference.loss(model, row).detach()), expected, rel_tol=1e-4)
    assert all(torch.equal(e, t) for e, t in zip(model.exact, model.trained, strict=True)), "it computes as it is now"


def test_training_by_preference_makes_the_right_answer_likelier_than_the_wrong_one(
    tiny_model: LocalModel, groups: list[Group], tmp_path: Path
) -> None:
    model = learner(tiny_model)
    settings = Settings(decisions=36, per_group=3, groups=2, rate=2e-2, check_every=100)
    trainer = Trainer(model, settings, tmp_path, objective=Preference(model))
    pairs = [Group(g.prefix, tuple(pairs_of(g))) for g in groups]
    before = [log_probability(model, pair, 0) - log_probability(model, pair, 1) for pair in pairs]
    losses: list[float] = []
    trainer.run(lambda begin: taken_in_turns(groups, begin), {}, lambda now: losses.append(now.loss))
    after = [log_probability(model, pair, 0) - log_probability(model, pair, 1) for pair in pairs]
    assert math.isclose(losses[0], math.log(2), rel_tol=1e-4)
    assert losses[-1] < losses[0]
    assert all(late > early + 1 for early, late in zip(before, after, strict=True))


def test_lessons_without_anything_wrong_teach_no_preference(tiny_model: LocalModel, groups: list[Group]) -> None:
    none = [Group(g.prefix, g.branches[::2]) for g in groups]
    with pytest.raises(InputError, match="make them with: codeword lessons --played-by ADAPTER"):
        Preference(learner(tiny_model)).lay_out(none, CPU)


def test_likelihood_is_of_every_token_of_every_right_answer(tiny_model: LocalModel, groups: list[Group]) -> None:
    model, likelihood = learner(tiny_model), Likelihood()
    row = likelihood.lay_out(groups, CPU)
    assert likelihood.size(row) == sum(len(branch.command) for group in groups for branch in group.branches)
    assert torch.equal(likelihood.loss(model, row), model.loss(lay_out(groups)))
