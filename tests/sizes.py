"""How many random cases are tried: a quarter of them, or with `pytest --thorough` (and in CI) all."""

_QUARTER = 4

_thorough = False


def try_all(thorough: bool) -> None:
    """Say once, before tests are collected, whether all cases are tried."""
    global _thorough
    _thorough = thorough


def sized(every: int) -> int:
    """How many of `every` case are tried."""
    return every if _thorough else every // _QUARTER
