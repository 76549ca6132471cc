"""Bodies of polls, also those that are no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import classify, frames
from tests.model.samples import SAMPLES, sample

ONE, TWO = sample(1).raw, sample(16).raw


@pytest.mark.parametrize("body", [b"", b"[]", b" [ ] \n", "[]"])
def test_an_empty_poll(body: str | bytes):
    assert frames(body, "+49") == ([], [])


def test_all_samples_in_one_body_come_out_byte_for_byte():
    raws = [found.raw for found in SAMPLES]

    assert frames(b"[" + b",".join(raws) + b"]") == (raws, [])
    assert frames(b" [\n" + b" ,\n ".join(raws) + b"\n]\n") == (raws, [])
    assert frames("[" + ",".join(raw.decode() for raw in raws) + "]") == (raws, [])


@pytest.mark.parametrize(("body", "whole", "rest"), [
    (b"[" + ONE + b",java.lang.RuntimeException: x]", [ONE], [b"java.lang.RuntimeException: x"]),
    (b"[java.lang.Error,\tat x.y(Z.java:1)," + ONE + b",oops," + TWO + b"]", [ONE, TWO],
     [b"java.lang.Error,\tat x.y(Z.java:1)", b"oops"]),
    (b"[" + ONE + b"," + TWO[:-30], [ONE], [TWO[:-30]]),
    (b"[" + ONE[:-1] + b"," + TWO + b"]", [TWO], [ONE[:-1]]),
    (ONE + b"\n" + TWO + b"\nprocess killed as timeout reached", [ONE, TWO],
     [b"process killed as timeout reached"]),
    (b"Error while receiving", [], [b"Error while receiving"]),
    (ONE, [ONE], []),
    (b"[" + ONE + b"] x", [ONE], [b"x"]),
    (b"[" + ONE + b" " + TWO + b"]", [ONE], [TWO]),
    (b'{"error":"x"}', [], [b'{"error":"x"}']),
])  # fmt: skip
def test_what_can_be_read_is_read(body: bytes, whole: list[bytes], rest: list[bytes]):
    assert frames(body) == (whole, rest)


def test_elements_that_are_no_frames_go_to_the_reader_like_others():
    assert frames(b'[{"error":"x"},7]') == ([b'{"error":"x"}', b"7"], [])


def test_a_torn_byte_costs_its_own_frame_only():
    torn = ONE.replace(b"hello", b"h\xe9llo")

    whole, rest = frames(b"[" + torn + b"," + TWO + b"]")

    assert (whole, rest) == ([torn, TWO], [])
    assert [classify(raw)["class"] for raw in whole] == ["quarantine", "event"]


def test_a_frame_quoted_in_somebodys_text_is_no_frame():
    quoted = ONE.replace(b'"hello bot"', json.dumps(f"[{TWO.decode()}").encode())

    assert frames(b"[oops," + quoted + b"]") == ([quoted], [b"oops"])
    assert frames(b"[Exception: no " + TWO + b"]") == ([], [b"Exception: no " + TWO])


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_it_never_fails_and_never_loses_a_byte_of_a_frame(before: bytes, after: bytes):
    whole, rest = frames(before + b"\n" + ONE + b"\n" + after)
    both = b"".join([*whole, *rest])

    assert ONE in both
    frames(before)


@given(st.text(st.characters(), max_size=30))
def test_any_text(text: str):
    frames(text)
    frames(f"[{text}]")
    frames(f'[{{"envelope":{text}}}]')


def test_nesting_beyond_all_measure():
    deep = b'{"envelope":' + b"[" * 100_000

    assert frames(b"[" + deep + b"," + ONE + b"]")[0] == [ONE]
