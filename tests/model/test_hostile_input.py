"""Whatever arrives, it is read as one of six classes."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbot.errors import DecodeError
from signalbot.model import classify, decode, peek
from signalbot.model.json_values import NotJson, parse
from tests.model.samples import SAMPLES, data, frame, raw, sample

CLASSES = {"event", "noop", "exception", "error", "unknown", "quarantine"}

hostile = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.sampled_from(["\ud800", "\udfffx\ud800", "", "\x00", "\u2028", 2**63, 2**64, -1, 0])
    | st.sampled_from([[], {}, [None], [[]], {"": {}}, [{}]]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member and element inside of a value."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found.append((*path, key))
        if isinstance(inner, (dict, list)):
            found += places(inner, (*path, key))
    return found


@st.composite
def mutated_frames(draw: st.DrawFn) -> Any:
    """A sample with up to three of its parts dropped, replaced, or swapped for another's."""
    value = copy.deepcopy(draw(st.sampled_from(SAMPLES)).frame)
    for _ in range(draw(st.integers(1, 3))):
        all_places = places(value)
        if not all_places:
            break
        *way, last = draw(st.sampled_from(all_places))
        parent = value
        for step in way:
            parent = parent[step]
        action = draw(st.sampled_from(["drop", "null", "replace", "nest", "graft"]))
        if action == "drop":
            del parent[last]
        elif action == "nest":
            parent[last] = [parent[last]] if draw(st.booleans()) else {"x": parent[last]}
        elif action == "graft":
            other = draw(st.sampled_from(SAMPLES)).frame
            parent[last] = copy.deepcopy(draw(st.sampled_from([other, *other.values()])))
        else:
            parent[last] = None if action == "null" else copy.deepcopy(draw(hostile))
    return value


def check(text: str | bytes) -> None:
    """What has to hold for any input at all."""
    found = classify(text)
    seen = peek(text)

    assert found["class"] in CLASSES
    assert seen.cls == found["class"]
    json.dumps(found).encode("ascii")
    assert seen.dedupe_key is None or len(seen.dedupe_key) == 16
    repr(seen).encode()
    if seen.cls == "quarantine":
        with pytest.raises(DecodeError) as caught:
            decode(text)
        str(caught.value).encode()
        return
    event = decode(text, peeked=seen)
    assert event == decode(text)
    assert hash(event) == hash(decode(text))
    assert event.kind == seen.kind
    assert event.timestamp == (seen.timestamp or 0)
    assert (event.sender.id if event.sender else None) == seen.sender
    assert (event.chat.key if event.chat else None) == seen.chat
    assert event.is_group == seen.is_group
    assert seen.kind in (found.get("kind"), found.get("inner"), found["class"]) or seen.outer
    if seen.cls == "event":
        assert (found["sender"], found["chat"]) == (seen.sender, seen.chat)
        assert found["timestamp"] == seen.timestamp
        assert type(event.timestamp) is int
        assert 0 < event.timestamp < 2**63
    json.loads(event.to_json().encode("ascii"))
    for spelling in (repr(event), str(event), event.raw, str(event.to_dict())):
        spelling.encode("utf-8")
    assert pickle.loads(pickle.dumps(event)) == event
    assert copy.deepcopy(event) == event


@settings(max_examples=400)
@given(mutated_frames())
def test_a_mutated_sample(value: Any):
    check(json.dumps(value))


@settings(max_examples=100)
@given(mutated_frames())
def test_a_mutated_sample_with_raw_characters(value: Any):
    check(json.dumps(value, ensure_ascii=False))


@given(hostile)
def test_any_json(value: Any):
    check(json.dumps(value))
    check(json.dumps({"envelope": value, "account": value}))
    check(json.dumps({"exception": value, "envelope": value}))
    check(json.dumps({"jsonrpc": value, "method": "receive", "params": value}))


@given(st.binary(max_size=60))
def test_any_bytes(body: bytes):
    check(body)


@settings(max_examples=100)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_torn_sample(found: Any, choose: st.DataObject):
    body = bytearray(found.raw)
    for _ in range(choose.draw(st.integers(1, 3))):
        at = choose.draw(st.integers(0, len(body) - 1))
        body[at] = choose.draw(st.integers(0, 255))
    check(bytes(body))
    check(bytes(body[: choose.draw(st.integers(0, len(body)))]))


@pytest.mark.parametrize("value", [None, 7, 1.5, [], {}, object(), ["x"], True])
def test_what_is_no_text_at_all(value: Any):
    assert classify(value) == {"class": "quarantine"}


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_bytes_are_bytes(kind: Any):
    assert classify(kind(sample(1).raw)) == sample(1).expected


