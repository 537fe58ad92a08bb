"""Public sets: what is read of their files, what counts as right, and what is said of files that are not of the form."""

import json
import shutil
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Fact
from codeword.codebook.errors import InputError
from codeword.codebook.task_plan import Do, TaskPlan
from codeword.codebook.writing import make_command
from codeword.controller.plan_controller import GivenPlan
from codeword.controller.sureness import SURE
from codeword.runtime.cli import main
from codeword.runtime.evaluation.contenders import contenders
from codeword.runtime.external.answers import Commands, EndState, MainArgument
from codeword.runtime.external.books import book
from codeword.runtime.external.huric import BOOKS, PER_ORDER
from codeword.runtime.external.items import Item, Score
from codeword.runtime.external.measure import Row, Tried, pairs
from codeword.runtime.external.planbench import DOMAINS
from codeword.runtime.external.sets import SETS, chosen_files
from codeword.runtime.trial import try_task
from tests.controller.tiny import write_folder

SAMPLES = Path(__file__).parent / "samples"


def items(name: str, n: int = 50, seed: int = 0) -> list[Item]:
    return SETS[name].load(chosen_files(SAMPLES, [name])[name], n, seed)


def named(name: str, item: str) -> Item:
    return next(one for one in items(name) if one.name == item)


def plan_of(codebook: Codebook, *commands: tuple[str, dict[str, str]]) -> TaskPlan:
    return TaskPlan(tuple(Do(make_command(codebook, skill, args)) for skill, args in commands))


def tried(item: Item, plan: TaskPlan) -> Tried:
    trial = try_task(item.codebook, GivenPlan(item.codebook, plan), item.task, item.observation)
    return Tried(item, trial, item.answer.score(trial, item.codebook, item.observation))


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


def test_a_command_of_huric_becomes_a_task_a_scene_and_what_is_right() -> None:
    item = named("huric", "2188")
    assert item.task == "search for the lamp"
    assert item.answer == Commands((MainArgument("search", "target", "light"),))
    assert ("light", "thing") in [(entity.id, entity.kind) for entity in item.observation.entities]
    assert item.codebook.name == "home_helper"
    two = named("huric-two", "3506").answer
    assert two == Commands((MainArgument("go_to", "place", "kitchen"), MainArgument("pick_up", "item", "plate")))


def test_what_has_no_thing_of_the_scene_as_its_main_argument_is_left_out() -> None:
    tasks = [item.task for item in items("huric")]
    assert len(tasks) == 11
    assert not {"turn right", "connect to the web please"} & set(tasks)


def test_things_of_one_name_are_numbered_and_not_asked_for(tmp_path: Path) -> None:
    line = json.loads((SAMPLES / "huric_sample.jsonl").read_text().splitlines()[1])
    line["entities"].append({"atom": "t-shirt_1", "type": "T-shirt"})
    line["entities"].append({"atom": "t-shirt_2", "type": "T-shirt"})
    file = tmp_path / "huric.jsonl"
    file.write_text(json.dumps(line))
    (item,) = SETS["huric"].load(file, 5, 0)
    assert {entity.id for entity in item.observation.entities} >= {"t_shirt_1", "t_shirt_2", "light"}
    line["entities"].append({"atom": "light_2", "type": "Light"})
    file.write_text(json.dumps(line))
    assert SETS["huric"].load(file, 5, 0) == []


def test_which_items_and_the_order_of_skills_are_drawn_by_seed() -> None:
    assert [one.name for one in items("huric", 5)] == [one.name for one in items("huric", 5)]
    assert [one.name for one in items("huric", 5, 1)] != [one.name for one in items("huric", 5)]
    first, other = items("huric")[0].codebook, items("huric", seed=1)[0].codebook
    assert list(first.skills) != list(other.skills)
    assert first.skills.keys() == other.skills.keys()
    assert list(first.skills)[-2:] == ["done", "cannot"]
    assert [items("huric")[at].codebook.name for at in (0, PER_ORDER)] == list(BOOKS)


@pytest.mark.parametrize(
    ("commands", "right"),
    [
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "plate"})], True),
        ([("pick_up", {"item": "plate"}), ("go_to", {"place": "kitchen"})], False),
        ([("go_to", {"place": "kitchen"}), ("fetch", {"item": "plate"})], False),
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "OTHER"})], False),
        ([("go_to", {"place": "kitchen"})], False),
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "plate"}), ("let_go", {"item": "plate"})], False),
    ],
)
def test_commands_are_right_by_skill_main_argument_and_order(
    commands: list[tuple[str, dict[str, str]]], right: bool
) -> None:
    item = named("huric-two", "3506")
    other = next(e.id for e in item.observation.entities if e.kind == "thing" and e.id != "plate")
    given = [(skill, {name: other if v == "OTHER" else v for name, v in args.items()}) for skill, args in commands]
    assert tried(item, plan_of(item.codebook, *given)).score == Score(right)


