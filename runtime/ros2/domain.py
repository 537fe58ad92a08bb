"""Which domain of ROS 2 is meant, and whether there is ROS 2 here."""

from importlib.util import find_spec

from codeword.codebook import InputError

ROS2 = "ros2://"
_DOMAINS = 233


def domain_of(name: str) -> int | None:
    """The domain that `ros2://7` names; None for `ros2://`, which leaves it to ROS_DOMAIN_ID. Raises InputError, also
    where rclpy is not installed.
    """
    text = name.removeprefix(ROS2)
    if text and not (text.isdecimal() and int(text) < _DOMAINS):
        raise InputError(f"'{name}' names no domain; expected ros2:// or ros2://7 (0 to {_DOMAINS - 1})")
    if find_spec("rclpy") is None:
        raise InputError(
            f"{name} needs rclpy, which is not installed; get it with: pip install 'codeword[ros2]' (Linux on x86-64), "
            "or source the setup.bash of your ROS 2"
        )
    return int(text) if text else None
