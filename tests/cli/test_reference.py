"""The page about the command line says what the commands say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are not in an installed package")
def test_the_reference_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("cli_reference", DOCS / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "cli_reference", module)
    spec.loader.exec_module(module)

    assert (DOCS / "cli.md").read_text(encoding="utf-8") == module.page(), (
        "run: python docs/cli_reference.py"
    )
