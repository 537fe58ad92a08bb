"""The schema for editors: true to the loader, and of use in the language server that editors run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from codeword.codebook import CodebookError, compose, load_codebook, load_skills, load_steps, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.editor_schema import codebook_schema
from codeword.codebook.yaml_source import parse_yaml, plain
from tests.codebook.language_server import Server
from tests.codebook.test_load import GOOD

GENERIC = codebook_schema()
COPY = shipped()["tabletop"].with_name("codebook.schema.json")


def data(text: str) -> Any:
    return plain(parse_yaml(text, "c.yaml", CodebookError).root)


def problems(schema: dict[str, Any], text: str) -> list[str]:
    return [error.message for error in Draft7Validator(schema).iter_errors(data(text))]


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_codebook_fits_the_schema_of_all_and_its_own(name: str) -> None:
    text = shipped()[name].read_text()
    for schema in (GENERIC, codebook_schema(load_codebook(name))):
        Draft7Validator.check_schema(schema)
        assert problems(schema, text) == []
        assert all(part["enum"] for part in parts(schema) if isinstance(part.get("enum"), list)), "editors refuse these"


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_codebook_names_its_schema_in_the_first_line(name: str) -> None:
    assert shipped()[name].read_text().startswith(f"# yaml-language-server: $schema={COPY.name}\n")


def test_the_copy_that_is_kept_has_not_drifted() -> None:
    made = json.dumps(GENERIC, indent=2, ensure_ascii=False) + "\n"
    assert COPY.read_text() == made, f"run: codeword codebook schema --out {COPY}"


def test_it_has_the_keys_that_the_loader_knows() -> None:
    assert set(GENERIC["properties"]) == {*compose._REQUIRED, *compose._OPTIONAL}
    forms = {form["required"][0]: form for form in GENERIC["definitions"]["step"]["then"]["anyOf"][1:]}
    assert {key: {key, *beside} for key, beside in load_steps.STEP_FORMS.items()} == {
        key: set(form["properties"]) for key, form in forms.items()
    }
    arguments = GENERIC["definitions"]["argument"]["anyOf"][:-1]
    assert tuple(argument["required"][0] for argument in arguments) == load_skills._ARGUMENTS
    assert arguments[1]["properties"]["max"]["maximum"] == load_skills._MAX_LIST


def test_a_step_form_names_no_skill() -> None:
    (names,) = map(re.compile, GENERIC["properties"]["skills"]["patternProperties"])
    assert [name for name in (*load_steps.STEP_FORMS, "repeat_it", "go") if names.search(name)] == ["repeat_it", "go"]


def test_every_key_says_what_it_is() -> None:
    for name, definition in {"": GENERIC, **GENERIC["definitions"]}.items():
        for part in parts({**definition, "definitions": {}, "else": {}}):
            if part.get("additionalProperties") is False:
                for key, value in part.get("properties", {}).items():
                    assert value.get("description"), f"{name}: {key}"


@pytest.mark.parametrize(
    ("old", "new", "generic"),
    [
        ("robot: arm", "robot: amr", True),
        ("robot: arm", "robot: arm\nrobots: a", True),
        ("clear(object)]", "cleer(object)]", False),
        ("[not holding(any)", "[not holdin(any)", False),
        ("[not holding(any)", "[charged", False),
        ("[holding(object)", "[clear(object)", False),
        ("{entity: block}", "{entity: blok}", False),
        ("{entity: block}", "{entiti: block}", True),
        ("move_above:", "move_abov:", False),
        ("- close_gripper", "- close_griper", False),
        ("height_m: 0.1", "height: 0.1", False),
        ("height_m: 0.1", "height_m: 9", False),
        ("entity: $object", "entity: block", False),
        (", height_m: 0.1", "", False),
        ("step: 0.5", "step: -1", True),
        ("max: 3, ", "", True),
        ("  done:\n    description: finished\n", "", True),
        ("description: wait", "descriptio: wait", True),
        ("  wait:\n", "  Wait!:\n", True),
        (": not on(any, thing)", ": [x]", True),
        ("- close_gripper", "- {repeat: 0, steps: [close_gripper]}", True),
        ("- close_gripper", "- {if: clear(object)}", True),
        ("- close_gripper", "- {try: [close_gripper], undoo: []}", True),
        ("description: finished", "description: finished\n    call: a:b\n    steps: []", True),
    ],
)  # fmt: skip
def test_what_the_loader_refuses_is_marked(old: str, new: str, generic: bool) -> None:
    own = codebook_schema(parse_codebook(GOOD))
    assert problems(own, GOOD) == problems(GENERIC, GOOD) == []
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(CodebookError):
        parse_codebook(text)
    assert problems(own, text)
    assert bool(problems(GENERIC, text)) == generic


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[not holding(any), clear(object)]", "[all x in block (on(x, any) or clear(x)), count(on(any, object)) < 2]"),
        ("[not holding(any), clear(object)]", "[some x in block|table (on(object, x)), not (holding(any) and block(object))]"),
        ("      - close_gripper\n", "      - close_gripper:\n      - rise: {distance_m: $object.z_m / 2}\n"),
        ("      - close_gripper\n", "      - {try: [close_gripper], retry: 1, undo: [open_gripper, {wait: {duration_s: 1}}]}\n"),
        ("      - close_gripper\n", "      - {repeat: 2, until: clear(object), steps: [{fail: stuck}]}\n"),
        ("robot: arm", "robot: {robot: mine, primitives: {move_above: {description: go, args: {entity: entity, height_m: {number: {min: 0, max: 1}}}}, close_gripper: {description: close}, wait: {description: wait, args: {duration_s: {number: {min: 0, max: 9}}}}}}"),
        ("    args:\n      object", "    args:\n      hard: boolean\n      size: {boolean: , default: true}\n      name: {text: 'a[1-9]', default: a1}\n      object"),
    ],
)  # fmt: skip
def test_what_the_loader_takes_is_not_marked(old: str, new: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert problems(codebook_schema(parse_codebook(text)), text) == problems(GENERIC, text) == []


# In the real language server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the schema of all codebooks and the one made for the tabletop."""
    made = tmp_path_factory.mktemp("editor")
    (made / "all.json").write_text(json.dumps(GENERIC))
    (made / "own.json").write_text(json.dumps(codebook_schema(load_codebook("tabletop"))))
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder) as running:
        yield running


