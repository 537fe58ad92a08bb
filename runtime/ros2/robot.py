"""A robot that speaks ROS 2, driven from here over its topics, services and actions."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from codeword.codebook import Codebook, Entity, Fact, Outcome, PrimitiveRobot, RobotError, RobotTimeoutError
from codeword.codebook.command import Value
from codeword.codebook.robot import Motion

from .domain import ROS2, domain_of
from .mapping import ARGUMENT, Act, Call, MappingFile, Publish, Topic, Verb, Within
from .messages import MessageError, bound, fill, find_type, read

_FOUND_S = 5.0
"""Nodes find each other within this time, on a busy machine too."""
_ENDED_S = 0.5
"""How long the end waits for what was cancelled."""
_LATCHED_S = 0.1
"""What a primitive changed is told on a latched topic within this time."""
_ENTITIES = TypeAdapter(list[Entity])


class Ros2Robot(PrimitiveRobot):
    """Implements a codebook's primitives over ROS 2, as the robot's file maps them."""

    hold_from_any_thread = True

    def __init__(self, codebook: Codebook, name: str = ROS2) -> None:
        """Join the domain that a name says. Raises InputError and CodebookError for what is wrong in the mapping."""
        super().__init__(codebook)
        domain = domain_of(name)
        file = MappingFile(codebook)
        self._mapping = file.mapping
        for path, verb in self._mapping.messages:
            _check_verb(file, path, verb, codebook)
        for path, topic in _topics(file):
            try:
                read(find_type(topic.type)(), topic.field)
            except MessageError as problem:
                raise file.fault(path, str(problem)) from problem
        from .node import RobotNode

        sent = tuple(verb for _, verb in self._mapping.messages)
        self._node = RobotNode(domain, self._mapping.topics, sent)
        self._goals: list[Any] = []
        self._since_s = -math.inf
        """When the last primitive ended: what was heard before tells nothing of what it did."""

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        """Things that stand in the mapping and that are told of, and facts as topics tell them.

        Raises RobotError for a topic that is silent: what nobody tells is not known.
        """
        self._wait_for_topics()
        return self._things_and_facts()

    def _things_and_facts(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        mapping = self._mapping
        entities = {entity.id: entity for entity in (*mapping.entities, *self._seen())}
        here = None if mapping.pose is None else _position(self._value(mapping.pose), mapping.pose)
        facts: list[Fact] = []
        for name, source in mapping.facts.items():
            if isinstance(source, Within):
                near = (one for one in entities.values() if one.position_m is not None and here is not None)
                facts += [Fact(name, (one.id,)) for one in near if _apart_m(one, here) <= source.within_m]
            else:
                facts += _told(name, self._value(source), source)
        return tuple(entities.values()), facts

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Send what stands for a primitive, and wait for its end; it is given up where a topic falls silent."""
        motion = self._perform(self._mapping.primitives[name], args)
        try:
            while True:
                next(motion)
                yield
                self._things_and_facts()
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome
        except RobotError as problem:
            return Outcome(False, "stale", str(problem))
        except MessageError as problem:
            return Outcome(False, "unfit", str(problem))
        finally:
            motion.close()
            self._since_s = time.monotonic()

    def _perform(self, verb: Verb, args: Mapping[str, Value]) -> Motion:
        fields = bound(verb.fields, args, {entity.id: entity for entity in self.look()[0]})
        since_s = time.monotonic()
        while not self._node.is_there(verb):
            if time.monotonic() - since_s > _FOUND_S:
                return Outcome(False, "unavailable", f"nobody takes {verb.name} ({verb.type})")
            yield
        if isinstance(verb, Publish):
            return (yield from self._publish(verb, fields, args))
        return (yield from self._call(verb, fields) if isinstance(verb, Call) else self._act(verb, fields))

    def hold(self) -> None:
        """Cancel what is under way, and send what makes the robot stand still."""
        for goal in self._goals:
            goal.cancel()
        for verb in self._mapping.hold:
            if isinstance(verb, Publish):
                self._node.publish(verb, verb.fields)
            elif isinstance(verb, Call):
                self._node.call(verb, verb.fields)

    def close(self) -> None:
        """Hold, and leave the domain."""
        try:
            super().close()
        finally:
            self._leave()

    def _leave(self) -> None:
        until_s = time.monotonic() + _ENDED_S
        while any(not goal.ended for goal in self._goals) and time.monotonic() < until_s:
            time.sleep(0.01)
        self._node.close()

    def _publish(self, verb: Publish, fields: Mapping[str, Any], args: Mapping[str, Value]) -> Motion:
        lasts_s = bound(verb.for_s, args, {})
        until = None if verb.until is None else Fact.parse(bound(verb.until, args, {}))
        began_s = sent_s = time.monotonic()
        self._node.publish(verb, fields)
        while lasts_s is not None or until is not None:
            yield
            now_s = time.monotonic()
            if until is not None and until in self._things_and_facts()[1]:
                break
            if lasts_s is not None and now_s - began_s >= float(lasts_s):
                break
            if verb.every_s is not None and now_s - sent_s >= verb.every_s:
                sent_s = now_s
                self._node.publish(verb, fields)
        return Outcome(True)

    def _call(self, verb: Call, fields: Mapping[str, Any]) -> Motion:
        future = self._node.call(verb, fields)
        while not future.done():
            yield
        response = future.result()
        if verb.ok is None or read(response, verb.ok):
            return Outcome(True)
        return Outcome(False, "refused", str(read(response, verb.message)) if verb.message else f"{verb.ok} is false")

    def _act(self, verb: Act, fields: Mapping[str, Any]) -> Motion:
        goal = self._node.send(verb, fields)
        self._goals = [one for one in self._goals if not one.ended] + [goal]
        try:
            while not goal.ended:
                yield
        finally:
            goal.cancel()  # nothing that has ended
        if goal.succeeded:
            return Outcome(True)
        return Outcome(False, "rejected" if goal.rejected else "aborted", _short(goal.result))

    def _wait_for_topics(self) -> None:
        """Until every topic was heard since the last primitive ended; one that is latched, until there was time for it.

        Raises RobotTimeoutError with the first that was never heard.
        """
        longest_s = max((topic.fresh_s for topic in self._mapping.topics), default=0.0)
        until_s = time.monotonic() + (_FOUND_S if math.isinf(self._since_s) else longest_s)
        while silent := [topic for topic in self._mapping.topics if not self._is_heard(topic)]:
            if time.monotonic() > until_s:
                if self._node.newest(silent[0]) is None:
                    raise RobotTimeoutError(self._unheard(silent[0]))
                return  # stale, as its value tells
            time.sleep(0.002)

    def _is_heard(self, topic: Topic) -> bool:
        found, past_s = self._node.newest(topic), time.monotonic() - self._since_s
        return found is not None and (past_s > _LATCHED_S if topic.latched else found[0] < past_s)

    def _unheard(self, topic: Topic) -> str:
        published = self._node.types_of(topic.topic)
        if not published:
            return f"nobody publishes {topic.topic}; is the robot on this domain? (ros2 topic list)"
        if topic.type not in published:
            return f"{topic.topic} is published as {', '.join(published)}, not as {topic.type}"
        latched = "" if topic.latched else "; if it is published once alone, say latched: true"
        return f"nothing was heard on {topic.topic} within {_FOUND_S:g} s{latched}"

    def _value(self, topic: Topic) -> Any:
        found = self._node.newest(topic)
        if found is None or (found[0] > topic.fresh_s and not topic.latched):
            silent = f"for {found[0]:.1f} s" if found is not None else "at all"
            raise RobotError(f"stale: nothing was heard on {topic.topic} {silent}")
        return read(found[1], topic.field)

    def _seen(self) -> list[Entity]:
        topic = self._mapping.seen
        if topic is None:
            return []
        text = self._value(topic)
        try:
            return _ENTITIES.validate_json(text)
        except ValidationError as problem:
            error = problem.errors()[0]
            where = ".".join(map(str, error["loc"]))
            raise RobotError(f"{topic.topic} is no list of entities as JSON: {where}: {error['msg']}") from problem


