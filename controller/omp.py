"""How torch's threads wait for each other, settled before torch is loaded.

By default they spin, and where something else wants a core (a simulator, another decision) a spinning thread holds up
the very one that it waits for. Measured on two cores, p50 of a decision: with nothing else running 0.13 s spinning and
0.17 s sleeping; beside one or two busy processes 0.6 to 2.4 s (the first one 26 s) spinning and 0.2 s sleeping.
"""

import os


def sleep_while_waiting() -> None:
    """Have OpenMP's threads sleep while they wait, unless the environment says otherwise.

    Without effect once torch is loaded. A machine that does nothing else may set OMP_WAIT_POLICY=ACTIVE.
    """
    if "GOMP_SPINCOUNT" not in os.environ:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
