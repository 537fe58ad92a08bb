"""ZeroMQ sockets with nothing left at a default that hurts, addresses, and what a socket's monitor tells."""

import ipaddress
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import parse_monitor_message

from codeword.codebook.errors import InputError

from .limits import MOST_BYTES, MOST_BYTES_FROM_ROBOT

_FAILED: dict[int, str] = {
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "it does not know this key (was it revoked, or never given to the robot?)",
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "the handshake failed: the robot's public key here is not the robot's",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "the handshake failed: one side uses keys and the other does not",
}
_NO_KEYS = "the handshake failed: the robot asks for keys (codeword keys --help), and none are used here"


def router(context: "zmq.Context[zmq.Socket[bytes]]", most_bytes: int = MOST_BYTES) -> "zmq.Socket[bytes]":
    """A robot's end, not bound yet. What a peer does not take is dropped for it, never kept without bound."""
    socket = context.socket(zmq.ROUTER)
    _set(socket, most_bytes, waiting=64)
    return socket


def dealer(context: "zmq.Context[zmq.Socket[bytes]]", most_bytes: int = MOST_BYTES_FROM_ROBOT) -> "zmq.Socket[bytes]":
    """A controller's end, not connected yet. Nothing is queued for a robot that is not there."""
    socket = context.socket(zmq.DEALER)
    _set(socket, most_bytes, waiting=64)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, 2000)
    return socket


def _set(socket: "zmq.Socket[bytes]", most_bytes: int, waiting: int) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, waiting)
    socket.setsockopt(zmq.RCVHWM, 4 * waiting)
    socket.setsockopt(zmq.MAXMSGSIZE, most_bytes)
    socket.setsockopt(zmq.HANDSHAKE_IVL, 3000)
    socket.setsockopt(zmq.HEARTBEAT_IVL, 1000)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3000)
    socket.setsockopt(zmq.HEARTBEAT_TTL, 5000)


def address(url: str, *, scheme: str = "tcp") -> tuple[str, int]:
    """Host and port of `tcp://host:port`. Raises InputError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise InputError(f"'{url}' is no address: {problem}; right would be {scheme}://host:port") from problem
    if parts.scheme != scheme or not parts.hostname or port is None or parts.path or parts.query:
        raise InputError(f"'{url}' is no address of a robot; right would be {scheme}://host:port")
    return parts.hostname, port


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(socket: "zmq.Socket[bytes]", host: str, port: int, *, keys: bool) -> int:
    """Bind to a port (0: any free one) and return it. Raises InputError: without keys only loopback is bound."""
    if not keys and not is_loopback(host):
        raise InputError(
            f"tcp://{host}:{port}: without keys only loopback is bound (tcp://127.0.0.1:{port}); make keys with "
            "codeword keys new, and give --keys"
        )
    shown = f"[{host}]" if ":" in host else host
    try:
        if ":" in host:
            socket.setsockopt(zmq.IPV6, 1)
        if port == 0:
            return int(socket.bind_to_random_port(f"tcp://{shown}"))
        socket.bind(f"tcp://{shown}:{port}")
    except zmq.ZMQError as problem:
        raise InputError(f"tcp://{host}:{port}: cannot be bound: {problem.strerror or problem}") from problem
    return port


class Monitor:
    """What the network did to a socket, in words; wrong keys are known at once."""

    def __init__(self, socket: "zmq.Socket[bytes]", *, keys: bool) -> None:
        self._socket, self._keys = socket, keys
        self.pair: zmq.Socket[bytes] = socket.get_monitor_socket()
        self.connected = False
        self.fault = ""
        """Why no connection can be made: keys that do not fit. Empty where none is known."""
        self.network = "no connection was made yet"

    def read(self) -> None:
        """Take in what has happened."""
        while self.pair.poll(0):
            event = int(parse_monitor_message(self.pair.recv_multipart(zmq.NOBLOCK))["event"])
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.connected, self.fault, self.network = True, "", "connected"
            elif event == zmq.EVENT_DISCONNECTED:
                self.connected, self.network = False, self.fault or "the connection was closed by the other side"
            elif event in (zmq.EVENT_CONNECT_RETRIED, zmq.EVENT_CLOSED) and not self.connected and not self.fault:
                self.network = "nobody listens at that address"
            elif event in _FAILED:
                self.connected, self.fault = False, _FAILED[event] if self._keys else _NO_KEYS
                self.network = self.fault

    def close(self) -> None:
        """Stop listening."""
        self._socket.disable_monitor()
        self.pair.close(0)
