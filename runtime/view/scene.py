"""What the live view shows, put together from the records of the episode loop; all of it belongs to one thread."""

import base64
from dataclasses import dataclass, field
from typing import Any

from codeword.codebook import Observation
from codeword.codebook.observation import Record
from codeword.runtime.episode import RETASK, Episode
from codeword.runtime.judge import Verdict
from codeword.runtime.recording import Step
from codeword.runtime.records import EventRecord
from codeword.runtime.report.turns import Teller

from .client import Client, message


@dataclass
class Scene:
    """The episode under way, and how those before it ended. Every change goes to all pages that look on.

    What is told of a decision is worked out once it has been made, never while it is being made.
    """

    who: str
    read: bool
    clients: list[Client] = field(default_factory=list)
    _systems: list[str] = field(default_factory=list)
    _about: dict[str, Any] = field(default_factory=dict)
    _turns: list[dict[str, Any]] = field(default_factory=list)
    _events: list[list[Any]] = field(default_factory=list)
    _over: list[dict[str, Any]] = field(default_factory=list)
    _frame: bytes = b""
    _teller: Teller | None = None
    _step: Step | None = None
    _task: str = ""
    _then: str = ""

    def join(self, client: Client) -> None:
        """A page begins to look on: it gets all there is so far."""
        self.clients = [one for one in self.clients if not one.gone.is_set()] + [client]
        state = {"systems": self._systems, "turns": self._turns, "events": self._events, "over": self._over}
        client.send("hello", {**state, "about": self._about})
        if self._frame:
            client.show(self._frame)

    def begin(self, episode: Episode) -> None:
        """Another episode begins."""
        self._turns, self._events, self._step = [], [], None
        self._teller = Teller(episode.scenario.codebook)
        self._task, self._then = episode.task, episode.then
        budget = episode.scenario.budgets.get("decision_ms")
        self._about = {
            "name": episode.name or episode.scenario.name,
            "task": episode.task,
            "who": self.who,
            "read": self.read,
            "budget_ms": budget.p95 if budget is not None else None,
            "hard_ms": budget.hard if budget is not None else None,
            "most": episode.scenario.spec.max_decisions,
        }
        self._send("episode", self._about)

    def take(self, topic: str, record: Record) -> None:
        """A record of the loop."""
        if isinstance(record, Observation):
            self._step = Step(record)
            self._turns.append({"number": record.step + 1, "time_s": round(record.time_s, 3)})
            self._send("turn", self._turns[-1])
        elif isinstance(record, EventRecord):
            if record.scripted and record.what == RETASK:
                self._task = self._then
            self._events.append([record.step + 1, round(record.time_s, 2), record.what])
            self._send("happening", self._events[-1])
        elif isinstance(record, Verdict):
            told = {"name": self._about["name"], "success": record.success, "reason": record.reason}
            self._over.append({**told, "open": record.open, "decisions": record.decisions})
            self._send("verdict", self._over[-1])
        elif self._step is not None:
            setattr(self._step, topic, record)
            if topic in ("budget", "result"):
                self._tell(self._step)

    def frame(self, jpeg: bytes, time_s: float) -> None:
        """A picture of the scene."""
        data = {"time_s": round(time_s, 2), "jpeg": base64.b64encode(jpeg).decode()}
        self._frame = message("frame", data)
        for client in self.clients:
            client.show(self._frame)

    def end(self) -> None:
        """The run is over."""
        self._send("end", {})
        for client in self.clients:
            client.end()

    def _tell(self, step: Step) -> None:
        assert self._teller is not None, "an episode begins before anything happens in it"
        turn = self._teller.turn(step, self._task)
        if turn.system not in self._systems:
            self._systems.append(turn.system)
            self._send("system", turn.system)
        data = turn.model_dump(mode="json", exclude_defaults=True)
        self._turns[-1] = {**data, "system": self._systems.index(turn.system)}
        self._send("turn", self._turns[-1])

    def _send(self, topic: str, data: object) -> None:
        self.clients = [client for client in self.clients if not client.gone.is_set()]
        for client in self.clients:
            client.send(topic, data)
