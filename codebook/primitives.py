"""The primitives that each kind of robot declares, with typed arguments; codebooks are checked against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Parameter:
    """An argument of a primitive: an entity's id, or a number within bounds (unit in its name)."""

    kind: Literal["entity", "number", "boolean"]
    low: float = 0.0
    high: float = 0.0
    default: float | bool | None = None


@dataclass(frozen=True)
class Primitive:
    """One thing that a robot can do by itself."""

    name: str
    description: str
    parameters: Mapping[str, Parameter]


def _table(*primitives: Primitive) -> Mapping[str, Primitive]:
    return MappingProxyType({primitive.name: primitive for primitive in primitives})


_ENTITY = Parameter("entity")

ARM = _table(
    Primitive(
        "move_above",
        "move the point between the fingertips, fingers open or closed as they are, to a height over the grasp point "
        "of an entity (0 is the grasp point itself), turned so that the fingers close on the entity's sides",
        {"entity": _ENTITY, "height_m": Parameter("number", 0.0, 0.4)},
    ),
    Primitive(
        "move_held_above",
        "move so that the underside of what is held stands at a height over the place where it would rest on an "
        "entity: the top of a block, the floor of a bowl, a free spot of a zone or of the table",
        {"entity": _ENTITY, "height_m": Parameter("number", 0.0, 0.4)},
    ),
    Primitive(
        "rise",
        "move straight up from where the gripper is, or as far as it reaches",
        {"distance_m": Parameter("number", 0.0, 0.4)},
    ),
    Primitive(
        "open_gripper",
        "open the fingers",
        {},
    ),
    Primitive(
        "close_gripper",
        "close the fingers until they meet something or each other; "
        "fails as 'nothing_grasped' where nothing is between them",
        {"force_n": Parameter("number", 1.0, 60.0, default=20.0)},
    ),
    Primitive(
        "check_held",
        "look whether something is between the closed fingers; fails as 'slipped' where not",
        {},
    ),
    Primitive(
        "slide_to",
        "with closed fingers pushing its side, slide an entity along the table until its centre lies in a zone",
        {"entity": _ENTITY, "target": _ENTITY},
    ),
    Primitive("move_home", "move the arm to its resting pose, clear of the table", {}),
    Primitive("wait", "hold still for a time", {"duration_s": Parameter("number", 0.0, 60.0)}),
)

ROBOTS: Mapping[str, Mapping[str, Primitive]] = MappingProxyType({"arm": ARM})
