"""In a notebook: one real kernel, cells that run again, a table that follows, the stop button."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError

from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, eventually
from tests.ext.notebooks import Notebook, notebook

MAKE = """
%load_ext signalbot.ext.jupyter
from signalbot import SignalBot
bot = SignalBot("{number}", "{url}", state_dir="state")
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("notebook")) as book:
        yield book


@pytest.fixture
def book(kernel: Notebook, server: FakeSignal, tmp_path: Path) -> Iterator[Notebook]:
    """The kernel with a bot that is not started; each test has a state directory of its own."""
    kernel.run(f"import os; os.chdir({str(tmp_path)!r})")
    kernel.run(MAKE.format(number=server.number, url=server.url))
    yield kernel
    kernel.run("bot.stop()")


def test_a_cell_that_runs_again_replaces_its_handler(book: Notebook, server: FakeSignal) -> None:
    alice = server.add_person("Alice", number="+4915199999999")
    cell = '@bot.command("ping")\ndef ping(ctx):\n    return "{}"'
    book.run(cell.format("one"))
    assert book.run("bot.start()").text == "True"
    server.say(alice, "/ping")
    server.wait_for_sent(1, timeout=PATIENCE)

    book.run(cell.format("two"))
    server.say(alice, "/ping")
    server.wait_for_sent(2, timeout=PATIENCE)
    book.run(cell.format("two"))
    server.say(alice, "/ping")
    server.wait_for_sent(3, timeout=PATIENCE)

    assert [sent.text for sent in server.replies_to(alice)] == ["one", "two", "two"]
    assert "<b>Signal bot" in book.run("bot").shown()


def test_two_functions_of_one_cell_may_share_their_name(book: Notebook, server: FakeSignal) -> None:
    alice = server.add_person("Alice")
    cell = (
        '@bot.command("one")\ndef answer(ctx):\n    return "1"\n'
        '@bot.command("two")\ndef answer(ctx):\n    return "2"\n'
    )
    book.run(cell)
    book.run(cell + "# edited")
    book.run("bot.start()")

    server.say(alice, "/one")
    server.wait_for_sent(1, timeout=PATIENCE)
    server.say(alice, "/two")
    server.wait_for_sent(2, timeout=PATIENCE)

    assert [sent.text for sent in server.replies_to(alice)] == ["1", "2"]
    assert book.run("len(list(bot.compile().handlers))").text == "2"


def test_the_table_follows_in_its_cell(book: Notebook, server: FakeSignal) -> None:
    alice = server.add_person("Alice <b>", number="+4915199999999")
    book.run("bot.start()")
    table = book.run("live(bot)")
    assert "no messages yet" in table.shown()

    # A browser takes updates at any time, this client only while a cell runs.
    book.run("import time; seen = bot.messages(timeout=60)")
    for _ in range(10):
        message = threading.Timer(0.2, server.say, (alice, "<script>alert(1)</script>"))
        message.start()
        book.run("next(seen); time.sleep(0.6)")
        message.join()
        if "alert(1)" in table.shown():
            break

    assert "&lt;script&gt;alert(1)" in table.shown()
    assert "<script>" not in table.shown()
    assert "Alice &lt;b&gt;" in table.shown()


def test_what_came_as_a_table_of_pandas(book: Notebook, server: FakeSignal) -> None:
    pytest.importorskip("pandas")
    group = server.add_group("Pizza", [server.add_person("Alice")])
    book.run("bot.start()")
    book.run("seen = bot.messages(timeout=60)")

    server.say("Alice", "with anchovies", group)

    book.run("next(seen)")
    assert book.run("bot.messages.df()[['sender', 'text', 'is_group']].values.tolist()").text == (
        "[['Alice', 'with anchovies', True]]"
    )
    assert "with anchovies" in book.run("bot.messages").shown()
    picture = book.run("plots(bot)").shown("image/svg+xml")
    assert picture.startswith("<svg")
    assert "at most 0.1" in picture


def test_a_second_bot_replaces_the_first_when_asked_to(book: Notebook, server: FakeSignal) -> None:
    book.run("bot.start(); first = bot")
    book.run(MAKE.format(number=server.number, url=server.url))

    with pytest.raises(CellExecutionError, match=r"AlreadyRunning.*replace=True"):
        book.run("bot.start()")
    assert book.run("bot.start(replace=True), str(first.state), str(bot.state)").text == (
        "(True, 'stopped', 'running')"
    )


def test_the_stop_button_ends_waiting(book: Notebook, tmp_path: Path) -> None:
    book.run("bot.start()")
    kernel = int(book.run("os.getpid()").text)
    for number, waiting in enumerate(("bot.wait_for(timeout=60)", "next(bot.messages())")):
        mark = tmp_path / f"waiting-{number}"
        button = threading.Thread(target=interrupt_when, args=(mark, kernel))
        button.start()

        with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
            book.run(f"open({str(mark)!r}, 'w').close(); {waiting}")

        button.join()
    assert book.run("str(bot.state)").text == "'running'"
    assert book.run("import asyncio; asyncio.get_running_loop().is_running()").text == "True"


def interrupt_when(mark: Path, kernel: int) -> None:
    """Do to the kernel what the button does, as soon as the file is there."""
    eventually(mark.exists)
    os.kill(kernel, signal.SIGINT)
