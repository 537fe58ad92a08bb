"""Episode files: what was written is read; what was cut off is read to the cut; what was changed is noticed."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from mcap.reader import make_reader

from codeword.codebook import InputError
from codeword.codebook.errors import EpisodeError
from codeword.runtime.recording import CHANNELS, EpisodeWriter, read_episode


def test_an_episode_is_read_as_it_was_written(expert_episode: Path) -> None:
    episode = read_episode(expert_episode)
    assert episode.whole
    assert episode.header.scenario == "slip_on_the_way"
    assert episode.header.seed == 3
    assert episode.verdict is not None
    assert episode.verdict.success is True
    assert len(episode.steps) == episode.verdict.decisions
    assert all(step.decision and step.command and step.budget for step in episode.steps)
    assert [event.what for event in episode.events] == ["slip"]
    assert len(episode.pictures) == len(episode.steps) + 1
    assert all(jpeg.startswith(b"\xff\xd8\xff") for _, jpeg in episode.pictures)


def test_any_mcap_reader_finds_json_schemas_and_foxglove_pictures(expert_episode: Path) -> None:
    with expert_episode.open("rb") as stream:
        summary = make_reader(stream).get_summary()
        assert summary is not None
        topics = {channel.topic for channel in summary.channels.values()}
        assert topics == {f"/{topic}" for topic in (*CHANNELS, "camera")}
        for schema in summary.schemas.values():
            assert schema.encoding == "jsonschema"
            assert json.loads(schema.data)["type"] == "object"
        assert "foxglove.CompressedImage" in {schema.name for schema in summary.schemas.values()}


def viewed(schema: dict[str, Any], at: str) -> list[str]:
    """The fields that Foxglove and Lichtblick make of a schema, by the rules of their parser: a type of five, objects
    with their properties, arrays of what is no array.
    """
    assert schema["type"] == "object", at
    fields = []
    for name, one in schema["properties"].items():
        here = f"{at}/{name}"
        inner = one["items"] if one["type"] == "array" else one
        assert inner["type"] in ("boolean", "string", "number", "integer", "object"), here
        fields += [here, *(viewed(inner, here) if inner["type"] == "object" else ())]
    return fields


def test_viewers_read_every_schema(expert_episode: Path) -> None:
    with expert_episode.open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    fields = [
        field for one in summary.schemas.values() for field in viewed(json.loads(one.data), one.name.split(".")[1])
    ]
    assert {"observation/entities/position_m", "observation/last/status", "decision/sureness"} <= set(fields)
    assert "decision/choices/options/probability" in fields


def test_a_file_cut_off_anywhere_is_read_to_the_cut(expert_episode: Path, tmp_path: Path) -> None:
    data = expert_episode.read_bytes()
    full = read_episode(expert_episode, pictures=False)
    lengths = []
    for cut in random.Random(0).sample(range(1, len(data) - 30), 40):
        path = tmp_path / "cut.mcap"
        path.write_bytes(data[:cut])
        try:
            episode = read_episode(path, pictures=False)
        except EpisodeError as problem:
            assert "cut off before its header" in str(problem) or "no episode of ours" in str(problem)
            continue
        assert not episode.whole
        assert [step.observation for step in episode.steps] == [s.observation for s in full.steps[: len(episode.steps)]]
        lengths.append(len(episode.steps))
    assert lengths


def test_one_flipped_bit_is_noticed(expert_episode: Path, tmp_path: Path) -> None:
    """A bit flipped in what was recorded never goes unnoticed: the file is refused, or differs from what it was."""
    data = bytearray(expert_episode.read_bytes())
    whole = read_episode(expert_episode)
    rng = random.Random(1)
    for _ in range(40):
        at, bit = rng.randrange(len(data) // 2), 1 << rng.randrange(8)
        data[at] ^= bit
        path = tmp_path / "flipped.mcap"
        path.write_bytes(data)
        data[at] ^= bit
        try:
            episode = read_episode(path)
        except EpisodeError as problem:
            assert len(str(problem).splitlines()) == 1
            continue
        assert episode.header == whole.header, "damage was read as if it were data"
        observed = [step.observation for step in episode.steps]
        assert observed == [step.observation for step in whole.steps[: len(observed)]]
        assert episode.steps == whole.steps or not episode.whole


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cut off before its header"),
        (b"hello, I am no episode", "is no MCAP file"),
        (b"\x89MCAP0\r\n" + b"x" * 99, "is damaged: unknown"),
    ],
)
def test_what_is_no_episode_is_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(content)
    with pytest.raises(EpisodeError, match=says) as error:
        read_episode(path)
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EpisodeError, match="cannot be read: No such file"):
        read_episode(tmp_path / "none.mcap")


def test_a_folder_that_cannot_be_written_is_told(expert_episode: Path, tmp_path: Path) -> None:
    header = read_episode(expert_episode).header
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        EpisodeWriter(tmp_path / "file" / "x.mcap", header, "", "")
