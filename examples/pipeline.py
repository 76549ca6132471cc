"""Counts the words of documents that people send, in a process pool.

A handler is a thread: it may wait as long as it likes, but computing in Python would take the
GIL from the others. So the computing goes to other processes, and the thread waits for it.
"""

import re
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from signalbot import SignalBot, filters

bot = SignalBot()


def most_common_words(path: Path) -> list[tuple[str, int]]:
    """Runs in another process, so it is at the top of a module, with plain values in and out."""
    words = re.findall(r"\w{4,}", path.read_text(errors="replace").casefold())
    return Counter(words).most_common(3)


@cache
def pool() -> ProcessPoolExecutor:
    # "spawn": a forked process would inherit the bot's connections.
    return ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn"))


@bot.on_message(filters.has_attachment("text"), timeout=300)
def count(ctx):
    with tempfile.TemporaryDirectory() as directory, ctx.typing():
        for file in ctx.attachments:
            path = file.save(directory, delete=True)  # the server would keep it for ever
            found = pool().submit(most_common_words, path).result()
            yield f"{file.filename}: " + ", ".join(f"{word} ({count})" for word, count in found)


if __name__ == "__main__":
    bot.run()
