"""Films of episodes: pictures of the world made again, or those that were recorded."""

from pathlib import Path

import pytest
from PIL import Image

from codeword.codebook.errors import InputError
from codeword.runtime.cli import main
from codeword.runtime.episodes.film import frames, write_film
from codeword.runtime.recording import read_episode


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_simulated_episode_is_filmed_while_it_is_carried_out_again(
    expert_episode: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"film.{kind}"
    assert run("episodes", "film", str(expert_episode), "--out", str(target), "--every", "0.5", "--width", "160") == 0
    simulated_s = read_episode(expert_episode).steps[-1].observation.time_s
    with Image.open(target) as film:
        assert isinstance(film.n_frames, int) and film.n_frames > 0.8 * simulated_s / 0.5
        assert film.size == (160, 120 + 40)
        first = film.convert("RGB").tobytes()
        film.seek(film.n_frames - 1)
        assert film.convert("RGB").tobytes() != first


def test_what_is_done_is_told_below(expert_episode: Path) -> None:
    episode = read_episode(expert_episode)
    told = [frame.doing for frame in frames(episode, 0.5)]
    assert told[0] == "" and {one.partition("(")[0] for one in told[1:]} >= {"pick", "place"}
    assert told.index(next(one for one in told if one.startswith("pick"))) < told.index(
        next(one for one in told if one.startswith("place"))
    )


def test_an_episode_of_a_robot_shows_the_recorded_pictures(expert_episode: Path, tmp_path: Path) -> None:
    episode = read_episode(expert_episode)
    elsewhere = episode.header.model_copy(update={"robot": "my_cart:Cart"})
    object.__setattr__(episode, "header", elsewhere)
    some = frames(episode, 0.5)
    assert [one.jpeg for one in some] == [jpeg for _, jpeg in episode.pictures]
    write_film(tmp_path / "film.gif", episode, some, 0.5, 160)
    object.__setattr__(episode, "pictures", [])
    with pytest.raises(InputError, match="no pictures"):
        frames(episode, 0.5)


def test_another_kind_of_file_is_refused_before_anything_is_rendered(
    expert_episode: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("episodes", "film", str(expert_episode), "--out", "film.mp4") == 2
    assert "film.mp4: no film is written as '.mp4'" in capsys.readouterr().err
