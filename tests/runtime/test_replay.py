"""Replay: the same again, or each difference by name."""

import threading
from pathlib import Path

import pytest

from codeword.codebook import Command, Observation
from codeword.codebook.errors import CodewordError
from codeword.controller import RandomController
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.guard import Guard
from codeword.runtime.recording import EpisodeWriter, RecordedEpisode, read_episode
from codeword.runtime.replay import replay, replayed
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.summary import scenario_of
from tests.runtime.conftest import shipped


def rewritten(episode: RecordedEpisode, path: Path) -> Path:
    """The episode written to another file as it stands, with valid checksums."""
    with EpisodeWriter(path, episode.header, episode.codebook_text, episode.scenario_text) as writer:
        for step in episode.steps:
            for topic in ("observation", "decision", "command", "budget", "result"):
                record = getattr(step, topic)
                if record is not None:
                    writer.write(topic, record, step.observation.time_s)
        for event in episode.events:
            writer.write("event", event, event.time_s)
        if episode.verdict is not None:
            writer.write("verdict", episode.verdict, episode.verdict.simulated_s)
    return path


def test_an_episode_replays_to_the_bit(expert_episode: Path) -> None:
    assert replay(read_episode(expert_episode), exact=True) == []


def test_random_episodes_of_every_kind_replay_and_redecide(tmp_path: Path) -> None:
    scenarios = tuple(shipped(f"tabletop/{name}") for name in ("push_and_put", "swap_stack", "slip_while_stacking"))
    who = Controllers(DeciderConfig("random", "", "none"), silent)
    for file in run(Plan(scenarios, range(2), "sim", tmp_path, film=False), who):
        episode = read_episode(file)
        again = RandomController(scenario_of(episode).codebook, episode.header.seed)
        assert replay(episode, again, exact=True) == []
        other = RandomController(scenario_of(episode).codebook, episode.header.seed + 1)
        assert any(difference.field.startswith("decision.") for difference in replay(episode, other))


def test_an_edited_command_is_found_and_named(expert_episode: Path, tmp_path: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    command = episode.steps[1].command
    assert command is not None
    episode.steps[1].command = command.model_copy(update={"text": command.text.replace("red_bowl", "table")})
    found = replay(read_episode(rewritten(episode, tmp_path / "edited.mcap")))
    first = found[0]
    assert (first.step, first.field, first.logged) == (1, "command.text", command.text)
    assert '"target":"table"' in first.now


@pytest.mark.parametrize("part", ["observation", "result", "verdict"])
def test_an_edited_record_is_found_and_named(expert_episode: Path, tmp_path: Path, part: str) -> None:
    episode = read_episode(expert_episode, pictures=False)
    if part == "verdict":
        assert episode.verdict is not None
        episode.verdict = episode.verdict.model_copy(update={"success": False})
        expected = (len(episode.steps), "verdict.success")
    elif part == "result":
        assert episode.steps[0].result is not None
        episode.steps[0].result = episode.steps[0].result.model_copy(update={"duration_s": 0.25})
        expected = (0, "result.duration_s")
    else:
        seen = episode.steps[2].observation
        block = seen.entities[0].model_copy(update={"position_m": (0.4, 0.0, 0.02)})
        episode.steps[2].observation = seen.model_copy(update={"entities": (block, *seen.entities[1:])})
        expected = (2, "observation.entities[0].position_m[0]")
    found = replay(read_episode(rewritten(episode, tmp_path / "edited.mcap")))
    assert (found[0].step, found[0].field) == expected


def test_a_busy_machine_makes_no_check_longer(expert_episode: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process has the processor, nothing is counted: the budgets of recorded episodes are judged by it."""
    check, away_s = Guard.check, 0.5

    def interrupted(guard: Guard, text: str, observation: Observation, task: str | None = "") -> Command:
        threading.Event().wait(away_s)
        return check(guard, text, observation, task)

    monkeypatch.setattr(Guard, "check", interrupted)
    again = replayed(read_episode(expert_episode))
    assert again.differences == []
    assert 0 < max(again.stage_ms["validate_ms"]) < 1000 * away_s


def test_an_edited_codebook_is_found(expert_episode: Path, tmp_path: Path) -> None:
    """The file's own codebook is used, and its hash in the header tells that it was changed."""
    episode = read_episode(expert_episode, pictures=False)
    episode.codebook_text = episode.codebook_text.replace("distance_m: 0.20", "distance_m: 0.15")
    found = replay(read_episode(rewritten(episode, tmp_path / "edited.mcap")))
    assert found[0].field == "header.codebook_hash"
    episode.codebook_text = "nonsense"
    with pytest.raises(CodewordError):
        replay(read_episode(rewritten(episode, tmp_path / "broken.mcap")))
