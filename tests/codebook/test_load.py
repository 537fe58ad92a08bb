"""Codebook files: read strictly, with every fault found at its place."""

from pathlib import Path

import pytest

from codeword.codebook import CodebookError, load_codebook, parse_codebook
from codeword.codebook.compose import shipped

GOOD = """\
codebook: tiny
robot: arm
entities: [block, table]
facts:
  on(thing, place): the thing rests on the place
  holding(thing): the gripper holds the thing
derived:
  clear(thing): not on(any, thing)
skills:
  pick:
    description: grasp a block
    args:
      object: {entity: block}
    preconditions: [not holding(any), clear(object)]
    effects: [holding(object), not on(object, any)]
    steps:
      - move_above: {entity: $object, height_m: 0.1}
      - close_gripper
  wait:
    description: wait
    args:
      duration_s: {number: {min: 1, max: 3, step: 0.5}}
    steps:
      - wait: {duration_s: $duration_s}
  done:
    description: finished
  cannot:
    description: give up
    args:
      reason: {choice: [missing, impossible]}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(CodebookError) as error:
        parse_codebook(text, "c.yaml")
    return str(error.value).splitlines()


def test_the_example_is_read() -> None:
    codebook = parse_codebook(GOOD)
    assert list(codebook.skills) == ["pick", "wait", "done", "cannot"]
    assert [str(c) for c in codebook.skills["pick"].conjuncts] == ["not holding(any)", "clear(object)"]
    assert [str(e) for e in codebook.skills["pick"].effects] == ["holding(object)", "not on(object, any)"]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_codebook_is_read_and_bears_its_file_name(name: str) -> None:
    assert load_codebook(name).name == name


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("robot: arm", "robot: amr", "c.yaml:2:8: unknown robot 'amr'; did you mean 'arm'? (choices: arm, base, lekiwi)"),
        ("robot: arm", "robot: arm\nrobots: a", "c.yaml:3:1: unknown key 'robots' in the codebook; did you mean"),
        ("clear(object)", "cleer(object)", "c.yaml:14:39: unknown fact 'cleer'; did you mean 'clear'?"),
        ("clear(object)", "clear(objekt)", "c.yaml:14:45: unknown argument 'objekt'; did you mean 'object'?"),
        ("clear(object)", "clear()", "c.yaml:14:45: expected an argument but found ')'"),
        ("clear(object)", "on(object)", "c.yaml:14:39: 'on' takes 2 arguments, not 1"),
        ("[holding(object)", "[clear(object)", "c.yaml:15:14: 'clear(object)' changes no base fact"),
        ("[holding(object)", "[holding(any)", "c.yaml:15:15: only a `not` effect may say `any`"),
        ("{entity: block}", "{entity: blok}", "c.yaml:13:24: unknown kind 'blok'; did you mean 'block'?"),
        ("{entity: block}", "{entiti: block}", "c.yaml:13:15: the argument 'object' is one of"),
        ("move_above:", "move_abov:", "c.yaml:17:9: unknown primitive or skill 'move_abov'; did you mean 'move_above'?"),
        ("height_m: 0.1", "height: 0.1", "c.yaml:17:47: 'move_above' has no argument 'height'"),
        ("height_m: 0.1", "height_m: 9", "c.yaml:17:49: 'height_m' of 'move_above' is 9, outside 0..0.4"),
        ("entity: $object", "entity: $objct", "c.yaml:17:30: unknown argument '$objct'; did you mean 'object'?"),
        (", height_m: 0.1", "", "c.yaml:17:9: 'move_above' lacks its argument 'height_m'"),
        ("step: 0.5", "step: 0.7", "c.yaml:22:28: min and max of 'duration_s' are whole multiples of its step 0.7"),
        ("step: 0.5", "step: -1", "c.yaml:22:28: 'duration_s' needs min <= max and a step above 0"),
        ("  wait:\n    desc", "  pick:\n    desc", "c.yaml:19:3: the key 'pick' stands here twice"),
        ("  done:\n    description: finished\n", "", "c.yaml:9:1: every codebook has the skill 'done'"),
        ("description: wait", "descriptio: wait", "c.yaml:20:5: unknown key 'descriptio' in the skill 'wait'"),
        ("  wait:\n", "  Wait!:\n", "c.yaml:19:3: 'Wait!' is no id"),
        ("  done:\n    description: finished", "  done: yes", "c.yaml:25:9: the skill 'done' needs at least"),
        (": not on(any, thing)", ": [x]", "c.yaml:8:17: expected a text"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_the_cure(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    found = faults(GOOD.replace(old, new, 1))
    assert any(line.startswith(fault) for line in found), found


def test_all_faults_are_found_in_one_pass() -> None:
    text = (
        GOOD.replace("clear(object)", "cleer(object)")
        .replace("robot: arm", "robot: amr")
        .replace("step: 0.5", "step: x")
    )
    assert len(faults(text)) == 3


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"- a\n- b\n", "is no mapping of keys to values but a"),
        (b"a: [1, 2", "is not YAML"),
        (b"a: {b: 1\n  - c", "is not YAML"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"a: \0", "is not a text file"),
        (b"x" * 1_000_001, "at most 1000000 bytes are read"),
    ],
)
def test_a_file_that_is_no_codebook_is_one_line(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(CodebookError) as error:
        load_codebook(path)
    assert fault in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(CodebookError, match="did you mean 'tabletop'"):
        load_codebook("tabeltop")


def test_anchors_that_grow_without_end_are_refused_at_once() -> None:
    laughs = "".join(f"k{n}: &k{n} [{', '.join(['x'] * 10 if n == 0 else [f'*k{n - 1}'] * 10)}]\n" for n in range(9))
    with pytest.raises(CodebookError, match="has anchors that make more than 100000 values of it"):
        parse_codebook(laughs)


def test_messages_show_what_stands_in_the_file() -> None:
    assert "'codebook' is an id (lower-case letters, digits and _ between them), not '{'a': [1, 2]}'" in "\n".join(
        faults(GOOD.replace("codebook: tiny", "codebook: {a: [1, 2]}"))
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "description: finished",
            "description: finished\n    steps: [move_home]",
            "'done' ends an episode: it has no steps, and no arguments",
        ),
        (
            "    args:\n      reason: {choice: [missing, impossible]}\n",
            "",
            "'cannot' ends an episode: it has no steps, and one argument, reason",
        ),
        ("robot: arm", "robot: arm\nrename: {pick: done}", "done and cannot keep their names"),
    ],
)
def test_what_ends_an_episode_is_what_the_judge_takes_it_for(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert any(fault in line for line in faults(GOOD.replace(old, new, 1)))


def test_what_a_fault_says_of_the_skills_that_end_a_task_is_a_codebook() -> None:
    text = "codebook: c\nrobot: {robot: c, primitives: {act: {description: act}}}\nskills:\n  go: {description: go}\n"
    with pytest.raises(CodebookError) as told:
        parse_codebook(text)
    endings = [fault.message.partition(", such as ")[2] for fault in told.value.faults]
    assert len(endings) == 2
    assert parse_codebook(text + "".join(f"  {ending}\n" for ending in endings)).skills["cannot"].ends == "cannot"
