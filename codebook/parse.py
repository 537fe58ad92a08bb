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
from .errors import did_you_mean
from .facts import ID, Effect

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

    Where `entities` is None any id may stand for an entity; otherwise only these (and `any`). `fact_kinds` are the
    kinds that the places of facts are declared to take, `variable_kinds` those that variables may be of; an empty
    tuple, or none, where that is not known.
    """

    predicates: Mapping[str, int]
    kinds: tuple[str, ...]
    variables: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    entities: tuple[str, ...] | None = ()
    properties: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    fact_kinds: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    variable_kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def binding(self, *names: str, kinds: tuple[str, ...] = ()) -> "Vocabulary":
        """The same with more variables, each for an entity of these kinds, or of any."""
        return self.with_variables(dict.fromkeys(names), dict.fromkeys(names, kinds))

    def with_variables(
        self, words: Mapping[str, tuple[str, ...] | None], kinds: Mapping[str, tuple[str, ...]] | None = None
    ) -> "Vocabulary":
        """The same with more variables, each with the words that it may stand for, or the kinds."""
        of_kinds = {**self.variable_kinds, **dict.fromkeys(words, ()), **(kinds or {})}
        return replace(self, variables={**self.variables, **words}, variable_kinds=of_kinds)


def parse_condition(text: str, vocabulary: Vocabulary) -> Condition:
    """The condition that a text says. Raises ParseError."""
    return _Parser(text, vocabulary).whole(_Parser.disjunction)


def parse_effect(text: str, vocabulary: Vocabulary) -> Effect:
    """The effect that a text says: `on(object, target)`, `not on(object, any)`, `… if bowl(target)`."""
    return _Parser(text, vocabulary).whole(_Parser.effect)


@dataclass(frozen=True)
class Signature:
    """A predicate's name, the names of its places, and the kinds that each takes (empty where nothing is said)."""

    name: str
    places: tuple[str, ...]
    kinds: tuple[tuple[str, ...], ...]


def parse_signature(text: str, kinds: tuple[str, ...] | None = None) -> Signature:
    """The signature that `on(thing, place)` says, or `on(thing in block, place in block|zone)` where kinds may stand in
    it. Raises ParseError.
    """
    parser = _Parser(text, Vocabulary({}, kinds or ()))

    def signature(self: _Parser) -> Signature:
        name = self.word("a name such as on(thing, place)")
        places: list[tuple[str, tuple[str, ...]]] = []
        if self.take("("):
            if self.peek() == ")":
                raise ParseError(f"a fact of no thing stands alone: {name}", self.offset())
            places.append(self.place(typed=kinds is not None))
            while self.take(","):
                places.append(self.place(typed=kinds is not None))
            self.expect(")")
        return Signature(name, tuple(place for place, _ in places), tuple(of for _, of in places))

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

    def place(self, *, typed: bool) -> tuple[str, tuple[str, ...]]:
        """The name of a predicate's place, and the kinds that it takes: `spot in place|charger`."""
        name, start = self.word("the name of a place"), self.offset()
        if self.peek() == ":" and typed:
            raise ParseError(f"the kinds of a place stand behind 'in', such as {name} in block|bowl", start)
        if not self.take("in"):
            return name, ()
        if not typed:
            raise ParseError("a computed fact takes what its condition is true of; leave out its kinds", start)
        return name, self.some_kinds()

    def some_kinds(self) -> tuple[str, ...]:
        """`block|bowl`."""
        kinds = [self.kind()]
        while self.take("|"):
            kinds.append(self.kind())
        return tuple(kinds)

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
        kinds = self.some_kinds()
        self.expect("(")
        outer = self.vocabulary
        self.vocabulary = outer.binding(variable, kinds=kinds)
        inner = self.disjunction()
        self.vocabulary = outer
        self.expect(")")
        return variable, kinds, inner

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
        for term, takes in zip(terms, self.vocabulary.fact_kinds.get(name, ()), strict=False):
            given = self.vocabulary.variable_kinds.get(term.name, ()) if term.bound else ()
            if given and takes and not set(given) & set(takes):
                raise ParseError(f"'{name}' takes {'|'.join(takes)}, and '{term.name}' is {'|'.join(given)}", start)
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
