"""Codeword as a node of ROS 2: tasks come on a topic, and what becomes of them is told on another."""

import sys
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

from std_msgs.msg import String
from std_srvs.srv import Trigger

from codeword.codebook.reflexes import stops
from codeword.runtime.session import Session

from .node import ServedNode

_NODE = "codeword"


class Voice(ServedNode):
    """Takes tasks from /codeword/task, one after the other, and tells on /codeword/says; /codeword/stop stops the robot
    at once, and so does a stop word among the tasks.

    It is a text file too: what is written to it is said line by line, and printed.
    """

    def __init__(self, session: Session, domain: int | None) -> None:
        super().__init__(_NODE, domain)
        self._session, self._lines, self._begun = session, SimpleQueue[str](), ""
        self._busy = False
        self._says = self.node.create_publisher(String, "~/says", 100)
        self.task_topic: str = self.node.create_subscription(String, "~/task", self._told, 10).topic_name
        self.node.create_service(Trigger, "~/stop", self._stop)

    def lines(self) -> Iterator[str]:
        """The tasks, one after the other, without end; before each it says that it is ready."""
        while True:
            self._busy = False
            self.write("ready\n")
            line = self._lines.get()
            self._busy = True
            yield line

    def write(self, text: str) -> int:
        """Say what is written, each line once it is whole."""
        *whole, self._begun = (self._begun + text).split("\n")
        for line in filter(None, map(str.strip, whole)):
            self._says.publish(String(data=line))
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Print what was written."""
        sys.stdout.flush()

    def _told(self, message: String) -> None:
        line = message.data.strip()
        if stops(self._session.codebook, line):
            self._session.stop()
        elif self._busy:
            self.write(f"  the robot is busy; not taken: {line}\n")
        elif line:
            self._lines.put(line)

    def _stop(self, request: Any, response: Any) -> Any:
        del request
        self._session.stop()
        response.success = True
        return response
