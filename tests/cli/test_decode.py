"""``signalbot decode``: one line out for each frame in."""

from __future__ import annotations

import io
import json
from pathlib import Path

from signalbot.cli.decode import decode_file

DATA = Path(__file__).resolve().parents[1] / "data" / "signal-api"


def decoded(source: object) -> list[dict[str, object]]:
    out = io.StringIO()

    assert decode_file(source, out) == 0  # type: ignore[arg-type]

    assert out.getvalue().isascii()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_samples_come_out_as_expected():
    expected = [json.loads(line) for line in (DATA / "envelopes.expected.jsonl").open("rb")]

    found = decoded(DATA / "envelopes.jsonl")

    assert [{"n": n, **line} for n, line in enumerate(found, 1)] == expected
    assert decoded(str(DATA / "envelopes.jsonl")) == found


def test_lines_end_at_newlines_only():
    frame = '{"error":"a\u2028b\x85c"}'.encode()

    assert (
        decoded(io.BytesIO(frame + b"\r\n" + frame))
        == [{"class": "error", "text": "a\u2028b\x85c"}] * 2
    )


def test_blank_lines_are_skipped_and_bad_ones_are_lines():
    lines = b'\n  \n\xff\n{\n{"error":"\\ud800"}\n' + b"[" * 100_000 + b"\n"

    assert decoded(io.BytesIO(lines)) == [
        {"class": "quarantine"},
        {"class": "quarantine"},
        {"class": "error", "text": "\ud800"},
        {"class": "quarantine"},
    ]


def test_an_empty_file_gives_nothing():
    assert decoded(io.BytesIO()) == []


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"error":"x"}\n')))

    assert decoded("-") == [{"class": "error", "text": "x"}]


def test_a_file_that_cannot_be_read_is_told(capsys, tmp_path: Path):
    assert decode_file(tmp_path / "none.jsonl", io.StringIO()) == 1
    assert decode_file(tmp_path, io.StringIO()) == 1
    assert "cannot read" in capsys.readouterr().err
