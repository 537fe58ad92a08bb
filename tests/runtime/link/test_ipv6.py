"""A robot at an IPv6 address is served, driven and stopped as any other."""

from pathlib import Path

import pytest
import zmq

from codeword.codebook import Codebook, InputError, read_command
from codeword.runtime.link.robot import LinkRobot
from codeword.runtime.link.sockets import address, bind, endpoint, is_loopback, router, use_family
from tests.runtime.link.cart import moved_at
from tests.runtime.link.processes import NUDGE, served, start
from tests.runtime.test_cli import call


def test_a_robot_is_served_driven_and_stopped_at_the_address_that_is_printed(
    tmp_path: Path, cart_book: Codebook
) -> None:
    with served(notes=tmp_path / "notes", bind="tcp://[::1]:0") as cart:
        assert cart.url.startswith("tcp://[::1]:")
        robot = LinkRobot(cart.url, cart_book)
        assert robot.execute(read_command(cart_book, NUDGE)).result().status == "done"
        robot.close()
        assert len(moved_at(cart.notes)) == 40
        done = start("stop", cart.url)
        told, wrong = done.communicate(timeout=60)
        assert (done.returncode, told) == (0, "stopped while it stood: codeword stop\n"), wrong


def test_a_simulated_robot_has_its_scenario_channel_there_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served("tabletop/put_in_bowl", notes=tmp_path / "notes", bind="tcp://[::1]:0") as sim:
        run = ["run", "tabletop/put_in_bowl", "--controller", "expert", "--robot", sim.url, "--no-film"]
        code, _, wrong = call(capsys, *run, "--out", str(tmp_path / "out"))
        assert code == 0, wrong


def test_addresses_are_read_as_they_are_printed() -> None:
    for host in ("::1", "fe80::1%eth0", "127.0.0.1", "robot.local"):
        assert address(endpoint(host, 5601)) == (host, 5601)
    for wrong in ("tcp://::1:5601", "tcp://[::1]", "tcp://[::1:5601"):
        with pytest.raises(InputError, match="is no address"):
            address(wrong)


def test_loopback_is_known_in_each_of_its_spellings() -> None:
    for host in ("::1", "0:0:0:0:0:0:0:1", "127.0.0.1", "127.8.8.8", "localhost", "::ffff:127.0.0.1"):
        assert is_loopback(host), host
    for host in ("::", "0.0.0.0", "*", "fe80::1", "::ffff:10.0.0.1", "2001:db8::1", "robot.local"):
        assert not is_loopback(host), host


def test_what_is_bound_without_keys_is_loopback_and_of_the_family_that_was_named() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        for host in ("::", "fe80::1"):
            with pytest.raises(InputError, match=r"without keys only loopback is bound \(tcp://\[::1\]:5601\)"):
                bind(router(context), host, 5601, keys=False)
        assert bind(router(context), "::1", 0, keys=False) > 0
        socket = router(context)
        use_family(socket, "localhost")
        assert socket.getsockopt(zmq.IPV6) == 0, "most robots are bound to 127.0.0.1"
        use_family(socket, "::1")
        assert socket.getsockopt(zmq.IPV6) == 1
    finally:
        context.destroy(0)
