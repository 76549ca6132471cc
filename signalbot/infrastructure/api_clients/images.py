"""Images that go into a profile or a group: raw base64, without a data URI."""

from __future__ import annotations

import base64
from os import PathLike
from pathlib import Path
from typing import TypeAlias, Union

ImageSource: TypeAlias = Union[bytes, bytearray, memoryview, str, "PathLike[str]"]


def image_text(source: ImageSource) -> str:
    """Base64 of the bytes, or of the file at the path.

    Raises:
        ValueError: if there is nothing in it.
    """
    data = Path(source).read_bytes() if isinstance(source, (str, PathLike)) else bytes(source)
    if not data:
        raise ValueError("the image is empty")
    return base64.b64encode(data).decode("ascii")
