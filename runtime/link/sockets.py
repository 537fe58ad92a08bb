"""ZeroMQ sockets with nothing left at a default that hurts, addresses, and what a socket's monitor tells."""

import ipaddress
import time
from socket import AF_INET, create_connection, getaddrinfo
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


def endpoint(host: str, port: int, scheme: str = "tcp") -> str:
    """The address of a host and a port: an IPv6 address stands in brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def connect(socket: "zmq.Socket[bytes]", host: str, port: int) -> None:
    """Connect to a host by IPv4 or IPv6, without waiting for it."""
    use_family(socket, host)
    socket.connect(endpoint(host, port))


def use_family(socket: "zmq.Socket[bytes]", host: str) -> None:
    """Choose IPv4 or IPv6 by a host before a socket is bound or connected: ZeroMQ tries one address, of one family.

    A name that has an IPv4 address is taken by that, as most robots are bound to one.
    """
    socket.setsockopt(zmq.IPV6, ":" in host or not _has_ipv4(host))


def _has_ipv4(host: str) -> bool:
    if host == "*":
        return True
    try:
        return bool(getaddrinfo(host, None, AF_INET))
    except (OSError, UnicodeError):
        return False


def address(url: str, *, scheme: str = "tcp") -> tuple[str, int]:
    """Host and port of `tcp://host:port`, an IPv6 address in brackets. Raises InputError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        right = f"{scheme}://[::1]:port" if url.count(":") > 2 else f"{scheme}://host:port"
        raise InputError(f"'{url}' is no address: {problem}; expected {right}") from problem
    if parts.scheme != scheme or not parts.hostname or port is None or parts.path or parts.query:
        raise InputError(f"'{url}' is no address of a robot; expected {scheme}://host:port")
    return parts.hostname, port


def require_listener(url: str, within_s: float = 5.0) -> None:
    """Wait for somebody to listen at `tcp://host:port`, so long at most. Raises InputError."""
    host, port = address(url)
    end_s = time.monotonic() + within_s
    while True:
        try:
            create_connection((host, port), timeout=max(0.1, end_s - time.monotonic())).close()
            return
        except OSError as problem:
            if time.monotonic() >= end_s:
                raise InputError(f"{url}: nobody listens at that address ({problem.strerror or problem})") from problem
        time.sleep(0.1)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host."""
    if host == "localhost":
        return True
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return (mapped or known).is_loopback


def bind(socket: "zmq.Socket[bytes]", host: str, port: int, *, keys: bool) -> int:
    """Bind to a port (0: any free one) and return it. Raises InputError: without keys only loopback is bound."""
    if not keys and not is_loopback(host):
        loopback = "::1" if ":" in host else "127.0.0.1"
        raise InputError(
            f"{endpoint(host, port)}: without keys only loopback is bound ({endpoint(loopback, port)}); make keys with "
            "codeword keys new, and give --keys"
        )
    try:
        use_family(socket, host)
        if port == 0:
            return int(socket.bind_to_random_port(endpoint(host, port).rpartition(":")[0]))
        socket.bind(endpoint(host, port))
    except zmq.ZMQError as problem:
        raise InputError(f"{endpoint(host, port)}: cannot be bound: {problem.strerror or problem}") from problem
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
