"""The package against a second, independent reading of the reference, on many odd frames."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from signalbot.model import classify
from tests.model.samples import SAMPLES
from tests.model.second_reading import read
from tests.model.test_hostile_input import hostile, mutated_frames


def test_the_second_reading_knows_the_samples() -> None:
    for sample in SAMPLES:
        assert read(sample.raw.decode()) == sample.expected


@settings(max_examples=600, deadline=None)
@given(mutated_frames())
def test_both_readings_agree_on_mutated_samples(value: Any) -> None:
    text = json.dumps(value)

    assert classify(text) == read(text)


@given(hostile)
def test_both_readings_agree_on_anything(value: Any) -> None:
    for each in (
        value,
        {"envelope": value},
        {"envelope": {"dataMessage": value}, "account": value},
    ):
        text = json.dumps(each)

        assert classify(text) == read(text)
