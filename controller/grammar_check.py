"""An independent check of the decoder: the same graph's grammar, compiled and driven beside our automaton.

The compiler is llguidance, the grammar that of the outlines term (`Node.grammar`). Our automaton decides what may be
chosen; this one, made by other people from the same grammar, must agree with every token. Where it does not, one of the
two has a fault, and no command leaves.
"""

from collections.abc import Sequence
from typing import Any

from codeword.codebook.choice_graph import Node


class DisagreementError(RuntimeError):
    """Two automata of one grammar disagree: a fault in the program, never in what a user gave."""


class GrammarCheck:
    """Compiles graphs into matchers. What is costly, a table of the tokenizer, is made once."""

    def __init__(self, tokenizer_json: str, end_token: int) -> None:
        """Make one for a tokenizer. Takes a while: worth doing beside something else."""
        from llguidance import LLTokenizer

        # Slices speed up masks of free text; our masks have few tokens, and without them the start is quicker.
        self._tokenizer = LLTokenizer(tokenizer_json, eos_token=end_token, slices=[])

    def matcher(self, graph: Node) -> "Matcher":
        """A matcher at the beginning of a graph's texts."""
        from llguidance import LLMatcher, grammar_from

        # The same step that outlines' own llguidance backend takes. The text is that of the term, which is not made
        # here: importing outlines imports transformers.
        return Matcher(LLMatcher(self._tokenizer, grammar_from("lark", graph.lark())))


class Matcher:
    """One way through a grammar."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher
        self._check("compile")

    def follow(self, tokens: Sequence[int]) -> None:
        """Go on by some tokens. Raises DisagreementError where the grammar does not allow them all."""
        taken: int = self._matcher.try_consume_tokens(list(tokens))
        if taken != len(tokens):
            raise DisagreementError(f"the grammar refuses token {tokens[taken]} of {list(tokens)}")
        self._check("follow")

    def expect(self, tokens: Sequence[int]) -> None:
        """Raises DisagreementError where the grammar does not allow each of the tokens to come next."""
        mask: bytes = self._matcher.compute_bitmask()
        for token in tokens:
            if not mask[token >> 3] >> (token & 7) & 1:
                raise DisagreementError(f"the grammar refuses token {token}, one of {list(tokens)}")

    def expect_end(self) -> None:
        """Raises DisagreementError where the grammar wants more."""
        if not self._matcher.is_accepting():
            raise DisagreementError("the grammar does not end here")

    def _check(self, doing: str) -> None:
        if self._matcher.is_error():
            why = str(self._matcher.get_error()).partition("\n")[0]  # a panic's backtrace follows
            raise DisagreementError(f"cannot {doing} the grammar: {why}")
