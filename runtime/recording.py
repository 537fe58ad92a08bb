"""Episode files: MCAP, one JSON Schema channel for each kind of record, written as things happen.

Messages bear the robot's own time (simulated in simulation) as log time and the wall clock as publish time. One file
replays alone: codebook and scenario are attached, and the header is kept as metadata.
"""

import base64
import json
import struct
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.records import Attachment, Channel, Message, Metadata
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer
from pydantic import ValidationError
from zstandard import ZstdError

from codeword.codebook import Observation, Result
from codeword.codebook.errors import EpisodeError, Fault, InputError
from codeword.codebook.observation import Record
from codeword.controller import Decision

from .judge import Verdict
from .migration import SCHEMA, migrated, schema_of_header, unrecorded
from .privacy import header_without, record_without, scenario_without
from .records import BudgetRecord, CodebookRecord, CommandRecord, EventRecord, Header, schema_of

CHANNELS: dict[str, type[Record]] = {
    "observation": Observation,
    "decision": Decision,
    "codebook": CodebookRecord,
    "command": CommandRecord,
    "result": Result,
    "budget": BudgetRecord,
    "event": EventRecord,
    "verdict": Verdict,
}
CAMERA = "camera"
"""The topic of pictures, which are no records."""

_CHUNK_BYTES = 4 * 1024
"""Small, so that little is lost of a file that a crash cuts off."""

MAX_RECORD_BYTES = 256 * 1024 * 1024
"""A record said to be longer is damage, not data."""

