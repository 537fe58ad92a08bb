"""Amounts in a text: a number with the words around it that make it a fraction, a count, or so much of a unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from codeword.codebook.units import TIMES, UNITS, Unit, rate

from .names import Amount, Names
from .numbers import Numbers, Token
from .words import SYMBOLS

_LONGEST_UNIT = 3
_LOOK_BACK = 12
"""How many words before a fraction may say that something turns."""
_POWERS = ("²", "³", "^")
_INCH = ("in", '"')
_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Measured:
    """So much of a unit, in the tokens from `start` to `end`; without a unit `dimension` says what it is."""

    start: int
    end: int
    value: Fraction
    unit: Unit | None
    dimension: str


class Amounts:
    """Reads the amounts of a text one after another."""

    def __init__(self, tokens: list[Token], numbers: Numbers, names: Names) -> None:
        self.tokens = tokens
        self.words = numbers.words
        self.numbers = numbers
        self.names = names
        self.low = numbers.low

    def __iter__(self) -> Iterator[Measured]:
        at = 0
        while at < len(self.tokens):
            at, found = self._at(at)
            if found is not None:
                yield found

    def _at(self, at: int) -> tuple[int, Measured | None]:
        """What is said from a token on, and where to go on reading."""
        if at in self.numbers.ordinals and self._fraction(at) is None:
            return self.numbers.ordinals[at][0], None
        special = self.words.of_unit.get(self.low(at))
        if special is not None:
            start = at - 1 if self.low(at - 1) in self.words.articles else at
            return at + 1, Measured(start, at + 1, *special, special[1].dimension)
        amount = self._adverb(at) or self._group(at) or self._amount(at)
        return (at + 1, None) if amount is None else self._measured(amount)

    # How a number is said

    def _amount(self, at: int) -> Amount | None:
        """A number or fraction: 5, one and a half, three quarters, half, a (before a unit)."""
        fraction = self._fraction(at)
        if fraction is not None:
            return fraction
        found = self.numbers.cardinal(at)
        if found is not None:
            rest = self._fraction(found.end + 1) if self.low(found.end) in self.words.ands else None
            if rest is not None and rest.value < 1:
                return Amount(at, rest.end, found.value + rest.value, "mixed")
            return Amount(at, found.end, found.value, "number")
        if self.low(at) in self.words.articles and self._is_one(at + 1):
            return Amount(at, at + 1, Fraction(1), "article")
        if self.low(at) in self.words.whole and self._unit(at + 1)[0] == UNITS["turn"]:
            return Amount(at, at + 1, Fraction(1), "article")  # full circle
        return None

    def _is_one(self, at: int) -> bool:
        """Whether an article counts what follows: a minute, a full turn; but no turn, and no second block."""
        whole = self.low(at) in self.words.whole
        unit, end = self._unit(at + whole)
        word = self.low(at + whole)
        if unit is None or len(word) < 3:
            return False
        if word == "second":
            return self.names.ends_clause(end)
        return whole or word not in self.words.bare_article

    def _fraction(self, at: int) -> Amount | None:
        """Half, a quarter, three quarters, two thirds, ½."""
        sign = self.numbers.fraction_sign(at)
        if sign is not None:
            return Amount(at, at + 1, sign, "fraction")
        for start in (at, at + 1):
            if self.low(start) in self.words.fractions and (start > at or start not in self.numbers.ordinals):
                return Amount(at, start + 1, self.words.fractions[self.low(start)], "fraction")
            if self.low(at) not in self.words.articles:
                break
        found = self.numbers.cardinal(at)
        if found is None:
            return None
        if found.value.denominator > 1 and not found.in_words and self.low(at + 1) in ("/", "⁄"):
            return Amount(at, found.end, found.value, "fraction")
        if found.value.denominator > 1 or not 0 < found.value < 100:
            return None
        end = found.end + (self.low(found.end) == "-")
        part = self.words.fractions.get(self.low(end))
        if end in self.numbers.ordinals:
            _, below, plural = self.numbers.ordinals[end]
            part = Fraction(1, below) if plural == (found.value > 1) and below > 2 else None
        return Amount(at, end + 1, found.value * part, "fraction") if part is not None else None

    def _adverb(self, at: int) -> Amount | None:
        """Once, twice, dreimal."""
        if (crossed := self._crossed(at)) is not None:
            return crossed
        low, suffix = self.low(at), self.words.times_suffix
        value = self.words.adverbs.get(low)
        ends = self.names.ends_clause(at + 1) or self.low(at + 1) in self.words.directions
        if value == 1 and (self.low(at - 1) in ("at", "noch", "auf") or not ends):
            return None  # at once; once it is there
        if value is not None:
            return Amount(at, at + 1, Fraction(value), "count")
        whole = self.numbers.whole_word(low.removesuffix(suffix)) if suffix and low.endswith(suffix) else None
        return Amount(at, at + 1, whole, "count") if whole is not None else None

    def _crossed(self, at: int) -> Amount | None:
        """x8, x 8, ×8; but no size (3 x 8) and no thing that is called so."""
        token = self.tokens[at]
        if token.kind == "name" and token.raw[0] in "xX" and token.raw not in self.names.ids:
            end, digits = at + 1, token.raw[1:]
        elif self.low(at) in ("x", "×") and self.numbers.is_digits(at + 1):
            end, digits = at + 2, self.tokens[at + 1].raw
        else:
            return None
        if not digits.isdecimal() or self.numbers.cardinal_ends(at):
            return None
        return Amount(at, end, Fraction(digits), "count")

    def _group(self, at: int) -> Amount | None:
        """A dozen, two dozen, half a dozen, a couple of."""
        fraction, found = self._fraction(at), self.numbers.cardinal(at)
        if fraction is not None:
            before, end = fraction.value, fraction.end
            end += self.low(end) in self.words.articles or self.low(end) == "-"
        elif found is not None:
            before, end = found.value, found.end
        elif self.low(at) in self.words.articles:
            before, end = Fraction(1), at + 1
        else:
            return None
        group = self.words.groups.get(self.low(end))
        if group is None:
            return None
        end += 1
        return Amount(at, end + (self.low(end) in self.words.ofs), before * group, "group")

    # What it counts

    def _measured(self, amount: Amount) -> tuple[int, Measured | None]:
        """A number with the unit behind it, or the plain number if it is one."""
        if amount.kind == "count":
            return amount.end, self._count(amount, amount.end)
        part = amount.kind in ("fraction", "mixed")
        unit, end = self._unit_of_part(amount.end) if part else (None, amount.end)
        if unit is None:
            unit, end = self._unit_behind(amount.end)
        if not end:
            return amount.end, None
        if amount.kind == "group" and (unit is None or unit.dimension == "count"):
            return amount.end, self._count(amount, amount.end)
        if self.names.is_name(amount, end, unit):
            return end, None
        if (cold := self._below_zero(amount, unit, end)) is not None:
            return cold.end, cold
        if unit is None:
            return amount.end, self._plain(amount)
        if unit.dimension == "count":
            return end, self._count(amount, end)
        value = amount.value
        rest = self._fraction(end + 1) if self.low(end) in self.words.ands else None
        if rest is not None and rest.value < 1 and not self._continues(rest.end):  # an hour and a half
            value, end = value + rest.value, rest.end
        return end, Measured(amount.start, end, value, unit, unit.dimension)

    def _below_zero(self, amount: Amount, unit: Unit | None, end: int) -> Measured | None:
        """Five degrees below zero, 40 below zero Celsius."""
        said = next((words for words in self.words.below_zero if self._follow(end, words)), None)
        if said is None or not (unit is None or unit == UNITS["deg"] or unit.dimension == "temperature"):
            return None
        end += len(said)
        behind, after = self._unit(end)
        if behind is not None and behind.dimension == "temperature":
            unit, end = behind, after
        unit = unit if unit is not None and unit.dimension == "temperature" else UNITS["C"]
        return Measured(amount.start, end, -amount.value, unit, unit.dimension)

    def _follow(self, at: int, words: tuple[str, ...]) -> bool:
        return all(self.low(at + number) == word for number, word in enumerate(words))

    def _count(self, amount: Amount, end: int) -> Measured | None:
        """A count, unless it compares: twice as far, three times the distance."""
        compares = self.low(end) in ("as", "the") and amount.kind != "article"
        return None if compares else Measured(amount.start, end, amount.value, None, "count")

    def _plain(self, amount: Amount) -> Measured | None:
        if amount.kind == "article":
            return None
        if amount.kind in ("number", "mixed"):
            return Measured(amount.start, amount.end, amount.value, None, "number")
        if self._is_turned(amount):
            return Measured(amount.start, amount.end, amount.value, UNITS["turn"], "angle")
        if not self._is_part(amount):
            return None
        return Measured(amount.start, amount.end, amount.value, None, "fraction")

    def _is_part(self, amount: Amount) -> bool:
        """Whether a fraction without a unit is an amount of something, and no thing: the left half, a third block."""
        if self.low(amount.end) == "as" or self.low(amount.start - 1) in self.words.told_apart:
            return False
        last = self.tokens[amount.end - 1]
        if last.kind != "word":
            return True
        if self.words.fractions.get(last.low) == _HALF:
            return True
        follows = self.low(amount.end) in self.words.ofs or self.names.ends_clause(amount.end)
        bare = amount.end == amount.start + 1
        return follows and (not bare or self.low(amount.end) in self.words.ofs or self.low(amount.start - 1) == "by")

    def _is_turned(self, amount: Amount) -> bool:
        """Whether a fraction stands right behind a word of turning or a direction, in a clause that turns."""
        words: list[str] = []
        at = amount.start - 1
        while (
            at >= 0
            and len(words) < _LOOK_BACK
            and self.tokens[at].kind == "word"
            and self.low(at) not in self.words.ands
        ):
            words.append(self.low(at))
            at -= 1
        if not words or words[0] not in self.words.directions | self.words.turning:
            return False
        quiet = {"down", "up", "on", "off"}.isdisjoint(words) and self.low(amount.end) not in self.words.ofs
        return quiet and not self.words.turning.isdisjoint(words)

    # Units

    def _unit_behind(self, at: int) -> tuple[Unit | None, int]:
        """The unit of a number that ends here, over a hyphen and fillers (5 more metres). End 0: an unknown unit."""
        end = at + (self.low(at) == "-" and self.numbers.touches(at))
        while self.low(end) in self.words.fillers:
            end += 1
        unit, behind = self._unit(end)
        return (unit, behind) if unit is not None or not behind else (None, at)

    def _unit_of_part(self, at: int) -> tuple[Unit | None, int]:
        """The unit that a fraction is of: of a metre, an hour, of the way."""
        end = at + (self.low(at) in self.words.ofs)
        end += self.low(end) in self.words.articles
        return self._unit(end) if end > at else (None, at)

    def _continues(self, at: int) -> bool:
        """Whether the fraction that ends here is so much of another unit: a metre and a half litre."""
        return self._unit_of_part(at)[0] is not None or self._unit_behind(at)[0] is not None

    def _unit(self, at: int) -> tuple[Unit | None, int]:
        """The unit at a token and the token behind it; end 0 where there is one that Codeword does not know (5 m²)."""
        unit, end = self._plain_unit(at)
        if unit is None:
            return None, at
        if self.low(end) in _POWERS and self.numbers.touches(end):
            return None, 0
        whole, behind = self._rate(unit, end)
        if whole is None:
            return (None, 0) if self.low(end) == "/" else (unit, end)
        return (
            (None, 0) if self._rate(unit, behind)[0] is not None else (whole, behind)
        )  # a metre per second per second

    def _rate(self, unit: Unit, at: int) -> tuple[Unit | None, int]:
        if self.low(at) != "/" and self.low(at) not in self.words.pers:
            return None, at
        per, end = self._plain_unit(at + 1)
        return (rate(unit, per) if per is not None else None), end

    def _plain_unit(self, at: int) -> tuple[Unit | None, int]:
        for length in range(min(_LONGEST_UNIT, len(self.tokens) - at), 0, -1):
            these = self.tokens[at : at + length]
            unit = SYMBOLS.get(tuple(token.raw for token in these))
            unit = unit or self.words.units.get(tuple(token.low for token in these))
            if unit is not None and self.low(at) not in self.words.directions:  # German um: around
                return unit, at + length
        if self.low(at) in self.words.times and not self.numbers.is_digits(at + 1):
            return TIMES, at + 1
        if self.low(at) in _INCH and self._is_inch(at):
            return UNITS["inch"], at + 1
        return None, at

    def _is_inch(self, at: int) -> bool:
        """3in, 3 in. and 3", but no "put 3 in the bowl" and no end of a quotation."""
        if self.low(at) == '"':
            return self.numbers.touches(at) and sum(token.raw == '"' for token in self.tokens[:at]) % 2 == 0
        return self.numbers.touches(at) or self.names.ends_clause(at + 1, strictly=True)
