"""Broken codebooks: each fault told exactly, with its place and the cure, and nothing told that only follows from it."""

import pytest

from codeword.codebook import CodebookError, parse_codebook

GOOD = """\
codebook: rich
robot: arm
entities: [block, bowl]
language: zh
rename: {away: leave}
workspace: {x_m: [0, 1], y_m: [-1, 1], z_m: [0, 1]}
facts:
  on(thing, place): rests on
  held(thing): is held
derived:
  clear(thing): not on(any, thing)
properties:
  color: [red, purple]
skills:
  lift:
    description: lift a block
    args:
      object: {entity: block}
      speed: {choice: [slow, fast], default: slow}
      distance_m: {number: {min: 0.02, max: 0.1, step: 0.01}}
      count: {integer: {min: 1, max: 9}}
      label: {text: "[A-C][1-3]"}
    preconditions: [clear(object), not held(any)]
    effects: [held(object), not on(object, any)]
    budget_s: 5
    steps:
      - move_above: {entity: $object, height_m: 0.1}
      - rise: {distance_m: $distance_m / 2}
      - rise: {distance_m: $object.z_m}
  carry:
    description: carry blocks
    args:
      object: {entity: block}
      things: {list: block, min: 1, max: 2}
    steps:
      - try:
          - lift: {object: $object, distance_m: 0.05, count: 1, label: A1}
        retry: 2
        undo: [open_gripper]
      - repeat: 3
        steps:
          - away
      - each: $things
        as: one
        steps:
          - move_above: {entity: $one, height_m: 0}
      - if: held(object)
        then: [close_gripper]
        else:
          - fail: too_hard
  away:
    description: go away
    steps: [move_home]
  code:
    description: run code
    call: json:loads
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
wordings:
  zh: {lift: 举起}
"""


