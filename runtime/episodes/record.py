"""Episodes kept with the code: made once, compared when they are made again, replaced only when that is wanted."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.records import Attachment, Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, IndexType, Writer
from rich.console import Console

from codeword.codebook import Codebook
from codeword.codebook.errors import EpisodeError, Fault, InputError
from codeword.runtime.differences import Difference
from codeword.runtime.recording import MAX_RECORD_BYTES, RecordedEpisode, read_episode
from codeword.runtime.run import Plan, Task, run_one
from codeword.runtime.scenario import parse_scenario

from .deciders import Deciders
from .pairs import Comparison, compare
from .telling import told

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


Tell = Callable[[Comparison], None]
"""Hears what is about to be replaced, and by what, before anything is written."""


@dataclass(frozen=True)
class Kept:
    """What became of an episode that was to be kept: `new`, `same`, `updated` or `refused`, with what differs."""

    path: Path
    what: str
    differences: tuple[Difference, ...] = ()


def keep(made: Path, folder: Path, update: bool, tell: Tell, exact: bool = False) -> Kept:
    """Keep a small copy of an episode file in a folder, by the same name.

    One that is there already stays as it is where the new one went the same way, with `exact` bit by bit. Where it went
    another way, `tell` hears of it, and it is replaced only with `update`. Raises EpisodeError or InputError for files
    that cannot be read or written.
    """
    path = folder / made.name
    if not path.exists():
        compact(made, path)
        return Kept(path, "new")
    comparison = compare(read_episode(path, pictures=False), read_episode(made, pictures=False), exact)
    if not comparison.differences and not _made_by_other(comparison):
        return Kept(path, "same")
    tell(comparison)
    if update:
        compact(made, path)
    return Kept(path, "updated" if update else "refused", comparison.differences)


def record_again(
    episode: RecordedEpisode,
    deciders: Deciders,
    update: bool,
    tell: Tell,
    codebook: Codebook | None = None,
    exact: bool = False,
) -> Kept:
    """Run an episode again, its scenario and seed by the same who, and put it in the place of its file as `keep` does.

    Raises InputError where it cannot be made again: on a robot that is not simulated, or with edits on the way.
    """
    header = episode.header
    if header.robot != "sim":
        raise InputError(f"{episode.path}: was made on the robot '{header.robot}' and cannot be recorded again here")
    if any(step.codebook is not None for step in episode.steps):
        raise InputError(f"{episode.path}: its codebook was edited on the way; it cannot be recorded again")
    text = codebook.text if codebook is not None else episode.codebook_text
    name = f"{header.suite}/{header.scenario}.yaml" if header.suite else header.scenario
    scenario = parse_scenario(episode.scenario_text, name, text, header.seed)
    with tempfile.TemporaryDirectory() as folder:
        seeds = range(header.seed, header.seed + 1)
        plan = Plan((scenario,), seeds, header.robot, Path(folder), film=False, senses=header.senses)
        ran = run_one(plan, deciders.controllers(header), Task(0, 0, header.seed))
        if ran.stopped:
            raise InputError(ran.stopped)
        made = ran.path
        return keep(made.rename(made.with_name(episode.path.name)), episode.path.parent, update, tell, exact)


def refused(kept: Sequence[Kept]) -> list[Kept]:
    """Those that went another way than the file that is there, and were not to be updated."""
    return [one for one in kept if one.what == "refused"]


def _made_by_other(comparison: Comparison) -> bool:
    """Whether codebook, scenario or who decides is another: the file would say what is no longer so."""
    telling = ("scenario", "codebook", "controller", "model", "weights", "adapter", "policy", "sampling")
    return any(found.field.removeprefix("header.").startswith(telling) for found in comparison.header)


def keep_all(files: Sequence[Path], folder: Path, update: bool, console: Console) -> list[Kept]:
    """Keep small copies of episode files in a folder; those that broke or were cut off are told of and left out.

    Raises InputError where the folder cannot be written to.
    """
    kept: list[Kept] = []
    for file in files:

        def tell(comparison: Comparison) -> None:
            console.print(f"{comparison.one.path}: goes another way", markup=False, soft_wrap=True)
            for line in told([*comparison.differences, *comparison.header], "before", "now", checks=False):
                console.print(f"  {line}", markup=False, soft_wrap=True)

        try:
            kept.append(keep(file, folder, update, tell))
        except EpisodeError as problem:
            console.print(f"not recorded: {problem}", markup=False, soft_wrap=True)
    counts = {what: sum(one.what == what for one in kept) for what in ("new", "same", "updated", "refused")}
    words = {"refused": "left as they were (--update replaces them)"}
    said = ", ".join(f"{count} {words.get(what, what)}" for what, count in counts.items() if count)
    console.print(f"recorded in {folder}: {said or 'nothing'}", markup=False, soft_wrap=True)
    return kept
