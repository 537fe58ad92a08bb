"""What a scenario leaves to the seed, and what is said where that cannot be done."""

import pytest

from codeword.codebook import InputError
from codeword.runtime.scenario import Scenario, parse_scenario

TEXT = """\
scenario: one
codebook: letters
task: Put the $color block on the $side and spell $word.
wordings:
  - Only $few are there.
draw:
  color: [red, green, blue]
  side: [left_side, right_side]
  few: {take: [2, 3], of: [pink, cyan, white, black]}
  word: [[c, a, b], [d, i, m]]
  there: {take: 2, of: $word}
  rest: {take: 2, of: [a, b, c, d, i, m], except: [word]}
world:
  blocks: [$color, $few, {letter: $there}, {letter: $rest}, {color: gray, number: 1}]
  zones: [left_side, right_side]
goal: [on($color_block, $side), on(letter_$there.1, $side), gripper_empty]
"""


def at(seed: int, text: str = TEXT) -> Scenario:
    return parse_scenario(text, "s.yaml", seed=seed)


def test_a_seed_draws_the_same_every_time_and_seeds_differ() -> None:
    assert at(3).spec == at(3).spec == at(0).seeded(3).spec
    assert len({str(at(seed).spec) for seed in range(20)}) > 15
    assert {at(seed).hash for seed in range(5)} == {at(0).hash}, "the file is the same"


@pytest.mark.parametrize("seed", range(12))
def test_every_name_stands_for_what_was_drawn(seed: int) -> None:
    scenario = at(seed)
    ids = scenario.spec.world.ids
    colors = [block.color for block in scenario.spec.world.blocks if block.letter is None and block.color != "gray"]
    letters = [block.letter for block in scenario.spec.world.blocks if block.letter is not None]
    color, few = colors[0], colors[1:]
    assert color in ("red", "green", "blue")
    assert len(few) in (2, 3)
    assert len(set(few)) == len(few)
    word = "cab" if "spell cab" in scenario.spec.task else "dim"
    there = [letter for letter in letters[:2] if letter]
    assert sorted(there, key=word.index) == there, "what is taken out of something drawn keeps its order"
    assert not set(letters[2:]) & set(word)
    assert scenario.goal is not None
    assert {f"{color}_block", f"letter_{there[0]}"} <= scenario.goal.entities() <= set(ids)
    side = next(side for side in ("left_side", "right_side") if side in scenario.goal.entities())
    assert scenario.spec.task == f"Put the {color} block on the {side.replace('_', ' ')} and spell {word}."
    assert scenario.wording(1) == f"Only {', '.join(few[:-1])} and {few[-1]} are there."


def test_scenarios_of_other_names_draw_otherwise() -> None:
    other = TEXT.replace("scenario: one", "scenario: two")
    assert [str(at(seed).spec.world) for seed in range(6)] != [str(at(seed, other).spec.world) for seed in range(6)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[red, green, blue]", "[]", "s.yaml:7:10: draw: 'color' needs a list to draw from, or the name of one as $name"),
        ("[red, green, blue]", "[Red]", "s.yaml:7:10: draw: 'Red' of 'color' is no word"),
        ("color: [red", "Color: [red", "s.yaml:7:10: draw: 'Color' is no name"),
        ("take: [2, 3]", "take: [3, 2]", "s.yaml:9:15: draw: 'take' of 'few' is a number from 1 on, or [least, most]"),
        ("take: [2, 3]", "tak: 2", "s.yaml:9:14: draw: unknown key 'tak'; did you mean 'take'?"),
        ("take: [2, 3]", "take: 5", "s.yaml:9:8: 'few' takes 5 of 4"),
        ("of: $word}", "of: $wrd}", "s.yaml:11:10: draw: 'wrd' is not drawn before 'there'; did you mean 'word'?"),
        ("except: [word]", "except: [wrd]", "s.yaml:12:51: draw: 'wrd' is not drawn before 'rest'; did you mean 'word'?"),
        ("[$color, $few", "[$colr, $few", "s.yaml:14:12: '$colr' is not drawn; did you mean 'color'?"),
        ("on($color_block", "on($few_block", "s.yaml:16:8: $few stands for"),
        ("$there.1", "$there.4", "s.yaml:16:33: $there has 2 words, and no 4. one"),
        ("{letter: $rest}", "{letter: $rest, color: $few}", "s.yaml:14:44: one entry names both $few and $rest"),
        ("$color_block, $side", "$color_blok, $side", "s.yaml:16:8: goal: unknown argument '"),
        ("{color: gray, number: 1}", "{color: grey, number: 1}", "s.yaml:14:61: world.blocks.4: unknown color 'grey'"),
        ("[red, green, blue]", "[red, grean, blue]", "s.yaml:14:12: world.blocks.0: unknown color 'grean'; did you mean 'green'"),
        ("draw:", "drawn:", "s.yaml:7:3: drawn: unknown key; did you mean 'draw'?"),
        ("draw:\n", "draw: red\ndrwa:\n", "s.yaml:6:7: draw: expected names, each with what is drawn"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as error:
        parse_scenario(TEXT.replace(old, new, 1), "s.yaml")
    assert any(line.startswith(fault) for line in str(error.value).splitlines()), str(error.value)
