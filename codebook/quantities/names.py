"""Numbers that are no quantities: parts of names and labels, clock times, ordinals, pronouns."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from codeword.codebook.units import UNITS, Unit

from .numbers import Numbers, Token
from .words import LanguageWords

_STRICTLY = frozenset(("and", "then", "und", "dann", "et", "puis", "y", "luego"))
_GOES_ON = _STRICTLY.union(
    ("or", "before", "after", "at", "for", "with", "to", "in", "on", "more", "again", "later", "ago", "per", "each")
)


@dataclass(frozen=True)
class Amount:
    """A number in the tokens from `start` to `end`, and how it is said.

    `kind` is `number`, `fraction` (a half), `mixed` (one and a half), `count` (twice), `group` (a dozen), or `article`
    where only an article counts a unit (an hour).
    """

    start: int
    end: int
    value: Fraction
    kind: str


class Names:
    """Tells the numbers of a text apart that name something, given the ids of the things that are seen."""

    def __init__(self, tokens: list[Token], numbers: Numbers, seen_ids: frozenset[str]) -> None:
        self.tokens = tokens
        self.numbers = numbers
        self.words: LanguageWords = numbers.words
        self.low = numbers.low
        self.ids = seen_ids
        self._label_ends: set[int] = set()

    def is_name(self, amount: Amount, end: int, unit: Unit | None) -> bool:
        """Whether a number, with its unit up to `end`, is no quantity."""
        named = self._glued(amount, end) or self._is_clock(amount, unit) or self._is_ordinal(amount, end)
        if not named and (unit is None or self.low(end - 1) == "in"):  # "push block 3 cm" is no name, "put 3 in" may be
            named = self._is_thing(amount) or self._is_label(amount) or (unit is None and self._is_pronoun(amount))
        if named:
            self._label_ends.add(end)
        return named

    def ends_clause(self, at: int, strictly: bool = False) -> bool:
        """Whether nothing more of the same phrase follows: an end, a sign, or a word that goes on to another."""
        if at >= len(self.tokens):
            return True
        token = self.tokens[at]
        return (token.kind == "sign" and token.low != "-") or token.low in (_STRICTLY if strictly else _GOES_ON)

    def _glued(self, amount: Amount, end: int) -> bool:
        """Letters right behind the digits that are no unit: 3rd, 3D, 2x4."""
        if self.tokens[amount.end - 1].kind != "digits" or not self.numbers.touches(amount.end):
            return False
        kind = self.tokens[amount.end].kind
        return kind == "name" or (kind == "word" and end == amount.end)

    def _is_clock(self, amount: Amount, unit: Unit | None) -> bool:
        following, before = self.low(amount.end), self.low(amount.start - 1)
        if following in self.words.clock or before in self.words.clock or before == "past":
            return True
        if following in ("a", "p") and self.low(amount.end + 1) == "." and self.low(amount.end + 2) == "m":
            return True
        if following == "to" and amount.kind == "fraction" and self.numbers.cardinal(amount.end + 1):
            return True  # a quarter to five
        if before == "to" and self.low(amount.start - 2) in self.words.fractions:
            return True
        return unit == UNITS["h"] and before in self.words.clock_before

    def _is_thing(self, amount: Amount) -> bool:
        """Block 3 or block three where `block_3` is seen."""
        if amount.value.denominator != 1 or amount.kind != "number":
            return False
        for length in range(1, 5):
            words = [token.low for token in self.tokens[max(0, amount.start - length) : amount.start]]
            stem = "_".join(word for word in words if word not in "-#")
            if stem and any(self._names(f"{stem}{joint}{amount.value}") for joint in ("_", "")):
                return True
        return False

    def _names(self, start: str) -> bool:
        return any(name == start or name.startswith(f"{start}_") for name in self.ids)

    def _is_label(self, amount: Amount) -> bool:
        """Slot 3, no. 4, blocks 1, 2 and 3, and knob 7 where `knob_2` is seen."""
        at = amount.start
        if at - 1 in self._label_ends and (self.low(at - 1) in self.words.connectors or self.low(at - 1) == ","):
            return True
        before = self.low(at - 2) if self.low(at - 1) == "." else self.low(at - 1)
        singular = before.removesuffix("s")
        if before in self.words.labels or singular in self.words.labels:
            return True
        if before in self.words.directions or not before:
            return False
        parts = [name.split("_") for name in self.ids]
        pairs = [pair for name in parts for pair in pairwise(name)]
        return any(part in (before, singular) and following.isdigit() for part, following in pairs)

    def _is_ordinal(self, amount: Amount, end: int) -> bool:
        """Der 3. Block; the twenty-second block."""
        if self.low(end - 1) == "second" and self.low(amount.start - 1) in self.words.definite:
            return True
        dot = end == amount.end and self.low(end) == "." and amount.end + 1 < len(self.tokens)
        return dot and self.low(amount.start - 1) in self.words.definite

    def _is_pronoun(self, amount: Amount) -> bool:
        """The red one, one of them; and "point five" without a unit, which is a place."""
        if self.low(amount.start) in self.words.points:
            return True
        if self.low(amount.start) != "one" or amount.value != 1 or amount.kind != "number":
            return False
        following = self.low(amount.end)
        ranged = (
            following in self.words.connectors
            and following != "by"
            and self.numbers.cardinal(amount.end + 1) is not None
        )
        if self.low(amount.start - 1) in self.words.definite:
            return True
        return not ranged and (following in self.words.function_words or self.ends_clause(amount.end))
