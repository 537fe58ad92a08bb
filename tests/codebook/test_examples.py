"""Examples in a codebook: read, refused with their place, and found again by what a task says."""

from pathlib import Path

import pytest

from codeword.codebook import CodebookError, load_codebook, parse_codebook
from codeword.codebook.examples import nearest
from tests.codebook.plan_books import DOG

WITH = (
    DOG.replace(
        "bark: {description: bark once}",
        """bark:
    description: bark once
    examples: [speak, say woof]""",
    ).replace(
        "preconditions: [not steps == 0]",
        """preconditions: [not steps == 0]
    examples:
      - five steps back: {steps: -5}
      - "ahead: two steps": {steps: 2}
""",
    )
    + """
examples:
  - {task: "sit down, then bark twice", plan: [sit, {repeat: 2, plan: bark}]}
  - {task: sing me a song, cannot: unclear}
"""
)


def test_examples_are_read_with_their_plans() -> None:
    assert [(one.task, one.plan.told) for one in parse_codebook(WITH).examples] == [
        ("speak", "bark"),
        ("say woof", "bark"),
        ("five steps back", "walk(steps -5)"),
        ("ahead: two steps", "walk(steps 2)"),
        ("sit down, then bark twice", "sit; bark, 2 times"),
        ("sing me a song", "cannot (unclear)"),
    ]


def test_they_come_back_from_the_one_text_of_a_codebook_of_several_files() -> None:
    including = parse_codebook("codebook: more\ninclude: [tabletop]\nexamples:\n  - {task: go home, plan: [home]}\n")
    again = parse_codebook(including.text)
    assert [one.task for one in again.examples] == ["go home"] and again.examples == including.examples


SITE = """\
codebook: site
include: dog.yaml
rename: {bark: speak, sit: bark}
examples:
  - {task: woof, plan: [speak]}
"""


def test_an_included_file_s_examples_follow_skills_to_their_new_names(tmp_path: Path) -> None:
    (tmp_path / "dog.yaml").write_text(WITH)
    (tmp_path / "site.yaml").write_text(SITE)
    site = load_codebook(tmp_path / "site.yaml")
    told = [(one.task, one.plan.told) for one in site.examples]
    assert told == [
        ("speak", "speak"),
        ("say woof", "speak"),
        ("five steps back", "walk(steps -5)"),
        ("ahead: two steps", "walk(steps 2)"),
        ("woof", "speak"),
        ("sit down, then bark twice", "bark; speak, 2 times"),
        ("sing me a song", "cannot (unclear)"),
    ]
    again = parse_codebook(site.text)
    assert sorted((one.task, one.plan.told) for one in again.examples) == sorted(told)


def test_an_included_file_s_examples_of_a_removed_skill_go_with_it(tmp_path: Path) -> None:
    (tmp_path / "dog.yaml").write_text(WITH)
    path = tmp_path / "site.yaml"
    path.write_text("codebook: site\ninclude: dog.yaml\nremove: [bark]\n")
    site = load_codebook(path)
    tasks = ["five steps back", "ahead: two steps", "sing me a song"]
    assert [one.task for one in site.examples] == tasks
    assert [one.task for one in parse_codebook(site.text).examples] == tasks
    path.write_text(path.read_text() + "examples:\n  - {task: woof, plan: bark}\n")
    with pytest.raises(CodebookError, match=r"site.yaml:5:24: there is no skill 'bark'"):
        load_codebook(path)
    path.write_text("codebook: site\ninclude: dog.yaml\nremove: [bark]\nskills: {bark: {description: bark}}\n")
    assert [one.task for one in load_codebook(path).examples] == [*tasks[:2], "sit down, then bark twice", tasks[2]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{steps: -5}", "{steps: -50}", "'steps' of 'walk' cannot be -50: -10..10 step 1"),
        ("{steps: -5}", "{stride: 5}", "'walk' has no argument 'stride' (choices: steps)"),
        ("{steps: -5}", "five", "the arguments of 'walk' map names to values, not 'five'"),
        ("[speak, say woof]", "[speak: 3]", "the arguments of 'bark' map names to values, not '3'"),
        ("back: {steps: -5}", "back -> {steps: -5}", "an example is what is said, or 'what is said: {argument: "),
        (
            "[speak, say woof]",
            '["twice: {times: 2}"]',
            "{argument: value}' with no quotes around the whole, not 'twice",
        ),
        ("plan: [sit, ", "plan: [sti, ", "there is no skill 'sti'; did you mean 'sit'?"),
        ("cannot: unclear", "cannot: tired", "unknown reason 'tired'"),
        ("task: sing me a song", "task: ''", "a task is one line of at most 300 characters"),
    ],
)
def test_what_is_wrong_with_an_example_is_told_with_its_place(old: str, new: str, message: str) -> None:
    assert old in WITH
    with pytest.raises(CodebookError) as refused:
        parse_codebook(WITH.replace(old, new))
    (fault,) = refused.value.faults
    assert message in fault.message
    assert fault.line == WITH[: WITH.index(old)].count("\n") + 1


def test_the_nearest_examples_share_most_with_the_task_and_stand_last() -> None:
    book = parse_codebook(WITH)
    assert [one.task for one in nearest(book, "take three steps back", 2)] == ["ahead: two steps", "five steps back"]
    assert nearest(book, "xylophone", 3) == []
