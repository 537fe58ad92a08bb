"""Opens the robot at the other end of a link for a run: sets its scenario up where it is simulated, then arms it."""

from codeword.codebook import Robot
from codeword.codebook.errors import InputError
from codeword.runtime.episode import Physics
from codeword.runtime.scenario import Scenario

from .keyring import keys_for
from .keys import Keys
from .robot import LinkRobot
from .scenario_link import LinkPhysics
from .sockets import address, endpoint

SCENARIO_CHANNEL = "scenario channel"
"""The capability of a simulated robot; the channel's port is the one after the command channel's."""

SET_UP_S = 15.0
"""How long a robot that is being set up, for somebody else perhaps, may take to answer."""


def open_link(url: str, scenario: Scenario, seed: int) -> tuple[Robot, Physics | None]:
    """A robot at tcp://host:port, and its physics where it is simulated.

    Raises InputError for an address that is none and a clock that a link does not have, RobotTimeoutError where nobody
    answers, RobotError where the robot refuses: another codebook, another scenario, a lease that somebody else holds, a
    stop that was not cleared.
    """
    host, port = address(url)
    keys = keys_for(host)
    peek = LinkRobot(url, None, keys=keys, arm=False, timeout_s=SET_UP_S)
    peek.close()
    budget = scenario.budgets.get("decision_ms")
    hard_ms = budget.hard if budget is not None else None
    # A decision that is given up in time is the loop's affair; the robot stops only where it is not given up.
    busy_limit_s = 2 * hard_ms / 1000 + 1 if hard_ms is not None else None
    if SCENARIO_CHANNEL not in peek.welcome.capabilities:
        return LinkRobot(url, scenario.codebook, keys=keys, busy_limit_s=busy_limit_s), None
    if scenario.spec.clock != "paused":
        raise InputError(
            f"{url}: over a link the world waits for decisions, and '{scenario.name}' goes by the clock "
            f"{scenario.spec.clock}; run it with --clock paused"
        )
    physics = LinkPhysics(endpoint(host, port + 1), scenario, seed, keys)
    try:
        return SimulatedLinkRobot(url, scenario, keys, busy_limit_s, physics), physics
    except BaseException:
        physics.close()
        raise


class SimulatedLinkRobot(LinkRobot):
    """A simulated robot at the other end of a link; closing it closes its scenario channel too."""

    def __init__(
        self, url: str, scenario: Scenario, keys: Keys | None, busy_limit_s: float | None, physics: LinkPhysics
    ) -> None:  # fmt: skip
        super().__init__(url, scenario.codebook, keys=keys, busy_limit_s=busy_limit_s)
        self._physics = physics

    def close(self) -> None:
        """Let go of both channels. Idempotent."""
        super().close()
        self._physics.close()
