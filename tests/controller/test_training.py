"""Training on a tiny model: sharing a codebook changes nothing, loss falls, a stop changes nothing, adapters are whole."""

import json
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from codeword.codebook.errors import InputError, ModelError
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.controller.registry import LocalModel
from codeword.controller.teaching.domains import LAYOUTS, TAUGHT
from codeword.controller.teaching.layout import lay_out
from codeword.controller.teaching.learner import AdapterShape, Learner, quickest_dtype, right_loss
from codeword.controller.teaching.learner_beside import LearnerBeside
from codeword.controller.teaching.made_beside import encoded
from codeword.controller.teaching.sequences import Group, Header, read_groups, taken_in_turns, write_groups
from codeword.controller.teaching.trainer import Settings, Trainer, draw
from codeword.controller.tokens import Tokens


@pytest.fixture(scope="module")
def groups(tiny_model: LocalModel) -> list[Group]:
    return list(islice(encoded(Tokens(tiny_model.folder), 5, LAYOUTS, per_book=2), 3))


def learner(model: LocalModel, seed: int = 0) -> Learner:
    made = Learner(model, AdapterShape(rank=4, alpha=8), dtype=torch.float32, device="cpu", seed=seed)
    torch.manual_seed(1)
    with torch.no_grad():  # a new adapter does nothing: here it shall
        for exact in made.exact:
            exact.add_(torch.randn_like(exact) * 0.02)
    made.publish()
    return made


def test_decisions_that_share_a_codebook_are_computed_as_if_each_were_alone(
    tiny_model: LocalModel, groups: list[Group]
) -> None:
    model = learner(tiny_model)
    together = model.logits(lay_out(groups))
    alone = [model.logits(lay_out([Group(g.prefix, (branch,))])) for g in groups for branch in g.branches]
    for place, one in enumerate(row for rows in alone for row in rows):
        assert torch.allclose(together[place, : len(one)], one, atol=2e-4)
        assert not together[place, len(one) :].isfinite().any()
    branch = groups[0].branches[0]
    ids = torch.tensor([groups[0].prefix + branch.prompt + branch.command])
    plain = model.model.get_base_model()
    plain.config._attn_implementation = "eager"
    logits = plain(input_ids=ids).logits[0]
    for choice, ours in zip(branch.choices, alone[0], strict=True):
        theirs = logits[choice.place - len(branch.command) - 1, list(choice.allowed)] + torch.tensor(choice.bias or 0.0)
        assert torch.allclose(theirs.float(), ours[: len(choice.allowed)], atol=2e-4)


def test_the_loss_of_a_shared_row_has_the_gradient_of_separate_rows(
    tiny_model: LocalModel, groups: list[Group]
) -> None:
    model = learner(tiny_model)
    model.loss(lay_out(groups)).backward()
    model.gather()
    shared = [exact.grad.clone() for exact in model.exact if exact.grad is not None]
    for group in groups:
        for branch in group.branches:
            model.loss(lay_out([Group(group.prefix, (branch,))])).backward()
    model.gather()
    apart = [exact.grad for exact in model.exact if exact.grad is not None]
    assert len(shared) == len(apart) == len(model.exact)
    for one, other in zip(shared, apart, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(other.abs().max()) + 1e-6)


