"""Splitting into words."""

from __future__ import annotations

import pytest

from signalbot.routing.words import UnbalancedQuote, split_words


def words(text: str) -> list[str]:
    return [word.text for word in split_words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("a  b\n\tc", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ("'a b' c", ["a b", "c"]),
        ('""', [""]),
        ("“a b” c", ["a b", "c"]),
        ("„a b“ c", ["a b", "c"]),
        ("„a b” c", ["a b", "c"]),
        ("«a b» c", ["a b", "c"]),
        ("»a b« c", ["a b", "c"]),
        ("‘a b’ c", ["a b", "c"]),
        ("‚a b‘ c", ["a b", "c"]),
        ("don't can't", ["don't", "can't"]),
        ("don’t can’t", ["don’t", "can’t"]),
        ("’tis", ["’tis"]),
        ("'I don't know' c", ["I don't know", "c"]),
        ("‘I don’t know’ c", ["I don’t know", "c"]),
        ('say "it\'s" now', ["say", "it's", "now"]),
        ('5" pipe', ['5"', "pipe"]),
        ('"a"b', ["ab"]),
        ('"say \\"hi\\"" c', ['say "hi"', "c"]),
        ('"back\\\\slash"', ["back\\slash"]),
        ("a\\ b c", ["a b", "c"]),
        ('\\"a b', ['"a', "b"]),
        ("C:\\temp\\new", ["C:\\temp\\new"]),
        ('"C:\\temp"', ["C:\\temp"]),
        ("end\\", ["end\\"]),
        ('--to="a b" c', ["--to=a b", "c"]),
        ("--to=“a b” c", ["--to=a b", "c"]),
        ('a="b c"', ['a="b', 'c"']),
        ("🍕 ‘🍕 🍕’", ["🍕", "🍕 🍕"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("text", ['"a b', "a 'b", "„a b", '--to="a', '"a\\"', "«a «b"])
def test_a_quote_that_is_not_closed(text: str) -> None:
    with pytest.raises(UnbalancedQuote, match="is not closed"):
        words(text)


def test_words_know_where_they_stood() -> None:
    text = 'a  "b c" d'

    assert [text[word.start] for word in split_words(text)] == ["a", '"', "d"]
    assert [word.is_quoted for word in split_words(text)] == [False, True, False]


def test_a_long_text_is_split_in_linear_time() -> None:
    assert len(words("'a b' " * 100_000)) == 100_000
