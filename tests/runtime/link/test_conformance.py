"""One suite for every robot: simulated, simulated over a link, a user's class, that over a link, LeKiwi, Node.js."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeword.codebook import Codebook, load_codebook
from codeword.runtime import check_robot
from codeword.runtime.link.conformance import CHECKS
from codeword.runtime.link.lekiwi import LeKiwiRobot
from codeword.runtime.link.lekiwi_host import LeKiwiHost
from codeword.runtime.link.robot import LinkRobot
from codeword.runtime.robots import open_robot
from tests.runtime.conftest import shipped
from tests.runtime.link.cart import Cart
from tests.runtime.link.processes import NUDGE, Served, environment, free_port, served

WAIT = '{"skill":"wait","duration_s":1.0}'
SLOW = '{"skill":"creep","distance_m":0.5}'
ALL = tuple(CHECKS)


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served("tabletop/put_in_bowl", "--pace", "5", notes=tmp_path_factory.mktemp("sim") / "none") as one:
        yield one


def test_the_simulated_robot_conforms(tabletop: Codebook) -> None:
    scenario = shipped("tabletop/put_in_bowl")
    assert check_robot(lambda: open_robot("sim", scenario, 1)[0], tabletop, WAIT) == ALL


def test_the_simulated_robot_conforms_over_a_link(tabletop: Codebook, sim: Served) -> None:
    scenario = shipped("tabletop/put_in_bowl")
    assert check_robot(lambda: open_robot(sim.url, scenario, 1)[0], tabletop, WAIT) == ALL


def test_a_users_class_conforms(cart_book: Codebook) -> None:
    assert check_robot(lambda: Cart(cart_book), cart_book, SLOW) == ALL


def test_a_users_class_conforms_over_a_link(cart_book: Codebook, cart: Served) -> None:
    assert check_robot(lambda: LinkRobot(cart.url, cart_book, clear_stop=True), cart_book, SLOW) == ALL


def test_a_broken_robot_does_not_conform(cart_book: Codebook) -> None:
    class Deaf(Cart):
        def stop(self) -> None:
            """It does not hear."""

    with pytest.raises(AssertionError, match=r"stops_in_mid_skill: it ended as done"):
        check_robot(lambda: Deaf(cart_book), cart_book, NUDGE)


@pytest.mark.parametrize("old", [False, True])
def test_a_lekiwi_conforms_in_either_format(old: bool) -> None:
    book, port = load_codebook("lekiwi"), free_port()
    host = LeKiwiHost("127.0.0.1", port, old=old, lifetime_s=120)
    thread = threading.Thread(target=host.run, daemon=True)
    thread.start()
    turn = '{"skill":"turn","angle_deg":45}'
    assert check_robot(lambda: LeKiwiRobot(book, f"lekiwi://127.0.0.1:{port}"), book, turn) == ALL


NODE = Path(__file__).parents[3] / "runtime" / "link" / "examples"


def test_a_robot_in_another_language_conforms(cart_book: Codebook) -> None:
    """The robot's side in Node.js, written after PROTOCOL.md; needs node and its package zeromq."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    found = subprocess.run(
        [node, "-e", "require('zeromq')"], cwd=NODE, capture_output=True, check=False, env=environment()
    )
    if found.returncode:
        pytest.skip("node's package zeromq is not installed (npm install zeromq@6, NODE_PATH)")
    robot = subprocess.Popen(
        [node, str(NODE / "robot.js"), "0", cart_book.hash], stdout=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert robot.stdout is not None
        url = robot.stdout.readline().split()[-1]
        assert check_robot(lambda: LinkRobot(url, cart_book, clear_stop=True), cart_book, SLOW) == ALL
    finally:
        robot.kill()
        robot.communicate()
