"""Says for each line of a file what the frame on it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, TextIO

from signalbot.model import classify


def decode_file(source: str | Path | BinaryIO, out: TextIO) -> int:
    """Print one line of ASCII JSON for each frame of a file; ``-`` is standard input.

    Lines end at the newline character only: texts hold other characters that Python would split
    at. Blank lines are skipped, and what cannot be read is a line too (class ``quarantine``).
    Answers the exit code: 0, or 1 if the file cannot be read.
    """
    try:
        with _opened(source) as lines:
            _decode_lines(lines, out)
    except BrokenPipeError:
        raise  # the reader of ``out`` has gone, which is no fault of the file
    except OSError as error:
        print(f"cannot read {source}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def _opened(source: str | Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    if isinstance(source, (str, Path)):
        return open(source, "rb")
    return nullcontext(source)


def _decode_lines(lines: Iterable[bytes], out: TextIO) -> None:
    for line in lines:
        frame = line.rstrip(b"\r\n")
        if frame.strip():
            out.write(json.dumps(classify(frame), separators=(",", ":")) + "\n")
