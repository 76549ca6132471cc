"""Frames to read: the samples, and a small language to make others."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data" / "signal-api"

ALICE = "11111111-aaaa-4bbb-8ccc-111111111111"
ACCOUNT = "+12025550100"
GROUP = "9tpL4CdBQir+9ulGsr26IzGtPtjR4RSzfy+iBmOCljc="
NOW = 1769271479123
TARGET = 1769271419123


@dataclass(frozen=True)
class Sample:
    number: int
    raw: bytes
    expected: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.expected.get("kind", self.expected["class"]))

    @property
    def frame(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.raw)
        return parsed


def _load() -> list[Sample]:
    raws = [line for line in (DATA / "envelopes.jsonl").read_bytes().split(b"\n") if line]
    lines = (DATA / "envelopes.expected.jsonl").read_bytes().split(b"\n")
    found = []
    for raw, line in zip(raws, [json.loads(line) for line in lines if line], strict=True):
        found.append(Sample(line.pop("n"), raw, line))
    return found


SAMPLES = _load()


def sample(number: int) -> Sample:
    return SAMPLES[number - 1]


def frame_of(number: int) -> dict[str, Any]:
    """A copy of a sample's frame, to be changed."""
    return copy.deepcopy(sample(number).frame)


def frame(account: str | None = ACCOUNT, **envelope: Any) -> dict[str, Any]:
    """A frame from Alice; a keyword replaces a member of the envelope, or adds one."""
    members = {
        "source": "+12025550143",
        "sourceNumber": "+12025550143",
        "sourceUuid": ALICE,
        "sourceName": "Alice Adler",
        "sourceDevice": 1,
        "timestamp": NOW,
        **envelope,
    }
    return {"envelope": members, "account": account}


def data(**members: Any) -> dict[str, Any]:
    """A frame with a dataMessage that holds nothing but what is given."""
    return frame(dataMessage={"timestamp": NOW, "message": None, **members})


def raw(value: Any) -> str:
    return json.dumps(value)