def test_arguments_beside_the_main_one_do_not_count() -> None:
    item = named("huric", "3372")
    assert item.answer == Commands((MainArgument("switch", "device", "oven"),))
    for state in ("on", "off"):
        plan = plan_of(item.codebook, ("switch", {"device": "oven", "state": state}))
        assert tried(item, plan).score.right


def test_giving_up_is_never_right() -> None:
    for name in SETS:
        if name in ("huric", "blocksworld"):
            one = tried(items(name)[0], TaskPlan((), "unclear"))
            assert (one.score.right, one.is_sure) == (False, False)


def test_a_problem_of_planbench_is_read_out_of_its_words() -> None:
    item = named("blocksworld", "3")
    assert item.task == "the red block is on top of the orange block and the yellow block is on top of the red block"
    facts = ["on(blue_block,orange_block)", "on(orange_block,yellow_block)", "on(yellow_block,red_block)"]
    assert list(map(str, item.observation.facts)) == [*facts, "on_table(red_block)"]
    on = [Fact("on", ("red_block", "orange_block")), Fact("on", ("yellow_block", "red_block"))]
    assert item.answer == EndState(tuple(on))
    strange = named("mystery_blocksworld", "3")
    assert {"harmony", "planet(object_a)", "province(object_b)"} <= set(map(str, strange.observation.facts))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_plans_of_planbench_lead_to_its_goals_and_no_shorter_ones_do(domain: str) -> None:
    """Our codebook has the rules of the set: its own plans, which a validator has checked, go through here too."""
    file = SAMPLES / "plan-bench" / "prompts" / domain / "task_1_plan_generation.json"
    told = {str(one["instance_id"]): one["ground_truth_plan"] for one in json.loads(file.read_text())["instances"]}
    for item in items(domain):
        plan = []
        for step in told[item.name].split("\n")[:-1]:
            action, *things = step.strip("()").split()
            skill = item.codebook.skills[action.replace("-", "_")]
            plan.append((skill.name, dict(zip(skill.args, map(DOMAINS[domain].id.format, things), strict=True))))
        done = [tried(item, plan_of(item.codebook, *steps)) for steps in (plan[:8], plan[:-1][:8])]
        if len(plan) <= 8:
            assert [one.score.right for one in done] == [True, False]
            assert [command.skill for command in done[0].trial.trace.commands] == [skill for skill, _ in plan]
        else:
            assert not done[0].trial.trace.failure


def test_instances_with_an_even_id_are_left_aside(tmp_path: Path) -> None:
    data = json.loads((SAMPLES / "plan-bench/prompts/blocksworld/task_1_plan_generation.json").read_text())
    data["instances"][0]["instance_id"] = 4
    file = tmp_path / "task.json"
    file.write_text(json.dumps(data))
    assert sorted(item.name for item in SETS["blocksworld"].load(file, 50, 0)) == ["21", "5", "63", "7"]


