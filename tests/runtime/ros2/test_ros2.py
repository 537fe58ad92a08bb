"""A robot over ROS 2: a real rover in a process of its own, on a domain of its own, with rclpy on both sides."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codeword.codebook import Codebook, CodebookError, InputError, RobotError, load_codebook, read_command
from codeword.runtime.cli import main
from codeword.runtime.robots import check_robot_name

pytest.importorskip("rclpy", reason="ROS 2 has wheels for Linux on x86-64 alone")

from codeword.runtime.link.conformance import CHECKS, check_robot
from codeword.runtime.ros2.domain import domain_of
from codeword.runtime.ros2.node import ServedNode
from codeword.runtime.ros2.robot import Ros2Robot
from tests.runtime.link.processes import served, start

GUIDE = (Path(__file__).parents[3] / "runtime" / "guide" / "ros2.md").read_text()
FILES = {name: text for text, name in re.findall(r"```yaml\n(# (\S+)\n.*?)```", GUIDE, re.DOTALL)}
DOMAIN = 1 + os.getpid() % 100
"""Above 101 the ports of domains are among those that the system gives away."""


@pytest.fixture(scope="module", autouse=True)
def rover() -> Iterator[None]:
    """The rover, from when it is there to the end of the tests."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("rover.py")), str(DOMAIN)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Codebook:
    return written(tmp_path_factory.mktemp("rover"))


def written(folder: Path, change: Callable[[str], str] = lambda text: text) -> Codebook:
    for name, text in FILES.items():
        (folder / name).write_text(change(text) if name == "rover_robot.yaml" else text)
    return load_codebook(folder / "rover.yaml")


@pytest.fixture
def robot(book: Codebook) -> Iterator[Ros2Robot]:
    made = Ros2Robot(book, f"ros2://{DOMAIN}")
    yield made
    made.close()


def done(robot: Ros2Robot, **command: object) -> tuple[str, str, str]:
    result = robot.execute(read_command(robot.codebook, json.dumps(command))).result()
    return result.status, result.reason, result.message


def facts(robot: Ros2Robot) -> set[str]:
    return {str(fact) for fact in robot.observe().facts}


def x_m(robot: Ros2Robot) -> float:
    """Where the rover says that it is, after what was done last."""
    robot.observe()
    assert robot._mapping.pose is not None
    newest = robot._node.newest(robot._mapping.pose)
    assert newest is not None
    return float(newest[1].pose.pose.position.x)


def log(robot: Ros2Robot) -> list[str]:
    """What the rover says that it was told."""
    from std_msgs.msg import String

    heard: list[str] = []
    subscription = robot._node.node.create_subscription(String, "/log", lambda said: heard.append(said.data), 1)
    await_(lambda: len(heard) > 1)  # the first may be from before
    robot._node.node.destroy_subscription(subscription)
    found: list[str] = json.loads(heard[-1])
    return found


def exits(args: list[str]) -> object:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return ended.value.code


