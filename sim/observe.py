"""An observation out of a scene: what is there and how it stands, never what was commanded."""

from codeword.codebook.observation import Observation, Result, RobotState

from .arm import Arm
from .scene import Scene, entities_of, facts_of, has_fallen


def observe(
    scene: Scene,
    arm: Arm,
    time_s: float,
    step: int,
    last: Result | None,
    *,
    fallen: bool = False,
    tolerance_m: float = 0.0,
) -> Observation:
    """What is on the table and how it stands there; entities by kind and id, facts in order of their text.

    A block that has fallen off the table is not seen, unless `fallen` asks for it. A block is in a zone if its centre
    is, or not more than `tolerance_m` outside.
    """
    seen = [block.id for block in scene.of_kind("block") if fallen or not has_fallen(scene.pose(block.id))]
    return Observation(
        step=step,
        time_s=time_s,
        entities=tuple(entities_of(scene, seen)),
        facts=tuple(sorted(facts_of(scene, seen, tolerance_m), key=str)),
        robot=_state(arm),
        last=last,
    )


def _state(arm: Arm) -> RobotState:
    pose = arm.gripper_pose()
    return RobotState(
        gripper_to_world_m=(float(pose[0]), float(pose[1]), float(pose[2])),
        gripper_opening_m=arm.hand.opening_m(),
        joints_rad=tuple(arm.joints_rad()),
    )
