"""The run as Foxglove shows it while it goes on: what an episode file has, on the same topics, and the scene in 3D."""

import time
from contextlib import ExitStack, suppress
from typing import Any, Self

from codeword.codebook import Observation
from codeword.codebook.errors import InputError, RobotError
from codeword.codebook.observation import Entity, Record
from codeword.runtime.episode import Episode, Physics
from codeword.runtime.recording import CAMERA, image_message, schemas
from codeword.sim.colors import COLORS

from .view import FRAME_S

SCENE = "/scene"
_FRAME_ID = "world"
_PLAIN = (0.7, 0.7, 0.72, 1.0)


class FoxgloveView(ExitStack):
    """A context manager that is a listener to any number of episodes, and a WebSocket server on this machine alone.

    Messages bear the time at which they came, in nanoseconds of the wall clock, as live data do. Pictures are drawn
    between ticks of physics, while somebody shows them and no faster than twelve times a second.
    """

    def __init__(self, port: int = 8765) -> None:
        """Port 0 takes any. Raises InputError where foxglove-sdk is not installed, or the port cannot be had."""
        super().__init__()
        try:
            import foxglove
            from foxglove.channels import SceneUpdateChannel
        except ImportError as problem:
            raise InputError(
                "the package foxglove-sdk is not here; get it with: pip install 'codeword[foxglove]'"
            ) from problem
        context = self._context = foxglove.Context()  # its channels are gone when nobody holds it
        try:
            self._server = foxglove.start_server(name="codeword", port=port, context=context)
        except (OSError, RuntimeError) as problem:
            raise InputError(
                f"port {port} cannot be had for Foxglove ({problem}); take another with --view-port"
            ) from problem
        self.callback(self._server.stop)
        self._channels: dict[str, Any] = {
            topic: foxglove.Channel(
                f"/{topic}", context=context, message_encoding="json",
                schema=foxglove.Schema(name=name, encoding="jsonschema", data=schema),
            )
            for topic, (name, schema) in schemas().items()
        }  # fmt: skip
        self._scene = SceneUpdateChannel(SCENE, context=context)
        self._next_look = 0.0

    @property
    def url(self) -> str:
        """What Foxglove is told to connect to."""
        return f"ws://127.0.0.1:{self._server.port}"

    def begin(self, episode: Episode) -> None:
        """Another episode begins: pictures of its scene from now on, where there is one."""
        if (physics := episode.physics) is not None:
            with suppress(RobotError):  # over a link nobody can look between ticks; pictures of decisions come anyway
                physics.watch(FRAME_S, lambda time_s: self._look(physics, time_s))

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """A record of the loop."""
        del time_s
        self._channels[topic].log(record.model_dump_json().encode())
        if isinstance(record, Observation):
            self._scene.log(_scene_of(record))

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """A camera picture."""
        self._channels[CAMERA].log(image_message(jpeg, time_s))

    def _look(self, physics: Physics, time_s: float) -> None:
        if time.perf_counter() >= self._next_look and self._channels[CAMERA].has_sinks():
            began = time.perf_counter()
            self.picture(physics.jpeg(), time_s)
            ended = time.perf_counter()
            self._next_look = ended + (ended - began)

    def __enter__(self) -> Self:
        return self


def _scene_of(observation: Observation) -> Any:
    """All things whose place is known, as boxes with their names; what was there before is taken away."""
    from foxglove.messages import SceneEntityDeletion, SceneEntityDeletionType, SceneUpdate

    gone = SceneEntityDeletion(type=SceneEntityDeletionType.All)
    return SceneUpdate(deletions=[gone], entities=[_box(one) for one in observation.entities if one.position_m])


def _box(entity: Entity) -> Any:
    from math import cos, sin

    from foxglove.messages import Color, CubePrimitive, Pose, Quaternion, SceneEntity, TextPrimitive, Vector3

    x, y, z = entity.position_m or (0.0, 0.0, 0.0)
    turn = Quaternion(x=0, y=0, z=sin(entity.yaw_rad / 2), w=cos(entity.yaw_rad / 2))
    size = entity.size_m or (0.02, 0.02, 0.02)
    red, green, blue, opacity = COLORS.get(entity.properties.get("color", ""), _PLAIN)
    above = Pose(position=Vector3(x=x, y=y, z=z + size[2] / 2 + 0.02), orientation=turn)
    return SceneEntity(
        id=entity.id,
        frame_id=_FRAME_ID,
        cubes=[
            CubePrimitive(
                pose=Pose(position=Vector3(x=x, y=y, z=z), orientation=turn),
                size=Vector3(x=size[0], y=size[1], z=size[2]),
                color=Color(r=red, g=green, b=blue, a=opacity),
            )
        ],
        texts=[
            TextPrimitive(
                pose=above, billboard=True, font_size=0.015, color=Color(r=0.1, g=0.1, b=0.1, a=1), text=entity.id
            )
        ],
    )
