"""Texts of conditions and effects into their trees, with the place of what is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .conditions import (
    COMPARISONS,
    NUMBER,
    And,
    Atom,
    Compare,
    Condition,
    Count,
    CountThings,
    Not,
    Operand,
    Or,
    Property,
    Quantified,
    Term,
    Words,
)
from .effects import Effect
from .errors import did_you_mean
from .facts import ID

_TOKEN = re.compile(
    rf"\s*(?:(?P<word>{ID.pattern})|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>[=!<>]=|[(),|<>])|(?P<bad>\S))"
)
_T = TypeVar("_T")
_KEYWORDS = ("and", "or", "not", "all", "some", "if")


class ParseError(ValueError):
    """A text that is no condition or effect; `offset` counts characters from the text's start."""

    def __init__(self, message: str, offset: int) -> None:
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True)
class Vocabulary:
    """The names that a text may use: predicates with their number of places, kinds, properties with the values that
    they may have (None for any), and variables with the words that they may stand for (None for an entity, empty for a
    number). `texts` are arguments that are words of the task: nothing is asked of them.

    Where `entities` is None any id may stand for an entity; otherwise only these (and `any`).
    """

    predicates: Mapping[str, int]
    kinds: tuple[str, ...]
    variables: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    entities: tuple[str, ...] | None = ()
    properties: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    texts: tuple[str, ...] = ()

    def binding(self, *names: str) -> "Vocabulary":
        """The same with more variables, each for an entity."""
        return self.with_variables(dict.fromkeys(names))

    def with_variables(self, words: Mapping[str, tuple[str, ...] | None]) -> "Vocabulary":
        """The same with more variables, each with the words that it may stand for."""
        return replace(self, variables={**self.variables, **words})


def parse_condition(text: str, vocabulary: Vocabulary) -> Condition:
    """The condition that a text says. Raises ParseError."""
    return _Parser(text, vocabulary).whole(_Parser.disjunction)


def parse_effect(text: str, vocabulary: Vocabulary) -> Effect:
    """The effect that a text says: `on(object, target)`, `not on(object, any)`, `… if bowl(target)`."""
    return _Parser(text, vocabulary).whole(_Parser.effect)


def parse_signature(text: str) -> tuple[str, tuple[str, ...]]:
    """A predicate's name and the names of its places, out of `on(thing, place)`. Raises ParseError."""
    parser = _Parser(text, Vocabulary({}, ()))

    def signature(self: _Parser) -> tuple[str, tuple[str, ...]]:
        name = self.word("a name such as on(thing, place)")
        places: list[str] = []
        if self.take("("):
            places.append(self.word("the name of a place"))
            while self.take(","):
                places.append(self.word("the name of a place"))
            self.expect(")")
        return name, tuple(places)

    return parser.whole(signature)


