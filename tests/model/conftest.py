"""The sample frames of the protocol reference, which every test of the model may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.samples import SAMPLES, Sample


@pytest.fixture(params=SAMPLES, ids=lambda sample: f"{sample.number}-{sample.title}")
def sample(request: pytest.FixtureRequest) -> Sample:
    found: Sample = request.param
    return found


@pytest.fixture
def sample_file() -> Path:
    return Path(__file__).resolve().parents[1] / "data" / "signal-api" / "envelopes.jsonl"
