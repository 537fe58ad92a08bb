"""`codeword codebook` and `codeword new`: what they print, write and refuse."""

import json
from pathlib import Path

import pytest

from codeword.codebook import load_codebook
from codeword.codebook.command_codec import command_schema
from codeword.codebook.editor_schema import codebook_schema
from tests.runtime.test_cli import call


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    advice = [
        "the planner can chain pick, place, push; only a task can ask for home (no effects)",
        "nothing brings about or ends 'wide', which pick asks for",
    ]
    told = "".join(f"tabletop: {line}\n" for line in ("7 skills for the robot 'arm', no fault found", *advice))
    assert call(capsys, "codebook", "check", "tabletop") == (0, told, "")
    code, out, _ = call(capsys, "codebook", "check", "tabletop", "--json")
    assert (code, json.loads(out)) == (
        0, {"file": "tabletop", "ok": True, "skills": 7, "faults": [], "calls": [], "unknown": [], "advice": advice},
    )  # fmt: skip


def test_check_asks_for_the_kinds_of_facts_that_nothing_tells(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "own.yaml").write_text("codebook: own\ninclude: [tabletop]\nfacts: {dusty(thing): it is dusty}\n")
    asked = (
        "dusty(thing): nothing tells of which kinds 'thing' is; write thing in block|bowl|zone|table with those that it "
        "takes"
    )
    code, out, _ = call(capsys, "codebook", "check", "own.yaml")
    assert (code, out.splitlines()[1]) == (0, f"own.yaml: {asked}")
    code, out, _ = call(capsys, "codebook", "check", "own.yaml", "--json")
    assert (code, json.loads(out)["unknown"]) == (0, [asked])


@pytest.mark.parametrize(
    ("named", "verdict"),
    [
        ("codeword.codebook.example_call:nod", "found"),
        ("codeword.codebook.example_call:nodd", "not found: 'codeword.codebook.example_call' has no 'nodd'"),
        ("codeword.nowhere:nod", "not found: there is no module 'codeword.nowhere' here"),
        ("no_such_package.inner:nod", "not found: there is no module 'no_such_package.inner' here"),
        ("broken_code:nod", "not found: 'broken_code' cannot be read: expected ':' (broken_code.py, line 1)"),
        ("loud_code:shout", "found"),
        ("loud_code:later", "found"),
    ],
)
def test_check_finds_trusted_code_without_running_it(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch, named: str, verdict: str
) -> None:
    monkeypatch.syspath_prepend(here)
    (here / "broken_code.py").write_text("class nod\n")
    (here / "loud_code.py").write_text("raise SystemExit('ran')\ndef shout(): ...\nif True:\n    later = shout\n")
    text = load_codebook("tabletop").text.replace("    steps: [move_home]", f"    call: {named}")
    (here / "c.yaml").write_text(text)
    code, out, _ = call(capsys, "codebook", "check", "c.yaml")
    assert code == 0
    assert out.splitlines()[1] == f"c.yaml: runs trusted code: home calls {named} ({verdict})"
    _, out, _ = call(capsys, "codebook", "check", "c.yaml", "--json")
    (found,) = json.loads(out)["calls"]
    assert (found["skill"], found["call"], found["found"]) == ("home", named, verdict == "found")


