"""The tutorial notebook, run from its first cell to its last by a real kernel."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def tutorial() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_published_without_outputs(tutorial: Any) -> None:
    code = [cell for cell in tutorial.cells if cell.cell_type == "code"]

    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}


def test_it_runs(tutorial: Any, tmp_path: Path) -> None:
    has_pandas = importlib.util.find_spec("pandas") is not None
    book = copy.deepcopy(tutorial)
    book.cells = [c for c in book.cells if has_pandas or "pandas" not in c.metadata.get("tags", [])]
    resources = {"metadata": {"path": str(tmp_path)}}

    done = NotebookClient(book, timeout=90, resources=resources).execute()

    shown = {cell.source: told(cell) for cell in done.cells if cell.cell_type == "code"}
    assert "/order" in shown["live(bot)"]  # a later cell's message
    if has_pandas:
        assert "good evening" in next(shown[each] for each in shown if ".df()" in each)
    assert "<svg" in shown["plots(bot)"]
    assert "'4 pizzas are on their way'" in "".join(shown.values())
    assert "['pong', 'pong, Alice']" in shown[ping_again(shown)]
    assert "StopReport(finished=0, kept=0, abandoned=())" in shown["bot.stop()"]


def ping_again(shown: dict[str, str]) -> str:
    return next(source for source in shown if "wait_for_sent(2)" in source)


def told(cell: Any) -> str:
    """Everything that a cell shows, in all its forms."""
    return "".join(
        part
        for output in cell.outputs
        for part in [*output.get("data", {}).values(), output.get("text", "")]
    )