def await_(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_messages_services_and_actions_do_what_the_skills_say(robot: Ros2Robot) -> None:
    assert {entity.id for entity in robot.observe().entities} == {"charger", "gate", "shed"}
    assert done(robot, skill="go", place="gate") == ("done", "", "")
    assert facts(robot) == {"at(gate)"}
    assert "goal odom 1" in log(robot), "the fields of the message are those of the mapping"
    assert done(robot, skill="lamp_on") == ("done", "", "")
    assert "lit" in facts(robot)
    assert done(robot, skill="lamp_off")[0] == "done"
    assert done(robot, skill="beep", times=3)[0] == "done"
    assert "beeped 3" in log(robot)
    assert done(robot, skill="go", place="charger")[0] == "done"
    assert done(robot, skill="dock")[0] == "done"
    await_(lambda: facts(robot) == {"at(charger)", "docked"})
    before_m = x_m(robot)
    assert done(robot, skill="creep", distance_m=0.3)[0] == "done"
    assert x_m(robot) - before_m == pytest.approx(0.3, abs=0.1)
    assert done(robot, skill="go", place="charger")[0] == "done"


def test_why_something_failed_is_told(robot: Ros2Robot) -> None:
    assert done(robot, skill="go", place="gate")[0] == "done"
    assert done(robot, skill="dock") == ("failed", "refused", "no charger is near")
    status, reason, message = done(robot, skill="beep", times=13)
    assert (status, reason) == ("failed", "aborted")
    assert "sequence" in message
    assert done(robot, skill="beep", times=150)[:2] == ("failed", "rejected")


def test_a_stop_cancels_the_action_and_holds(robot: Ros2Robot) -> None:
    execution = robot.execute(read_command(robot.codebook, '{"skill":"beep","times":90}'))
    await_(lambda: execution.poll() is not None or bool(robot._goals and robot._goals[0]._handle))
    robot.stop()
    assert execution.result().status == "stopped"
    await_(lambda: any(said.startswith("cancelled after") for said in log(robot)))
    robot.rearm()
    execution = robot.execute(read_command(robot.codebook, '{"skill":"go","place":"shed"}'))
    began_m = x_m(robot)
    await_(lambda: execution.poll() is not None or abs(x_m(robot) - began_m) > 0.05)
    robot.stop()
    assert execution.result().status == "stopped"

    def stands() -> bool:
        before_m = x_m(robot)
        time.sleep(0.2)  # so long a rover that drives would be ten steps on
        return x_m(robot) == before_m

    await_(stands)
    assert "at(shed)" not in facts(robot)


def test_every_robot_must_do_what_this_one_does(book: Codebook) -> None:
    moves = '{"skill":"beep","times":40}'
    assert check_robot(lambda: Ros2Robot(book, f"ros2://{DOMAIN}"), book, moves) == tuple(CHECKS)


def test_robot_check_brings_it_up(book: Codebook, capsys: pytest.CaptureFixture[str]) -> None:
    assert exits(["robot", "check", f"ros2://{DOMAIN}", "--codebook", str(book.files[0])]) == 0
    told = capsys.readouterr().out
    assert "charger (place), gate (place), shed (place)" in told
    assert "wrong" not in told


@pytest.mark.model
def test_a_task_is_carried_out_over_ros_2(book: Codebook, tmp_path: Path) -> None:
    here = Ros2Robot(book, f"ros2://{DOMAIN}")
    if "at(shed)" in facts(here):
        assert done(here, skill="go", place="gate")[0] == "done"
    here.close()
    args = ["run", "--task", "go to the shed", "--codebook", str(book.files[0]), "--robot", f"ros2://{DOMAIN}"]
    assert exits([*args, "--out", str(tmp_path / "out")]) == 0
    again = Ros2Robot(book, f"ros2://{DOMAIN}")
    assert "at(shed)" in facts(again)
    again.close()


def test_it_is_served_over_the_link(book: Codebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(book.files[0])
    with served("--robot", f"ros2://{DOMAIN}", "--codebook", file, notes=tmp_path / "notes") as there:
        assert exits(["connect", there.url, "--codebook", file, "--readonly"]) == 0
        assert "shed" in capsys.readouterr().out
        assert exits(["stop", there.url]) == 0


@pytest.mark.model
def test_tasks_come_on_a_topic_and_what_becomes_of_them_is_told_on_another(book: Codebook, tmp_path: Path) -> None:
    from std_msgs.msg import String
    from std_srvs.srv import Trigger

    robot = ["--robot", f"ros2://{DOMAIN}", "--codebook", str(book.files[0]), "--out", str(tmp_path)]
    process, node, heard = start("chat", *robot, "--ros2", str(DOMAIN)), ServedNode("listener", DOMAIN), list[str]()
    node.node.create_subscription(String, "/codeword/says", lambda said: heard.append(said.data), 100)
    publisher = node.node.create_publisher(String, "/codeword/task", 10)
    stop = node.node.create_client(Trigger, "/codeword/stop")
    await_(lambda: bool(publisher.get_subscription_count()) and stop.service_is_ready())

    def say(task: str, *answers: str) -> None:
        heard.clear()
        publisher.publish(String(data=task))
        for answer in answers:
            await_(lambda: any(answer in line for line in heard))  # noqa: B023 (it is awaited here)

    say("switch the lamp on", "> switch the lamp on", "lamp_on", "ready")
    say("beep 90 times", "beep(times 90)")
    say("go to the shed", "the robot is busy; not taken: go to the shed")
    say("Stop!", "stopped", "ready")
    say("beep twice", "takes no task until it is re-armed", "ready")
    say("rearm", "tasks are taken again", "ready")
    say("beep 90 times", "beep(times 90)")
    heard.clear()
    stop.call_async(Trigger.Request())
    await_(lambda: "ready" in heard and any("stopped" in line for line in heard))
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM, process.communicate()
    node.close()


def test_what_nobody_tells_is_not_known(book: Codebook, tmp_path: Path) -> None:
    empty = DOMAIN % 100 + 1
    nobody = Ros2Robot(book, f"ros2://{empty}")
    with pytest.raises(RobotError, match=r"nobody publishes /odom; is the robot on this domain\?"):
        nobody.observe()
    nobody.close()
    other = written(tmp_path, lambda text: text.replace("type: nav_msgs/msg/Odometry", "type: geometry_msgs/msg/Pose"))
    with pytest.raises(CodebookError, match=r"ros2.pose: Pose has no field 'pose' \(choices: position, orientation\)"):
        Ros2Robot(other, f"ros2://{DOMAIN}")
    other = written(
        tmp_path,
        lambda text: text.replace(
            "nav_msgs/msg/Odometry, field: pose.pose", "geometry_msgs/msg/PoseStamped, field: pose"
        ),
    )
    strange = Ros2Robot(other, f"ros2://{DOMAIN}")
    with pytest.raises(
        RobotError, match=r"/odom is published as nav_msgs/msg/Odometry, not as geometry_msgs/msg/PoseS"
    ):
        strange.observe()
    strange.close()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("{linear: {x: 0.1}}", "{linear: {y: fast}}", r"yaml:\d+:\d+: ros2.primitives.creep: linear: 'y' is double and cannot be 'fast'"),
        ("{linear: {x: 0.1}}", "{liner: {x: 0.1}}", r"Twist has no field 'liner'; did you mean 'linear'"),
        ("std_srvs/srv/SetBool", "std_srvs/srv/SetBoll", r"std_srvs has no srv 'SetBoll'; did you mean 'SetBool'"),
        ("std_srvs/srv/SetBool", "my_srvs/srv/SetBool", r"the package 'my_srvs' is not installed; get it with pip install ros-jazzy-my-srvs"),
        ("{data: $lit}", "{data: $litt}", r"there is no argument '\$litt'; did you mean 'lit'"),
        ("until: at($mark)", "until: att($mark)", r"there is no fact 'att\(\$mark\)'; there are at\(place"),
        ("until: at($mark)", "until: at(", r"ros2.primitives.go.until: 'at\(' is not a fact"),
        ("within_m: 0.1", "within_m: -1", r"ros2.facts.at.within_m: Input should be greater than 0"),
        ("at: {within_m: 0.1}", "att: {within_m: 0.1}", r"there is no such fact; did you mean 'at'|nothing stands for at"),
        ("{call: /lamp,", "{call: /lamp, publish: /lamp,", r"ros2.primitives.lamp: needs exactly one of publish, call, action"),
        (", ok: success}", ", okay: success}", r"ros2.primitives.lamp.okay: unknown key"),
        ("ok: success}", "ok: succes}", r"SetBool_Response has no field 'succes'; did you mean 'success'"),
        ("  hold:", "  holds:", r"ros2.holds: unknown key"),
        ("    - {publish: /cmd_vel, type: geometry_msgs/msg/Twist}", "    []", r"yaml:\d+:\d+: ros2: lacks 'hold'"),
        ("for_s: $duration_s", "for_s: 0", r"ros2.primitives.creep.for_s"),
        ("/goal_pose", "/goal pose", r"ros2.primitives.go.publish: String should match"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_mapping_is_told_before_anything_moves(
    tmp_path: Path, was: str, becomes: str, told: str
) -> None:
    assert was in FILES["rover_robot.yaml"]
    with pytest.raises(CodebookError, match=told):
        Ros2Robot(written(tmp_path, lambda text: text.replace(was, becomes, 1)), f"ros2://{DOMAIN}")


def test_a_codebook_without_a_mapping_and_a_name_without_a_domain_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InputError, match=r"codebook 'tabletop': its robot file says nothing of ROS 2"):
        Ros2Robot(load_codebook("tabletop"), "ros2://3")
    for wrong in ("ros2://robot", "ros2://-1", "ros2://233"):
        with pytest.raises(InputError, match=r"names no domain; expected ros2:// or ros2://7"):
            check_robot_name(wrong)
    assert (domain_of("ros2://"), domain_of("ros2://7")) == (None, 7)
    monkeypatch.setattr("codeword.runtime.ros2.domain.find_spec", lambda _: None)
    with pytest.raises(
        InputError, match=r"needs rclpy, which is not installed; get it with: pip install 'codeword\[ros2\]'"
    ):
        check_robot_name("ros2://")


def test_a_robot_that_falls_silent_is_not_decided_on(robot: Ros2Robot) -> None:
    """The last one: the rover says nothing from here on."""
    from std_srvs.srv import Trigger

    execution = robot.execute(read_command(robot.codebook, '{"skill":"beep","times":90}'))
    await_(lambda: execution.poll() is not None or bool(robot._goals))
    client = robot._node.node.create_client(Trigger, "/go_silent")
    await_(client.service_is_ready)
    client.call_async(Trigger.Request())
    result = execution.result()
    assert (result.status, result.reason) == ("failed", "stale")
    await_(lambda: robot._goals[0].ended)
    assert not robot._goals[0].succeeded, "it was cancelled"

    def stale() -> bool:
        try:
            robot.observe()
        except RobotError as problem:
            return "stale: nothing was heard on /odom for" in str(problem)
        return False

    await_(stale)
