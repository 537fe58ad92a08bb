"""The live view: shows decisions while the run goes on, changes nothing about it, and is for this machine alone."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from codeword.codebook import InputError
from codeword.controller.controller import Controller
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.recording import read_episode
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario
from codeword.runtime.view import View, opening
from codeword.runtime.view.client import Client

from .conftest import shipped
from .test_cli import call

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLIP = "tabletop/slip_on_the_way"


class Gate:
    """Controllers that decide only when they are let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Semaphore(0), threading.Semaphore(0)

    def controllers(self) -> Controllers:
        gate = self

        class Gated(Controllers):
            def make(self, scenario: Scenario, seed: int) -> Controller:
                made = super().make(scenario, seed)
                decide = made.decide

                def when_let(*asked: object) -> object:
                    gate.asked.release()
                    assert gate.let.acquire(timeout=60)
                    return decide(*asked)

                made.decide = when_let
                return made

        return Gated(DeciderConfig("expert", "", "none"), silent)


class Onlooker(threading.Thread):
    """Looks on as a page does, to the end; keeps what came."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.where = urlsplit(url)
        self.joined = threading.Event()
        self.came: list[tuple[str, object]] = []
        self.start()

    def run(self) -> None:
        connection = http.client.HTTPConnection(self.where.hostname, self.where.port, timeout=60)
        connection.request("GET", "/events")
        topic = ""
        for line in connection.getresponse():
            if line.startswith(b"event: "):
                topic = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                self.came.append((topic, json.loads(line[6:])))
                self.joined.set()
        connection.close()


def test_a_page_shows_each_decision_while_the_run_goes_on(browser: "Browser", tmp_path: Path) -> None:
    from playwright.sync_api import expect

    gate, errors, requests = Gate(), [], []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    plan = Plan((shipped(SLIP),), range(3, 4), "sim", tmp_path)
    with View("expert") as view:
        page.goto(view.url)
        expect(page.locator("#state")).to_have_text("waiting for the first episode")
        expect(page.locator("#took")).to_have_text(re.compile(r"Getting ready for \d+\.\d s"))
        runner = threading.Thread(target=run, args=(plan, gate.controllers()), kwargs={"listener": lambda _: view})
        runner.start()
        assert gate.asked.acquire(timeout=60)
        expect(page.locator("#name")).to_have_text("slip_on_the_way-3")
        expect(page.locator("#d-1 .what")).to_have_text("deciding …")
        expect(page.locator("#took")).to_have_text(re.compile(r"Deciding for \d+\.\d s"))
        expect(page.locator("#d-1 .elapsed")).to_have_text(re.compile(r"deciding for [1-9]\d*\.\d s"))
        gate.let.release()
        assert gate.asked.acquire(timeout=60)
        expect(page.locator("#d-1 .what")).to_have_text(re.compile(r"pick\(\w+\)"))
        expect(page.locator("#d-1 .came")).to_have_text("done")
        expect(page.locator("#d-2 .what")).to_have_text("deciding …")
        assert page.evaluate("document.getElementById('scene').naturalWidth") == 432
        assert runner.is_alive()
        page.locator("#d-1 > summary").click()
        expect(page.locator("#d-1 .prompt")).to_contain_text("Task: ")
        for _ in range(20):
            gate.let.release()
        runner.join(60)
        assert not runner.is_alive()
        expect(page.locator("#state")).to_have_text("reached")
    expect(page.locator("#state")).to_have_text("the run is over; this is its last state")
    recorded = read_episode(tmp_path / "slip_on_the_way-3.mcap", pictures=False)
    assert page.locator("details.turn").count() == len(recorded.steps)
    expect(page.locator("#took")).to_contain_text("p95 budget 1,500 ms")
    assert page.locator(".happening").inner_text().endswith("slip")
    page.locator("#d-2 > summary").click()
    expect(page.locator("#d-2 .legal")).to_be_visible()  # what was told stays there after the run
    assert errors == []
    assert {urlsplit(url).hostname for url in requests if not url.startswith("data:")} == {"127.0.0.1"}
    context.close()


def test_the_plan_stays_beside_the_decisions_with_the_item_under_way(browser: "Browser", tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = browser.new_page(viewport={"width": 1200, "height": 900})
    plan = Plan((shipped("tabletop/put_in_bowl"),), range(1), "sim", tmp_path)
    who = DeciderConfig("llm", "", "none", given='{"plan":[[["red_block","in","yellow_bowl"]],{"skill":"home"}]}')
    with View("a plan that was given") as view:
        page.goto(view.url)
        expect(page.locator("#plan")).to_be_hidden()
        args = (plan, Controllers(who, silent))
        runner = threading.Thread(target=run, args=args, kwargs={"listener": lambda _: view})
        runner.start()
        items = page.locator("#plan li")
        expect(items).to_have_count(2)
        expect(items.first).to_have_attribute("aria-current", "step")
        expect(items.first).to_have_text("make so: red_block in yellow_bowl – under way")
        runner.join(60)
        expect(page.locator("#state")).to_have_text("reached")
        expect(items.first).to_have_class("done")
    page.close()


def test_on_a_phone_the_live_view_fits(browser: "Browser", tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    with View("random") as view:
        page.goto(view.url)
        plan = Plan((shipped("tabletop/stack_three"),), range(1), "sim", tmp_path)
        runner = threading.Thread(
            target=run,
            args=(plan, Controllers(DeciderConfig("random", "", "none"), silent)),
            kwargs={"listener": lambda _: view},
        )
        runner.start()
        runner.join(60)
        page.locator("#over li").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = Plan((shipped(SLIP),), range(3, 4), "sim", tmp_path_factory.mktemp("unwatched"))
    return run(plan, Controllers(DeciderConfig("random", "", "none"), silent))[0]


@pytest.mark.parametrize("watched", [False, True])
def test_the_episode_is_the_same_whether_or_not_it_is_viewed(unwatched: Path, tmp_path: Path, watched: bool) -> None:
    plan = Plan((shipped(SLIP),), range(3, 4), "sim", tmp_path)
    with View() as view:
        onlooker = Onlooker(view.url) if watched else None
        assert view.wait(30 if watched else 0) is watched
        (file,) = run(plan, Controllers(DeciderConfig("random", "", "none"), silent), listener=lambda _: view)
    one, other = read_episode(unwatched), read_episode(file)
    assert one.header == other.header
    assert one.pictures == other.pictures
    assert one.events == other.events
    assert one.verdict == other.verdict
    assert len(one.steps) == len(other.steps)
    for step, again in zip(one.steps, other.steps, strict=True):
        assert (step.observation, step.command, step.result) == (again.observation, again.command, again.result)
        assert step.decision is not None
        assert again.decision is not None
        assert step.decision.essence() == again.decision.essence()
    if onlooker is not None:
        onlooker.join(30)
        topics = [topic for topic, _ in onlooker.came]
        assert (topics[0], topics[-1]) == ("hello", "end")
        assert topics.count("turn") >= 2 * len(other.steps)
        seen = {data["time_s"] for topic, data in onlooker.came if topic == "frame" and isinstance(data, dict)}
        assert seen - {round(time_s, 2) for time_s, _ in other.pictures}, "the scene is seen to move between decisions"


def test_who_comes_late_gets_what_there_is_so_far(tmp_path: Path) -> None:
    plan = Plan((shipped("tabletop/already_done"),), range(2), "sim", tmp_path)
    with View() as view:
        files = run(plan, Controllers(DeciderConfig("expert", "", "none"), silent), listener=lambda _: view)
        onlooker = Onlooker(view.url)
        assert onlooker.joined.wait(30)
    topic, hello = onlooker.came[0]
    assert topic == "hello"
    assert isinstance(hello, dict)
    assert hello["about"]["name"] == "already_done-1"
    assert [over["name"] for over in hello["over"]] == [file.stem for file in files]
    assert [turn["number"] for turn in hello["turns"]] == [1]


@pytest.fixture
def view() -> Iterator[View]:
    with View() as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/", {"Host": "localhost:{port}"}, 200),
        ("GET", "/", {"Host": "evil.example:{port}"}, 403),
        ("GET", "/events", {"Host": "evil.example"}, 403),
        ("GET", "/events", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/../pyproject.toml", {}, 404),
        ("POST", "/", {}, 405),
        ("DELETE", "/events", {}, 405),
    ],
)
def test_only_this_machine_is_answered_and_only_when_it_asks(
    view: View, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    port = urlsplit(view.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers={name: value.format(port=port) for name, value in headers.items()})
    answer = connection.getresponse()
    assert answer.status == status
    if status == 200:
        assert "default-src 'none'" in (answer.getheader("Content-Security-Policy") or "")
        assert b"<title>Codeword, live</title>" in answer.read()
    connection.close()


def test_other_addresses_are_not_listened_on(view: View) -> None:
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection(("127.0.0.2", urlsplit(view.url).port or 0), timeout=5)


def test_a_port_that_is_taken_is_told(view: View) -> None:
    port = urlsplit(view.url).port or 0
    with pytest.raises(InputError, match=rf"--view-port {port}: cannot be listened on: .*in use; 0 takes any free one"):
        View(port=port)


def test_pictures_are_dropped_rather_than_queued_and_the_last_comes_before_the_end() -> None:
    client = Client()
    client.send("turn", 1)
    client.show(b"old ")
    client.show(b"new")
    assert next(client.chunks()) == b"event: turn\ndata: 1\n\nnew"
    client.show(b"last ")
    client.send("end", {})
    client.end()
    assert list(client.chunks()) == [b"last event: end\ndata: {}\n\n"]


def test_a_page_that_does_not_read_is_let_go() -> None:
    client = Client()
    for number in range(501):
        client.send("turn", number)
    assert len(list(client.chunks())) == 1


def test_the_command_line_opens_the_view_and_waits_for_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onlookers: list[Onlooker] = []

    def browse(url: str) -> bool:
        onlookers.append(Onlooker(url))
        return True

    monkeypatch.setattr(opening, "has_screen", lambda: True)
    monkeypatch.setattr(opening.webbrowser, "open", browse)
    args = ["run", "tabletop/already_done", "--controller", "expert", "--view", "--json", "--out", str(tmp_path)]
    code, out, err = call(capsys, *args)
    assert (code, json.loads(out)["success"]) == (0, 1)
    assert f"live view: {onlookers[0].where.geturl()}" in err
    onlookers[0].join(30)
    verdicts = [data for topic, data in onlookers[0].came if topic == "verdict"]
    assert verdicts == [
        {"name": "already_done-0", "success": True, "reason": "goal reached", "open": [], "decisions": 1}
    ]