def test_a_learner_in_another_process_adds_the_gradients_of_its_share(
    tiny_model: LocalModel, groups: list[Group], tmp_path: Path
) -> None:
    settings = Settings(decisions=8, per_group=2, groups=2, rate=1e-2)
    learned = []
    for name, shared in (("alone", False), ("beside", True)):
        model = learner(tiny_model)
        with ExitStack() as stack:
            beside = stack.enter_context(closing(LearnerBeside(model, 1))) if shared else None
            trainer = Trainer(model, settings, tmp_path / name, beside=beside)
            trainer.run(lambda begin: taken_in_turns(groups, begin), {})
        told = [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        losses = [line["loss"] for line in told if "loss" in line]
        learned.append((losses, [exact.detach() for exact in model.exact]))
    (losses, alone), (others, shares) = learned
    assert losses == pytest.approx(others, abs=1e-4)
    assert len(set(losses)) > 1
    for one, other in zip(alone, shares, strict=True):
        assert torch.allclose(one, other, atol=2e-3)


def test_a_learner_that_dies_is_told_of(tiny_model: LocalModel, groups: list[Group]) -> None:
    beside = LearnerBeside(learner(tiny_model), 1)
    beside._process.kill()
    with pytest.raises(ModelError, match="the other process that learns died"):
        for _ in range(2):  # the first order may still find an open pipe
            beside.begin(groups, 1)
            beside.finish()
    beside.close()


def test_any_right_token_will_do() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    assert torch.allclose(right_loss(logits, torch.tensor([[True, True, False]])), -torch.log(torch.tensor([0.8])))
    assert torch.allclose(right_loss(logits, torch.tensor([[False, False, True]])), -torch.log(torch.tensor([0.2])))


def test_what_is_asked_is_every_choice_of_every_decision(tiny_model: LocalModel, groups: list[Group]) -> None:
    tokens = Tokens(tiny_model.folder)
    for group in groups:
        row = lay_out([group])
        for number, branch in enumerate(group.branches):
            asked = [i for i, d in enumerate(row.decision.tolist()) if d == number]
            assert len(asked) == len(branch.choices)
            for place, choice in zip(asked, branch.choices, strict=True):
                open_ = row.allowed[place][row.open[place]].tolist()
                assert open_ == list(choice.allowed)
                assert row.allowed[place][row.right[place]].tolist() == list(choice.right)
            assert {"skill", "plan", "cannot"} & set(json.loads(tokens.decode(branch.command)))
            for choice in branch.choices:
                assert branch.command[choice.place] in choice.right
                assert set(choice.right) <= set(choice.allowed)


def test_what_words_tell_is_added_to_what_the_model_says(tiny_model: LocalModel, groups: list[Group]) -> None:
    model = learner(tiny_model)
    group, branch = next((group, one) for group in groups for one in group.branches if len(one.choices) > 1)
    first, *rest = branch.choices
    told = replace(first, bias=tuple(float(number) for number in range(len(first.allowed))))
    with torch.no_grad():
        plain, biased = (
            model.logits(lay_out([Group(group.prefix, (replace(branch, choices=(one, *rest)),))]))
            for one in (replace(first, bias=()), told)
        )
    some = len(first.allowed)
    assert torch.allclose(biased[0, :some] - plain[0, :some], torch.arange(some, dtype=torch.float32), atol=1e-5)
    assert len(rest) == len(plain) - 1
    assert torch.equal(biased[1:], plain[1:])


def test_decisions_without_a_choice_teach_nothing(tiny_model: LocalModel, groups: list[Group]) -> None:
    model = learner(tiny_model)
    row = lay_out([Group(groups[0].prefix, (replace(groups[0].branches[0], choices=()),))])
    loss = model.loss(row)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert len(row.asked) == 0


SETTINGS = Settings(decisions=20, per_group=2, groups=1, rate=2e-2, check_every=5)


def test_loss_falls_and_a_stop_on_the_way_changes_nothing(
    tiny_model: LocalModel, groups: list[Group], tmp_path: Path
) -> None:
    def fresh(out: str) -> Trainer:
        model = Learner(tiny_model, AdapterShape(rank=4, alpha=8), dtype=torch.float32, device="cpu", seed=0)
        return Trainer(model, SETTINGS, tmp_path / out)

    groups = groups[:1]
    whole = fresh("whole")
    whole.run(lambda begin: taken_in_turns(groups, begin), {"seen": groups})
    rows = [json.loads(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == SETTINGS.steps == 10
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    assert [row["step"] for row in rows if "checks" in row] == [5, 10]
    fresh("parts").run(lambda begin: taken_in_turns(groups, begin), {}, until=4)
    rest = fresh("parts")
    assert rest.step == 4
    rest.run(lambda begin: taken_in_turns(groups, begin), {})
    for one, other in zip(whole.learner.exact, rest.learner.exact, strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ModelError, match=r"a training with rate 0\.02, not 1\.0, is there"):
        Trainer(rest.learner, replace(SETTINGS, rate=1.0), tmp_path / "parts")
    with pytest.raises(ModelError, match="a training with lessons None, not others, is there"):
        Trainer(rest.learner, SETTINGS, tmp_path / "parts", told={"lessons": "others"})


def test_another_seed_gives_another_adapter(tiny_model: LocalModel) -> None:
    shape = AdapterShape(rank=4, alpha=8)
    made = [Learner(tiny_model, shape, dtype=torch.float32, device="cpu", seed=seed) for seed in (3, 3, 4)]
    first, again, other = ([p for p in one.exact if p.any()] for one in made)
    assert first
    assert all(torch.equal(p, q) for p, q in zip(first, again, strict=True))
    assert not any(torch.equal(p, q) for p, q in zip(first, other, strict=True))


def test_the_curves_are_drawn_to_scale() -> None:
    drawn = ElementTree.fromstring(draw([(1, 4.0), (2, 1.0)], {"seen": [(2, 0.5)]}))
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    (x1, y1), (x2, y2) = (tuple(map(float, point.split(","))) for point in lines[0].attrib["points"].split())
    assert (x2 - x1, y2 - y1) == (860 / 2, 240 * 0.75)
    assert float(lines[1].attrib["points"].split(",")[1]) == 350 + 56 + 120
    texts = "".join(drawn.itertext())
    assert "loss 1.000" in texts
    assert "seen 0.500" in texts


@pytest.mark.slow
@pytest.mark.model
def test_a_few_steps_bring_the_real_base_to_the_right_commands(real_model: LocalModel, tmp_path: Path) -> None:
    """On what the base does not know yet: commands, which are short."""
    made = Learner(real_model, AdapterShape(rank=8, alpha=16), dtype=quickest_dtype("cpu"), device="cpu", seed=0)
    trainer = Trainer(made, Settings(decisions=6, per_group=2, groups=1, rate=4e-3), tmp_path)
    losses: list[float] = []
    found = encoded(Tokens(real_model.folder), 8, TAUGHT, per_book=2)
    short = (group for group in found if all(branch.act == "act" for branch in group.branches))
    some = [next(group for group in short if trainer.check([group]).right < 1)]
    before = trainer.check(some)
    trainer.run(lambda begin: taken_in_turns(some, begin), {"suite": some}, lambda now: losses.append(now.loss))
    assert losses[-1] < 0.3 * losses[0]
    assert before.n == 2
    assert trainer.checks["suite"].right > before.right


def test_the_adapter_is_one_that_peft_reads(tiny_model: LocalModel, groups: list[Group], tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    trained = learner(tiny_model)
    trained.save(tmp_path / "adapter", {"data_seed": 5})
    record = json.loads((tmp_path / "adapter/codeword.json").read_text())
    assert record["base_sha256"] == tiny_model.base_sha256
    assert (record["contract"], record["rank"], record["data_seed"]) == (PLAN_CONTRACT, 4, 5)
    plain = AutoModelForCausalLM.from_pretrained(tiny_model.folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(plain, str(tmp_path / "adapter"))
    branch = groups[0].branches[0]
    ids = torch.tensor([groups[0].prefix + branch.prompt + branch.command])
    with torch.no_grad():
        theirs = model(input_ids=ids).logits[0][-len(branch.command) - 1 : -1]
        ours = trained.logits(lay_out([Group(groups[0].prefix, (branch,))]))
    for choice, row in zip(branch.choices, ours, strict=True):
        some = theirs[choice.place, list(choice.allowed)] + torch.tensor(choice.bias or 0.0)
        assert torch.allclose(some, row[: len(choice.allowed)], atol=0.05)  # the file is in bf16


def test_training_goes_on_from_an_adapter(tiny_model: LocalModel, tmp_path: Path) -> None:
    learner(tiny_model).save(tmp_path, {})
    fresh = Learner(tiny_model, AdapterShape(rank=4, alpha=8), dtype=torch.float32, device="cpu", seed=7)
    fresh.take_up(tmp_path / "adapter_model.safetensors")
    for one, other in zip(fresh.exact, learner(tiny_model).exact, strict=True):
        assert torch.equal(one, other.bfloat16().float())
    wider = Learner(tiny_model, AdapterShape(rank=5, alpha=8), dtype=torch.float32, device="cpu", seed=7)
    with pytest.raises(ModelError, match="an adapter of another shape; begin with one of rank 5"):
        wider.take_up(tmp_path / "adapter_model.safetensors")


def test_a_file_of_lessons_is_read_as_it_was_written(groups: list[Group], tmp_path: Path) -> None:
    header = Header(PLAN_CONTRACT, "tokens", 5, LAYOUTS)
    assert write_groups(tmp_path / "lessons.gz", header, groups) == 6
    assert read_groups(tmp_path / "lessons.gz") == (header, groups)
    (tmp_path / "broken.gz").write_bytes((tmp_path / "lessons.gz").read_bytes()[:300])
    with pytest.raises(InputError, match="not a whole file of lessons"):
        read_groups(tmp_path / "broken.gz")


def test_without_peft_training_says_where_to_get_it(tiny_model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ModelError, match=r"training needs peft.*pip install 'codeword\[train\]'"):
        Learner(tiny_model, AdapterShape(), dtype=torch.float32, device="cpu", seed=0)


def test_where_a_processor_cannot_multiply_bfloats_float32_is_computed_with(monkeypatch: pytest.MonkeyPatch) -> None:
    for supported, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(f"{Learner.__module__}.multiplies_bfloats", lambda supported=supported: supported)
        assert quickest_dtype("cpu") == dtype
        assert quickest_dtype("cuda") == torch.bfloat16
