"""Lessons out of what a model does itself: it plays episodes in the symbolic world, and wherever it comes, rightly or
not, the solver says what would have been right.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codeword.codebook import Command, Observation, Result
from codeword.codebook.goals import Goal, goal_graph, goal_prompt
from codeword.codebook.offer import offer
from codeword.codebook.wanted import Wanted, settled
from codeword.codebook.writing import command_of

from .books import Book
from .draft import Task, scattered
from .kinds import fitting, make_task
from .lessons import Lesson, act_of, named_things, observed
from .mixes import Mix, books
from .patience import unseen
from .scene import Scene, State, has_room
from .solver import Solver
from .wanted import Ends, aim_of, as_told, ends_from, ends_of, goal_for_aim, goal_for_gone, goal_of, group_goal
from .way import Way, best_moves
from .wording import word_task

Policy = Callable[[Lesson], str]
"""What a model writes where a lesson stands, by the lesson's prompt and graph: the text of a command."""

PLAY_SEED = 3_000_017
"""Added to a seed, so that no episode that is played is one of the lessons of that seed."""

MOST_STEPS = 16
_ASKS = 0.5
"""In how many episodes the model writes the goal first."""

_FAILS, _SLIPS, _HIDES = 0.06, 0.06, 0.03
"""How often a command fails, how often what was picked slips, and how often something that is named is hidden."""


@dataclass(frozen=True)
class Play:
    """One episode: a lesson for every state that was come to, what was `said` there, and whether the end was right."""

    lessons: tuple[Lesson, ...]
    said: tuple[str, ...]
    reached: bool

    @property
    def wrong(self) -> tuple[Lesson, ...]:
        """The lessons where something wrong was said."""
        said = zip(self.lessons, self.said, strict=True)
        return tuple(lesson for lesson, answer in said if answer not in lesson.right)

    @property
    def fine(self) -> tuple[Lesson, ...]:
        """The lessons where what was said is right; it is what they teach."""
        said = zip(self.lessons, self.said, strict=True)
        return tuple(replace(lesson, taught=answer) for lesson, answer in said if answer in lesson.right)


def plays(seed: int, mix: Mix, policy: Policy, *, begin: int = 0) -> Iterator[list[Play]]:
    """Episodes without end, four under each codebook, from one codebook by its number."""
    for book, rng in books(seed + PLAY_SEED, mix, begin):
        if not fitting(book, held_out=mix.held_out_kinds):
            continue
        drawn = (make_task(rng, book, held_out=mix.held_out_kinds) for _ in range(4))
        found = [play(rng, book, kind, task, mix.wordings, policy) for kind, task in drawn if task.kind in mix.wordings]
        yield [one for one in found if one.lessons]


def played(
    seed: int, mix: Mix, policy: Policy, *, per_book: int = 12, begin: int = 0, draws: Sequence[Policy] = ()
) -> Iterator[list[Lesson]]:
    """Lessons without end, so many of each codebook together: first those where the model was wrong, then others.

    Where it was wrong the solver's answer is taught. With `draws`, other ways in which the model may answer, only what
    one of them wrote and is right is: expert iteration by rejection (Anthony et al. 2017; Zelikman et al. 2022). A
    codebook under which nothing is left to be learned, and one that gives too few lessons, are left out.
    """
    for group in plays(seed, mix, policy, begin=begin):
        wrong = [lesson for one in group for lesson in one.wrong]
        if draws:
            wrong = [replace(lesson, taught=own) for lesson in wrong if (own := _own(lesson, draws)) is not None]
        fine = [lesson for one in group for lesson in one.fine]
        if wrong and len(wrong) + len(fine) >= per_book:
            yield (wrong + fine)[:per_book]


def _own(lesson: Lesson, draws: Sequence[Policy]) -> str | None:
    """The first answer of a model's own that is right."""
    return next((text for draw in draws if (text := draw(lesson)) in lesson.right), None)


def play(rng: random.Random, book: Book, kind: str, task: Task, wordings: Mapping[str, Any], policy: Policy) -> Play:
    """One episode, to its end or to where nothing can be said of what would be right."""
    text = word_task(rng, task, book, wordings)
    game = _Game(rng, book, task)
    found: list[Lesson] = []
    said: list[str] = []
    aim: Wanted | None = None
    asks = rng.random() < _ASKS
    game.look()
    for step in range(MOST_STEPS):
        observation = observed(book, task.scene, game.state, game.last, step, hidden=game.hidden)
        if asks and (aim is None or (aim.goal.cannot and not game.hidden and task.aim is not None)):
            prompt, graph = goal_prompt(book.codebook, text, observation), goal_graph(book.codebook, observation, text)
            told = [(as_told(text, one), end) for one, end in game.goals(observation)]
            told = [(one, end) for one, end in told if graph.accepts(one.text)]
            goals, choices = [one for one, _ in told], [end for _, end in told]
            if not goals:
                break
            options = tuple(dict.fromkeys(one.text for one in goals))
            found.append(Lesson(book, kind, text, observation, prompt, graph, options, rng.choice(options), "goal"))
            said.append(policy(found[-1]))
            if said[-1] not in options:
                break  # what is right on the way to something else, nobody is to learn
            chosen = next(number for number, one in enumerate(goals) if one.text == said[-1])
            aim = Wanted(book.codebook, settled(book.codebook, goals[chosen], observation))
            game.pursue(choices[chosen])
        if aim is not None:
            aim.saw(observation)
            if aim.goal.groups and not game.hidden:
                game.pursue(ends_from(book, task.scene, aim.facts(observation)))
        right = game.right()
        if not right:
            break
        if aim is not None and aim.reached(observation):
            right = [book.done]  # whatever else may be tidied up
        offered = offer(book.codebook, text, observation, aim.left(observation) if aim is not None else None)
        texts = tuple(dict.fromkeys(command.text for command in right))
        act = act_of(book, right[0])
        asked = Lesson(
            book, kind, text, observation, offered.prompt, offered.legal.graph, texts, rng.choice(texts), act
        )
        answer = policy(asked)
        found.append(asked)
        said.append(answer)
        command = command_of(book.codebook, answer)
        if book.codebook.skills[command.skill].ends is not None:
            return Play(tuple(found), tuple(said), answer in texts)
        if task.steady and answer not in texts:
            break  # from here on nobody could tell what was meant to stay
        game.carry_out(command)
        game.look()
    return Play(tuple(found), tuple(said), False)


