"""A rover that speaks ROS 2, as a process of its own: `python rover.py DOMAIN`. It knows nothing of Codeword.

It drives to what /goal_pose says, tells where it is on /odom, switches a lamp by /lamp and tells of it, docks by /dock
where it stands at the origin, and beeps by the action /beep; /cmd_vel with nothing in it makes it stand.
"""

import json
import sys
import time

import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger
from test_msgs.action import Fibonacci

TICK_S = 0.02
SPEED_M_S = 0.5
WATCHDOG_S = 0.5
"""So long it rolls on after the last /cmd_vel."""
MOST_BEEPS = 100


class Rover(Node):
    """It drives along x alone."""

    def __init__(self, context: rclpy.Context) -> None:
        super().__init__("rover", context=context)
        self.x_m, self.goal_m, self.lit, self.docked, self.silent = 0.0, None, False, False, False
        self.told: list[str] = []
        self.speed_m_s, self.told_s, self.ticked_s = 0.0, 0.0, time.monotonic()
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.odom = self.create_publisher(Odometry, "/odom", 10)
        self.lamp = self.create_publisher(Bool, "/lamp_on", latched)
        self.dock = self.create_publisher(Bool, "/docked", 10)
        self.log = self.create_publisher(String, "/log", 10)
        self.create_subscription(PoseStamped, "/goal_pose", self.drive, 10)
        self.create_subscription(Twist, "/cmd_vel", self.roll, 10)
        self.create_service(SetBool, "/lamp", self.switch)
        self.create_service(Trigger, "/dock", self.on_dock)
        self.create_service(Trigger, "/go_silent", self.go_silent)
        group = ReentrantCallbackGroup()
        ActionServer(
            self, Fibonacci, "/beep", self.beep, callback_group=group,
            goal_callback=lambda goal: GoalResponse.ACCEPT if goal.order <= MOST_BEEPS else GoalResponse.REJECT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )  # fmt: skip
        self.create_timer(TICK_S, self.tick)
        self.lamp.publish(Bool(data=False))

    def drive(self, message: PoseStamped) -> None:
        self.goal_m = message.pose.position.x
        self.tell(f"goal {message.header.frame_id} {self.goal_m:g}")

    def roll(self, message: Twist) -> None:
        if message.linear.x == 0:
            self.goal_m = None
        self.speed_m_s, self.told_s = message.linear.x, time.monotonic()

    def switch(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.lit = request.data
        self.lamp.publish(Bool(data=self.lit))
        response.success = True
        return response

    def on_dock(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        del request
        self.docked = abs(self.x_m) < 0.3
        response.success, response.message = self.docked, "" if self.docked else "no charger is near"
        return response

    def go_silent(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        del request
        self.silent = response.success = True
        return response

    def beep(self, handle):  # type: ignore[no-untyped-def]
        beeps = Fibonacci.Feedback()
        for number in range(handle.request.order):
            time.sleep(0.05)
            if handle.is_cancel_requested:
                handle.canceled()
                self.tell(f"cancelled after {number}")
                return Fibonacci.Result(sequence=beeps.sequence)
            beeps.sequence = [*beeps.sequence, number]
            handle.publish_feedback(beeps)
        handle.succeed() if handle.request.order != 13 else handle.abort()
        self.tell(f"beeped {handle.request.order}")
        return Fibonacci.Result(sequence=beeps.sequence)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def tick(self) -> None:
        now_s = time.monotonic()
        if now_s - self.told_s < WATCHDOG_S:
            self.x_m += self.speed_m_s * (now_s - self.ticked_s)
        self.ticked_s = now_s
        if self.goal_m is not None:
            step = SPEED_M_S * TICK_S
            self.x_m += max(-step, min(step, self.goal_m - self.x_m))
        self.docked &= abs(self.x_m) < 0.3
        if self.silent:
            return
        seen = Odometry()
        seen.header.frame_id = "odom"
        seen.pose.pose.position.x = self.x_m
        self.odom.publish(seen)
        self.dock.publish(Bool(data=self.docked))
        self.log.publish(String(data=json.dumps(self.told)))


def main() -> None:
    """Go on until the process is told to end."""
    context = rclpy.Context()
    context.init(domain_id=int(sys.argv[1]))
    executor = MultiThreadedExecutor(4, context=context)
    executor.add_node(Rover(context))
    print("up", flush=True)
    executor.spin()


if __name__ == "__main__":
    main()
