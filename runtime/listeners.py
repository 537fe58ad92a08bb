"""Several listeners as one."""

from dataclasses import dataclass

from codeword.codebook.observation import Record

from .episode import Episode, Listener, Spectator


@dataclass(frozen=True)
class Several:
    """Hands everything on to each, in order."""

    listeners: tuple[Listener, ...]

    def begin(self, episode: Episode) -> None:
        """Tell those who want to know of an episode before it begins."""
        for listener in self.listeners:
            if isinstance(listener, Spectator):
                listener.begin(episode)

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """A record."""
        for listener in self.listeners:
            listener.write(topic, record, time_s)

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """A picture."""
        for listener in self.listeners:
            listener.picture(jpeg, time_s)