class _Game:
    """The symbolic world of one episode as it goes on."""

    def __init__(self, rng: random.Random, book: Book, task: Task) -> None:
        self.rng, self.book, self.task = rng, book, task
        self.scene: Scene = task.scene
        self.state: State = task.start
        self.last: Result | None = None
        if task.before:
            way = Way(rng, book, task)
            way.open()
            self.state, self.last = way.state, way.last
        self.aim = task.aim
        self._solver = None if task.aim is None else Solver(task.scene, task.aim, book.able)
        hides = self._solver is not None and not self._solver.hopeless(self.state)
        self._named = named_things(task) if hides else []
        self._roles = {name: role for role, name in book.names.skills.items()}
        self.hidden = ""
        self._hidden_looks = 0
        self._ids = {book.names.id(thing): thing for thing in task.scene.by_id}

    def right(self) -> list[Command]:
        """Every command that is right now; none where that is not known."""
        aim, scene, state = self.aim, self.scene, self.state
        if aim is None or self._solver is None:
            missing = self.task.reason == "missing"
            return [unseen(self.book, self.last) if missing else self.book.cannot(self.task.reason)]
        if self.hidden:
            return [unseen(self.book, self.last)]
        if aim.least(scene, state) == 0:
            return [self.book.done]
        if aim.hold is not None and "pick" not in self.book.names.skills:
            return []
        moves = best_moves(self.book, scene, aim, self._solver, state)
        if not moves and self._solver.hopeless(state):
            return [self.book.cannot("impossible")]
        return [command for move in moves for command in self.book.commands(scene, state, move)]

    def goals(self, observation: Observation) -> "list[tuple[Goal, Ends | str]]":
        """The goals that are right, any of them, each with the end that it comes to, or with why there is none."""
        found: list[tuple[Goal, Ends | str]] = []
        for end in self.ends():
            if isinstance(end, str):
                found.append((Goal((), end), end))
                continue
            grouped = None if self.hidden else group_goal(self.book, observation, self.task, self.state, end)
            if grouped is not None and not found:
                return [grouped]
            found.append((goal_of(self.book, observation, self.scene, end), end))
        for named, why in ((goal_for_gone, "missing"), (goal_for_aim, "impossible")):
            told = named(self.book, observation, self.task) if any(end == why for _, end in found) else None
            if told is not None and not self.hidden:
                found.append((told, why))
        return found

    def ends(self) -> "list[Ends | str]":
        """Ends that are wanted, any of them, or why there is none; nothing where that is not known."""
        if self.aim is None or self._solver is None:
            return [self.task.reason]
        if self._solver.hopeless(self.state):
            return ["missing" if self.hidden else "impossible"]
        ends = ends_of(self.rng, self.scene, self.aim, self.state, self._solver)
        return ["missing", *ends] if self.hidden else list(ends)

    def pursue(self, end: "Ends | str") -> None:
        """Go after this end, and care for nothing else."""
        if not isinstance(end, str):
            self.aim = aim_of(end)
            self._solver = Solver(self.scene, self.aim, self.book.able)

    def look(self) -> None:
        """What a look shows now; a thing that is named may be hidden for one look or two, or for good."""
        if self._hidden_looks:
            self._hidden_looks -= 1
        elif self.hidden:
            self.hidden = ""
        elif self._named and self.rng.random() < _HIDES:
            free = [thing for thing in self._named if thing != self.scene.held(self.state)]
            if free:
                self.hidden, self._hidden_looks = self.rng.choice(free), self.rng.choice((0, 1, 1, 9))

    def carry_out(self, command: Command) -> None:
        """Do a command, or fail at it."""
        role = self._roles.get(command.skill)
        names = self.book.names.arguments.get(role, {}) if role is not None else {}
        if role is None or "object" not in names:  # it changes nothing that is observed
            self.last = Result(command=command.text, status="done", duration_s=2.0)
            return
        block = self._ids[str(command.args[names["object"]])]
        place = self._ids[str(command.args[names["target"]])] if "target" in names else None
        full = place is not None and not has_room(self.scene, self.state, place)
        covered = not self.scene.clear(self.state, block)  # by something that is hidden
        if full or covered or self.rng.random() < _FAILS:
            reason = "blocked" if covered else "no_room" if full else "nothing_grasped" if place is None else "slipped"
            self.last = Result(command=command.text, status="failed", reason=reason)
            return
        self.last = Result(command=command.text, status="done", duration_s=2.0)
        self.state = self.scene.moved(self.state, block, place)
        if place is None and not self.task.steady and self.rng.random() < _SLIPS:
            self.state = scattered(self.rng, self.scene, self.state, self.scene.by_id[block])
