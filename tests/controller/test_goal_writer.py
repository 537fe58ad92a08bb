"""Writing goals: the likeliest as a whole, and another where it contradicts itself."""

import json
import math
import random
from itertools import pairwise

import pytest

from codeword.codebook import Codebook
from codeword.codebook.goals import goal_graph, goal_prompt, read_goal
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.wanted import Wanted
from codeword.controller.automaton import Automaton
from codeword.controller.decision import Decision, DecisionCancelled, Note
from codeword.controller.engine import Engine, never
from codeword.controller.goal_controller import GoalController
from codeword.controller.goal_writer import GoalWriter
from codeword.controller.registry import LocalModel
from codeword.controller.sampling import GREEDY, Sampling
from codeword.controller.tokens import Tokens
from tests.controller.goal_fakes import GREEN, MISSING, NONSENSE, RED, Scripted, Unsure, start
from tests.graphs import some_texts
from tests.observations import COLORS, observe, random_observation


def test_where_no_plan_leads_to_a_goal_others_are_drawn_by_the_same_lots(tabletop: Codebook) -> None:
    engine = Scripted(NONSENSE, '{"cannot":"unsafe"}', NONSENSE, GREEN, RED)
    made = GoalController(engine, tabletop, sure=0.0).decide("green into blue", start())  # type: ignore[arg-type]
    assert made.written_goal == GREEN
    assert engine.goals == [RED]
    assert engine.lots[:4] == ["greedy", *(f"t1.0-k0-p1.0-s{seed}" for seed in (1, 2, 3))]
    assert [note.kind for note in made.notes] == ["goal"]
    assert "red_block on green_block" in made.notes[0].text


def test_of_a_goal_that_contradicts_itself_what_was_written_first_is_gone_after(tabletop: Codebook) -> None:
    three = NONSENSE.replace("]]}", '],["green_block","in","blue_bowl"]]}')
    made = GoalController(Scripted(*[three] * 5), tabletop).decide("red over green over blue", start())  # type: ignore[arg-type]
    wanted = '{"goal":[["red_block","on","green_block"],["green_block","in","blue_bowl"]]}'
    assert made.written_goal == wanted
    assert made.text == '{"skill":"pick","object":"green_block"}'
    assert "gone after: red_block on green_block; green_block in blue_bowl" in made.notes[-1].text


def test_no_other_goal_is_drawn_of_which_the_model_cannot_be_sure_enough(tabletop: Codebook) -> None:
    engine = Scripted(NONSENSE, GREEN)
    GoalController(engine, tabletop).decide("pile", start())  # type: ignore[arg-type]
    assert engine.goals == [GREEN]


def test_looking_for_what_of_a_goal_can_be_ends_with_the_time(tabletop: Codebook) -> None:
    engine = Scripted(*[NONSENSE] * 5)
    with pytest.raises(DecisionCancelled):
        GoalController(engine, tabletop, sure=0.0).decide("pile", start(), lambda: len(engine.lots) == 5)  # type: ignore[arg-type]
    assert len(engine.lots) == 5


def test_what_is_likelier_as_a_whole_than_what_was_written_first_is_taken(tabletop: Codebook) -> None:
    made = GoalWriter(Unsure(green=0.3, red=0.7), GREEDY).write(tabletop, "red into the blue bowl", start(), never)  # type: ignore[arg-type]
    assert made.written_goal == RED
    assert (made.key, made.logprob, made.sureness) == ("of 1.0", pytest.approx(math.log(0.7)), pytest.approx(0.7))
    assert [note.text for note in made.notes] == [
        "taken in place of what was written first (green_block in blue_bowl): red_block in blue_bowl"
    ]
    sure = Unsure(green=0.7, red=0.3)
    made = GoalWriter(sure, GREEDY).write(tabletop, "red into the blue bowl", start(), never)  # type: ignore[arg-type]
    assert made.written_goal == GREEN, "whatever the task names"


def test_a_goal_tells_what_all_that_was_asked_for_it_took(tabletop: Codebook) -> None:
    class Noting(Unsure):
        def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
            made = super().decide(prompt, graph, cancelled, hint=hint, sampling=sampling)
            if self.asked > 2:
                raise DecisionCancelled("too late", (Note(kind="remote", text="gone"),))
            told = {
                "notes": (Note(kind="cache", text=f"number {self.asked}"),), "first_token_ms": 10.0 * self.asked,
                "passes": 2, "tokens_guessed": 3, "tokens_accepted": 1, "cache_level": ["none", "task"][self.asked - 1],
                "tokens_forced": 20, "tokens_chosen": len(made.choices), "path": ["decoded", "cache"][self.asked - 1],
            }  # fmt: skip
            return made.model_copy(update=told)

    engine = Noting(green=0.2, red=0.8)
    writer = GoalWriter(engine, GREEDY)  # type: ignore[arg-type]
    made = writer.write(tabletop, "red into the blue bowl", start(), never)
    assert made.written_goal == RED
    assert [note.kind for note in made.notes] == ["cache", "cache", "goal"]
    assert (made.passes, made.tokens_guessed, made.tokens_accepted) == (4, 6, 2)
    assert (made.first_token_ms, made.cache_level, made.path) == (10.0, "none", "decoded")
    assert (made.tokens_chosen, made.tokens_forced) == (1, 19)
    engine.asked = 1
    with pytest.raises(DecisionCancelled) as late:
        writer.write(tabletop, "red into the blue bowl", start(), never)
    assert [note.text for note in late.value.notes] == ["number 2", "gone"]


