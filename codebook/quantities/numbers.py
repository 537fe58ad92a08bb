"""Numbers in a text, in digits or in words of English, German, French or Spanish, exactly.

Words are read by the library text2num; digits, fractions and signs are read here.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from .words import LANGUAGES, LanguageWords

_LETTER = r"[^\W\d_²³¹\u00bc-\u00be\u2150-\u215e]"
_TOKEN = re.compile(
    rf"(?P<name>\w*_\w*|{_LETTER}+\d\w*)"  # bowl_2, R2D2
    r"|(?P<digits>\d+(?:[.,'’\u00a0\u2009\u202f]\d+)*(?:[eE][+-]?\d+(?!\w))?|(?<![\w.,])[.,]\d+)"
    rf"|(?P<word>{_LETTER}+(?:['’](?={_LETTER}))?)"
    r"|(?P<sign>\S)"
)
_SIGNS = {"-": -1, "−": -1, "–": -1, "+": 1}
_MOST_DIGITS = 15
_SCALES = (100, 1_000, 1_000_000)


@dataclass(frozen=True)
class Token:
    """A word, a number in digits, a name with digits or _ in it, or a single sign, at `text[start:end]`."""

    kind: str
    raw: str
    start: int
    end: int

    @property
    def low(self) -> str:
        return self.raw.casefold().replace("’", "'") if self.kind == "word" else self.raw


@dataclass(frozen=True)
class Cardinal:
    """A number that stands in the tokens up to `end`, not included."""

    end: int
    value: Fraction
    in_words: bool


@dataclass(frozen=True)
class _Heard:
    """A token as text2num takes it."""

    token: Token

    def text(self) -> str:
        return self.token.raw

    def nt_separated(self, previous: object) -> bool:
        del previous
        return False

    def not_a_number_part(self) -> bool:
        # "a twenty second wait": a unit, never a part of a cardinal
        return self.token.kind in ("digits", "name") or self.token.low == "second"


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, in their order."""
    return [Token(str(found.lastgroup), found[0], *found.span()) for found in _TOKEN.finditer(text)]


def language_of(tokens: list[Token]) -> str:
    """The language that most of the words belong to: `en` where nothing says another."""
    scores = {}
    for language, words in LANGUAGES.items():
        known = words.guess.union(*words.units, words.adverbs, words.groups, words.fractions)
        numbers = {i for start, (end, _, _) in _heard(tokens, language).items() for i in range(start, end)}
        scores[language] = sum(
            token.kind == "word" and (token.low in known or i in numbers) for i, token in enumerate(tokens)
        )
    return max(scores, key=lambda language: scores[language])  # the first of equals


def _heard(tokens: list[Token], language: str) -> dict[int, tuple[int, str, bool]]:
    """What text2num finds: by the first token, the end, the digits and whether it is an ordinal."""
    from text_to_num import find_numbers  # 20 ms, and few commands need it

    heard = [_Heard(token) for token in tokens]
    return {found.start: (found.end, found.text, found.is_ordinal) for found in find_numbers(heard, language, 0.0)}


