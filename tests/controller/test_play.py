"""Playing: a model that does everything right reaches every end, one that does not is told what would have been right."""

import random
from collections.abc import Iterator
from itertools import islice

from codeword.codebook.choices import END, Node
from codeword.controller.teaching.lessons import Lesson, lessons
from codeword.controller.teaching.mixes import training_mix
from codeword.controller.teaching.play import MOST_STEPS, Play, Policy, played, plays


def perfect(lesson: Lesson) -> str:
    return lesson.taught


def chance(seed: int) -> Policy:
    rng = random.Random(seed)

    def policy(lesson: Lesson) -> str:
        node: Node = lesson.graph
        text = ""
        while node is not END:
            piece, node = rng.choice(node.edges)
            text += piece
        return text

    return policy


def some(policy: Policy, books: int) -> Iterator[Play]:
    return (one for group in islice(plays(2, training_mix(), policy), books) for one in group)


def test_who_is_always_right_reaches_every_end() -> None:
    ended = [one for one in some(perfect, 12) if any(x.act != "act" for x in one.lessons)]
    assert len(ended) > 30
    assert not any(one.wrong for one in ended)
    late = [one for one in ended if not one.reached]
    assert all(one.lessons[-1].observation.step == MOST_STEPS - 1 for one in late), (
        "only slips without end are too late"
    )
    assert len(late) < 0.1 * len(ended)
    assert {lesson.act for one in ended for lesson in one.lessons} == {"act", "wait", "done", "cannot", "goal"}
    for one in ended:
        asks = one.lessons[0].act == "goal"
        assert all(asks is ("\nTo do: " in lesson.prompt.observation) for lesson in one.lessons if lesson.act != "goal")


def test_wherever_chance_leads_what_is_right_can_be_written() -> None:
    ways = list(some(chance(5), 12))
    off = [lesson for one in ways for lesson in one.lessons[1:]]
    assert len(off) > 25
    for lesson in off:
        assert lesson.taught in lesson.right
        assert all(writable(lesson.graph, text) for text in lesson.right), (lesson.kind, lesson.right)
    assert sum(one.reached for one in ways) < 0.3 * len(ways)


def writable(node: Node, text: str) -> bool:
    """Whether a graph has a text."""
    if node is END:
        return text == ""
    return any(text.startswith(piece) and writable(child, text[len(piece) :]) for piece, child in node.edges)


def test_one_task_is_told_in_the_same_words_throughout() -> None:
    for one in some(perfect, 10):
        assert len({lesson.task for lesson in one.lessons}) == 1


def test_lessons_begin_with_what_was_wrong_and_are_the_same_for_the_same_seed() -> None:
    wrong: list[int] = []

    def noting(policy: Policy) -> Policy:
        def noted(lesson: Lesson) -> str:
            answer = policy(lesson)
            if answer not in lesson.right:
                wrong.append(id(lesson.observation))
            return answer

        return noted

    groups = list(islice(played(1, training_mix(), noting(chance(7)), per_book=6), 3))
    again = list(islice(played(1, training_mix(), chance(7), per_book=6), 3))
    assert [[x.prompt for x in group] for group in groups] == [[x.prompt for x in group] for group in again]
    assert all(len(group) == 6 and len({x.book.codebook.hash for x in group}) == 1 for group in groups)
    for group in groups:
        was_wrong = [id(lesson.observation) in wrong for lesson in group]
        assert was_wrong[0]
        assert was_wrong == sorted(was_wrong, reverse=True)
        assert all(lesson.taught in lesson.right for lesson in group)


def test_what_a_model_finds_itself_is_all_that_rejection_teaches() -> None:
    seen: list[tuple[str, str]] = []

    def drawn(lesson: Lesson) -> str:
        answer = chance(len(seen))(lesson)
        seen.append((lesson.prompt.observation, answer))
        return answer

    groups = list(islice(played(1, training_mix(), chance(7), per_book=4, draws=[drawn, drawn]), 3))
    tried = {observation for observation, _ in seen}
    found = [lesson for group in groups for lesson in group if lesson.prompt.observation in tried]
    assert found
    assert all(lesson.taught in lesson.right for group in groups for lesson in group)
    assert all((lesson.prompt.observation, lesson.taught) in seen for lesson in found)
    assert len({observation for observation, _ in seen}) > 2 * len(found)


def test_no_episode_that_is_played_is_a_lesson_of_that_seed() -> None:
    taught = {x.prompt for group in islice(lessons(2, training_mix()), 12) for x in group}
    assert not taught & {x.prompt for one in some(perfect, 12) for x in one.lessons}


def test_plays_begin_anywhere() -> None:
    def told(group: list[Play]) -> list[str]:
        return [f"{lesson.prompt} {said}" for one in group for lesson, said in zip(one.lessons, one.said, strict=True)]

    fourth = list(islice(plays(2, training_mix(), perfect), 4))[3]
    assert told(fourth) == told(next(plays(2, training_mix(), perfect, begin=3)))
