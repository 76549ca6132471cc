"""Any JSON and any key, as text and back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signalbot.infrastructure.storage.json_text import dump, load
from signalbot.infrastructure.storage.places import key_at, place_of, space_in

TEXTS = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)  # fmt: skip


@given(JSON)
def test_a_value_is_read_back_equal(value: Any) -> None:
    text = dump(value)

    assert load(text) == value
    assert text.isascii()


@given(st.lists(TEXTS), TEXTS, st.lists(TEXTS), TEXTS)
def test_places_are_apart_and_plain(
    spaces: list[str], key: str, other_spaces: list[str], other_key: str
) -> None:
    one = place(spaces, key)
    two = place(other_spaces, other_key)

    assert (one == two) == ((spaces, key) == (other_spaces, other_key))
    one.encode("utf-8")
    assert "\0" not in one


@given(st.lists(TEXTS), TEXTS, st.lists(TEXTS), TEXTS)
def test_a_prefix_finds_its_keys_only(
    spaces: list[str], prefix: str, other_spaces: list[str], key: str
) -> None:
    begins_so = place(other_spaces, key).startswith(place(spaces, prefix))

    assert begins_so == (spaces == other_spaces and key.startswith(prefix))


@given(st.lists(TEXTS), TEXTS)
def test_a_key_is_read_back(spaces: list[str], key: str) -> None:
    assert key_at(space(spaces), place(spaces, key)) == key


def space(names: list[str]) -> str:
    made = ""
    for name in names:
        made = space_in(made, name)
    return made


def place(names: list[str], key: str) -> str:
    return place_of(space(names), key)
