"""The programs on these pages register without complaint, on a bot that is never started."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = ("conversations.md", "jobs.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_programs_of_a_page_register(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915112345678")
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path))
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
    assert blocks
    names: dict[str, Any] = {"__name__": f"docs_{page.removesuffix('.md')}"}

    for block in blocks:
        exec(compile(block, page, "exec"), names)

    assert names["bot"].state == "new"
    assert names["bot"].warnings() == []