@pytest.mark.parametrize("depth", [150, 250, 900, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"x":', "}")])
def test_deep_nesting(depth: int, brackets: tuple[str, str]):
    opening, closing = brackets
    check(opening * depth + "1" + closing * depth)
    deep = opening * depth + "1" + closing * depth
    check(raw(data(message="x", strange=0)).replace('"strange": 0', f'"strange": {deep}'))
    check(raw(data(message="x", quote=0)).replace('"quote": 0', f'"quote": {deep}'))
    check(raw(data(message=0)).replace('"message": 0', f'"message": {deep}'))


def test_a_megabyte_of_text():
    for letter in ("x", "\u20ac", "\U0001f600", "\ud800", "\n"):
        text = raw(data(message=letter * 1_000_000))
        assert len(classify(text)["text"]) == 1_000_000
        assert len(decode(text).text) == 1_000_000  # type: ignore[attr-defined]
    check(raw(data(message="\u20ac" * 1_000_000)))


@pytest.mark.parametrize("digits", [30, 4000, 4299, 5000, 100_000])
def test_absurd_numbers(digits: int):
    number = "9" * digits
    ignored = raw(data(message="x", strange=0)).replace('"strange": 0', f'"strange": {number}')
    assert classify(ignored)["class"] == "event"
    check(ignored)
    for member in ("timestamp", "sourceDevice", "serverReceivedTimestamp"):
        check(raw(frame(dataMessage={"message": "x"}, **{member: 0})).replace(
            f'"{member}": 0', f'"{member}": {number}'))  # fmt: skip
    stamp = raw(frame(timestamp=0, dataMessage={"message": "x"}))
    assert (
        classify(stamp.replace('"timestamp": 0', f'"timestamp": {number}'))["class"] == "quarantine"
    )
    call = raw(frame(callMessage={"offerMessage": {"id": 0}})).replace('"id": 0', f'"id": {number}')
    assert decode(call).call_id is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-0.0", "1.0"])
def test_numbers_that_are_no_integers(number: str):
    text = raw(frame(timestamp=0, dataMessage={"message": "x"}))
    assert classify(text.replace('"timestamp": 0', f'"timestamp": {number}')) == {
        "class": "quarantine"
    }


class TestLoneSurrogates:
    def test_text_can_be_encoded_and_keeps_its_length(self):
        mention = {"uuid": "m", "start": 2, "length": 1}

        event = decode(raw(data(message="a\ud800b", mentions=[mention])))

        assert event.text == "a\ufffdb"  # type: ignore[attr-defined]
        assert event.mentions[0].start == 2  # type: ignore[attr-defined]

    def test_the_frame_keeps_them_as_the_escapes_they_are(self):
        text = raw(data(message="a\ud800b"))

        assert decode(text).raw == text
        assert "\\ud800" in text

    def test_a_frame_that_holds_them_unescaped_gets_escapes(self):
        text = json.dumps(data(message="a\ud800b"), ensure_ascii=False)

        event = decode(text)

        assert json.loads(event.raw)["envelope"]["dataMessage"]["message"] == "a\ud800b"

    def test_classify_says_exactly_what_the_frame_says(self):
        assert classify(raw(data(message="a\ud800b")))["text"] == "a\ud800b"

    def test_different_ids_stay_different(self):
        one, other = (peek(raw(frame(sourceUuid=u, dataMessage={"message": "x"}))).sender
                      for u in ("\ud800", "\ud801"))  # fmt: skip
        assert one != other


@pytest.mark.parametrize("render", [
    structlog.processors.JSONRenderer(), structlog.processors.LogfmtRenderer(),
    structlog.dev.ConsoleRenderer(colors=False),
])  # fmt: skip
def test_an_event_can_be_logged(render: Any):
    for text in (raw(data(message="a\ud800b", quote={"id": 1, "text": "\udfff"})), raw(frame())):
        event = decode(text)

        line = render(None, "info", {"event": "seen", "what": event, "sender": event.sender})

        line.encode("utf-8")
        f"{event} {event!r} {event.sender} {event.chat}".encode()


@given(st.sampled_from(SAMPLES), hostile)
def test_the_fast_parser_and_the_patient_one_agree(found: Any, value: Any):
    for text in (found.raw.decode(), json.dumps(value)):
        expected = json.loads(text)
        # NaN differs from itself, so the spelling is compared
        assert json.dumps(parse(text)) == json.dumps(expected)


@given(st.text(max_size=20) | st.from_regex(r"[\[\]{}\",:0-9eE.+\-tfn ]{0,12}", fullmatch=True))
def test_both_parsers_refuse_the_same(text: str):
    try:
        expected = json.dumps(json.loads(text))
    except ValueError:
        with pytest.raises(NotJson):
            parse(text)
    else:
        assert json.dumps(parse(text)) == expected
