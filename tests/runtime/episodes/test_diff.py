"""Two episodes compared: as data, as text, as a page, and by decisions made again; and what the exit code says."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.cli import main
from codeword.runtime.differences import Difference
from codeword.runtime.episodes import diff_text
from codeword.runtime.episodes.codes import exit_code
from codeword.runtime.episodes.diff_page import write_diff
from codeword.runtime.episodes.pairs import compare
from codeword.runtime.recording import read_episode
from codeword.runtime.run import Controllers, Plan, run
from tests.runtime.conftest import shipped
from tests.runtime.test_replay import rewritten

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def random_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same scenario and seed as the expert's episode, at random."""
    out = tmp_path_factory.mktemp("random")
    plan = Plan((shipped("tabletop/slip_on_the_way"),), range(3, 4), "sim", out, film=False)
    return run(plan, Controllers(DeciderConfig("random", "", "none"), silent))[0]


def called(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.out, said.err


def test_an_episode_is_the_same_as_itself(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copy(expert_episode, tmp_path / "copy.mcap")
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, copy)
    assert code == 0
    assert out.splitlines()[-1] == "no difference in what was seen, decided or done"
    assert "≠" not in out


def test_where_two_part_is_told(expert_episode: Path, random_one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, random_one, "--json")
    told = json.loads(out)
    assert (code, told["exit"], told["same"], told["parts"]) == (1, 1, False, 0)
    assert {one["field"] for one in told["header"]} == {"header.controller"}
    fields = [one["field"] for one in told["differences"]]
    assert fields[0] == "decision.text"
    assert "verdict.success" in fields
    comparison = compare(read_episode(expert_episode), read_episode(random_one))
    lines = list(diff_text.lines(comparison))
    assert "made differently: header.controller: expert → random" in lines
    assert any(line.startswith("   0 ≠ pick(") for line in lines)


def test_one_edited_command_is_where_they_part(expert_episode: Path, tmp_path: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    command = episode.steps[1].command
    assert command is not None
    episode.steps[1].command = command.model_copy(update={"text": command.text.replace("red_bowl", "table")})
    comparison = compare(read_episode(expert_episode), read_episode(rewritten(episode, tmp_path / "edited.mcap")))
    assert comparison.parts == 1
    assert [found.field for found in comparison.differences] == ["command.text"]
    assert comparison.header == ()


@pytest.mark.parametrize(
    ("fields", "unfinished", "code"),
    [
        ((), False, 0),
        ((), True, 4),
        (("decision.logprob", "codebook.skills.pick.budget_s"), True, 3),
        (("decision.logprob", "decision.text"), False, 1),
        (("verdict.success",), True, 1),
    ],
)
def test_the_exit_code_tells_what_differs(fields: tuple[str, ...], unfinished: bool, code: int) -> None:
    assert exit_code([Difference("e", 0, field, 1, 2) for field in fields], unfinished) == code


def test_a_cut_episode_and_a_changed_codebook_have_codes_of_their_own(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.mcap"
    whole = read_episode(expert_episode, pictures=False)
    whole.verdict = None
    code, out, _ = called(capsys, "replay", rewritten(whole, cut))
    assert code == 4
    assert "ends without a verdict" in out
    book = tmp_path / "other.yaml"
    book.write_text(whole.codebook_text.replace("description: grasp a block", "description: take a block", 1))
    assert book.read_text() != whole.codebook_text
    code, out, _ = called(capsys, "replay", expert_episode, "--codebook", book)
    assert code == 3
    assert "codebook.skills.pick.description: logged 'grasp a block and lift it', now 'take a block and lift it'" in out
    book.write_text(whole.codebook_text.replace("distance_m: 0.20", "distance_m: 0.15"))
    code, out, _ = called(capsys, "replay", expert_episode, "--codebook", book)
    assert code == 1
    assert "codebook.skills." in out.splitlines()[0]
    assert ": result.duration_s: logged" in out


def test_what_goes_with_redecide_says_so(expert_episode: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called(capsys, "replay", expert_episode, "--profile", "int8")
    assert (code, err) == (2, "codeword: --profile goes with --redecide\n")
    code, _, err = called(capsys, "replay", expert_episode, "--redecide", "--profile", "int8")
    assert (code, err.strip()) == (2, "codeword: no model made the episode (but 'expert'); name one with --model")


@pytest.mark.slow
@pytest.mark.model
def test_another_profile_is_told_with_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same model held otherwise: probabilities move, and where another command comes out is named."""
    args = ("run", "tabletop/put_in_bowl", "--no-film", "--adapter", "none", "--profile", "packed", "--out", tmp_path)
    called(capsys, *args)
    code, out, _ = called(capsys, "replay", tmp_path, "--redecide", "--json")
    assert (code, json.loads(out)["identical"]) == (0, 1)
    code, out, _ = called(capsys, "replay", tmp_path, "--redecide", "--profile", "fp32", "--json")
    told = json.loads(out)
    (decided,) = told["redecided"]
    assert code == (3 if decided["parts"] is None else 1)
    fields = {one["field"] for one in told["differences"]}
    assert "decision.logprob" in fields
    assert "decision.key" not in fields
    first = decided["decisions"][0]
    assert 0 < first["logged"]["probability"] <= 1
    assert first["logged"]["probability"] != first["now"]["probability"]
    _, out, _ = called(capsys, "replay", tmp_path, "--redecide", "--profile", "fp32")
    assert " commands the same; they " in out
    assert "%" in out
    code, _, err = called(capsys, "replay", tmp_path, "--redecide", "--adapter", "nowhere")
    assert code == 2
    assert "nowhere" in err


def test_the_page_stands_alone_and_shows_the_parting(
    browser: "Browser", expert_episode: Path, random_one: Path, tmp_path: Path
) -> None:
    page_file = tmp_path / "diff.html"
    comparison = compare(read_episode(expert_episode), read_episode(random_one))
    write_diff(page_file, comparison)
    for width in (1200, 360):
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
        page = context.new_page()
        errors: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message, errors=errors: errors.append(message.text))
        page.on("request", lambda request, requests=requests: requests.append(request.url))
        page.goto(page_file.as_uri())
        assert page.locator("h1").inner_text() == "They part at step 0"
        assert page.locator(".shots img").count() == 2  # the other has no film
        assert page.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
        assert page.locator("details.step").count() == max(len(comparison.one.steps), len(comparison.other.steps))
        assert page.locator("details.step[open]").count() == 1
        first = page.locator("details.step.first")
        assert "decision.text" in first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert (errors, requests) == ([], [page_file.as_uri()])
        context.close()


def test_what_was_thought_otherwise_is_no_parting(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    episode = read_episode(expert_episode, pictures=False)
    decision = episode.steps[1].decision
    assert decision is not None
    episode.steps[1].decision = decision.model_copy(update={"sureness": 0.5})
    other = rewritten(episode, tmp_path / "other.mcap")
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, other, "--html", tmp_path / "diff.html")
    assert (code, [line[5] for line in out.splitlines() if line[:4].strip().isdigit()][:3]) == (3, ["=", "≈", "="])
    page = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert "<h1>They did the same and thought otherwise</h1>" in page
    assert 'class="card step thought first" id="parts" open' in page and "step differs" not in page.split("<main>")[1]


def test_markup_in_a_task_stays_text_in_the_page(browser: "Browser", expert_episode: Path, tmp_path: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    task = "<b id=x>bold</b>"
    episode.header = episode.header.model_copy(update={"task": task})
    other = read_episode(rewritten(episode, tmp_path / "other.mcap"))
    write_diff(tmp_path / "diff.html", compare(read_episode(expert_episode), other))
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "diff.html").as_uri())
    assert page.locator("#x").count() == 0
    assert task in page.locator("main").inner_text()
    assert page.title() == "Codeword diff: the same, step by step"
    context.close()
