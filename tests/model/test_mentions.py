"""Mentions in outgoing text: people in, places out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import (
    Mention,
    User,
    bold,
    escape,
    resolve_mentions,
    split_paragraphs,
    styled,
    utf16_length,
    utf16_slice,
)
from signalbot.model import mentions as module

ALICE = User("11111111-aaaa-4bbb-8ccc-111111111111", "+12025550143", name="Alice \ud800Ädler")
BOB = User(username="bob.42")
DAGMAR = User(number="+491713920012", name="Dagmar")
MARK = "\ufffc"

people = st.sampled_from([ALICE, BOB, DAGMAR])
PIECES = ["a", " ", "🎉", "e\u0301", "שלום", "👨‍👩‍👧", "\n", "{"]
PRIVATE = ["\U000f0000", "\U000f1000", "\U000f1001"]
texts = st.lists(st.sampled_from([*PIECES, *PRIVATE]), max_size=8).map("".join)


def test_in_an_f_string():
    assert resolve_mentions(f"hi {Mention(ALICE)}!") == ("hi \ufffc!", [(3, 1, ALICE)])


def test_the_person_comes_out_whole():
    found = resolve_mentions(str(Mention(ALICE)))[1][0][2]

    assert (found.uuid, found.number, found.name) == (ALICE.uuid, ALICE.number, ALICE.name)


@given(st.lists(st.tuples(texts, people), max_size=4), texts)
def test_offsets_count_utf16_units_behind_any_text(parts: list[tuple[str, User]], end: str):
    text = "".join(f"{before}{Mention(who)}" for before, who in parts) + end

    plain, places = resolve_mentions(text)

    assert plain == "".join(before + MARK for before, _ in parts) + end
    assert [who for _, _, who in places] == [who for _, who in parts]
    assert all(utf16_slice(plain, start, length) == MARK for start, length, _ in places)


def test_a_marker_survives_what_one_does_with_strings():
    marked = f"{Mention(BOB):>10}"

    for text in (
        (" " + marked + " ").strip(),
        marked.upper(),
        ", ".join([marked]),
        "%s" % marked,  # noqa: UP031  the old way has to work as well
        escape(marked),
        "".join(split_paragraphs(marked, 4)),
    ):
        assert resolve_mentions(text) == (MARK, [(0, 1, BOB)])


def test_a_long_text_is_not_cut_inside_of_a_marker():
    text = "x" * 1990 + str(Mention(BOB))

    assert [resolve_mentions(part)[1] for part in split_paragraphs(text)] == [[], [(0, 1, BOB)]]


def test_what_another_process_made_is_plain_text(monkeypatch):
    forged = str(Mention(BOB))
    monkeypatch.setattr(module, "_KEY", b"another key")

    assert resolve_mentions(forged) == (forged, [])


@given(st.data())
def test_a_changed_marker_is_plain_text(choose: st.DataObject):
    marker = list(str(Mention(BOB)))
    at = choose.draw(st.integers(0, len(marker) - 1))
    marker[at] = choose.draw(st.sampled_from(["\U000f0041", "\U000f0000", "x", "\U000f1001"]))
    forged = "".join(marker)

    if forged != str(Mention(BOB)):
        assert resolve_mentions(forged) == (forged, [])


@given(st.text(st.sampled_from(["\U000f1000", "\U000f1001", *map(chr, range(0xF0000, 0xF0100))])))
def test_private_use_characters_are_plain_text(text: str):
    assert resolve_mentions(text) == (text, [])


def test_explicit_places_count_in_the_text_that_is_sent():
    text = f"🎉 {Mention(ALICE)} and you"

    plain, places = resolve_mentions(text, [Mention(BOB, 9, 3)])

    assert plain == "🎉 \ufffc and you"
    assert places == [(3, 1, ALICE), (9, 3, BOB)]


def test_a_place_without_length_is_one_unit():
    assert resolve_mentions("hi you", [Mention(BOB, 3)]) == ("hi you", [(3, 1, BOB)])


@pytest.mark.parametrize(("text", "plain", "start", "length"), [
    ("hi \ufffc!", "hi \ufffc!", 3, 1),
    ("🎉 @Dagmar!", "🎉 @Dagmar!", 3, 7),
    ("ask +49 or @+491713920012", "ask +49 or @+491713920012", 11, 14),
    ("hello", "\ufffc hello", 0, 1),
    ("", "\ufffc", 0, 1),
])  # fmt: skip
def test_a_mention_without_place_finds_one(text: str, plain: str, start: int, length: int):
    assert resolve_mentions(text, [Mention(DAGMAR)]) == (plain, [(start, length, DAGMAR)])


def test_several_without_place_take_their_turns():
    found = resolve_mentions("\ufffc, \ufffc", [Mention(ALICE), Mention(BOB), Mention(DAGMAR)])

    assert found == ("\ufffc \ufffc, \ufffc", [(0, 1, DAGMAR), (2, 1, ALICE), (5, 1, BOB)])
    assert resolve_mentions("x", [Mention(ALICE), Mention(BOB)]) == (
        "\ufffc \ufffc x",
        [(0, 1, ALICE), (2, 1, BOB)],
    )


def test_a_placeholder_of_a_marker_is_taken():
    found = resolve_mentions(f"{Mention(ALICE)} \ufffc", [Mention(BOB)])

    assert found[1] == [(0, 1, ALICE), (2, 1, BOB)]


@pytest.mark.parametrize(
    "places", [[(-1, 1)], [(0, 0)], [(3, 1)], [(0, 9)], [(0, 2), (1, 1)], [(0, -1)]]
)
def test_impossible_places_are_refused(places: list[tuple[int, int]]):
    with pytest.raises(ValueError, match="mention"):
        resolve_mentions("abc", [Mention(BOB, start, length) for start, length in places])


@pytest.mark.parametrize("before", ["", "**a**", "2 * 3", r"\*", r"\**", "||x", "🎉~", "a\\"])
def test_styled_places_are_those_after_the_server_took_the_markup_out(before: str):
    text = f"{before}{Mention(BOB)} *end*"

    plain, [(start, length, who)] = resolve_mentions(text, styled=True)

    stripped = module.strip_styles(plain)
    assert plain == f"{before}\ufffc *end*"
    assert (utf16_slice(stripped, start, length), who) == (MARK, BOB)


def test_mentions_inside_of_styles():
    text = styled("* ", bold("dear ", Mention(BOB)), " |")

    plain, [(start, _, _)] = resolve_mentions(text, styled=True)

    assert (plain, start) == ("\\* **dear \ufffc** |", utf16_length("* dear "))


def test_no_repr_names_anybody():
    assert repr(Mention(ALICE, 1, 2)) == "<Mention start=1 length=2>"


@pytest.mark.parametrize("who", ["u:bob.42", "bob.42", BOB])
def test_a_person_may_be_given_in_any_form(who: User | str):
    assert resolve_mentions(f"hi {Mention(who)}") == ("hi \ufffc", [(3, 1, BOB)])
    assert resolve_mentions("hi \ufffc", [who]) == ("hi \ufffc", [(3, 1, BOB)])


@pytest.mark.parametrize("who", ["bob", "", None, 42])
def test_nobody_is_refused_where_it_is_written(who: object):
    with pytest.raises((TypeError, ValueError), match=r"person|names"):
        Mention(who)  # type: ignore[arg-type]  # what is refused