class _Parser:
    """Recursive descent over one text."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.tokens = [(m.group(m.lastgroup or 0), m.start(m.lastgroup or 0)) for m in _TOKEN.finditer(text)]
        self.end = len(text)
        self.at = 0

    def whole(self, rule: "Callable[[_Parser], _T]") -> _T:
        tree = rule(self)
        if self.at < len(self.tokens):
            raise ParseError(f"did not expect '{self.peek()}' here", self.offset())
        return tree

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def offset(self) -> int:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else self.end

    def take(self, text: str) -> bool:
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise ParseError(f"expected '{text}' but found {self.found()}", self.offset())

    def found(self) -> str:
        return f"'{self.peek()}'" if self.peek() else "the end"

    def word(self, what: str) -> str:
        text = self.peek()
        if not ID.fullmatch(text) or text in _KEYWORDS:
            raise ParseError(f"expected {what} but found {self.found()}", self.offset())
        self.at += 1
        return text

    def effect(self) -> Effect:
        adds = not self.take("not")
        start = self.offset()
        atom = self.operand()
        if not isinstance(atom, Atom):
            raise ParseError("an effect is an atom, `not` an atom, or either with `if` and a condition", start)
        when = self.disjunction() if self.take("if") else None
        if adds and any(term.name == "any" and not term.bound for term in atom.terms):
            raise ParseError("only a `not` effect may say `any`", start)
        return Effect(adds, atom, when)

    def disjunction(self) -> Condition:
        parts = [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Condition:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self) -> Condition:
        if self.take("not"):
            return Not(self.negation())
        if self.take("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        if self.peek() in ("all", "some"):
            return self.quantified()
        return self.operand()

    def quantified(self) -> Condition:
        every = self.take("all")
        if not every:
            self.expect("some")
        return Quantified(every, *self.each_thing())

    def each_thing(self) -> tuple[str, tuple[str, ...], Condition]:
        """`x in block|bowl (condition)`."""
        variable = self.word("the name of a variable")
        self.expect("in")
        kinds = [self.kind()]
        while self.take("|"):
            kinds.append(self.kind())
        self.expect("(")
        outer = self.vocabulary
        self.vocabulary = outer.binding(variable)
        inner = self.disjunction()
        self.vocabulary = outer
        self.expect(")")
        return variable, tuple(kinds), inner

    def kind(self) -> str:
        start = self.offset()
        name = self.word("a kind of entity")
        if name not in self.vocabulary.kinds:
            raise ParseError(f"unknown kind '{name}'{did_you_mean(name, self.vocabulary.kinds)}", start)
        return name

    def operand(self) -> Atom | Compare:
        """An atom, or two operands compared."""
        start = self.offset()
        name = self.peek()
        known = self.vocabulary.predicates
        compares = self.tokens[self.at + 1][0] in COMPARISONS if self.at + 1 < len(self.tokens) else False
        if compares or name == "count" or name in self.vocabulary.properties or NUMBER.fullmatch(name):
            return self.comparison()
        self.word("a condition")
        if name not in known and name not in self.vocabulary.kinds:
            choices = [*known, *self.vocabulary.kinds, *self.vocabulary.properties]
            raise ParseError(f"unknown fact '{name}'{did_you_mean(name, choices)}", start)
        return self.atom(name, start)

    def atom(self, name: str, start: int) -> Atom:
        """The atom of a predicate whose name was taken."""
        terms: list[Term] = []
        if self.take("("):
            terms.append(self.term())
            while self.take(","):
                terms.append(self.term())
            self.expect(")")
        places = self.vocabulary.predicates.get(name, 1)
        if len(terms) != places:
            raise ParseError(f"'{name}' takes {places} argument{'s' * (places != 1)}, not {len(terms)}", start)
        return Atom(name, tuple(terms))

    def comparison(self) -> Compare:
        left, words = self.side(None)
        sign = self.peek()
        if isinstance(left, Property) and self.take("in"):
            among = [self.one_of(words)]
            while self.take("|"):
                among.append(self.one_of(words))
            return Compare(left, sign, Words(tuple(among)))
        if sign not in COMPARISONS:
            raise ParseError(f"expected one of {' '.join(COMPARISONS)} but found {self.found()}", self.offset())
        self.at += 1
        right, _ = self.side(words)
        return Compare(left, sign, right)

    def one_of(self, words: tuple[str, ...] | None) -> str:
        """A word that a property may have."""
        start = self.offset()
        name = self.word("a word")
        if words and words != ("",) and name not in words:
            raise ParseError(f"unknown word '{name}'{did_you_mean(name, words)}", start)
        return name

    def side(self, words: tuple[str, ...] | None) -> tuple[Operand, tuple[str, ...] | None]:
        """One side of a comparison, and the words that the other side may be (None where it is an entity's id)."""
        start = self.offset()
        name = self.peek()
        if NUMBER.fullmatch(name):
            self.at += 1
            return Term(name, bound=False), ()
        if name == "count":
            self.at += 1
            self.expect("(")
            if self.tokens[self.at + 1 : self.at + 2] and self.tokens[self.at + 1][0] == "in":
                things = CountThings(*self.each_thing())
                self.expect(")")
                return things, ()
            inner = self.offset()
            predicate = self.word("a fact to count")
            if predicate not in self.vocabulary.predicates:
                hint = did_you_mean(predicate, list(self.vocabulary.predicates))
                raise ParseError(f"unknown fact '{predicate}'{hint}", inner)
            atom = self.atom(predicate, inner)
            self.expect(")")
            return Count(atom), ()
        if name in self.vocabulary.properties:
            self.at += 1
            self.expect("(")
            term = self.term()
            self.expect(")")
            values = self.vocabulary.properties[name]
            return Property(name, term), ("",) if values is None else values
        self.word("an argument, a property, a count or a number")
        self.no_text(name, start)
        if name in self.vocabulary.variables:
            return Term(name, bound=True), self.vocabulary.variables[name]
        if words is None:
            return self.resolve(name, start), None
        if words != ("",) and name not in words:
            raise ParseError(f"unknown word '{name}'{did_you_mean(name, words)}", start)
        return Term(name, bound=False), words

    def term(self) -> Term:
        start = self.offset()
        return self.resolve(self.word("an argument"), start)

    def no_text(self, name: str, start: int) -> None:
        """Raises ParseError for an argument that is words of the task."""
        if name in self.vocabulary.texts and name not in self.vocabulary.variables:
            raise ParseError(f"'{name}' is words of the task; conditions and effects ask for no text", start)

    def resolve(self, name: str, start: int) -> Term:
        if name in self.vocabulary.variables:
            return Term(name, bound=True)
        self.no_text(name, start)
        if name == "any" or self.vocabulary.entities is None or name in self.vocabulary.entities:
            return Term(name, bound=False)
        choices = [*self.vocabulary.variables, *self.vocabulary.entities, "any"]
        raise ParseError(f"unknown argument '{name}'{did_you_mean(name, choices)}", start)