def _check_verb(file: MappingFile, path: tuple[str | int, ...], verb: Verb, codebook: Codebook) -> None:
    """Raises CodebookError where a type is not installed, or has no such field."""
    try:
        made = find_type(verb.type)
        empty = made() if isinstance(verb, Publish) else made.Request() if isinstance(verb, Call) else made.Goal()
        fill(empty, verb.fields, bound=False)
        for field in (verb.ok, verb.message) if isinstance(verb, Call) else ():
            if field is not None:
                read(made.Response(), field)
    except MessageError as problem:
        raise file.fault(path, str(problem)) from problem
    if isinstance(verb, Publish) and verb.until is not None:
        try:
            fact = Fact.parse(ARGUMENT.sub("x", verb.until))
        except ValueError as problem:
            raise file.fault((*path, "until"), str(problem)) from problem
        if codebook.places().get(fact.name) != len(fact.args) or fact.name not in codebook.predicates:
            known = [one.signature for one in codebook.predicates.values()]
            raise file.fault((*path, "until"), f"there is no fact '{verb.until}'; there are {', '.join(known)}")


def _topics(file: MappingFile) -> Iterator[tuple[tuple[str, ...], Topic]]:
    mapping = file.mapping
    named = (("seen",), mapping.seen), (("pose",), mapping.pose)
    for path, source in (*named, *((("facts", name), source) for name, source in mapping.facts.items())):
        if isinstance(source, Topic):
            yield path, source


def _position(point: Any, topic: Topic) -> tuple[float, float, float]:
    try:
        return (float(point.x), float(point.y), float(point.z))
    except AttributeError as problem:
        raise RobotError(f"{topic.field} of {topic.topic} has no x, y and z; it is to be a point") from problem


def _apart_m(entity: Entity, here: tuple[float, float, float] | None) -> float:
    assert entity.position_m is not None
    assert here is not None
    return math.dist(entity.position_m, here)


def _told(name: str, value: Any, topic: Topic) -> list[Fact]:
    """The facts that a field tells: whether it holds, or of which entities."""
    if isinstance(value, bool):
        return [Fact(name)] if value else []
    if isinstance(value, str):
        return [Fact(name, (value,))] if value else []
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [Fact(name, (one,)) for one in value]
    raise RobotError(f"{topic.field} of {topic.topic} is {value!r}; a fact is told by true or false, an id, or ids")


def _short(result: object) -> str:
    text = "" if result is None else str(result)
    return text if len(text) <= 200 else f"{text[:200]}…"