class Numbers:
    """The numbers of a text: cardinals by their first token, ordinals by theirs (with their end)."""

    def __init__(self, tokens: list[Token], language: str) -> None:
        self.tokens = tokens
        self.words: LanguageWords = LANGUAGES[language]
        self.ordinals: dict[int, tuple[int, int, bool]] = {}
        """Ordinals in words: end, value, and whether it is plural (thirds)."""
        self._in_words: dict[int, Cardinal] = {}
        for start, (end, text, ordinal) in _heard(tokens, language).items():
            if ordinal:
                digits = re.match(r"\d+", text)
                if digits:
                    self.ordinals[start] = end, int(digits[0]), text.endswith("s")
            elif not (end == start + 1 and tokens[start].low in self.words.articles):
                self._in_words[start] = Cardinal(end, Fraction(text.replace(",", ".")), True)

    def low(self, at: int) -> str:
        """The token in lower case; empty beyond the ends."""
        return self.tokens[at].low if 0 <= at < len(self.tokens) else ""

    def touches(self, at: int) -> bool:
        """Whether no space stands between a token and the one before."""
        return 0 < at < len(self.tokens) and self.tokens[at - 1].end == self.tokens[at].start

    def is_digits(self, at: int) -> bool:
        return 0 <= at < len(self.tokens) and self.tokens[at].kind == "digits"

    def cardinal(self, at: int) -> Cardinal | None:
        """The number that begins at a token, with its sign: 5, -2.5, 1 1/2, ½, twenty-five, minus ten, point five."""
        if at >= len(self.tokens):
            return None
        token = self.tokens[at]
        if token.raw in _SIGNS and self.is_digits(at + 1) and self.touches(at + 1) and self._opens(at):
            found = self._digits(at + 1, signed=True)
            return Cardinal(found.end, _SIGNS[token.raw] * found.value, False) if found else None
        if token.low in self.words.minus and self.low(at + 1) not in self.words.minus and not self.cardinal_ends(at):
            found = self.cardinal(at + 1)
            return Cardinal(found.end, -found.value, found.in_words) if found else None
        if token.low in self.words.points and at + 1 in self._in_words and not self.cardinal_ends(at):
            found = self._in_words[at + 1]
            if found.value.denominator == 1 and found.value >= 0:
                return Cardinal(found.end, Fraction(f"0.{found.value}"), True)
        if token.low in self.words.articles and at + 1 in self._in_words:
            found = self._in_words[at + 1]
            return (
                found if self.low(at + 1).startswith(("hundred", "thousand", "million", "hundert", "tausend")) else None
            )
        return self._in_words.get(at) or self._suffixed(at) or self._digits(at)

    def cardinal_ends(self, at: int) -> bool:
        """Whether a number ends right before a token, as in 5 - 3."""
        return self.is_digits(at - 1) or any(found.end == at for found in self._in_words.values())

    def fraction_sign(self, at: int) -> Fraction | None:
        """½ and its like."""
        raw = self.tokens[at].raw if at < len(self.tokens) else ""
        if len(raw) == 1 and unicodedata.category(raw) == "No" and "fraction" in unicodedata.decomposition(raw):
            return Fraction(unicodedata.numeric(raw)).limit_denominator(100)
        return None

    def _opens(self, at: int) -> bool:
        return not self.touches(at) or self.tokens[at - 1].raw in "([=:~"

    def _suffixed(self, at: int) -> Cardinal | None:
        """German zweieinhalb, anderthalb."""
        low, ending = self.low(at), self.words.half_suffix
        if not ending:
            return None
        if low in ("anderthalb", "eineinhalb"):
            return Cardinal(at + 1, Fraction(3, 2), True)
        whole = self.whole_word(low.removesuffix(ending)) if low.endswith(ending) else None
        return Cardinal(at + 1, whole + Fraction(1, 2), True) if whole is not None else None

    def whole_word(self, word: str) -> Fraction | None:
        """The value of a single word that is a number."""
        language = next(name for name, words in LANGUAGES.items() if words is self.words)
        found = _heard([Token("word", word, 0, len(word))], language).get(0) if word else None
        return Fraction(found[1].replace(",", ".")) if found and not found[2] else None

    def _digits(self, at: int, signed: bool = False) -> Cardinal | None:
        sign = self.fraction_sign(at)
        if sign is not None:
            return Cardinal(at + 1, sign, False)
        if not self.is_digits(at):
            return None
        value = self._value(self.tokens[at].raw)
        if value is None or self._within(at, signed):
            return None
        end = at + 1
        while value.denominator == 1 and self._groups(end):
            value = value * 1000 + int(self.tokens[end].raw)
            end += 1
        if self._divided(end):
            below = self._value(self.tokens[end + 1].raw)
            return Cardinal(end + 2, value / below, False) if below else None
        sign = self.fraction_sign(end)
        if sign is not None:
            return Cardinal(end + 1, value + sign, False)
        if self.is_digits(end) and not self.touches(end) and self._divided(end + 1):
            upper, below = self._value(self.tokens[end].raw), self._value(self.tokens[end + 2].raw)
            if upper and below and upper < below and value.denominator == 1:
                return Cardinal(end + 3, value + upper / below, False)
        scale = self._in_words.get(end)
        if scale is not None and scale.end == end + 1 and scale.value in _SCALES:
            return Cardinal(scale.end, value * scale.value, False)
        return Cardinal(end, value, False)

    def _divided(self, at: int) -> bool:
        """Whether /4 follows here, right behind a number and with no second slash (a date)."""
        slash = self.low(at) in ("/", "⁄") and self.touches(at) and self.is_digits(at + 1) and self.touches(at + 1)
        return slash and not (self.low(at + 2) == "/" and self.touches(at + 2))

    def _groups(self, at: int) -> bool:
        """Whether the next three digits of the number stand here: 10 000."""
        raw = self.tokens[at].raw if self.is_digits(at) else ""
        follows = re.fullmatch(r"\d{3}", raw) is not None and self.tokens[at].start - self.tokens[at - 1].end == 1
        return follows and len(self.tokens[at - 1].raw) <= 3 and (raw.startswith("0") or not self.words.thousands)

    def _within(self, at: int, signed: bool) -> bool:
        """Whether digits are a part of something else: a clock time, a date, a version, a price, a label (#3, no.3)."""
        if self._joined(at + 1) and not self._divided(at + 1) and not self._is_range(at + 1):
            return True
        if signed or not self.touches(at):
            return False
        return (self._joined(at - 1) and not self._is_range(at - 1)) or (
            self.low(at - 1) in tuple("#$€£.-") and not self.is_digits(at - 2)
        )

    def _joined(self, at: int) -> bool:
        """Whether a sign joins the digits before and after it, with no space between."""
        sign = self.low(at) in (":", "/", "-", "–", "⁄", ".")
        return sign and all(map(self.is_digits, (at - 1, at + 1))) and self.touches(at) and self.touches(at + 1)

    def _is_range(self, at: int) -> bool:
        dash = self.low(at) in ("-", "–")
        return dash and not self._joined(at - 2) and not self._joined(at + 2)

    def _value(self, raw: str) -> Fraction | None:
        """What digits mean, by the marks of the language: 1,5 and 1,500 and 1.500,5."""
        mantissa, _, power = re.sub("['’\u00a0\u2009\u202f]", "", raw.casefold()).partition("e")
        if sum(map(str.isdigit, mantissa)) > _MOST_DIGITS or len(power) > 3:
            return None
        marks = [mark for mark in mantissa if mark in ".,"]
        grouped = re.fullmatch(r"[1-9]\d{0,2}(?:([.,])\d{3})+(?:(?!\1)[.,]\d+)?", mantissa)
        if grouped and (len(marks) > 1 or grouped[1] == self.words.thousands):
            mantissa = mantissa.replace(grouped[1], "").replace(",", ".")
        elif len(marks) <= 1:
            mantissa = mantissa.replace(",", ".")
        else:
            return None
        value = Fraction(f"0{mantissa}" if mantissa.startswith(".") else mantissa)
        return value * Fraction(10) ** int(power) if power else value
