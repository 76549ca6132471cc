"""A notebook run by a real kernel, cell by cell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


class Notebook:
    """Runs cells one after the other; each answers with its outputs."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    def run(self, source: str) -> Cell:
        """Run a new cell at the end.

        Raises:
            CellExecutionError: the cell failed."""
        cells = self.client.nb.cells
        cells.append(nbformat.v4.new_code_cell(source))
        self.client.execute_cell(cells[-1], len(cells) - 1)
        return Cell(cells[-1])


class Cell:
    """An executed cell."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    @property
    def text(self) -> str:
        """What it printed, and the plain text of what it showed."""
        return "".join(
            output.get("text") or output.get("data", {}).get("text/plain", "")
            for output in self._cell.outputs
        )

    def shown(self, kind: str = "text/html") -> str:
        """What it shows now, in this MIME type."""
        return "".join(output.get("data", {}).get(kind, "") for output in self._cell.outputs)

    @property
    def error(self) -> str:
        """The name of the exception that ended it; empty if none did."""
        return "".join(output.get("ename", "") for output in self._cell.outputs)


@contextlib.contextmanager
def notebook(path: Path) -> Iterator[Notebook]:
    """A new notebook whose kernel is started, in this directory."""
    client = NotebookClient(
        nbformat.v4.new_notebook(), timeout=90, kernel_name="python3",
        resources={"metadata": {"path": str(path)}},
    )  # fmt: skip
    with client.setup_kernel():
        yield Notebook(client)
