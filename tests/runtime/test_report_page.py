"""The report in a real browser: alone from a file, by keyboard, on a phone, and with markup in a task."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.recording import read_episode
from codeword.runtime.report import write_report
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import typed_scenario
from codeword.runtime.statistics import wilson95
from codeword.runtime.summary import Summary, summarize

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def written(path: Path, files: list[Path]) -> Summary:
    summary = summarize(read_episode(file, pictures=False) for file in files)
    assert write_report(path, map(read_episode, files), summary)
    return summary


class Watched:
    """A page whose errors and requests are kept; it has no network."""

    def __init__(self, browser: "Browser", width: int = 1200, **how: str) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, offline=True, **how)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, fragment: str = "") -> "Page":
        self.page.goto(path.as_uri() + fragment)
        return self.page


@pytest.fixture(scope="module")
def pages(
    random_run: list[Path], expert_episode: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Summary]:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return path, written(path, [*random_run, expert_episode])


@pytest.fixture
def watched(browser: "Browser") -> Iterator[Watched]:
    made = Watched(browser)
    yield made
    made.context.close()
    assert made.errors == []
    assert [url.split(":")[0] for url in made.requests if not url.startswith(("data:", "blob:"))] == ["file"]


def test_the_numbers_are_those_of_the_summary(watched: Watched, pages: tuple[Path, Summary]) -> None:
    path, summary = pages
    page = watched.open(path)
    total = summary.total

    def figure(name: str) -> str:
        return page.locator(f"[data-figure={name}]").first.inner_text()

    low, high = wilson95(total.success, total.judged)
    assert json.loads(page.locator("#summary").text_content() or "") == summary.as_json()
    for name in ("success", "judged", "fallen", "bumps"):
        assert figure(name) == str(getattr(total, name))
    for name in ("decisions", "refused_commands", "invalid_commands", "hard_misses"):
        assert figure(name) == str(getattr(summary, name))
    assert figure("wilson95") == f"{100 * low:.0f}–{100 * high:.0f}%"
    assert total.mean_credit is not None
    assert figure("credit") == f"{total.mean_credit:.0%}"
    for name, tally in summary.by_scenario.items():
        cells = page.locator(f"tr[data-scenario={name}] td").all_inner_texts()
        assert cells[:2] == [str(tally.episodes), str(tally.success)]
    for stage in ("observe", "decision", "validate"):
        p95 = summary.quantiles(f"{stage}_ms")["p95"]
        assert p95 is not None
        assert float(page.locator(f"[data-stage={stage}-p95]").inner_text().split()[0]) == pytest.approx(
            p95, rel=0.06, abs=0.006
        )


def test_a_decision_is_reached_and_read_by_keyboard_alone(watched: Watched, pages: tuple[Path, Summary]) -> None:
    page = watched.open(pages[0])
    focused = "document.activeElement"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focused}.textContent") == "To the episodes"
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid", "focus can be seen"
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    assert page.evaluate(f"{focused}.parentElement.id") == "e1"
    page.keyboard.press("Enter")
    page.locator("#e1 .timeline").wait_for()
    page.keyboard.press("j")
    assert page.evaluate(f"{focused}.parentElement.id") == "e1-1"
    page.keyboard.press("Enter")
    inside = page.locator("#e1-1 .inside")
    inside.wait_for()
    titles = inside.locator("h3").all_inner_texts()
    assert [re.sub(r"\d+ ", "", title) for title in titles] == [
        "What changed", "What a model would have read", "Legal: commands", "Probabilities", "What came of it", "Time and cost",
    ]  # fmt: skip
    assert inside.locator(".prompt").inner_text().startswith("Task: ")
    assert "cannot(impossible)" in inside.locator(".legal").inner_text()
    shares = [int(text.rstrip("%")) for text in inside.locator(".weighed").first.locator("span.n").all_inner_texts()]
    assert 97 <= sum(shares) <= 103
    page.keyboard.press("J")
    assert page.evaluate(f"{focused}.parentElement.id") == "e2"
    page.keyboard.press("k")
    assert page.evaluate(f"{focused}.parentElement.id").startswith("e1-")
    page.keyboard.press("/")
    assert page.evaluate(f"{focused}.id") == "search"
    page.keyboard.type("jk")
    assert page.locator("#search").input_value() == "jk"


def test_a_missed_goal_says_what_went_wrong_first(watched: Watched, pages: tuple[Path, Summary]) -> None:
    page = watched.open(pages[0])
    row = page.locator("details.episode").first
    assert re.match(r"(Command led|Said done|Gave up|Skill failed|No progress)", row.locator(".turned").inner_text())
    row.locator("summary").first.click()
    row.get_by_text("to what went wrong first").click()
    number = re.search(r"decision (\d+)", row.locator(".turned").inner_text())
    assert number is not None
    turned = page.locator(f"#e1-{number[1]}")
    turned.locator(".inside").wait_for()
    assert turned.locator(".first-wrong b").inner_text() == "This went wrong first"


def test_episodes_are_found_by_words_and_by_what_went_wrong(watched: Watched, pages: tuple[Path, Summary]) -> None:
    page = watched.open(pages[0])
    shown = page.locator("details.episode:visible")
    everything = shown.count()
    page.fill("#search", 'stack_three "seed 1"')
    assert shown.locator(".title").all_inner_texts() == ["stack_three, seed 1"]
    page.fill("#search", "")
    button = page.locator("button[data-wrong]").first
    button.click()
    assert shown.count() == int(button.locator(".n").inner_text()) < everything
    assert page.locator("#shown").inner_text() == f"{shown.count()} of {everything} episodes"
    button.click()
    page.select_option("#by-suite", "disturbed")
    assert shown.count() == 2


_SPILLS = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest(".film") && !one.closest(".visually-hidden, .skip") && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map((one) => one.tagName + "." + one.className + " " + one.textContent.slice(0, 40))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    browser: "Browser", pages: tuple[Path, Summary], scheme: str
) -> None:
    phone = Watched(browser, 360, color_scheme=scheme)
    page = phone.open(pages[0])
    page.evaluate("document.querySelectorAll('details.episode').forEach((one) => { one.open = true; })")
    page.locator(".timeline").nth(page.locator("details.episode").count() - 1).wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator(".inside").nth(page.locator("details.turn").count() - 1).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(_SPILLS) == []
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(247, 247, 245)"
    assert light is (scheme == "light")
    assert phone.errors == []
    phone.context.close()


def test_of_a_late_decision_only_what_says_so_is_red(watched: Watched, pages: tuple[Path, Summary]) -> None:
    page = watched.open(pages[0])
    colors = page.evaluate(
        """() => {
          const about = { id: "late", turns: [], read: true, system: () => "the codebook" };
          const told = { number: 1, missed: ["decision_ms"], stage_ms: { decision_ms: 9000 }, prompt: "Task: tidy up",
                         legal: "2", offered: [{ skill: "pick", count: "2", commands: ["pick(a)", "pick(b)"] }] };
          const list = document.createElement("ol"), item = codeword.turn(told, about);
          list.className = "timeline";
          list.append(item);
          document.querySelector("main").append(list);
          item.querySelector("details").append(codeword.inside(told, about));
          const color = (what) => getComputedStyle(what).color;
          return { body: color(document.body), prompt: color(item.querySelector(".prompt")),
                   legal: color(item.querySelector(".legal dt")), late: color(item.querySelector(".came .chip")),
                   dot: color(item.querySelector(".dot")) };
        }"""
    )
    assert colors["prompt"] == colors["legal"] == colors["body"]
    assert colors["late"] == colors["dot"] != colors["body"]


def test_no_page_is_left_blank_in_print(watched: Watched, pages: tuple[Path, Summary]) -> None:
    page = watched.open(pages[0])
    page.locator("details.episode > summary").first.click()
    page.locator("details.turn").first.wait_for()
    page.evaluate("document.querySelectorAll('details.turn').forEach((turn) => { turn.open = true; })")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 at 96 dpi, without a centimetre on each side
    height = page.evaluate("document.documentElement.scrollHeight")
    printed = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "1cm"))
    count = len(re.findall(rb"/Type /Page\b(?!s)", printed))
    assert 2 <= count < height / 1047 + 1.2


def test_markup_in_a_task_stays_text(watched: Watched, tmp_path: Path) -> None:
    task = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">{{ 7*7 }}"
    plan = Plan((typed_scenario(task, "tabletop"),), range(1), "sim", tmp_path)
    files = run(plan, Controllers(DeciderConfig("random", "", "none"), silent))
    written(tmp_path / "report.html", files)
    page = watched.open(tmp_path / "report.html")
    assert page.locator("details.episode .task").inner_text() == task
    page.locator("#e1-1 > summary").click()
    assert task in page.locator("#e1-1 .prompt").inner_text()
    assert page.title() == "Codeword run: 1 episode, no goal to judge by"
    assert page.locator("script").count() == 5
    assert page.locator("img").count() == page.locator(".film img, .ends img").count()
    assert page.locator("summary .ends img").count() == 2  # the scene at first and in the end, before it is opened
    assert page.evaluate("[...document.querySelectorAll('.ends img')].every(one => one.naturalWidth == 112)")