BROKEN = [
    ('robot: arm', 'robot: amr', [
        "c.yaml:2:8: unknown robot 'amr'; did you mean 'arm'? (choices: arm, base, lekiwi)",
    ]),
    ('robot: arm', 'robots: arm', [
        "c.yaml:1:1: the codebook lacks the key 'robot'",
        "c.yaml:2:1: unknown key 'robots' in the codebook; did you mean 'robot'? (choices: codebook, description, robot, include, entities, facts, derived, properties, workspace, skills, remove, rename, wordings, language, budgets, fallback, examples, stop_words)",
    ]),
    ('entities: [block, bowl]', 'entities: [Block, bowl]', [
        "c.yaml:3:12: 'Block' cannot be a kind of entity (lower-case letters, digits and _ between them)",
        "c.yaml:18:24: unknown kind 'block' (choices: bowl)",
        "c.yaml:33:24: unknown kind 'block' (choices: bowl)",
        "c.yaml:34:22: unknown kind 'block' (choices: bowl)",
    ]),
    ('entities: [block, bowl]', 'entities: [block, block]', [
        "c.yaml:3:19: 'block' stands here twice",
    ]),
    ('  on(thing, place): rests on', '  on(thing,: rests on', [
        'c.yaml:8:12: expected the name of a place but found the end',
        "c.yaml:11:21: unknown fact 'on' (choices: held, clear, block, bowl, color)",
        "c.yaml:24:33: unknown fact 'on' (choices: held, clear, block, bowl, color)",
    ]),
    ('  on(thing, place): rests on', '  on(thing, place): 3', [
        "c.yaml:8:21: the fact 'on' needs one line of text that says what it means",
    ]),
    ('  clear(thing): not on(any, thing)', '  clear(thing): not om(any, thing)', [
        "c.yaml:11:21: unknown fact 'om' (choices: on, held, clear, block, bowl, color)",
    ]),
    ('  clear(thing): not on(any, thing)', '  on(thing): not on(any, thing)', [
        "c.yaml:11:3: the fact 'on' is defined twice",
        "c.yaml:23:21: unknown fact 'clear'; did you mean 'color'? (choices: on, held, block, bowl, color)",
    ]),
    ('  clear(thing): not on(any, thing)', '  clear(thing): not on(any thing)', [
        "c.yaml:11:28: expected ')' but found 'thing'",
    ]),
    ('clear(object)', 'cleer(object)', [
        "c.yaml:23:21: unknown fact 'cleer'; did you mean 'clear'? (choices: on, held, clear, block, bowl, color)",
    ]),
    ('clear(object)', 'clear(objekt)', [
        "c.yaml:23:27: unknown argument 'objekt'; did you mean 'object'? (choices: object, speed, distance_m, count, label, any)",
    ]),
    ('clear(object)', 'clear(object, object)', [
        "c.yaml:23:21: 'clear' takes 1 argument, not 2",
    ]),
    ('clear(object)', 'clear(object) and', [
        'c.yaml:23:38: expected a condition but found the end',
    ]),
    ('clear(object)', 'color(object) == purpel', [
        "c.yaml:23:38: unknown word 'purpel'; did you mean 'purple'? (choices: red, purple)",
    ]),
    ('clear(object)', 'speed == fats', [
        "c.yaml:23:30: unknown word 'fats'; did you mean 'fast'? (choices: slow, fast)",
    ]),
    ('clear(object)', 'some x in blok (clear(x))', [
        "c.yaml:23:31: unknown kind 'blok'; did you mean 'block'? (choices: block, bowl)",
    ]),
    ('clear(object)', 'count(clea(object)) < 2', [
        "c.yaml:23:27: unknown fact 'clea'; did you mean 'clear'? (choices: on, held, clear)",
    ]),
    ('clear(object)', 'object < ', [
        'c.yaml:23:29: expected an argument, a property, a count or a number but found the end',
    ]),
    ('[held(object)', '[clear(object)', [
        "c.yaml:24:14: 'clear(object)' changes no base fact (choices: on, held)",
    ]),
    ('[held(object)', '[on(object, any)', [
        'c.yaml:24:15: only a `not` effect may say `any`',
    ]),
    ('{entity: block}', '{entity: blok}', [
        "c.yaml:18:24: unknown kind 'blok'; did you mean 'block'? (choices: block, bowl)",
    ]),
    ('{entity: block}', '{entiti: block}', [
        "c.yaml:18:15: the argument 'object' is one of {entity: kind}, {list: kind, min, max}, {choice: [words]}, {integer: {min, max}}, {number: {min, max, step}}, {text: pattern}, {text: {max_words}} or boolean",
    ]),
    ('{entity: block}', '{entity: block, default: red}', [
        "c.yaml:18:31: unknown key 'default' in the argument 'object' (choices: entity)",
    ]),
    ('step: 0.01', 'step: 0.03', [
        "c.yaml:20:28: min and max of 'distance_m' are whole multiples of its step 0.03",
    ]),
    ('step: 0.01', 'step: 0', [
        "c.yaml:20:28: 'distance_m' needs min <= max and a step above 0",
    ]),
    ('min: 0.02', 'min: 2', [
        "c.yaml:20:28: 'distance_m' needs min <= max and a step above 0",
    ]),
    ('step: 0.01}', 'step: 0.01}, default: 0.075', [
        "c.yaml:20:72: the default of 'distance_m' cannot be '0.075': 0.02..0.1 step 0.01",
    ]),
    ('max: 9}}', 'max: 9.5}}', [
        "c.yaml:21:24: 'count' is an integer: min, max and step are whole",
    ]),
    ('max: 2}', 'max: 9}', [
        "c.yaml:34:22: the list 'things' has 1 <= min <= max <= 4",
    ]),
    ('default: slow', 'default: slo', [
        "c.yaml:19:46: the default of 'speed' cannot be 'slo': slow|fast",
        "c.yaml:37:13: 'lift' lacks its argument 'speed'",
    ]),
    ('"[A-C][1-3]"', '"[A-C]+"', [
        "c.yaml:22:21: '+' at 6 is not known here; use letters, [A-D], (a|b), {m,n} and ?",
    ]),
    ('"[A-C][1-3]"', '"[A-Z]{9}"', [
        'c.yaml:22:21: allows more than 1000 texts; narrow it, or use a choice',
    ]),
    ('"[A-C][1-3]"', '"-[A-C]"', [
        "c.yaml:22:21: allows '-A'; a text begins and ends with a letter or a digit",
    ]),
    ('height_m: 0.1}', 'height_m: 0.9}', [
        "c.yaml:27:49: 'height_m' of 'move_above' is 0.9, outside 0..0.4",
    ]),
    ('height_m: 0.1}', 'heigth_m: 0.1}', [
        "c.yaml:27:9: 'move_above' lacks its argument 'height_m'",
        "c.yaml:27:49: 'move_above' has no argument 'heigth_m'; did you mean 'height_m'? (choices: entity, height_m)",
    ]),
    ('entity: $object, h', 'entity: $objct, h', [
        "c.yaml:27:30: unknown argument '$objct'; did you mean 'object'? (choices: object, speed, distance_m, count, label)",
    ]),
    ('entity: $object, h', 'entity: $speed, h', [
        "c.yaml:27:30: 'entity' of 'move_above' is entity, and '$speed' is slow|fast",
    ]),
    (', height_m: 0.1}', '}', [
        "c.yaml:27:9: 'move_above' lacks its argument 'height_m'",
    ]),
    ('move_above:', 'move_abov:', [
        "c.yaml:27:9: unknown primitive or skill 'move_abov'; did you mean 'move_above'? (choices: move_above, move_held_above, move_to, rise, open_gripper, close_gripper, shut_gripper, check_held, slide_to, move_home, wait, lift, carry, away, code, done, cannot)",
    ]),
    ('$distance_m / 2', '$distance_m / ', [
        'c.yaml:28:41: expected a number, an argument such as $distance_m, or a field such as $object.x_m',
    ]),
    ('$distance_m / 2', '$distanc_m / 2', [
        "c.yaml:28:28: '$distanc_m' is no number argument; did you mean 'distance_m'? (choices: distance_m, count)",
    ]),
    ('$object.z_m', '$object.q_m', [
        "c.yaml:29:28: an entity has no 'q_m'; did you mean 'z_m'? (choices: x_m, y_m, z_m, yaw_rad, length_m, width_m, height_m)",
    ]),
    ('retry: 2', 'retry: -1', [
        "c.yaml:38:16: 'retry' is how often, from 0 to 100, not '-1'",
    ]),
    ('repeat: 3', 'repeat: 1000', [
        "c.yaml:40:17: 'repeat' is how often, from 1 to 100, not '1000'",
    ]),
    ('each: $things', 'each: $object', [
        "c.yaml:43:15: 'object' is no list argument (choices: things)",
    ]),
    ('as: one', 'as: object', [
        "c.yaml:43:9: 'each' needs 'as' with a name that no argument has",
    ]),
    ('if: held(object)', 'if: hold(object)', [
        "c.yaml:47:13: unknown fact 'hold'; did you mean 'held'? (choices: on, held, clear, block, bowl, color)",
    ]),
    ('fail: too_hard', 'fail: Too hard', [
        "c.yaml:50:19: 'fail' needs a reason that is an id, not 'Too hard'",
    ]),
    ('- lift: {object: $object,', '- lift: {thing: $object,', [
        "c.yaml:37:13: 'lift' lacks its argument 'object'",
        "c.yaml:37:27: 'lift' has no argument 'thing' (choices: object, speed, distance_m, count, label)",
    ]),
    ('- lift: {object: $object, distance_m: 0.05, count: 1, label: A1}', '- carry: {object: $object, things: $things}', [
        "c.yaml:30:3: the skill 'carry' never ends: its step 'carry' is the skill itself, for the robot has no such "
        "primitive (choices: move_above, move_held_above, move_to, rise, open_gripper, close_gripper, shut_gripper, "
        "check_held, slide_to, move_home, wait)",
    ]),
    ('call: json:loads', 'call: json', [
        "c.yaml:56:11: 'call' is package.module:function, not 'json'",
    ]),
    ('budget_s: 5', 'budget_s: 0', [
        "c.yaml:25:15: 'budget_s' is a number above 0 and below 1,000,000,000, not '0'",
    ]),
    ('budget_s: 5', 'budget_s: 1e12', [
        "c.yaml:25:15: 'budget_s' is a number above 0 and below 1,000,000,000, not '1000000000000.0'",
    ]),
    ('height_m: 0.1}', 'height_m: 6cm}', [
        "c.yaml:27:50: a number stands without its unit; leave 'cm' out",
    ]),
    ('  code:', '  repeat:', [
        "c.yaml:54:3: 'repeat' is a form that steps have, and no name for a skill",
    ]),
    ('  on(thing, place): rests on', '  on(): rests on', [
        "c.yaml:8:6: a fact of no thing stands alone: on",
        "c.yaml:11:21: unknown fact 'on' (choices: held, clear, block, bowl, color)",
        "c.yaml:24:33: unknown fact 'on' (choices: held, clear, block, bowl, color)",
    ]),
    ('robot: arm', 'robot: my_arm.yaml', [
        "c.yaml:2:8: there is no file my_arm.yaml (choices: arm, base, lekiwi)",
    ]),
    ('budget_s: 5', 'cached: no', [
        "c.yaml:25:13: 'cached' is true or false, not 'no'",
    ]),
    ('description: go away', 'descriptoin: go away', [
        "c.yaml:52:5: unknown key 'descriptoin' in the skill 'away'; did you mean 'description'? (choices: description, args, preconditions, effects, steps, call, budget_s, cost, cached, waits, examples)",
        "c.yaml:52:5: the skill 'away' lacks the key 'description'",
    ]),
    ('  away:', '  Away:', [
        "c.yaml:5:10: there is no skill 'away' to rename (choices: lift, carry, code, done, cannot)",
        "c.yaml:42:13: unknown primitive or skill 'away' (choices: move_above, move_held_above, move_to, rise, open_gripper, close_gripper, shut_gripper, check_held, slide_to, move_home, wait, lift, carry, code, done, cannot)",
        "c.yaml:51:3: 'Away' is no id (lower-case letters, digits and _ between them)",
    ]),
    ('  away:', '  lift:', [
        "c.yaml:51:3: the key 'lift' stands here twice",
    ]),
    ('  done: {description: done}', '  finished: {description: done}', [
        "c.yaml:14:1: every codebook has the skill 'done', such as done: {description: say that the task is done}",
    ]),
    ('x_m: [0, 1]', 'x_m: [1, 0]', [
        "c.yaml:6:18: 'x_m' of the workspace is [lowest, highest] in metres",
    ]),
    ('x_m: [0, 1]', 'xm: [0, 1]', [
        "c.yaml:6:12: the workspace lacks the key 'x_m'",
        "c.yaml:6:13: unknown key 'xm' in the workspace; did you mean 'x_m'? (choices: x_m, y_m, z_m)",
    ]),
    ('rename: {away: leave}', 'rename: {awy: leave}', [
        "c.yaml:5:10: there is no skill 'awy' to rename; did you mean 'away'? (choices: lift, carry, away, code, done, cannot)",
    ]),
    ('rename: {away: leave}', 'rename: {away: lift}', [
        "c.yaml:5:16: two skills would be called 'lift'",
    ]),
    ('zh: {lift: 举起}', 'zh: {lfit: 举起}', [
        "c.yaml:60:8: unknown skill or fact 'lfit'; did you mean 'lift'? (choices: lift, carry, away, code, done, cannot, on, held)",
    ]),
    ('language: zh', 'language: de', [
        "c.yaml:4:11: there are no wordings in 'de' (choices: zh)",
    ]),
    ('codebook: rich', 'codebook: Rich one', [
        "c.yaml:1:11: 'codebook' is an id (lower-case letters, digits and _ between them), not 'Rich one'",
    ]),
    ('codebook: rich', 'codebook: rich\nremove: [lift]', [
        "c.yaml:2:9: there is no skill 'lift' to remove (there are none)",
    ]),
    ('codebook: rich', 'codebook: rich\ninclude: [tabeltop]', [
        "c.yaml:2:11: include: tabeltop: unknown codebook: no such file, and none of that name is shipped; did you mean 'tabletop'? (choices: colors, lekiwi, letters, mobile, packing, showcase, tabletop, workbench)",
    ]),
    ('  held(thing): is held', '  held(thing): is held\n  held(a, b): again', ["c.yaml:10:3: there is a fact called 'held' already"]),
    ('  color: [red, purple]', '  Big Size: [red, purple]', ["c.yaml:13:3: 'Big Size' cannot name a property (an id)"]),
    ('  color: [red, purple]', '  color: []', ["c.yaml:13:10: the property 'color' needs its values, or a text"]),
    ('  on(thing, place): rests on', "  on(thing, place): ''", ["c.yaml:8:21: the fact 'on' needs one line of text that says what it means"]),
    ('call: json:loads', "call: ':'", ["c.yaml:56:11: 'call' is package.module:function, not ':'"]),
    ('call: json:loads', 'call: [1]', ["c.yaml:56:11: 'call' is one line of text"]),
    ('label: {text: "[A-C][1-3]"}', 'label: {boolean: maybe}', ["c.yaml:22:24: 'boolean' of 'label' stands alone; a default goes beside it"]),
    ('          - away\n', '          - done\n', ["c.yaml:42:13: 'done' ends an episode and is no step; to give up say {fail: reason}"]),
    ('  zh: {lift: 举起}', '  zh: [lift]', ["c.yaml:60:7: the wordings in 'zh' map names to texts"]),
    ('rename: {away: leave}', 'rename: {away: [leave]}', ["c.yaml:5:16: '['leave']' is no id (lower-case letters, digits and _)"]),
    ('      - move_above: {entity: $object, height_m: 0.1}', '      - try: []', ["c.yaml:27:14: 'try' needs a list of steps"]),
    ('preconditions: [clear(object), not held(any)]', 'preconditions: [{a: b}]', ["c.yaml:23:21: expected a text, not '{'a': 'b'}'"]),
]  # fmt: skip


def test_the_codebook_that_is_broken_below_is_whole() -> None:
    assert len(parse_codebook(GOOD).skills) == 6
    assert len(BROKEN) >= 30


@pytest.mark.parametrize(("old", "new", "faults"), BROKEN, ids=[new.strip() for _, new, _ in BROKEN])
def test_a_broken_codebook_is_told_exactly(old: str, new: str, faults: list[str]) -> None:
    assert old in GOOD
    with pytest.raises(CodebookError) as error:
        parse_codebook(GOOD.replace(old, new, 1), "c.yaml")
    assert str(error.value).splitlines() == faults