@pytest.mark.parametrize("name", SETS)
def test_an_expert_knows_every_answer_that_a_codebook_can_say(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("evaluate", "--external", str(SAMPLES), "--controller", "expert", "--controller", "random")
    assert run(*args, "--split", name, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    expert, chance = data["rows"]
    assert [row["controller"] for row in (expert, chance)] == ["expert", "random"]
    assert (expert["split"], expert["n"], chance["n"]) == (name, len(items(name)), len(items(name)))
    missed = [one["task"] for one in expert["items"] if not one["right"]]
    assert missed == (["robot can you take me to the laundry room"] if name == "huric" else [])
    assert chance["success"] < chance["n"]
    assert data["sets"][name].keys() == {"file", "source", "licence", "right", "differs", "published"}


def test_a_table_says_what_is_right_and_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("evaluate", "--external", str(SAMPLES), "--controller", "expert", "--split", "huric", "--failures")
    assert run(*args) == 0
    said = capsys.readouterr().out
    assert "huric  11     10" in said
    assert f"huric: right is {SETS['huric'].right}" in said
    assert f"differs from what is published: {SETS['huric'].differs}" in said
    assert "expert, plan, huric 3370: robot can you take me to the laundry room" in said


def test_a_model_is_asked_for_plans_and_for_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = str(write_folder(tmp_path / "tiny"))
    args = ("evaluate", "--external", str(SAMPLES), "--controller", "base", "--base", base, "--episodes", "2")
    assert run(*args, "--split", "huric", "--split", "huric-two", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["policy"], row["split"], row["n"]) for row in rows] == [
        ("plan", "huric", 2), ("plan", "huric-two", 2), ("direct", "huric", 2),
    ]  # fmt: skip
    assert 0 <= rows[0]["sureness"] <= 1
    assert rows[2]["sureness"] is None


@pytest.mark.model
def test_the_base_writes_plans_for_public_sets(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("evaluate", "--external", str(SAMPLES), "--controller", "base", "--policy", "plan", "--episodes", "2")
    assert run(*args, "--split", "huric", "--split", "blocksworld", "--json") == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["n"] == 2
        assert 0 < row["sureness"] <= 1


def test_who_writes_one_command_is_measured_where_one_is_asked_for() -> None:
    who = contenders(["base"], policies=["plan", "direct"])
    assert [(one.policy, name) for one, name in pairs(who, ["huric", "blocksworld"])] == [
        ("plan", "huric"), ("plan", "blocksworld"), ("direct", "huric"),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"--policy direct writes one command.*right would be huric"):
        pairs(contenders(["base"], policies=["direct"]), ["blocksworld"])


def test_what_a_row_comes_to() -> None:
    item = named("huric", "2188")
    fine = tried(item, plan_of(item.codebook, ("search", {"target": "light"})))

    def surely(sureness: float | None, right: bool) -> Tried:
        decision = fine.trial.decision.model_copy(update={"sureness": sureness})
        changed = Score(right, found=2, spurious=1, missed=0) if right else Score(right, missed=3)
        trial = fine.trial.__class__(item.task, fine.trial.plan, decision, fine.trial.trace, 0.0)
        return Tried(item, trial, changed)

    row = Row(contenders(["random"])[0], "huric", [surely(0.9, True), surely(SURE, False), surely(0.2, True)])
    told = row.as_json()
    assert (told["n"], told["success"], told["carried_out"], told["carried_out_wrong"]) == (3, 2, 2, 1)
    assert told["sureness"] == pytest.approx((0.9 + SURE + 0.2) / 3)
    assert told["wilson95"] == [0.2077, 0.9385]
    assert told["f1"] == pytest.approx(8 / 13)
    assert row.__class__(row.contender, "huric", [fine]).as_json()["f1"] is None


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere",), "--external: nowhere is no folder; right would be one with the files of public sets in it"),
        ((".",), "--external: . has the file of no public set; right would be one of huric*.jsonl, plan-bench/"),
        ((".", "--split", "huric"), "--external: . has no huric*.jsonl; 'huric' is from github.com/crux82/huric"),
        ((".", "--split", "hurik"), "there is no public set 'hurik'; did you mean 'huric'?"),
        ((".", "--jobs", "2"), "--jobs: --external runs no episodes, so that it has no use there; leave it"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("evaluate", "--controller", "random", "--external", *args) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("huric_a.jsonl", "huric_b.jsonl"):
        shutil.copy(SAMPLES / "huric_sample.jsonl", tmp_path / name)
    with pytest.raises(InputError, match=r"has several huric\*\.jsonl: .*huric_a\.jsonl, .*huric_b\.jsonl; leave one"):
        chosen_files(tmp_path)


FRAME = {"name": "Locating", "elements": []}
COMMAND = {"id": "1", "sentence": "look", "entities": [], "frames": [FRAME]}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("huric", "\n{", r"f:2: json: Expecting .*; right would be a command as"),
        ("huric", json.dumps({**COMMAND, "id": 1}), r"f:1: id: input should be a valid string; right would be"),
        ("huric", json.dumps({**COMMAND, "frames": [{**FRAME, "name": "Locatin"}]}), r"f:1: unknown frame 'Locatin'; did you mean 'Locating'"),
        ("blocksworld", "[]", r"f: has no list of instances; right would be"),
        ("blocksworld", '{"instances": [{"instance_id": 1}]}', r"f: instances/0: query: field required; right would be"),
        ("blocksworld", '{"instances": [{"instance_id": 1, "query": "What?"}]}', r"f: instances/0: has no initial conditions and goal"),
        (
            "blocksworld",
            '{"instances": [{"instance_id": 1, "query": "As initial conditions I have that, the sky is blue.\\nMy goal is to have that the hand is empty.\\nMy plan"}]}',
            r"f: instances/0: 'the sky is blue' says no fact of blocksworld",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_not_of_the_form_is_told_where(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / "f"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        SETS[name].load(file, 5, 0)


def test_the_skills_of_both_codebooks_stand_for_every_frame() -> None:
    from codeword.runtime.external.huric import _frames

    assert len(_frames()) == 18
    for frame in _frames().values():
        for name in BOOKS:
            skill, argument = frame[name]
            assert argument in book(name).skills[skill].args
