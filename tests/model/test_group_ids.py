"""Group ids: the example of the reference, and the rule for all others."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import is_internal_id, is_rest_id, to_internal_id, to_rest_id

INTERNAL = "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="
REST = "group.UG1waStFZlBXbXN4aW9tTGU5TngyWEY5SE9FNDgzcDZpS2lGajY1aU13ST0="
LEGACY = "EbAkZB90uDgeyU7T2EWO5Q=="


def test_the_example_of_the_reference():
    assert to_rest_id(INTERNAL) == REST
    assert to_internal_id(REST) == INTERNAL


@given(st.binary(min_size=32, max_size=32) | st.binary(min_size=16, max_size=16))
def test_there_and_back(content: bytes):
    internal = base64.b64encode(content).decode()

    assert to_internal_id(to_rest_id(internal)) == internal
    assert is_internal_id(internal)
    assert is_rest_id(to_rest_id(internal))
    if len(content) == 32:
        assert re.fullmatch(r"group\.[A-Za-z0-9]{59}=", to_rest_id(internal))


@pytest.mark.parametrize("value", [
    "", "group.", "group.42", INTERNAL, REST[:-1], REST + "=", "group.!!", "group." + INTERNAL,
    " " + REST, "GROUP." + REST[6:], "group.é",
    "group." + base64.b64encode(b"\xff\xfe").decode(),
])  # fmt: skip
def test_what_is_no_rest_id(value: str):
    assert not is_rest_id(value)
    with pytest.raises(ValueError, match="not a group id"):
        to_internal_id(value)


@pytest.mark.parametrize("value", [
    "", "x", REST, INTERNAL[:-1], "é" * 44, "+491713920012", "\ud800",
    base64.b64encode(b"x" * 31).decode(),
])  # fmt: skip
def test_what_is_no_internal_id(value: str):
    assert not is_internal_id(value)


def test_legacy_ids_are_ids():
    assert is_internal_id(LEGACY)
    assert to_internal_id(to_rest_id(LEGACY)) == LEGACY


@given(st.text(st.characters()))
def test_any_text_can_be_spelled_as_a_rest_id(value: str):
    assert to_rest_id(value).isascii()