def edited(folder: Path, schema: str, old: str, new: str) -> tuple[Path, int, int]:
    """A copy of the tabletop with one change, under a schema; `@@` in the new text marks the place returned."""
    text = shipped()["tabletop"].read_text()
    assert old in text
    text = re.sub(r"\$schema=\S+", f"$schema={schema}", text.replace(old, new, 1))
    before = text.partition("@@")[0]
    path = folder / f"{len(list(folder.iterdir()))}.yaml"
    path.write_text(text.replace("@@", ""))
    return path, before.count("\n") + 1, len(before) - before.rfind("\n")


OPEN = "      - open_gripper\n"


@pytest.mark.parametrize(
    ("schema", "old", "new", "offered"),
    [
        ("all.json", OPEN, "      - @@\n", {"open_gripper", "move_above", "if", "repeat", "each", "try", "fail"}),
        ("own.json", OPEN, "      - @@\n", {"open_gripper", "move_above", "home", "try"}),
        ("own.json", OPEN, "      - move_above:\n          @@\n", {"entity", "height_m"}),
        ("own.json", OPEN, "      - move_above:\n          entity: @@\n", {"$object", "$target"}),
        ("all.json", "    budget_s: 15\n", "    budget_s: 15\n    @@\n", {"preconditions", "effects", "args", "cost"}),
        ("own.json", "{entity: block}", "{entity: @@}", {"block", "bowl", "zone", "table"}),
        ("own.json", "[gripper_empty,", "[@@,", {"gripper_empty", "clear(thing)", "on(thing, place)"}),
        ("all.json", "robot: arm", "robot: @@", {"arm", "base", "lekiwi"}),
    ],
)
def test_an_editor_offers(server: Server, folder: Path, schema: str, old: str, new: str, offered: set[str]) -> None:
    path, line, column = edited(folder, schema, old, new)
    server.open(path)
    labels = server.complete(path, line, column)
    assert offered <= set(labels)
    if schema == "own.json":
        assert "drive_to" not in labels, "another robot's"


@pytest.mark.parametrize(
    ("schema", "old", "new", "marked"),
    [
        ("all.json", OPEN, OPEN, None),
        ("own.json", OPEN, OPEN, None),
        ("all.json", "effects:", "efects:", "Property efects is not allowed"),
        ("own.json", "move_above:", "move_abov:", "A step has one name for a key: pick"),
        ("own.json", "- open_gripper", "- open_griper", "No primitive or skill without arguments is called so."),
        ("own.json", "clear(object)", "cleer(object)", "Unknown fact. The facts are on(thing, place)"),
        ("own.json", "height_m: 0.10", "height_m: 9", "above the maximum of 0.4"),
    ],
)
def test_an_editor_marks(server: Server, folder: Path, schema: str, old: str, new: str, marked: str | None) -> None:
    path, _, _ = edited(folder, schema, old, new)
    found = server.open(path)
    if marked is None:
        assert found == []
        return
    line = path.read_text().partition(new)[0].count("\n") + 1
    assert len(found) == 1
    assert found[0].startswith(f"{line}: ")
    assert marked in found[0]


def test_an_editor_tells_what_a_key_is(server: Server, folder: Path) -> None:
    path, line, column = edited(folder, "own.json", "    budget_s: 15\n", "    b@@udget_s: 15\n")
    server.open(path)
    assert "The longest that it may run" in server.hover(path, line, column)
