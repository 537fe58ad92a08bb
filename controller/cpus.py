"""The processors that this process may use."""

import os


def usable_cpus() -> frozenset[int]:
    """The numbers of the processors that this process may use: by its affinity, or all where a system has none."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))
