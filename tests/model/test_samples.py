"""The samples of the reference, each against the line that says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from signalbot.model import EVENT_TYPES, Event, classify, decode, peek
from tests.model.samples import SAMPLES, Sample


def test_there_are_105_samples():
    assert [sample.number for sample in SAMPLES] == list(range(1, 106))


def test_a_sample_is_what_the_reference_says(sample: Sample):
    assert classify(sample.raw) == sample.expected


def test_text_and_bytes_are_read_alike():
    for sample in SAMPLES:
        assert classify(sample.raw.decode()) == sample.expected


def test_the_keys_come_in_the_order_of_the_reference():
    for sample in SAMPLES:
        assert list(classify(sample.raw)) == list(sample.expected)


def test_a_webhook_body_says_the_same_as_its_frame():
    for sample in SAMPLES:
        wrapped = b'{"jsonrpc":"2.0","method":"receive","params":' + sample.raw + b"}\n"

        assert classify(wrapped) == sample.expected


def test_the_event_agrees_with_the_peek(sample: Sample):
    seen = peek(sample.raw)

    event = decode(sample.raw)

    assert event.kind == seen.kind
    assert type(event) is EVENT_TYPES[seen.kind]
    assert event.timestamp == (seen.timestamp or 0)
    assert (event.sender.id if event.sender else None) == seen.sender
    assert (event.chat.key if event.chat else None) == seen.chat
    assert event.is_group == seen.is_group
    assert event.is_own == seen.is_own
    assert event.device == seen.device
    assert event.account == seen.account
    assert getattr(event, "target", None) == seen.target


def test_decoding_with_a_peek_gives_the_same_event_with_and_without_its_data():
    for sample in SAMPLES:
        seen = peek(sample.raw)
        assert decode(sample.raw, peeked=seen) == decode(sample.raw)

        seen.data = None
        assert decode(sample.raw, peeked=seen) == decode(sample.raw)


def test_raw_is_the_frame_byte_for_byte():
    for sample in SAMPLES:
        event = decode(sample.raw, received_at=12.5)

        assert event.raw.encode() == sample.raw
        assert event.received_at == 12.5


def test_a_sample_can_be_stored_as_ascii_json():
    for sample in SAMPLES:
        event = decode(sample.raw)

        stored = json.loads(event.to_json().encode("ascii"))

        assert stored["kind"] == event.kind
        assert stored["timestamp"] == event.timestamp
        assert "raw" not in stored


def test_no_repr_shows_who_or_what():
    for sample in SAMPLES:
        event = decode(sample.raw)
        shown = " ".join(map(repr, [event, *_parts(event)])) + str(event) + f"{event}"

        for secret in _secrets(sample.frame):
            assert secret not in shown


def test_duplicates_have_equal_keys_and_different_frames_different_ones():
    keys = [peek(sample.raw).dedupe_key for sample in SAMPLES]

    assert keys == [peek(sample.raw.decode()).dedupe_key for sample in SAMPLES]
    known = [key for key in keys if key is not None]
    assert len(set(known)) == len(known)
    without = {
        sample.expected["class"] for sample, key in zip(SAMPLES, keys, strict=True) if not key
    }
    assert without == {"exception", "error"}


def _parts(event: Event) -> Iterator[object]:
    """Everything that an event holds and that could be logged on its own."""
    waiting: list[object] = [getattr(event, field.name) for field in fields(event)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif is_dataclass(part):
            yield part
            waiting += [getattr(part, field.name) for field in fields(part)]


def _secrets(value: object) -> Iterator[str]:
    """The texts of a frame that somebody could be known by, or that somebody wrote."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("type", "action", "style"):
                yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)
    elif isinstance(value, str) and len(value) > 3 and value not in ("chat", "edit", "poll"):
        yield value
