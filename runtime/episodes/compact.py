"""Small copies of episode files, to be kept with the code: no pictures, one chunk, no index, schemas without prose."""

import json
from pathlib import Path
from typing import Any

from mcap.records import Attachment, Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, IndexType, Writer

from codeword.codebook.errors import EpisodeError, Fault, InputError
from codeword.runtime.recording import MAX_RECORD_BYTES, read_episode

_ONE_CHUNK = 64 * 1024 * 1024


def compact(source: Path, target: Path) -> None:
    """Copy an episode file without its pictures; what replay and tests need of it is all there, as it was.

    Raises EpisodeError where the source is damaged or cut off, InputError where the target cannot be written.
    """
    episode = read_episode(source, pictures=False)
    if not episode.complete:
        raise EpisodeError(Fault("did not come to its end; only a whole episode can be kept", str(source)))
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as given, part.open("wb") as taken:
            _copy(given, taken)
        part.replace(target)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise InputError(f"{target}: cannot be written: {problem.strerror}") from problem


def lean(schema: Any) -> Any:
    """A JSON Schema without titles and descriptions: what it accepts is the same."""
    if isinstance(schema, list):
        return [lean(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    prose = {key for key in ("title", "description") if isinstance(schema.get(key), str)}
    return {key: lean(value) for key, value in schema.items() if key not in prose}


def _copy(given: Any, taken: Any) -> None:
    writer = Writer(
        taken, chunk_size=_ONE_CHUNK, compression=CompressionType.ZSTD, index_types=IndexType.NONE,
        use_statistics=False, repeat_channels=False, repeat_schemas=False, use_summary_offsets=False,
    )  # fmt: skip
    schemas: dict[int, Schema] = {}
    channels: dict[int, int] = {}
    writer.start(profile="codeword")
    for record in StreamReader(given, validate_crcs=True, record_size_limit=MAX_RECORD_BYTES).records:
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel) and record.topic != "/camera" and record.id not in channels:
            schema = schemas[record.schema_id]
            data = json.dumps(lean(json.loads(schema.data)), separators=(",", ":")).encode()
            schema_id = writer.register_schema(schema.name, schema.encoding, data)
            channels[record.id] = writer.register_channel(record.topic, record.message_encoding, schema_id)
        elif isinstance(record, Metadata):
            writer.add_metadata(record.name, record.metadata)
        elif isinstance(record, Attachment):
            writer.add_attachment(record.create_time, record.log_time, record.name, record.media_type, record.data)
        elif isinstance(record, Message) and record.channel_id in channels:
            writer.add_message(
                channels[record.channel_id], record.log_time, record.data, record.publish_time, record.sequence
            )
    writer.finish()  # type: ignore[no-untyped-call]
