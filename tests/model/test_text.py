"""Offsets in UTF-16 units, and long texts in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import split_paragraphs, utf16_length, utf16_offset, utf16_slice
from signalbot.model.text import without_lone_surrogates

FAMILY = "👨‍👩‍👧‍👦"
any_text = st.text(st.characters())
PIECES = ["a", " ", "\n", "é", "e\u0301", "🎉", FAMILY, "🇦🇹", "👋🏾", "界", "❤️", "\r\n", "\ud800"]
lively = st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize(("text", "length"), [
    ("", 0), ("abc", 3), ("äé", 2), ("e\u0301", 2), ("שלום", 4), ("界", 1), ("🎉", 2), ("𝒜", 2),
    (FAMILY, 11), ("🇦🇹", 4), ("❤️", 2), ("\ufffc", 1), ("\ud800", 1),
])  # fmt: skip
def test_length_in_utf16_units(text: str, length: int):
    assert utf16_length(text) == length


def test_an_index_becomes_an_offset():
    assert [utf16_offset("a🎉b", index) for index in range(4)] == [0, 1, 3, 4]


@given(lively, lively, lively)
def test_a_slice_is_found_where_the_offset_says(before: str, part: str, after: str):
    text = without_lone_surrogates(before + part + after)
    if text != before + part + after:
        return

    found = utf16_slice(text, utf16_length(before), utf16_length(part))

    assert found == part


@pytest.mark.parametrize(("start", "length", "expected"), [
    (0, 99, "a🎉b"), (-1, 2, "a"), (9, 1, ""), (1, -1, ""), (0, 0, ""), (-9, 3, ""), (1, 2, "🎉"),
    (1, 1, "\ud83c"), (2, 1, "\udf89"),
])  # fmt: skip
def test_a_slice_that_leaves_the_text_is_clamped(start: int, length: int, expected: str):
    assert utf16_slice("a🎉b", start, length) == expected


@given(any_text)
def test_text_without_lone_surrogates_can_be_encoded_and_keeps_its_length(text: str):
    clean = without_lone_surrogates(text)

    clean.encode()
    assert utf16_length(clean) == utf16_length(text)
    assert without_lone_surrogates(clean) == clean


def test_a_pair_written_as_two_halves_becomes_one_character():
    assert without_lone_surrogates("\ud83c\udf89 \ud83c") == "🎉 \ufffd"


@given(lively, st.integers(4, 40))
def test_parts_fit_and_join_to_the_text(text: str, limit: int):
    parts = split_paragraphs(text, limit)

    assert "".join(parts) == text
    assert all(0 < len(part.encode("utf-8", "surrogatepass")) <= limit for part in parts)


@pytest.mark.parametrize(("text", "limit", "parts"), [
    ("", 10, []),
    ("short", 10, ["short"]),
    ("one\n\ntwo\n\nthree", 10, ["one\n\ntwo\n\n", "three"]),
    ("one\n\ntwo more\nlines here", 14, ["one\n\n", "two more\n", "lines here"]),
    ("one\r\n\r\ntwo two", 12, ["one\r\n\r\n", "two two"]),
    ("one\n \t\ntwo two", 12, ["one\n \t\n", "two two"]),
    ("line one\nline two", 12, ["line one\n", "line two"]),
    ("some words here", 10, ["some ", "words here"]),
    ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    ("äöüäöü", 5, ["äö", "üä", "öü"]),
    ("xe\u0301e\u0301", 5, ["xe\u0301", "e\u0301"]),
    ("aaa🇦🇹🇩🇪", 12, ["aaa🇦🇹", "🇩🇪"]),
    ("👋🏾👋🏾", 12, ["👋🏾", "👋🏾"]),
    ("aa❤️", 6, ["aa", "❤️"]),
    ("a" + FAMILY, 26, ["a" + FAMILY]),
    ("aa" + FAMILY, 26, ["aa", FAMILY]),
])  # fmt: skip
def test_where_a_text_is_cut(text: str, limit: int, parts: list[str]):
    assert split_paragraphs(text, limit) == parts


def test_a_cluster_longer_than_the_limit_is_cut_between_code_points():
    parts = split_paragraphs("e" + "\u0301" * 20, 8)

    assert "".join(parts) == "e" + "\u0301" * 20
    assert all(len(part.encode()) <= 8 for part in parts)


def test_the_servers_limit_is_the_default():
    assert [len(part) for part in split_paragraphs("x" * 4500)] == [2000, 2000, 500]


def test_a_limit_below_one_character_is_refused():
    with pytest.raises(ValueError, match="limit=3"):
        split_paragraphs("x", 3)


@pytest.mark.parametrize("letter", ["x", "\n", " ", "\u0301", "🇦", "\u200d", "\U000f0000", "\n "])
def test_a_large_text_is_cut_quickly(letter: str):
    text = letter * (300_000 // len(letter))

    assert "".join(split_paragraphs(text)) == text
