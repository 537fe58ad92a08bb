"""Foxglove, as its own protocol has it: every topic of an episode file and the scene, while the run goes on."""

import base64
import json
import struct
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.recording import CHANNELS, read_episode
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.view.foxglove import FoxgloveView

from .conftest import shipped

websockets = pytest.importorskip("websockets.sync.client")
pytest.importorskip("foxglove")

_MESSAGE = struct.Struct("<BIQ")


class Studio(threading.Thread):
    """Subscribes to all that a server has, as Foxglove does, and keeps what comes until the server goes away."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.subscribed = url, threading.Event()
        self.encodings: dict[str, str] = {}
        self.came: dict[str, list[bytes]] = {}
        self.start()

    def run(self) -> None:
        topics: dict[int, str] = {}
        with websockets.connect(self.url, subprotocols=["foxglove.sdk.v1"], max_size=None) as socket:
            for frame in socket:
                if isinstance(frame, bytes):
                    kind, subscription, _ = _MESSAGE.unpack_from(frame)
                    if kind == 1:
                        self.came.setdefault(topics[subscription], []).append(frame[_MESSAGE.size :])
                elif (told := json.loads(frame))["op"] == "advertise":
                    asked = []
                    for channel in told["channels"]:
                        topics[channel["id"]] = channel["topic"]
                        self.encodings[channel["topic"]] = channel["encoding"]
                        asked.append({"id": channel["id"], "channelId": channel["id"]})
                    socket.send(json.dumps({"op": "subscribe", "subscriptions": asked}))
                    if len(topics) > len(CHANNELS):
                        self.subscribed.set()


def _run(folder: Path, view: FoxgloveView) -> Path:
    plan = Plan((shipped("tabletop/put_in_bowl"),), range(1), "sim", folder, film=False)
    (path,) = run(plan, Controllers(DeciderConfig("expert", "", "none"), silent), listener=lambda _: view)
    return path


def test_what_is_recorded_comes_live(tmp_path: Path) -> None:
    with ExitStack() as stack:
        view = stack.enter_context(FoxgloveView(0))
        studio = Studio(view.url)
        assert studio.subscribed.wait(60)
        episode = read_episode(_run(tmp_path, view))
    studio.join(60)
    assert set(studio.encodings) == {*(f"/{topic}" for topic in CHANNELS), "/camera", "/scene"}
    came: dict[str, list[Any]] = {
        topic: [json.loads(one) for one in studio.came[f"/{topic}"]] for topic in CHANNELS if f"/{topic}" in studio.came
    }
    assert [one["text"] for one in came["command"]] == [step.command.text for step in episode.steps if step.command]
    assert came["observation"] == [step.observation.model_dump(mode="json") for step in episode.steps]
    assert came["verdict"][-1]["success"] is True
    assert len(studio.came["/scene"]) == len(episode.steps)
    placed = [thing.id for thing in episode.steps[0].observation.entities if thing.position_m is not None]
    assert len(placed) > 3
    assert all(name.encode() in studio.came["/scene"][0] for name in placed)
    pictures = [json.loads(one) for one in studio.came["/camera"]]
    assert pictures
    assert all(base64.b64decode(one["data"]).startswith(b"\xff\xd8") for one in pictures)


def test_a_port_that_is_taken_is_one_line() -> None:
    with FoxgloveView(0) as view:
        port = int(view.url.rsplit(":", 1)[1])
        with pytest.raises(InputError, match=f"port {port} cannot be had for Foxglove .*--view-port"):
            FoxgloveView(port)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "foxglove", None)
    with pytest.raises(InputError, match=r"pip install 'codeword\[foxglove\]'"):
        FoxgloveView(0)
