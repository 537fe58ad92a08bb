"""How far tag poses are off, by the simulator's truth; and tags that are misread, doubled or too few.

`python tests/sim/test_tag_poses.py 20` prints the errors over so many worlds, and the computer time of a look.
"""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from codeword.codebook.errors import InputError
from codeword.sim.arm import Arm, Belts
from codeword.sim.camera_senses import EYES, CameraSenses, camera_at
from codeword.sim.layout import lay_out
from codeword.sim.pose import Pose
from codeword.sim.seen import scene_of
from codeword.sim.tag_places import tags_of
from codeword.sim.tag_poses import Sight, poses_of, quaternion_of, standing
from codeword.sim.tags import Camera, Tag, View, by_number, look_for_tags
from codeword.sim.world import World
from codeword.sim.world_spec import WorldSpec

pytest.importorskip("cv2", reason="OpenCV is not installed (extra: camera)")

SPEC = WorldSpec.model_validate(
    {
        "blocks": ["red", "green", "blue", "small_pink_block", "letter_a", "black"],
        "bowls": ["yellow"],
        "wide_blocks": ["brown"],
        "zones": ["left", "right"],
        "stacks": [["red", "green"], ["yellow_bowl", "blue"]],
    }
)
MOST_P50_MM, MOST_P95_MM = 1.0, 2.5
CAMERA = camera_at(np.array(EYES[0][0]), np.array(EYES[0][1]), EYES[0][2])


def looked(seed: int) -> tuple[World, CameraSenses]:
    world = World(lay_out(SPEC, seed), tagged=True)
    arm = Arm(world, Belts(world))
    for _ in range(30):
        world.step()
    return world, CameraSenses(world, arm, seed)


def errors(seeds: range) -> tuple[list[float], list[float], int, list[float]]:
    """Off in position [mm] and in yaw [degrees] of blocks that are seen, how many are not, and the computer time of a look [ms]."""
    off_mm, off_deg, unseen, took_ms = [], [], 0, []
    for seed in seeds:
        world, senses = looked(seed)
        began = time.process_time()
        scene = senses.look()
        took_ms.append(1000 * (time.process_time() - began))
        for block in world.of_kind("block"):
            if block.id not in scene.things:
                unseen += 1
                continue
            seen, true = scene.pose(block.id), world.pose(block.id)
            off_mm.append(1000 * float(np.linalg.norm(np.subtract(seen.position_m, true.position_m))))
            off_deg.append(abs(float(np.degrees(np.sin(seen.yaw_rad - true.yaw_rad)))))
        world.close()
    return off_mm, off_deg, unseen, took_ms


def test_poses_are_off_by_a_millimetre_or_two() -> None:
    off_mm, off_deg, unseen, _ = errors(range(3))
    assert unseen == 0
    assert np.quantile(off_mm, 0.5) < MOST_P50_MM
    assert np.quantile(off_mm, 0.95) < MOST_P95_MM
    assert np.quantile(off_deg, 0.95) < 2.0


def view_of(tag: Tag, pose: Pose, shift: float = 0.0) -> View:
    """What a camera sees of a tag by calculation alone; one of its corners off by so much (straightened)."""
    corners = tag.corners_m @ np.array(pose.axes) + pose.position_m
    inside = (corners - CAMERA.eye_m) @ CAMERA.rotation
    seen = inside[:, :2] / inside[:, 2:]
    seen[0, 0] += shift
    return View(CAMERA, {tag.number: seen})


THING = Pose((0.5, 0.1, 0.02), quaternion_of(np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])))
BLOCK = lay_out(WorldSpec.model_validate({"blocks": ["red"]}), 0)
TAGS = by_number(tags_of(BLOCK))


def test_a_pose_is_found_again() -> None:
    views = [view_of(TAGS[number], THING) for number in (0, 2)]
    found = poses_of(views, TAGS)["red_block"]
    assert found.tags == {0, 2}
    assert found.pose.position_m == pytest.approx(THING.position_m, abs=1e-6)
    assert found.pose.yaw_rad == pytest.approx(np.arctan2(0.8, 0.6), abs=1e-5)


def test_a_thing_of_which_too_little_is_seen_has_no_pose() -> None:
    assert poses_of([view_of(TAGS[0], THING)], TAGS, least=2) == {}
    assert poses_of([view_of(TAGS[0], THING)], TAGS)["red_block"].tags == {0}


def test_corners_that_do_not_go_together_give_no_pose() -> None:
    assert poses_of([view_of(TAGS[0], THING), view_of(TAGS[2], THING, 0.03)], TAGS) == {}


def test_tags_that_nobody_knows_are_let_be() -> None:
    stranger = replace(TAGS[0], number=99)
    assert poses_of([view_of(stranger, THING)], TAGS) == {}


def test_a_block_is_in_the_scene_where_its_upper_side_is_seen() -> None:
    def told(*numbers: int) -> list[str]:
        return list(scene_of(BLOCK, TAGS.values(), {"red_block": Sight(THING, frozenset(numbers), 0.0)}).things)

    assert told(0, 2) == ["red_block"]
    assert told(2, 3) == []


def test_a_camera_finds_where_it_stands_by_tags_at_known_places() -> None:
    world, senses = looked(0)
    fixed = [thing for thing in world.things.values() if thing.kind != "block"]
    known = {}
    for tag in tags_of(world.things.values()):
        thing = next((one for one in fixed if one.id == tag.thing), None)
        if thing is not None:
            x_m, y_m, z_m = np.add(tag.centre_m, thing.position_m).tolist()
            known[tag.number] = replace(tag, thing="table", centre_m=(x_m, y_m, z_m))
    picture = senses.pictures()[0]
    lost = Camera(CAMERA.size_px, CAMERA.matrix)
    found = standing(lost, picture, known)
    assert np.linalg.norm(found.eye_m - CAMERA.eye_m) < 0.01
    assert np.allclose(found.rotation, CAMERA.rotation, atol=0.01)
    with pytest.raises(InputError, match=r"none of the tags 0, 1 is seen: where the camera stands follows from them"):
        standing(lost, np.full_like(picture, 255), {0: TAGS[0], 1: TAGS[1]})


def test_errors_say_what_would_be_right() -> None:
    with pytest.raises(InputError, match=r"a picture of 64 x 48 pixels; the camera is calibrated for 1120 x 480"):
        look_for_tags(CAMERA, np.zeros((48, 64), dtype=np.uint8))
    with pytest.raises(InputError, match=r"tag 1 is on 'red_block' and on 'bowl'; give one another number"):
        by_number([TAGS[1], replace(TAGS[1], thing="bowl")])
    with pytest.raises(InputError, match=r"tag 587 on 'red_block': 36h11 has the numbers 0 to 586"):
        by_number([replace(TAGS[0], number=587)])


def test_tags_need_no_physics() -> None:
    code = (
        "import sys, codeword.sim.seen, codeword.sim.tag_places, codeword.sim.scene; print('pybullet' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


if __name__ == "__main__":
    off_mm, off_deg, unseen, took_ms = errors(range(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
    for name, values in (("off [mm]", off_mm), ("off [degrees]", off_deg), ("computer time of a look [ms]", took_ms)):
        p50, p95 = np.quantile(values, [0.5, 0.95])
        print(f"{name}: p50 {p50:.2f}, p95 {p95:.2f}, most {max(values):.2f}, n = {len(values)}")
    print(f"blocks not seen: {unseen}")
