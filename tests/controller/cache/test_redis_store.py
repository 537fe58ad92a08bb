"""The store in a real Redis server: shared, behind a password, and missed by nobody when it is gone."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.controller.cache.cached import Cached
from codeword.controller.cache.entries import MOST_CHARACTERS
from codeword.controller.cache.opening import open_kept
from codeword.controller.cache.redis_store import PASSWORD as PASSWORD_VARIABLE
from codeword.controller.cache.redis_store import RedisStore
from codeword.controller.controller import model_controller
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from tests.controller.cache.redis_server import PASSWORD, RedisServer
from tests.observations import observe


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path)
    yield running
    running.kill()


def test_what_one_puts_another_gets(server: RedisServer) -> None:
    one, other = RedisStore(server.url), open_kept(server.url)
    assert other.get("a") is None
    one.put("a", "1é")
    one.put("a", "2é")
    one.put("b", "x" * (MOST_CHARACTERS + 9))
    assert other.get("a") == "2é"
    assert len(other.get("b") or "") == MOST_CHARACTERS + 1
    assert other.size() == (2, 3 + MOST_CHARACTERS + 9)
    one.drop("a")
    assert other.get("a") is None
    assert (other.clear(), one.size()) == (1, (0, 0))
    assert (one.take_notes(), other.take_notes()) == ((), ())
    one.close()
    one.close()
    other.close()


def test_entries_end_some_time_after_their_last_use(server: RedisServer) -> None:
    import redis

    store, theirs = RedisStore(server.url), redis.Redis.from_url(server.url)
    store.put("a", "1")
    (key,) = theirs.keys()
    assert 29 * 24 * 3600 < theirs.ttl(key) <= 30 * 24 * 3600
    theirs.expire(key, 60)
    store.get("a")
    assert theirs.ttl(key) > 29 * 24 * 3600
    theirs.delete(key)
    theirs.lpush(key, "a list")
    assert store.get("a") == ""
    assert store.take_notes() == ()
    theirs.close()
    store.close()


def test_clearing_leaves_what_is_not_ours(server: RedisServer) -> None:
    import redis

    store, theirs = RedisStore(server.url), redis.Redis.from_url(server.url)
    theirs.set("theirs", "1")
    for number in range(1200):
        theirs.set(f"codeword:decision:1:{number}", "1")
    assert store.size() == (1200, 1200)
    assert store.clear() == 1200
    assert theirs.keys() == [b"theirs"]
    theirs.close()
    store.close()


@pytest.mark.parametrize("user_info", ["", ":wrong@", "nobody:x@"])
def test_a_password_that_is_refused_is_told_and_not_shown(server: RedisServer, user_info: str) -> None:
    with pytest.raises(InputError, match="the server refuses: ") as told:
        RedisStore(f"redis://{user_info}127.0.0.1:{server.port}/0")
    assert str(told.value).startswith(f"--cache redis://127.0.0.1:{server.port}/0: ")
    assert "wrong@" not in str(told.value)


def test_a_password_may_come_from_the_environment(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    store = RedisStore(f"redis://127.0.0.1:{server.port}/0")
    store.put("a", "1")
    assert store.get("a") == "1"
    assert PASSWORD not in store.name
    store.close()


def test_a_server_that_is_gone_is_told_once_and_used_again_when_it_is_back(server: RedisServer) -> None:
    store = RedisStore(server.url)
    store.put("a", "1")
    server.kill()
    began = time.monotonic()
    for _ in range(50):
        assert store.get("a") is None
        store.put("a", "1")
    assert time.monotonic() - began < 2
    (note,) = store.take_notes()
    assert note.kind == "cache"
    assert note.text.startswith(f"the decision cache redis://127.0.0.1:{server.port}/0 does not answer (")
    assert PASSWORD not in note.text
    server.start()
    until = time.monotonic() + 20
    while store.get("a") is None and time.monotonic() < until:
        store.put("a", "2")
        time.sleep(0.02)
    assert store.get("a") == "2"
    assert [note.text for note in store.take_notes()] == [f"the decision cache {store.name} answers again"]
    store.close()


def test_a_server_that_is_not_there_at_first(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.kill()
    store = RedisStore(server.url)
    assert store.get("a") is None
    assert len(store.take_notes()) == 1
    store.close()


@pytest.mark.parametrize(
    "url", ["redis://host:port/0", "redis://host:6379/nought", "redis://host:99999/0", "redis:///0"]
)
def test_urls_that_are_none(url: str) -> None:
    pytest.importorskip("redis", reason="the client redis is not installed (extra: redis)")
    with pytest.raises(InputError, match="is no Redis URL"):
        RedisStore(url)


def test_one_robot_learns_from_another_s_decisions(
    server: RedisServer, tiny_quantized: LocalModel, tabletop: Codebook
) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",))

    def robot() -> Cached:
        return Cached(Engine(tiny_quantized), RedisStore(server.url))

    first = model_controller(robot(), tabletop, policy="direct").decide("Tidy up.", seen)
    second = model_controller(robot(), tabletop, policy="direct").decide("Tidy up.", seen)
    assert (first.path, second.path) == ("decoded", "cache")
    assert first.essence() == second.essence()
