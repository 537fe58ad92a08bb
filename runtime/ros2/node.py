"""Nodes of ROS 2, each served by a thread of its own: the newest message of each topic, and what is sent."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from .mapping import Act, Call, Publish, Topic, Verb
from .messages import fill, find_type

_AS_PUBLISHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Takes what is sent reliably and what is not."""
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_SENT = QoSProfile(depth=10)


class Goal:
    """A goal that was sent to an action server, from the sending to the end."""

    def __init__(self, client: ActionClient, message: Any) -> None:
        self._handle: Any = None
        self._cancelled = False
        self.status: int | None = None
        """How it ended, in the numbers of action_msgs/msg/GoalStatus; None while it is under way."""
        self.rejected = False
        self.result: Any = None
        client.send_goal_async(message).add_done_callback(self._answered)

    @property
    def ended(self) -> bool:
        return self.rejected or self.status is not None

    @property
    def succeeded(self) -> bool:
        return bool(self.status == GoalStatus.STATUS_SUCCEEDED)

    def cancel(self) -> None:
        """Have it cancelled, now or as soon as it was accepted. From any thread, as often as one likes."""
        self._cancelled = True
        if self._handle is not None and not self.ended:
            self._handle.cancel_goal_async()

    def _answered(self, future: Any) -> None:
        handle = future.result()
        if not handle.accepted:
            self.rejected = True
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(self._finished)
        if self._cancelled:
            handle.cancel_goal_async()

    def _finished(self, future: Any) -> None:
        self.result, self.status = future.result().result, future.result().status


class ServedNode:
    """A node of a domain (None: the one that ROS_DOMAIN_ID says), served by a thread of its own until it is closed."""

    def __init__(self, name: str, domain: int | None) -> None:
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self.node = Node(name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._serve, daemon=True, name="ros2")
        self._thread.start()

    def close(self) -> None:
        """Leave the domain. Idempotent."""
        self._context.try_shutdown()
        self._thread.join()
        self.node.destroy_node()

    def _serve(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return  # closed


class RobotNode(ServedNode):
    """Listens to topics and keeps the newest message of each; publishes, calls services, sends goals."""

    def __init__(self, domain: int | None, topics: tuple[Topic, ...], sent: tuple[Verb, ...]) -> None:
        """Join a domain. Types must be installed: raises MessageError."""
        super().__init__("codeword_robot", domain)
        self._newest: dict[str, tuple[float, Any]] = {}
        for topic in topics:
            qos = _LATCHED if topic.latched else _AS_PUBLISHED
            self.node.create_subscription(find_type(topic.type), topic.topic, self._keep(topic.topic), qos)
        self._clients = {_key(verb): self._client(verb) for verb in sent}

    def newest(self, topic: Topic) -> tuple[float, Any] | None:
        """The newest message of a topic and how old it is [s]; None where none has come."""
        kept = self._newest.get(topic.topic)
        return None if kept is None else (time.monotonic() - kept[0], kept[1])

    def is_there(self, verb: Verb) -> bool:
        """Whether anybody takes what is sent by it."""
        client = self._clients[_key(verb)]
        if isinstance(verb, Publish):
            return bool(client.get_subscription_count())
        return bool(client.service_is_ready() if isinstance(verb, Call) else client.server_is_ready())

    def publish(self, verb: Publish, fields: Mapping[str, Any]) -> None:
        """Send a message. Raises MessageError where the fields do not fit."""
        self._clients[_key(verb)].publish(fill(find_type(verb.type)(), fields))

    def call(self, verb: Call, fields: Mapping[str, Any]) -> Any:
        """Send a request; gives the future of its response. Raises MessageError where the fields do not fit."""
        return self._clients[_key(verb)].call_async(fill(find_type(verb.type).Request(), fields))

    def send(self, verb: Act, fields: Mapping[str, Any]) -> Goal:
        """Send a goal. Raises MessageError where the fields do not fit."""
        return Goal(self._clients[_key(verb)], fill(find_type(verb.type).Goal(), fields))

    def types_of(self, topic: str) -> list[str]:
        """The types that a topic is published with."""
        return sorted({info.topic_type for info in self.node.get_publishers_info_by_topic(topic)})

    def _keep(self, topic: str) -> Any:
        def keep(message: Any) -> None:
            self._newest[topic] = (time.monotonic(), message)

        return keep

    def _client(self, verb: Verb) -> Any:
        if isinstance(verb, Publish):
            return self.node.create_publisher(find_type(verb.type), verb.publish, _SENT)
        if isinstance(verb, Call):
            return self.node.create_client(find_type(verb.type), verb.call)
        return ActionClient(self.node, find_type(verb.type), verb.action)


def _key(verb: Verb) -> tuple[str, str]:
    """What a client is for; the type says whether the name is a topic's, a service's or an action's."""
    return verb.name, verb.type
