"""Units of measure: their dimensions, exact conversion between them, and the unit that an argument is in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from .errors import did_you_mean

_PI = Fraction("3.14159265358979323846264338327950288419716939937511")


@dataclass(frozen=True)
class Unit:
    """A unit. A value times `factor` plus `offset` is the same amount in the dimension's base unit.

    `name` is how a codebook writes it, `symbol` how a text shows it. Factors are exact, but for the radian's π, which
    has 50 decimals.
    """

    name: str
    dimension: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    symbol: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.symbol or self.name

    def to_base(self, value: Fraction) -> Fraction:
        """The amount in the dimension's base unit."""
        return value * self.factor + self.offset

    def from_base(self, amount: Fraction) -> Fraction:
        """The value in this unit of an amount in the dimension's base unit."""
        return (amount - self.offset) / self.factor

    def convert(self, value: Fraction, to: "Unit") -> Fraction:
        """A value of this unit in another of the same dimension. Raises ValueError for another dimension."""
        if self.dimension != to.dimension:
            raise ValueError(f"{self} is a unit of {self.dimension}, {to} one of {to.dimension}")
        return value if self == to else to.from_base(self.to_base(value))


def _units(dimension: str, **factors: str | int | Fraction) -> list[Unit]:
    return [Unit(name, dimension, Fraction(factor)) for name, factor in factors.items()]


_RATES = {"length": "speed", "angle": "angular speed", "volume": "flow", "count": "frequency"}
TIMES = Unit("times", "count")
"""How often; only as the numerator of a rate (`3 times a minute`)."""

_ALL = [
    *_units("length", m=1, cm="0.01", mm="0.001", um="0.000001", km=1000, inch="0.0254", ft="0.3048", yd="0.9144"),
    *_units("length", mile="1609.344"),
    *_units("angle", deg=1, rad=180 / _PI, turn=360, half_turn=180, quarter_turn=90),
    *_units("time", s=1, ms="0.001", us="0.000001", min=60, h=3600),
    *_units("volume", l=1, dl="0.1", cl="0.01", ml="0.001", ul="0.000001"),
    *_units("mass", g=1, kg=1000, mg="0.001", lb="453.59237", oz="28.349523125"),
    Unit("C", "temperature", symbol="°C"),
    Unit("F", "temperature", Fraction(5, 9), Fraction(-160, 9), symbol="°F"),
    Unit("K", "temperature", offset=Fraction("-273.15")),
    Unit("percent", "fraction", Fraction(1, 100), symbol="%"),
    Unit("fraction", "fraction"),
    Unit("rpm", "angular speed", Fraction(6)),
    *_units("frequency", Hz=1, kHz=1000),
    *_units("force", N=1, kN=1000),
    *_units("voltage", V=1, mV="0.001"),
    *_units("current", A=1, mA="0.001"),
    *_units("power", W=1, kW=1000),
    *_units("pressure", Pa=1, kPa=1000, bar=100_000),
]
_NAMED = {unit.name: unit for unit in _ALL}


def rate(unit: Unit, per: Unit) -> Unit | None:
    """The unit of so much of `unit` in each `per`, a unit of time, as in m/s; None where there is no such unit."""
    dimension = _RATES.get(unit.dimension)
    if dimension is None or per.dimension != "time":
        return None
    return Unit(f"{unit.name}/{per.name}", dimension, unit.factor / per.factor)


def _usual_rates() -> Iterable[Unit]:
    for upper, lower in (
        ("m", "s"), ("cm", "s"), ("mm", "s"), ("km", "h"), ("m", "min"), ("deg", "s"), ("rad", "s"), ("ml", "s"),
        ("ml", "min"), ("ul", "s"), ("l", "min"),
    ):  # fmt: skip
        unit = rate(_NAMED[upper], _NAMED[lower])
        assert unit is not None
        yield unit


UNITS: dict[str, Unit] = {**_NAMED, **{unit.name: unit for unit in _usual_rates()}}
"""The units that the key `unit` of a number may name."""

# An argument's name may end in these. `in`, `a`, `v`, `w`, `k` and `f` are other words too often: they are declared.
_SUFFIXES = {
    **{
        name: _NAMED[name] for name in ("m", "cm", "mm", "um", "km", "inch", "ft", "deg", "rad", "s", "ms", "us", "min")
    },
    **{name: _NAMED[name] for name in ("h", "l", "dl", "cl", "ml", "ul", "g", "kg", "mg", "percent", "rpm")},
    **{name.lower(): _NAMED[name] for name in ("C", "F", "N", "kN", "Hz", "kHz", "mV", "mA", "kW", "Pa", "kPa", "bar")},
}
_SPELLED = {
    "m": "metres meters", "cm": "centimetres centimeters", "mm": "millimetres millimeters", "inch": "inches",
    "ft": "feet", "deg": "degrees", "rad": "radians", "turn": "turns", "half_turn": "half_turns",
    "quarter_turn": "quarter_turns", "s": "seconds", "ms": "milliseconds", "min": "minutes", "h": "hours",
    "l": "litres liters", "ml": "millilitres milliliters", "g": "grams", "kg": "kilograms", "N": "newtons",
    "C": "celsius", "F": "fahrenheit", "Hz": "hertz", "rpm": "rpm", "percent": "percent percentage pct",
    "fraction": "fraction ratio",
}  # fmt: skip
_WORDS = {word: _NAMED[name] for name, words in _SPELLED.items() for word in words.split()}


def declared_unit(name: str) -> Unit:
    """The unit that a codebook names. Raises ValueError with the choices where there is none such."""
    if name not in UNITS:
        raise ValueError(f"unknown unit '{name}'{did_you_mean(name, list(UNITS), most=len(UNITS))}")
    return UNITS[name]


def unit_of(argument_name: str, declared: str | None = None) -> Unit | None:
    """The unit of a number argument: the one declared, else the one that its name ends in, else None.

    `distance_m` is in metres, `speed_rad_s` and `speed_rad_per_s` in radians per second, `minutes` in minutes. A name
    that is but a letter (`m`, `n`) has no unit, nor has one that ends in an unknown rate (`flow_kg_s`). Raises
    ValueError where what is declared is no unit.
    """
    if declared is not None:
        return declared_unit(declared)
    parts = argument_name.split("_")
    for start in range(max(0, len(parts) - 2), len(parts)):
        whole = _WORDS.get("_".join(parts[start:]))
        if whole is not None:
            break
    else:
        whole = _SUFFIXES.get(parts[-1]) if len(parts) > 1 else None
    if whole is None or whole.dimension != "time":
        return whole
    before = parts[:-1]
    per = bool(before) and before[-1] == "per"
    upper = before[-2:-1] if per else before[-1:]
    numerator = _WORDS.get(upper[0]) or _SUFFIXES.get(upper[0]) if upper else None
    if per or (numerator is not None and numerator.dimension != "time"):
        return rate(numerator, whole) if numerator is not None else None
    return whole
