"""Who speaks to a robot: who they said they are, how often they may speak, and what they were answered."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from .limits import Limits
from .messages import Reply


@dataclass
class Peer:
    """One connection; `credit` is how many messages it may send at once [messages]."""

    heard_s: float
    credit: float
    controller: str = ""
    told_s: float = float("-inf")


@dataclass
class Peers:
    """The connections heard of lately, at most `most_peers`, the latest last; and the controllers that said hello.

    The holder of the lease is forgotten for nobody: its connection is `spared`.
    """

    limits: Limits
    spared: bytes | None = None
    _peers: "OrderedDict[bytes, Peer]" = field(default_factory=OrderedDict)
    _controllers: "OrderedDict[str, bool]" = field(default_factory=OrderedDict)

    def hear(self, routing_id: bytes, now_s: float) -> Peer:
        """A connection has sent something."""
        peer = self._peers.pop(routing_id, None)
        if peer is None:
            peer = Peer(now_s, self.limits.burst)
        peer.credit = min(self.limits.burst, peer.credit + (now_s - peer.heard_s) * self.limits.messages_per_s)
        peer.heard_s = now_s
        self._peers[routing_id] = peer
        while len(self._peers) > self.limits.most_peers:
            del self._peers[next(one for one in self._peers if one != self.spared)]
        return peer

    def welcome(self, peer: Peer, controller: str, *, may_lease: bool) -> None:
        """A controller has said hello over a connection."""
        peer.controller = controller
        self._controllers.pop(controller, None)
        self._controllers[controller] = may_lease
        while len(self._controllers) > self.limits.most_peers:
            self._controllers.popitem(last=False)

    def keep(self, controller: str) -> None:
        """A controller that is not to be forgotten for those who come after it."""
        if controller in self._controllers:
            self._controllers.move_to_end(controller)

    def may_lease(self, controller: str) -> bool | None:
        """Whether a controller may hold the lease; None where it has not said hello."""
        return self._controllers.get(controller)

    def greeted(self, now_s: float) -> list[bytes]:
        """The connections that said hello and were heard of lately; the others are forgotten."""
        for routing_id in [r for r, peer in self._peers.items() if now_s - peer.heard_s > self.limits.peer_s]:
            del self._peers[routing_id]
        return [routing_id for routing_id, peer in self._peers.items() if peer.controller]


class Replies:
    """The latest answers by controller and id, so that a request sent again is answered and not done again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._replies: OrderedDict[tuple[str, str], Reply] = OrderedDict()

    def get(self, controller: str, message_id: str) -> Reply | None:
        """What that request was answered, None where it is not known."""
        return self._replies.get((controller, message_id))

    def keep(self, controller: str, message_id: str, reply: Reply) -> None:
        """Remember an answer; the oldest of whoever has the most are forgotten."""
        self._replies.pop((controller, message_id), None)
        self._replies[controller, message_id] = reply
        while len(self._replies) > self._most:
            shares = Counter(one for one, _ in self._replies)
            most = max(shares.values())
            del self._replies[next(key for key in self._replies if shares[key[0]] == most)]