def test_no_other_goal_is_looked_at_where_none_can_be_better_or_the_first_is_drawn_by_lot(tabletop: Codebook) -> None:
    for odds, sampling, times in (
        ({"red": 0.6, "green": 0.4}, GREEDY, 1),
        ({"green": 0.2, "red": 0.8}, GREEDY, 2),
        ({"green": 0.2, "red": 0.8}, Sampling(temperature=1.0), 1),
    ):
        engine = Unsure(**odds)
        GoalWriter(engine, sampling).write(tabletop, "red into the blue bowl", start(), never)  # type: ignore[arg-type]
        assert engine.asked == times


def test_the_goal_written_first_stands_where_the_time_is_over_before_another_is(tabletop: Codebook) -> None:
    class Slow(Unsure):
        def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
            if self.asked:
                raise DecisionCancelled("too late")
            return super().decide(prompt, graph, cancelled, hint=hint, sampling=sampling)

    controller = GoalController(Slow(green=0.2, red=0.8), tabletop, sure=0.0)  # type: ignore[arg-type]
    with pytest.raises(DecisionCancelled):
        controller.decide("red into the blue bowl", start())
    assert controller.decide("red into the blue bowl", start()).text == '{"skill":"pick","object":"green_block"}'


def test_what_was_looked_for_in_one_task_is_not_in_the_next(tabletop: Codebook) -> None:
    writer = GoalWriter(Scripted('{"goal":[["gold_block","in","blue_bowl"]]}', MISSING, GREEN), GREEDY)  # type: ignore[arg-type]
    writer.write(tabletop, "Put the gold block in the blue bowl.", start(), never)
    assert writer.looked_for(start())
    writer.write(tabletop, "Put the cheese in the blue bowl.", start(), never)
    assert not writer.looked_for(start())


def test_a_goal_whose_plan_is_long_in_finding_stands(tabletop: Codebook) -> None:
    blocks = [f"{color}_block" for color in COLORS[:8]]
    seen = observe(dict(zip(blocks, [*blocks[1:], "table"], strict=True)))
    tower = [blocks[n] for n in (4, 1, 6, 3, 0, 7, 2, 5)]
    wanted = [[upper, "on", lower] for lower, upper in pairwise(tower)]
    goal = json.dumps({"goal": sorted(wanted, key=lambda fact: blocks.index(fact[0]))}, separators=(",", ":"))
    world = SymbolicWorld.of(tabletop, seen)
    condition = Wanted(tabletop, read_goal(goal)).condition(seen)
    assert plan(world, condition, max_expanded=300).failure == "impossible"
    assert GoalController(Scripted(goal, GREEN), tabletop).decide("pile", seen).written_goal == goal  # type: ignore[arg-type]


def test_a_goal_stands_where_the_time_is_over_before_another_is_drawn(tabletop: Codebook) -> None:
    class Slow(Scripted):
        def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
            if sampling.temperature:
                raise DecisionCancelled("too late")
            return super().decide(prompt, graph, cancelled, hint=hint, sampling=sampling)

    controller = GoalController(Slow(NONSENSE), tabletop, sure=0.0)  # type: ignore[arg-type]
    with pytest.raises(DecisionCancelled):
        controller.decide("green into blue", start())
    assert controller.decide("green into blue", start()).text == '{"skill":"cannot","reason":"impossible"}'


@pytest.mark.model
def test_goals_are_written_in_the_tokens_that_the_model_would_use(tabletop: Codebook, real_model: LocalModel) -> None:
    tokens, lot = Tokens(real_model.folder), random.Random(5)
    for _ in range(6):
        seen = random_observation(lot)
        graph = goal_graph(tabletop, seen)
        for text in some_texts(graph, lot, 40):
            state = Automaton(graph, tokens.encode).start
            for token in tokens.encode(text):
                assert token in state.next, text
                state = state.next[token]
            assert state.is_end


@pytest.mark.model
def test_the_real_model_writes_a_goal_that_can_be_read(tabletop: Codebook, real_model: LocalModel) -> None:
    seen = start()
    graph = goal_graph(tabletop, seen)
    goal = read_goal(Engine(real_model).decide(goal_prompt(tabletop, "red into blue", seen), graph).text)
    assert goal.facts or goal.groups or goal.cannot
    assert graph.accepts(goal.text)