_IMAGE_SCHEMA = {
    "type": "object",
    "properties": {
        "timestamp": {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string"},
    },
}


@dataclass
class Step:
    """One turn of the loop as it was recorded; what a cut-off file lacks is None."""

    observation: Observation
    decision: Decision | None = None
    command: CommandRecord | None = None
    result: Result | None = None
    budget: BudgetRecord | None = None
    codebook: CodebookRecord | None = None


@dataclass
class RecordedEpisode:
    """An episode read back. `whole` is False where the file was cut off or never finished; `wall_s` is the time by the
    clock on the wall from its first record to its last. `unrecorded` are the fields, as `verdict.credit`, that were not
    known when it was written.
    """

    path: Path
    header: Header
    codebook_text: str
    scenario_text: str
    steps: list[Step] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    pictures: list[tuple[float, bytes]] = field(default_factory=list)
    verdict: Verdict | None = None
    whole: bool = True
    wall_s: float = 0.0
    unrecorded: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether it came to its end: it was judged, and the file was finished."""
        return self.whole and self.verdict is not None


@dataclass
class Gathered:
    """The records of one episode as they come, put together again."""

    steps: list[Step] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    verdict: Verdict | None = None

    def take(self, topic: str, record: Record) -> None:
        """Add a record. Raises ValueError for one that stands before the first observation."""
        if isinstance(record, Observation):
            self.steps.append(Step(record))
        elif isinstance(record, EventRecord):
            self.events.append(record)
        elif isinstance(record, Verdict):
            self.verdict = record
        elif not self.steps:
            raise ValueError(f"a {topic} before the first observation")
        else:
            setattr(self.steps[-1], topic, record)


class EpisodeWriter:
    """Writes one episode file; a context manager.

    The file appears under its name once it says what it is. Where the disk takes no more on the way, writing stops for
    good and `stopped` says why: whoever drives a robot is not to be stopped by a log. What was told is remembered, but
    for pictures, so that the episode can be had even then.
    """

    def __init__(
        self, path: Path, header: Header, codebook_text: str, scenario_text: str, leave_out: Collection[str] = ()
    ) -> None:
        """Parts of the episode may be left out of the file. Raises InputError where the file cannot be begun."""
        self.path = path
        self._leave_out = frozenset(leave_out)
        self.stopped = ""
        self._told = Gathered()
        self._of = (header, codebook_text, scenario_text)
        if self._leave_out:
            header, scenario_text = header_without(header, leave_out), scenario_without(scenario_text, leave_out)
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = part.open("wb")
            try:
                self._begin(header, codebook_text, scenario_text)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                with suppress(OSError):  # what could not be written before cannot be written now
                    self._file.close()
                raise
        except OSError as problem:
            raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem

    def _begin(self, header: Header, codebook_text: str, scenario_text: str) -> None:
        self._writer = Writer(self._file, chunk_size=_CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="codeword", library=f"codeword {header.version}")
        self._sequence = 0
        self._channels = {topic: self._channel(topic, *schema) for topic, schema in schemas().items()}
        self._writer.add_metadata("codeword", {"header": header.model_dump_json()})
        for name, text in (("codebook.yaml", codebook_text), ("scenario.yaml", scenario_text)):
            self._writer.add_attachment(0, 0, name, "application/yaml", text.encode())
        self._file.flush()

    def _channel(self, topic: str, name: str, schema: bytes) -> int:
        schema_id = self._writer.register_schema(name, "jsonschema", schema)
        return int(self._writer.register_channel(f"/{topic}", "json", schema_id))

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """Add a record at the robot's own time."""
        self._told.take(topic, record)
        if not self.stopped:
            self._add(topic, record_without(record, self._leave_out).model_dump_json().encode(), time_s)

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """Add a camera picture at the robot's own time."""
        if self.stopped or "pictures" in self._leave_out:
            return
        self._add(CAMERA, image_message(jpeg, time_s), time_s)

    def _add(self, topic: str, data: bytes, time_s: float) -> None:
        self._sequence += 1
        try:
            self._writer.add_message(self._channels[topic], int(time_s * 1e9), data, time.time_ns(), self._sequence)
            self._file.flush()
        except OSError as problem:
            self._stop(problem)

    def _stop(self, problem: OSError) -> None:
        """Leave the file as it is: it can be read up to here."""
        many = f"after {len(self._told.steps)} decisions"
        self.stopped = f"{self.path}: logging stopped {many}: {problem.strerror}; the episode went on"
        with suppress(OSError):  # what could not be written before cannot be written now
            self._file.close()

    def episode(self) -> "RecordedEpisode":
        """All that was told so far, pictures apart, whether or not it is in the file."""
        header, codebook_text, scenario_text = self._of
        told = self._told
        return RecordedEpisode(
            self.path, header, codebook_text, scenario_text, told.steps, told.events, verdict=told.verdict
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stopped:
            return
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.close()
        except OSError as problem:
            self._stop(problem)


def image_message(jpeg: bytes, time_s: float) -> bytes:
    """A picture as a message of its topic."""
    stamp = {"sec": int(time_s), "nsec": int(time_s % 1 * 1e9)}
    data = base64.b64encode(jpeg).decode()
    return json.dumps({"timestamp": stamp, "frame_id": "camera", "data": data, "format": "jpeg"}).encode()


@cache
def schemas() -> dict[str, tuple[str, bytes]]:
    """Each topic's JSON Schema: its name, and its text."""
    kinds = {topic: (f"codeword.{topic}", schema_of(kind)) for topic, kind in CHANNELS.items()}
    kinds[CAMERA] = ("foxglove.CompressedImage", _IMAGE_SCHEMA)
    return {topic: (name, json.dumps(schema).encode()) for topic, (name, schema) in kinds.items()}


def read_episode(path: Path, pictures: bool = True) -> RecordedEpisode:
    """The episode in a file, up to the cut where it was cut off.

    Raises EpisodeError where the file is none, or where its checksums show that it was changed.
    """
    reader = _Reader(path, pictures)
    try:
        with path.open("rb") as stream:
            records = StreamReader(stream, validate_crcs=True, record_size_limit=MAX_RECORD_BYTES).records
            for record in records:
                reader.take(record)
    except OSError as problem:
        if path.is_dir():
            inside = next((f", as {one}" for one in sorted(path.glob("*.mcap"))), "")
            raise EpisodeError(Fault(f"is a folder; expected an episode file{inside}", str(path))) from problem
        raise EpisodeError(Fault(f"cannot be read: {problem.strerror}", str(path))) from problem
    except (EndOfFile, struct.error) as problem:  # struct's where the cut goes through a number
        if reader.header is None:
            raise EpisodeError(Fault("is cut off before its header, or is no episode file", str(path))) from problem
        reader.whole = False
    except EpisodeError:
        raise
    except (McapError, ValidationError, ValueError, ZstdError, MemoryError) as problem:
        what = "is no MCAP file" if isinstance(problem, InvalidMagic) else "is damaged"
        why = str(problem) or "a length in it is too large"  # what MemoryError does not say
        raise EpisodeError(Fault(f"{what}: {why.splitlines()[0]}", str(path))) from problem
    return reader.episode()


class _Reader:
    """Gathers the records of one file into an episode."""

    def __init__(self, path: Path, pictures: bool) -> None:
        self.path = path
        self.keep_pictures = pictures
        self.header: Header | None = None
        self.schema = SCHEMA
        self.unrecorded: set[str] = set()
        self.whole = True
        self.topics: dict[int, str] = {}
        self.texts: dict[str, str] = {}
        self.told = Gathered()
        self.pictures: list[tuple[float, bytes]] = []
        self.wall_ns: list[int] = []

    def take(self, record: object) -> None:
        if isinstance(record, Metadata) and record.name == "codeword":
            said = json.loads(record.metadata["header"])
            self.schema = schema_of_header(said, str(self.path))
            self.header = Header.model_validate(migrated("header", said, self.schema))
        elif isinstance(record, Attachment):
            self.texts[record.name] = record.data.decode()
        elif isinstance(record, Channel):
            self.topics[record.id] = record.topic.removeprefix("/")
        elif isinstance(record, Message):
            self.message(self.topics.get(record.channel_id, ""), record)

    def message(self, topic: str, message: Message) -> None:
        self.wall_ns = [*self.wall_ns[:1], message.publish_time]
        if topic == CAMERA:
            if self.keep_pictures:
                jpeg = base64.b64decode(json.loads(message.data)["data"])
                self.pictures.append((message.log_time / 1e9, jpeg))
            return
        if topic not in CHANNELS:
            return
        kind, said = CHANNELS[topic], json.loads(message.data)
        if not kind.model_fields.keys() <= said.keys():
            self.unrecorded |= unrecorded(topic, said, kind)
        if self.schema < SCHEMA:
            self.told.take(topic, kind.model_validate_json(json.dumps(migrated(topic, said, self.schema))))
        else:
            self.told.take(topic, kind.model_validate_json(message.data))

    def episode(self) -> RecordedEpisode:
        if self.header is None or not {"codebook.yaml", "scenario.yaml"} <= self.texts.keys():
            raise EpisodeError(Fault("is an MCAP file, but no episode of ours", str(self.path)))
        return RecordedEpisode(
            self.path, self.header, self.texts["codebook.yaml"], self.texts["scenario.yaml"],
            self.told.steps, self.told.events, self.pictures, self.told.verdict, self.whole,
            (self.wall_ns[-1] - self.wall_ns[0]) / 1e9 if self.wall_ns else 0.0, frozenset(self.unrecorded),
        )  # fmt: skip
