"""Episodes as a LeRobotDataset of version 3.0, for whoever trains robots with LeRobot.

A frame is a decision, not a tick: `timestamp` counts frames at a nominal rate of one a second, and the robot's own time
stands in `observation.time_s`. The action is where the robot was at the next observation; the command stands beside it.
What was to be done, and what was done for it, stands in LeRobot's language columns: each plan and each command that was
carried out in `language_persistent`, and a task that took the place of another in `language_events`.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from codeword.codebook import Codebook, Observation, parse_codebook, read_command
from codeword.codebook.errors import InputError
from codeword.codebook.task_plan import read_plan, told_command
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.summary import scenario_of, task_at

VERSION = "v3.0"
STATE = ("gripper_x_m", "gripper_y_m", "gripper_z_m", "gripper_opening_m")
"""What a state and an action are: the point between the fingertips in the robot's world frame, and how far open [m]."""

_FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}"
_IMAGE = "observation.images.scene"
_PERSISTENT, _EVENTS = "language_persistent", "language_events"
_INDICES = ("frame_index", "episode_index", "index", "task_index")


@dataclass
class _Frames:
    """The columns of all frames, and what is told of each episode."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    episodes: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)
    size: tuple[int, int] | None = None

    def add(self, **values: Any) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    @property
    def count(self) -> int:
        return len(self.columns.get("index", ()))


def write_lerobot(folder: Path, episodes: Sequence[RecordedEpisode]) -> int:
    """Write episodes, with their pictures where all of them have one for each decision, as a dataset; says how many
    frames.

    Raises InputError where the folder is not empty, cannot be written, pyarrow is not here, or an episode has no
    gripper in its observations.
    """
    if find_spec("pyarrow") is None:
        raise InputError("LeRobotDataset needs pyarrow: pip install 'codeword[tables]'")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty; a dataset gets a folder of its own")
        folder.mkdir(parents=True, exist_ok=True)
        pictured = all(len(episode.pictures) >= len(episode.steps) for episode in episodes)
        frames = _Frames()
        for episode in episodes:
            _add(frames, episode, pictured)
        _write(folder, frames)
    except OSError as problem:
        raise InputError(f"{folder}: cannot be written: {problem.strerror}") from problem
    return frames.count


def _add(frames: _Frames, episode: RecordedEpisode, pictured: bool) -> None:
    number, begin = len(frames.episodes), frames.count
    scenario = scenario_of(episode)
    states = [_state(episode, step.observation) for step in episode.steps]
    tasks: list[str] = []
    persistent = _persistent(episode, scenario.codebook)
    for place, step in enumerate(episode.steps):
        task = task_at(episode, scenario, place)
        is_other = bool(tasks) and task != tasks[-1]
        tasks += [] if task in tasks else [task]
        last = place == len(episode.steps) - 1
        frames.add(
            **{
                "observation.state": states[place],
                "observation.time_s": step.observation.time_s,
                "action": states[place if last else place + 1],
                "command": step.command.text if step.command is not None else "",
                _PERSISTENT: persistent,
                _EVENTS: [_told("user", task, "interjection")] if is_other else [],
                "next.done": last,
                "next.success": bool(last and episode.verdict is not None and episode.verdict.success),
                "timestamp": float(place),
                "frame_index": place,
                "episode_index": number,
                "index": frames.count,
                "task_index": frames.tasks.setdefault(task, len(frames.tasks)),
            }
        )
        if pictured:
            frames.add(**{_IMAGE: _picture(frames, episode.pictures[place][1])})
    frames.episodes.append(
        {
            "episode_index": number, "tasks": tasks, "length": frames.count - begin,
            "dataset_from_index": begin, "dataset_to_index": frames.count,
            "data/chunk_index": 0, "data/file_index": 0, "meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0,
            "episode": episode.path.stem,
        }
    )  # fmt: skip


def _persistent(episode: RecordedEpisode, codebook: Codebook) -> list[dict[str, Any]]:
    """What holds from its `timestamp` on until another of its style comes: the plan, and the command under way."""
    rows: list[dict[str, Any]] = []
    last_plan = ""
    for place, step in enumerate(episode.steps):
        codebook = parse_codebook(step.codebook.text) if step.codebook is not None else codebook
        if step.decision is not None and step.decision.plan not in ("", last_plan):
            last_plan = step.decision.plan
            rows.append(_told("assistant", read_plan(codebook, last_plan).told, "plan", place))
        if step.command is not None and step.command.allowed:
            command = read_command(codebook, step.command.text)
            if codebook.skills[command.skill].ends is None:
                rows.append(_told("assistant", told_command(command), "subtask", place))
    return rows


def _told(role: str, content: str, style: str, place: int | None = None) -> dict[str, Any]:
    """One row of a language column; those of events have the time of their frame."""
    row = {"role": role, "content": content, "style": style, "camera": None, "tool_calls": None}
    return row if place is None else {**row, "timestamp": float(place)}


def _state(episode: RecordedEpisode, observation: Observation) -> list[float]:
    robot = observation.robot
    if robot.gripper_to_world_m is None or robot.gripper_opening_m is None:
        raise InputError(f"{episode.path}: its robot tells no gripper; a state is {', '.join(STATE)}")
    return [*robot.gripper_to_world_m, robot.gripper_opening_m]


def _picture(frames: _Frames, jpeg: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        frames.size = frames.size or (picture.height, picture.width)
    return {"bytes": jpeg, "path": None}


def _write(folder: Path, frames: _Frames) -> None:
    import pyarrow
    import pyarrow.parquet

    vector = pyarrow.list_(pyarrow.float32())
    text = pyarrow.string()
    row = [("role", text), ("content", text), ("style", text)]
    beside = [("camera", text), ("tool_calls", pyarrow.list_(text))]
    kinds = {
        _PERSISTENT: pyarrow.list_(pyarrow.struct([*row, ("timestamp", pyarrow.float32()), *beside])),
        _EVENTS: pyarrow.list_(pyarrow.struct([*row, *beside])),
        "observation.state": vector, "action": vector, "observation.time_s": pyarrow.float32(),
        "timestamp": pyarrow.float32(), "command": pyarrow.string(), "next.done": pyarrow.bool_(),
        "next.success": pyarrow.bool_(), **dict.fromkeys(_INDICES, pyarrow.int64()),
        _IMAGE: pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())]),
    }  # fmt: skip
    data = pyarrow.table({name: pyarrow.array(values, kinds[name]) for name, values in frames.columns.items()})
    tasks = pyarrow.table(
        {"task_index": pyarrow.array(list(frames.tasks.values()), pyarrow.int64()), "task": list(frames.tasks)}
    )
    columns = [("task_index", "int64", "int64"), ("task", "unicode", "object")]
    pandas = {
        "index_columns": ["task"],  # LeRobot looks a task's words up in the index of the frame that pandas makes of it
        "column_indexes": [],
        "columns": [
            {"name": name, "field_name": name, "pandas_type": told, "numpy_type": kept, "metadata": None}
            for name, told, kept in columns
        ],
    }
    tasks = tasks.replace_schema_metadata({"pandas": json.dumps(pandas)})
    first = _FILE.format(chunk_index=0, file_index=0)
    for name, table in (
        (f"data/{first}.parquet", data),
        ("meta/tasks.parquet", tasks),
        (f"meta/episodes/{first}.parquet", pyarrow.Table.from_pylist(frames.episodes)),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, folder / name)
    (folder / "meta/info.json").write_text(json.dumps(_info(frames), indent=2), encoding="utf-8")
    (folder / "meta/stats.json").write_text(json.dumps(_stats(frames.columns), indent=2), encoding="utf-8")


def _info(frames: _Frames) -> dict[str, Any]:
    def feature(dtype: str, shape: Sequence[int] = (1,), names: Sequence[str] | None = None) -> dict[str, Any]:
        return {"dtype": dtype, "shape": list(shape), "names": list(names) if names is not None else None}

    features = {
        "observation.state": feature("float32", (len(STATE),), STATE),
        "observation.time_s": feature("float32"),
        "action": feature("float32", (len(STATE),), STATE),
        "command": feature("string"),
        "next.done": feature("bool"),
        "next.success": feature("bool"),
        "timestamp": feature("float32"),
        **{name: feature("int64") for name in _INDICES},
        **{name: feature("language") for name in (_PERSISTENT, _EVENTS)},
    }
    if frames.size is not None:
        features[_IMAGE] = feature("image", (*frames.size, 3), ("height", "width", "channels"))
    return {
        "codebase_version": VERSION, "robot_type": "arm", "fps": 1, "features": features, "splits":
        {"train": f"0:{len(frames.episodes)}"}, "total_episodes": len(frames.episodes), "total_frames": frames.count,
        "total_tasks": len(frames.tasks), "chunks_size": 1000, "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200, "data_path": f"data/{_FILE}.parquet", "video_path": None,
    }  # fmt: skip


def _stats(columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Of each column of numbers the figures that LeRobot normalizes by."""
    found = {}
    for name in ("observation.state", "action", "observation.time_s", "timestamp", *_INDICES):
        values = np.array(columns[name], np.float64).reshape(len(columns[name]), -1)
        figures = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
        found[name] = {key: figure.tolist() for key, figure in figures.items()} | {"count": [len(values)]}
    return found
