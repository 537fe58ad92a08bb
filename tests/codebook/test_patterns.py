"""Texts by pattern."""

import pytest

from codeword.codebook.patterns import PatternError, texts_of


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("abc", ["abc"]), ("a|b|ab", ["a", "b", "ab"]), ("[AC]", ["A", "C"]), ("[A-C][1-2]", ["A1", "A2", "B1", "B2", "C1", "C2"]),
        ("x?y", ["y", "xy"]), ("(up|down)_[12]", ["up_1", "up_2", "down_1", "down_2"]), ("[01]{2}", ["00", "01", "10", "11"]),
        ("a{1,3}", ["a", "aa", "aaa"]), ("a(b|c)?", ["a", "ab", "ac"]), ("[a-]b|b", ["ab", "-b", "b"]), ("aa|a{2}", ["aa"]),
    ],
)  # fmt: skip
def test_a_pattern_is_the_list_of_its_texts(pattern: str, texts: list[str]) -> None:
    if any(text.startswith("-") for text in texts):
        with pytest.raises(PatternError, match="allows '-b'"):
            texts_of(pattern)
    else:
        assert list(texts_of(pattern)) == texts


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("a+", "'+' at 2 is not known"), ("a*", "'*' at 2"), (".", "allows '.'"), ("(a", "lacks a ')'"), ("[a", "lacks a ']'"),
        ("a)", "')' at 2 closes nothing"), ("a{,3}", "needs {n} or {m,n}"), ("a{3", "needs {n} or {m,n}"), ("[z-a]", "is no range"),
        ('a"b', "is not known here"), ("", "allows ''"), ("[A-Z]{3}", "more than 1000"), ("[a-z]{99}", "repeats from 0 to 32 times"), ("a ", "allows 'a '"), ("a[ -9]b", "is no range of plain"), ("a{5,2}", "the lower number first"), ("a[]b", "no text at all"),
    ],
)  # fmt: skip
def test_what_is_no_finite_pattern_is_told(pattern: str, says: str) -> None:
    with pytest.raises(PatternError) as error:
        texts_of(pattern)
    assert says in str(error.value)
