"""What a robot reports: entities with poses and base facts, its own state, and how the last command ended."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .facts import ID, FactText

Id = Annotated[str, Field(pattern=f"^{ID.pattern}$", max_length=64)]
Metres3 = tuple[float, float, float]


class Record(BaseModel):
    """Base of all that travels or is logged: immutable, no unknown fields, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Entity(Record):
    """A thing that a command can name.

    `position_m` is the centre of the thing in the robot's world frame, `yaw_rad` its turn about the vertical,
    `size_m` its extent along its own x, y, z. `properties` are what can be seen of it and told in words
    (colour, letter, size class).
    """

    id: Id
    kind: Id
    properties: dict[Id, str] = {}
    position_m: Metres3 | None = None
    yaw_rad: float = 0.0
    size_m: Metres3 | None = None


class RobotState(Record):
    """The robot's own state. `gripper_to_world_m` is the position of the point between the fingertips."""

    gripper_to_world_m: Metres3 | None = None
    gripper_opening_m: float | None = None
    joints_rad: tuple[float, ...] = ()


Status = Literal["done", "failed", "stopped", "refused", "timeout"]


class Result(Record):
    """How a command ended.

    `reason` is a short id that a model and a rule can act on (`slipped`, `unreachable`, `stopped`); `message` is for
    people. `duration_s` is in the robot's own time: simulated time in simulation.
    """

    command: str
    status: Status
    reason: str = ""
    message: str = ""
    duration_s: float = 0.0


class Observation(Record):
    """One look at the world. `time_s` is the robot's own time since reset; `facts` are base facts only."""

    step: int
    time_s: float
    entities: tuple[Entity, ...]
    facts: tuple[FactText, ...]
    robot: RobotState = RobotState()
    last: Result | None = None

    def entity(self, entity_id: str) -> Entity | None:
        """The entity of that id, or None where it is not observed."""
        return next((entity for entity in self.entities if entity.id == entity_id), None)
