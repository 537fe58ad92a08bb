"""Whether PyBullet is here: robots of a user's own, and those over a link, need none."""

from importlib.util import find_spec

from codeword.codebook.errors import InputError

MISSING = (
    "the simulated robot needs PyBullet, which is not installed here: pip install pybullet; a robot of your own "
    "(--robot package.module:Class) or over a link (--robot tcp://host:port) needs none"
)


def check_installed() -> None:
    """Raises InputError where PyBullet is not installed. Loads nothing."""
    if find_spec("pybullet") is None or find_spec("pybullet_data") is None:
        raise InputError(MISSING)
