"""Styled text, read back the way the server reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import (
    Styled,
    bold,
    escape,
    italic,
    monospace,
    spoiler,
    strike,
    strip_styles,
    styled,
    utf16_length,
)

JOINER = "\u2060"
STYLES = {"***": "BOLD+ITALIC", "**": "BOLD", "*": "ITALIC", "~": "STRIKETHROUGH", "||": "SPOILER",
          "`": "MONOSPACE"}  # fmt: skip

nasty = st.text(st.sampled_from("*~`|\\ab 🎉\ufffc"), max_size=12)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def server_reads(text: str, *, is_newer: bool) -> tuple[str, list[tuple[str, str]]]:
    """A reading of the reference's rules: the plain text, and each styled range with its style.

    ``is_newer`` knows ``***``; servers before read two markers.
    """
    markers = [m for m in STYLES if is_newer or m != "***"]
    plain = ""
    opened: list[tuple[str, int]] = []
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        escaped = next((m for m in markers if text.startswith("\\" + m, at)), None)
        marker = next((m for m in markers if text.startswith(m, at)), None)
        if escaped:
            plain += escaped
            at += 1 + len(escaped)
        elif marker:
            if opened and opened[-1][0] == marker:
                begin = opened.pop()[1]
                found.append((plain[begin:], STYLES[marker]))
            else:
                opened.append((marker, len(plain)))
            at += len(marker)
        else:
            plain += text[at]
            at += 1
    return plain, found


both_servers = pytest.mark.parametrize("is_newer", [True, False])


@both_servers
@given(text=nasty | anything)
def test_escaped_text_arrives_as_it_was_and_plain(is_newer: bool, text: str):
    assert server_reads(escape(text), is_newer=is_newer) == (text, [])


@given(nasty | anything)
def test_stripping_undoes_escaping(text: str):
    assert strip_styles(escape(text)) == text


@pytest.mark.parametrize(("text", "escaped"), [
    ("2 * 3 = 6", r"2 \* 3 = 6"), ("**x**", r"\*\*x\*\*"), ("~a~", r"\~a\~"), ("`a`", r"\`a\`"),
    ("a|b", "a|b"), ("||a||", r"\||a\||"), ("|||", r"\|||"), ("C:\\dir", "C:\\dir"),
    ("\\*", "\\\\*"), ("snake_case", "snake_case"), ("", ""),
])  # fmt: skip
def test_only_markers_are_escaped(text: str, escaped: str):
    assert escape(text) == escaped


@pytest.mark.parametrize(("text", "plain"), [
    ("**a *b* c**", "a b c"), ("2 * 3", "2  3"), (r"\**a\**", "**a**"), ("||a|| b|c", "a b|c"),
    (r"\x \| \\", r"\x \| \\"), ("`a~b`~", "ab"), (r"\||a", "||a"),
])  # fmt: skip
def test_stripping_takes_every_marker_that_is_not_escaped(text: str, plain: str):
    assert strip_styles(text) == plain


@both_servers
@pytest.mark.parametrize(("style", "name"), [
    (bold, "BOLD"), (italic, "ITALIC"), (strike, "STRIKETHROUGH"), (spoiler, "SPOILER"),
    (monospace, "MONOSPACE"),
])  # fmt: skip
@given(text=nasty.filter(bool), before=nasty, after=nasty)
def test_a_style_covers_its_text_whatever_that_is_and_stands_between(
    style, name, is_newer, text, before, after
):
    message = styled(before, style(text), after)

    plain, found = server_reads(message, is_newer=is_newer)

    assert plain.replace(JOINER, "") == before + text + after
    assert [(part.replace(JOINER, ""), kind) for part, kind in found] == [(text, name)]


@both_servers
def test_styles_nest(is_newer: bool):
    message = bold("very ", italic("much"), italic(monospace("so")))

    plain, found = server_reads(message, is_newer=is_newer)

    assert plain.replace(JOINER, "") == "very muchso"
    shown = [(part.replace(JOINER, ""), kind) for part, kind in found]
    assert shown == [
        ("much", "ITALIC"),
        ("so", "MONOSPACE"),
        ("so", "ITALIC"),
        ("very muchso", "BOLD"),
    ]


@both_servers
@pytest.mark.parametrize("outer", [bold, italic, strike, spoiler, monospace])
@pytest.mark.parametrize("inner", [bold, italic, strike, spoiler, monospace])
def test_every_style_in_and_beside_every_other(outer, inner, is_newer: bool):
    message = styled(outer(inner("x")), inner("y"), outer("z"))

    plain, found = server_reads(message, is_newer=is_newer)

    assert plain.replace(JOINER, "") == "xyz"
    if outer is not inner:  # the same style twice closes what it opened
        assert [part.replace(JOINER, "") for part, _ in found] == ["x", "x", "y", "z"]


def test_ordinary_parts_need_no_joiner():
    message = styled("Dear ", bold("Ann"), ", ", 3, " * ", monospace("a|b"))

    assert message == r"Dear **Ann**, 3 \* `a|b`"
    assert isinstance(message, Styled)


def test_a_style_around_nothing_is_nothing():
    assert bold() == bold("") == styled() == ""


@given(nasty, nasty)
def test_offsets_may_be_counted_before_the_server_strips(before: str, after: str):
    text = f"{escape(before)}\ufffc{escape(after)}"

    assert strip_styles(text) == f"{before}\ufffc{after}"
    assert utf16_length(strip_styles(escape(before))) == utf16_length(before)
