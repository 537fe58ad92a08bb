"""Answers to lessons that nobody was taught with: by an adapter as it was taught, and as it is used."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from codeword.controller.engine import Engine
from codeword.controller.sampling import Sampling
from codeword.controller.teaching.checks import wrong_in
from codeword.controller.teaching.encode import encode_group
from codeword.controller.teaching.learner import Learner
from codeword.controller.teaching.lessons import Lesson

from .unseen import by_form, figures, share, unseen_groups


def bench_taught(
    learner: Learner, engine: Engine, split: str, n: int, advance: Callable[[], None], *, draws: int = 0
) -> dict[str, Any]:
    """So many decisions by both sides. `learner` has the adapter beside the base in float32, `engine` holds what became
    of both. A side is right where what it writes, the likeliest at every choice, is the right answer.

    Asked is where one answer alone is right, so that both sides are judged by the same.

    With `draws` the engine also draws so many answers by lot, and takes of them and its own the one that comes up most
    often, or the one that is likeliest as a whole.
    """
    sides: dict[str, list[bool]] = {"as taught, float32": [], f"as used, {engine.held}": []}
    taught, used = sides.values()
    if draws:
        sides |= {"by vote": [], "likeliest as a whole": []}
    asked: list[Lesson] = []
    for group in unseen_groups(split):
        if len(asked) == n:
            break
        given = [lesson for lesson in group if len(lesson.right) == 1][: n - len(asked)]
        if not given:
            continue
        wrong = wrong_in(learner, encode_group(engine.tokens, given))
        for number, lesson in enumerate(given):
            taught.append(number not in wrong)
            own = engine.decide(lesson.prompt, lesson.graph)
            used.append(own.text in lesson.right)
            if draws:
                drawn = [own, *(engine.decide(lesson.prompt, lesson.graph, sampling=lot) for lot in _lots(draws))]
                (voted, _), *_ = Counter(answer.text for answer in drawn).most_common(1)
                likeliest = max(drawn, key=lambda answer: answer.logprob or 0.0)
                sides["by vote"].append(voted in lesson.right)
                sides["likeliest as a whole"].append(likeliest.text in lesson.right)
            asked.append(lesson)
            advance()
    rows = [{"answers": name, **share(right), **by_form(right, asked)} for name, right in sides.items()]
    return {
        **figures(engine, split, rows),
        "lost_points": round(100 * (sum(taught) - sum(used)) / len(asked), 2),
        "only_as_taught": sum(one and not other for one, other in zip(taught, used, strict=True)),
        "only_as_used": sum(other and not one for one, other in zip(taught, used, strict=True)),
    }


def _lots(draws: int) -> list[Sampling]:
    return [Sampling(temperature=1.0, seed=seed) for seed in range(1, draws + 1)]
