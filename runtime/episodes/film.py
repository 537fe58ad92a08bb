"""A film of an episode: it is carried out again in its world, and pictures are taken on the way."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from codeword.codebook import CommandError, read_command
from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.task_plan import told_command
from codeword.runtime.episode import Physics
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.replay import replayed
from codeword.runtime.summary import scenario_of, task_at

KINDS = (".gif", ".webp")
_BAR_PX, _MARGIN_PX, _FONT_PX = 40, 6, 14
_COLORS = 96
_LAST_MS = 2000


@dataclass(frozen=True)
class Frame:
    """A picture (JPEG), and what is being done."""

    jpeg: bytes
    doing: str


def frames(episode: RecordedEpisode, every_s: float, advance: Callable[[int], None] = lambda _: None) -> list[Frame]:
    """Pictures of a simulated episode, one every so much simulated time [s]; of any other the recorded ones, one a
    decision. Raises InputError where there are none.
    """
    found: list[Frame] = []
    if episode.header.robot == "sim" and episode.header.remade:
        step = 0

        def watch(physics: Physics) -> None:
            found.append(Frame(physics.jpeg(), ""))
            physics.watch(every_s, lambda _: found.append(Frame(physics.jpeg(), _doing(episode, step))))

        def on_step(number: int) -> None:
            nonlocal step
            step = number
            advance(number)

        replayed(episode, on_step=on_step, on_start=watch)
    else:
        found = [Frame(jpeg, _doing(episode, number)) for number, (_, jpeg) in enumerate(episode.pictures)]
    if not found:
        raise InputError(f"{episode.path}: has no pictures, and its world cannot be made again")
    return found


def _doing(episode: RecordedEpisode, number: int) -> str:
    """The command of a step, in words."""
    step = episode.steps[min(number, len(episode.steps) - 1)]
    if step.command is None:
        return ""
    try:
        return told_command(read_command(scenario_of(episode).codebook, step.command.text))
    except CommandError:
        return step.command.text


def write_film(path: Path, episode: RecordedEpisode, some: list[Frame], every_s: float, width: int) -> None:
    """Write frames as an animation, GIF or WebP by the name of the file, under each the task and what is being done.

    Raises InputError for another kind of file, and where it cannot be written.
    """
    check_kind(path)
    task = task_at(episode, scenario_of(episode), 0)
    pictures = [_captioned(frame, task, width) for frame in some]
    if path.suffix == ".gif":
        pictures = [picture.quantize(_COLORS) for picture in pictures]
    times = [round(every_s * 1000)] * (len(pictures) - 1) + [_LAST_MS]
    try:
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=True)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def check_kind(path: Path) -> None:
    """Raises InputError where a film cannot be a file of that kind."""
    if path.suffix not in KINDS:
        hint = did_you_mean(path.suffix, KINDS) or f"; a film is a file {' or '.join(KINDS)}"
        raise InputError(f"{path}: no film is written as '{path.suffix or path.name}'{hint}")


def _captioned(frame: Frame, task: str, width: int) -> Image.Image:
    seen = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
    height = round(seen.height * width / seen.width)
    whole = Image.new("RGB", (width, height + _BAR_PX), "white")
    whole.paste(seen.resize((width, height)), (0, 0))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(_FONT_PX)
    for line, (text, color) in enumerate(((task, "black"), (frame.doing, "#1f77b4"))):
        draw.text((_MARGIN_PX, height + 2 + line * (_FONT_PX + 3)), _fitting(text, font, width), color, font)
    return whole


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A text cut to what fits beside the margins [pixels]."""
    while text and font.getlength(text) > width - 2 * _MARGIN_PX:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return text
