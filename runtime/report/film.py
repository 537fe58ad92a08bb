"""Film strips for a page: few and small pictures, so that the page of a long run can still be opened and sent."""

import base64
import io
from dataclasses import dataclass

from PIL import Image

from codeword.runtime.recording import RecordedEpisode

MOST_FRAMES = 16
"""Of one episode; where it has more, they are spread over it evenly."""

_SIZE, _QUALITY = (320, 240), 72
_THUMBNAIL, _ROUGH = (112, 84), 60


@dataclass(frozen=True)
class FilmFrame:
    """A picture as base64 of a JPEG. `number` is that of the decision that it was taken before, 0 for the end."""

    number: int
    time_s: float
    jpeg: str


def film(episode: RecordedEpisode, keep: int | None = None) -> list[FilmFrame]:
    """The film strip of an episode; the picture before the decision of index `keep` is always in it."""
    last = len(episode.pictures) - 1
    wanted = set(range(last + 1))
    if last >= MOST_FRAMES:
        wanted = {round(index * last / (MOST_FRAMES - 1)) for index in range(MOST_FRAMES)}
        wanted |= {keep} if keep is not None and keep <= last else set()
    return [
        FilmFrame(index + 1 if index < len(episode.steps) else 0, round(time_s, 2), _small(jpeg))
        for index in sorted(wanted)
        for time_s, jpeg in [episode.pictures[index]]
    ]


def thumbnails(episode: RecordedEpisode) -> tuple[str, ...]:
    """The first and the last picture of an episode, tiny, each as base64 of a JPEG."""
    ends = [*episode.pictures[:1], *episode.pictures[1:][-1:]]
    return tuple(_small(jpeg, _THUMBNAIL, _ROUGH) for _, jpeg in ends)


def _small(jpeg: bytes, size: tuple[int, int] = _SIZE, quality: int = _QUALITY) -> str:
    picture: Image.Image = Image.open(io.BytesIO(jpeg))
    picture.thumbnail(size)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return base64.b64encode(out.getvalue()).decode()
