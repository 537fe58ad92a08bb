"""The colours that things can have: names for the codebook, RGBA for the camera."""

from collections.abc import Mapping
from types import MappingProxyType

Rgba = tuple[float, float, float, float]

COLORS: Mapping[str, Rgba] = MappingProxyType(
    {
        "red": (0.86, 0.15, 0.13, 1.0),
        "green": (0.16, 0.63, 0.24, 1.0),
        "blue": (0.13, 0.37, 0.86, 1.0),
        "yellow": (0.97, 0.81, 0.12, 1.0),
        "orange": (0.96, 0.51, 0.11, 1.0),
        "purple": (0.50, 0.22, 0.70, 1.0),
        "pink": (0.96, 0.52, 0.71, 1.0),
        "cyan": (0.16, 0.78, 0.82, 1.0),
        "brown": (0.47, 0.29, 0.16, 1.0),
        "white": (0.95, 0.95, 0.93, 1.0),
        "gray": (0.52, 0.54, 0.56, 1.0),
        "black": (0.13, 0.13, 0.15, 1.0),
        "lime": (0.62, 0.88, 0.20, 1.0),
        "navy": (0.09, 0.15, 0.42, 1.0),
        "teal": (0.05, 0.47, 0.47, 1.0),
        "magenta": (0.85, 0.13, 0.60, 1.0),
    }
)
"""Name to red, green, blue, opacity, each from 0 to 1."""
