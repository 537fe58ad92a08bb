"""Whether PyBullet and OpenCV are here, told before either is loaded: robots of a user's own need neither."""

from importlib.util import find_spec

from codeword.codebook.errors import InputError, did_you_mean

SYMBOLS, CAMERA = "symbols", "camera"
SENSES = (SYMBOLS, CAMERA)
"""Where a simulated robot's observations come from, the usual first."""

MISSING = (
    "the simulated robot needs PyBullet, which is not installed here: pip install pybullet; a robot of your own "
    "(--robot package.module:Class) or over a link (--robot tcp://host:port) needs none"
)


def check_installed() -> None:
    """Raises InputError where PyBullet is not installed. Loads nothing."""
    if find_spec("pybullet") is None or find_spec("pybullet_data") is None:
        raise InputError(MISSING)


def check_camera() -> None:
    """Raises InputError where OpenCV, which finds tags, is not installed. Loads nothing."""
    if find_spec("cv2") is None:
        raise InputError(
            "--senses camera finds tags with OpenCV, which is not installed here: pip install 'codeword[camera]'; "
            "--senses symbols needs none"
        )


def check_senses(name: str) -> None:
    """Raises InputError for senses that there are not, or not here."""
    if name not in SENSES:
        raise InputError(f"--senses: '{name}' is none{did_you_mean(name, SENSES)}")
    if name == CAMERA:
        check_camera()