def test_check_lists_every_fault_as_json(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    text = load_codebook("tabletop").text.replace("effects:", "efects:").replace("cost: 3", "cost: -3")
    (here / "c.yaml").write_text(text)
    code, out, err = call(capsys, "codebook", "check", "c.yaml", "--json")
    told = json.loads(out)
    assert (code, err, told["ok"], told["skills"], told["calls"]) == (2, "", False, None, [])
    assert len(told["faults"]) == 4
    assert list(told["faults"][0]) == ["file", "line", "column", "message"]
    assert told["faults"][0]["message"].startswith("unknown key 'efects' in the skill 'pick'; did you mean 'effects'?")
    code, out, _ = call(capsys, "codebook", "check", "nowhere", "--json")
    assert (code, json.loads(out)["faults"][0]["line"]) == (2, 0)


def test_schema_is_for_editors_or_for_commands(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    book = load_codebook("tabletop")
    for args, expected in (
        ([], codebook_schema()),
        (["tabletop"], codebook_schema(book)),
        (["--commands", "tabletop"], command_schema(book)),
    ):
        code, out, _ = call(capsys, "codebook", "schema", *args)
        assert (code, json.loads(out)) == (0, expected)
    assert call(capsys, "codebook", "schema", "--out", "s.json") == (0, "wrote s.json\n", "")
    assert json.loads((here / "s.json").read_text()) == codebook_schema()


def test_docs_prints_or_writes_the_same_page(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    _, printed, _ = call(capsys, "codebook", "docs", "tabletop")
    assert printed.startswith("# tabletop\n")
    assert call(capsys, "codebook", "docs", "tabletop", "--out", "d.md")[0] == 0
    assert (here / "d.md").read_text() == printed


def test_a_new_codebook_passes_and_a_new_scenario_for_it_runs(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    code, out, _ = call(capsys, "new", "codebook", "mine")
    assert (code, out) == (
        0, "wrote mine.yaml\nwrote codebook.schema.json\ncheck it with: codeword codebook check mine.yaml\n",
    )  # fmt: skip
    assert call(capsys, "codebook", "check", "mine.yaml")[0] == 0
    assert json.loads((here / "codebook.schema.json").read_text()) == codebook_schema()
    assert call(capsys, "new", "codebook", "other")[1].splitlines()[1].startswith("check it"), "the schema stays"
    code, out, _ = call(capsys, "new", "scenario", "task", "--codebook", "mine.yaml", "--out", "tasks")
    assert (code, out.splitlines()[0]) == (0, "wrote tasks/task.yaml")
    args = ["run", "tasks/task.yaml", "--controller", "expert", "--no-film", "--out", "episodes"]
    code, out, err = call(capsys, *args)
    assert code == 0, out + err


def test_a_new_scenario_is_for_the_tabletop_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert call(capsys, "new", "scenario", "task")[0] == 0
    assert "codebook: tabletop\n" in (here / "task.yaml").read_text()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["new", "codebook", "there"], "there.yaml: is there already; give another name, or remove it first"),
        (["new", "scenario", "there"], "there.yaml: is there already; give another name, or remove it first"),
        (["new", "codebook", "My Robot"], "'My Robot' cannot be a name: lower-case letters"),
        (["new", "scenario", "../up"], "'../up' cannot be a name: lower-case letters"),
        (["new", "scenario", "s", "--codebook", "mobile"], "mobile: is no codebook for blocks and bowls at a table"),
        (["new", "scenario", "s", "--codebook", "tabeltop"], "did you mean 'tabletop'?"),
        (["new", "codebook", "c", "--out", "there.yaml"], "there.yaml/c.yaml: cannot be written: "),
        (["codebook", "schema", "--commands"], "--commands needs a codebook"),
        (["codebook", "docs", "tabletop", "--out", "no/d.md"], "no/d.md: cannot be written: No such file"),
        (["codebook", "docs", "tabeltop"], "did you mean 'tabletop'?"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], here: Path, args: list[str], says: str
) -> None:
    (here / "there.yaml").write_text("kept")
    code, out, err = call(capsys, *args)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("codeword: ")
    assert says in line
    assert (here / "there.yaml").read_text() == "kept"
    assert [path.name for path in here.iterdir()] == ["there.yaml"]


def test_prompt_shows_a_task_as_the_model_is_told_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "codebook", "prompt", "tabletop", "--task", "Put it\n there.")
    assert (code, out.splitlines()[-1]) == (0, "Task: Put it there.")
    code, told, _ = call(capsys, "codebook", "prompt", "tabletop")
    assert (code, out.startswith(told), "Task:" in told) == (0, True, False)
