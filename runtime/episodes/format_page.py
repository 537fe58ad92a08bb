"""What stands in an episode file, as a page of Markdown made from the records themselves."""

import inspect
from collections.abc import Iterator
from importlib import resources

from codeword.runtime.migration import SCHEMA
from codeword.runtime.recording import CAMERA, CHANNELS
from codeword.runtime.records import Header

_WORDS = """\
MCAP, schema {schema}. Messages are JSON, each channel with its JSON Schema. Log time is the robot's own time (simulated
in simulation), publish time the clock on the wall. A file that was cut off is readable up to the cut.

Attachments: `codebook.yaml` and `scenario.yaml`, whole, so that one file replays alone. Metadata `codeword` has the
header, as JSON:

"""


def page() -> str:
    """The page: metadata, attachments, and every channel with its fields."""
    return "\n".join(_lines()) + "\n"


def layout() -> str:
    """The layout for Foxglove that comes along: scene, commands, decisions and times of the stages, as JSON."""
    return resources.files("codeword.runtime.episodes").joinpath("foxglove.json").read_text(encoding="utf-8")


def _lines() -> Iterator[str]:
    yield "# An episode file"
    yield ""
    yield from _WORDS.format(schema=SCHEMA).splitlines()
    yield from _record(Header)
    for topic, kind in CHANNELS.items():
        yield f"## /{topic}"
        yield ""
        yield from _record(kind)
    yield f"## /{CAMERA}"
    yield ""
    yield "Pictures of the scene, as `foxglove.CompressedImage`: JPEG in base64, before each decision and at the end."


def _record(kind: type) -> Iterator[str]:
    yield inspect.cleandoc(kind.__doc__ or "")
    yield ""
    yield "| field | type | where there is none |"
    yield "|---|---|---|"
    for name, column in kind.model_fields.items():  # type: ignore[attr-defined]
        kind_of = inspect.formatannotation(column.annotation).replace("|", "\\|")
        default = "always there" if column.is_required() else f"`{column.default!r}`"
        yield f"| `{name}` | `{kind_of}` | {default} |"
    yield ""
