"""A bad network between controllers and a robot: loses, doubles and delays messages at random, or holds all of them up."""

import heapq
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import zmq


@dataclass(frozen=True)
class Weather:
    """How bad the network is: shares of messages lost and doubled, and the longest random delay of each [s]."""

    loss: float = 0.0
    twice: float = 0.0
    delay_s: float = 0.0


@dataclass
class Passed:
    """What went through."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0


@dataclass(order=True)
class _Held:
    due_s: float
    number: int
    send: Callable[[], None] = field(compare=False)


class LossyNetwork:
    """Stands between controllers, at `url`, and a robot. `drop` loses messages to the robot by their content."""

    def __init__(self, robot_url: str, weather: Weather, seed: int = 0) -> None:
        self.weather, self.passed = weather, Passed()
        self.held_up = False
        """While this is so nothing passes; afterwards all of it does, in order."""
        self.drop: Callable[[bytes], bool] = lambda _: False
        self._robot_url, self._lot = robot_url, random.Random(seed)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._front = self._context.socket(zmq.ROUTER)
        self._front.setsockopt(zmq.LINGER, 0)
        self.url = f"tcp://127.0.0.1:{self._front.bind_to_random_port('tcp://127.0.0.1')}"
        self._backs: dict[bytes, zmq.Socket[bytes]] = {}
        self._waiting: list[_Held] = []
        self._numbers = count()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of all connections."""
        self._ending = True
        self._thread.join(5.0)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._front, zmq.POLLIN)
        while not self._ending:
            poller.poll(5)
            for _ in range(200):
                try:
                    routing_id, *frames = self._front.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                back = self._back(routing_id, poller)
                if not self.drop(frames[-1]):
                    self._pass(partial(_send, back, frames))
            for routing_id, back in self._backs.items():
                for _ in range(200):
                    try:
                        frames = back.recv_multipart(zmq.NOBLOCK)
                    except zmq.Again:
                        break
                    self._pass(partial(_send, self._front, [routing_id, *frames]))
            self._deliver()
        for socket in (self._front, *self._backs.values()):
            socket.close(0)
        self._context.term()

    def _back(self, routing_id: bytes, poller: zmq.Poller) -> "zmq.Socket[bytes]":
        if routing_id not in self._backs:
            back = self._context.socket(zmq.DEALER)
            back.setsockopt(zmq.LINGER, 0)
            back.setsockopt(zmq.RECONNECT_IVL, 20)
            back.connect(self._robot_url)
            poller.register(back, zmq.POLLIN)
            self._backs[routing_id] = back
        return self._backs[routing_id]

    def _pass(self, send: Callable[[], None]) -> None:
        rng, weather = self._lot, self.weather
        self.passed.messages += 1
        if rng.random() < weather.loss:
            self.passed.lost += 1
            return
        times = 2 if rng.random() < weather.twice else 1
        self.passed.doubled += times - 1
        for _ in range(times):
            due_s = time.monotonic() + rng.random() * weather.delay_s
            heapq.heappush(self._waiting, _Held(due_s, next(self._numbers), send))

    def _deliver(self) -> None:
        while self._waiting and not self.held_up and self._waiting[0].due_s <= time.monotonic():
            try:
                heapq.heappop(self._waiting).send()
            except zmq.Again:
                self.passed.lost += 1  # nobody takes it


def _send(socket: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    socket.send_multipart(frames, zmq.NOBLOCK)
