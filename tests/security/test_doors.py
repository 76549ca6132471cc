"""What comes from outside: forged posts, oversize frames, names of files."""

from __future__ import annotations

import http.client
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]
SECRET = "a-long-secret"


def post(port: int, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_forged_webhook_puts_nothing_into_the_bot(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(webhook_listen="127.0.0.1:0", webhook_secret=SECRET, max_frame=50_000)
    seen: list[str] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text)

    alice = server.add_person("Alice")
    forged = json.dumps(server.frame(alice, "forged")).encode()
    true = json.dumps(server.frame(alice, "true")).encode()
    with bot:
        (listener,) = [s for s in bot.engine.parts.services if hasattr(s, "port")]  # type: ignore[union-attr]  # started
        port = listener.port  # type: ignore[attr-defined]  # a WebhookListener
        path = "/signal/webhook"
        answers = [
            post(port, path, forged),
            post(port, f"{path}/", forged),
            post(port, f"{path}/wrong", forged),
            post(port, f"{path}/{SECRET}x", forged),
            post(port, f"{path}/{SECRET[:-1]}", forged),
            post(port, f"{path}/../webhook/{SECRET.upper()}", forged),
            post(port, path, forged, {"X-Signalbot-Secret": ""}),
            post(port, path, forged, {"X-Signalbot-Secret": SECRET + " x"}),
            post(port, path, forged, {"Authorization": f"Bearer {SECRET}"}),
        ]
        assert post(port, path, b"x" * 60_000, {"X-Signalbot-Secret": SECRET}) == 413
        assert post(port, path, b"no json", {"X-Signalbot-Secret": SECRET}) == 400
        assert post(port, path, true, {"X-Signalbot-Secret": SECRET}) == 200
        assert post(port, f"{path}/{SECRET}", true) == 200
        eventually(lambda: seen)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    print(f"{len(answers)} forged posts: {answers}")
    assert set(answers) <= {401, 404}
    assert seen == ["true"]


def test_an_oversize_frame_costs_one_connection_and_no_memory(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(max_frame=100_000)
    seen: list[str] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text[:10])

    alice = server.add_person("Alice")
    with bot:
        server.wait_for_socket()
        server.push(server.frame(alice, "x" * 30_000_000))
        server.wait_for(lambda: server.connections_made >= 2, 15, "a second connection")
        server.wait_for_socket()
        server.say(alice, "small")
        eventually(lambda: seen)
        oversize = bot.metrics.registry.get_sample_value(
            "signalbot_inbox_events_total", {"event": "oversize"}
        )

    assert seen == ["small"]
    assert oversize == 1


NAMES = [
    "../../escaped.txt", "/etc/passwd", "..\\..\\escaped.txt", "C:\\Windows\\x.dll", "a/b/c.txt",
    ".bashrc", "..", ".", "", "\x00null.txt", "new\nline.txt", "x" * 5000 + ".txt", "con.txt",
    "~/.ssh/config", "$HOME.txt", "-rf", "\u202etxt.exe", "\ud800.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_file_name_escapes_its_directory(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path, name: str
) -> None:
    bot = make_bot(retry=None)
    folder = tmp_path / "inner" / "files"
    saved: list[Path] = []

    @bot.on_message
    def save(ctx: Any) -> None:
        for attachment in ctx.attachments:
            saved.append(attachment.save(folder))
            saved.append(attachment.save(folder, name=name or None))

    alice = server.add_person("Alice")
    record = {**server.upload(("harmless.txt", b"content")), "filename": name}
    with bot:
        server.say(alice, "x", attachments=[record])
        eventually(lambda: len(saved) == 2 or bot.dead_letters.list())
        assert bot.dead_letters.list() == []

    before = {tmp_path / "inner", folder, *saved}
    assert set((tmp_path / "inner").rglob("*")) <= before
    for path in saved:
        assert path.parent == folder
        assert path.resolve().parent == folder.resolve()
        assert path.read_bytes() == b"content"
        assert not path.name.startswith(".")
        assert len(os.fsencode(path.name)) < 200


def test_a_link_in_the_place_of_the_file_is_not_followed(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path
) -> None:
    bot = make_bot()
    folder = tmp_path / "files"
    folder.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (folder / "a.txt").symlink_to(victim)
    saved: list[Path] = []

    @bot.on_message
    def save(ctx: Any) -> None:
        saved.extend(attachment.save(folder) for attachment in ctx.attachments)

    with bot:
        server.say(server.add_person("Alice"), "x", attachments=[("a.txt", b"new")])
        eventually(lambda: saved)

    assert victim.read_text() == "untouched"
    assert saved[0].name != "a.txt"


def test_every_file_is_private(server: FakeSignal, make_bot: MakeBot, tmp_path: Path) -> None:
    old = os.umask(0o000)  # the worst that a service manager can set
    try:
        bot = make_bot(retry=None, state_dir=tmp_path / "made" / "by us")

        @bot.on_message
        def handle(ctx: Any) -> None:
            ctx.storage["x"] = 1
            ctx.state["y"] = 2
            raise RuntimeError

        with bot:
            server.say(server.add_person("Alice"), "x")
            eventually(bot.dead_letters.list)
            bot.feed(json.dumps(server.frame("Alice", "fed")))
            files = {
                path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode)
                for path in bot.state_directory.rglob("*")
                if not path.is_socket()
            }
            modes = {
                stat.S_IMODE(path.stat().st_mode)
                for path in (bot.state_directory, *bot.state_directory.parents)
                if tmp_path in path.parents
            }
    finally:
        os.umask(old)

    print({str(path.name): oct(mode) for path, mode in files.items()})
    assert modes == {0o700}
    assert {path: mode for path, mode in files.items() if mode & 0o077} == {}
    assert len(files) >= 3
