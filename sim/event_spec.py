"""What a scenario's `events:` may say: what goes wrong on purpose, and when."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from codeword.codebook.observation import Id

from .spec import Place2, Spec, check_known
from .world_spec import WorldSpec
from .zone_specs import ZONES

Do = Literal["slip", "move", "remove", "jam", "late", "noise", "hide", "retask"]
DOES: tuple[Do, ...] = ("slip", "move", "remove", "jam", "late", "noise", "hide", "retask")
_OF_ENTITY = ("move", "remove", "hide")
_OF_TIMES = ("jam", "late", "noise", "hide")


class EventSpec(Spec):
    """Something that goes wrong on purpose, once.

    It comes after the `nth` successful command of the skill `after`, or at `at_s` seconds of simulated time.
    slip: what is held falls out of the gripper in the next motion. move: `entity` is put on a free spot of `to_zone`
    or at `to_position_m` (x, y). remove: `entity` vanishes. jam: the gripper does not close the next time.
    late: the next look shows the world as the one before it did. noise: in the next look positions are off, and what
    one block rests on is not seen. hide: the next look misses `entity`. `times` makes these four last longer.
    retask: from now on the task is the scenario's `then`.
    """

    after: Id | None = None
    nth: Annotated[int, Field(ge=1)] = 1
    at_s: Annotated[float, Field(ge=0.0)] | None = None
    do: Do
    entity: Id | None = None
    to_zone: str | None = None
    to_position_m: Place2 | None = None
    times: Annotated[int, Field(ge=1, le=10)] = 1

    @field_validator("do", mode="before")
    @classmethod
    def _known_do(cls, value: Any) -> Any:
        check_known(value, DOES, "event")
        return value

    @field_validator("to_zone")
    @classmethod
    def _zone_id(cls, value: str | None) -> str | None:
        return f"{value}_zone" if value in ZONES else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.after is None) == (self.at_s is None):
            raise ValueError("an event has either after: <skill> or at_s: <seconds>")
        if self.nth > 1 and self.after is None:
            raise ValueError("nth counts commands: it goes with after: <skill>")
        if self.times > 1 and self.do not in _OF_TIMES:
            raise ValueError(f"do: {self.do} happens once; times goes with {', '.join(_OF_TIMES)}")
        needs_entity, is_move = self.do in _OF_ENTITY, self.do == "move"
        if needs_entity != (self.entity is not None):
            raise ValueError(f"do: {self.do} {'needs an' if needs_entity else 'takes no'} entity")
        targets = (self.to_zone is not None) + (self.to_position_m is not None)
        if targets != int(is_move):
            raise ValueError(
                f"do: {self.do} " + ("needs one of to_zone and to_position_m" if is_move else "goes nowhere")
            )
        return self

    def check_against(self, world: WorldSpec) -> None:
        """Raises ValueError where the event names something that is not in the world."""
        if self.entity is not None:
            check_known(self.entity, [block.id for block in (*world.blocks, *world.wide_blocks)], "entity of an event")
        if self.to_zone is not None:
            check_known(self.to_zone, [zone.id for zone in world.zones], "zone of an event")
