"""The webhook beside the websocket, and in another process."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from signalbot import SettingsError, SignalBot
from signalbot.infrastructure.webhook_listener import WebhookListener
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def post(app: Any, body: bytes, **more: Any) -> str:
    """One call of a WSGI app; answers the status."""
    import io

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ.update(
        REQUEST_METHOD="POST", PATH_INFO="/signal/webhook", CONTENT_LENGTH=str(len(body)), **more
    )
    environ["wsgi.input"] = io.BytesIO(body)
    answer: list[str] = []
    b"".join(app(environ, lambda status, headers, *rest: answer.append(status)))
    return answer[0]


def count_messages(bot: SignalBot) -> tuple[Counter[str], dict[str, list[int]]]:
    seen: Counter[str] = Counter()
    order: dict[str, list[int]] = defaultdict(list)
    lock = threading.Lock()

    @bot.on_message
    def note(ctx: Any) -> None:
        with lock:
            seen[ctx.text] += 1
        order[ctx.chat.key].append(int(ctx.text))

    return seen, order


def burst(server: FakeSignal, count: int) -> None:
    people = [server.add_person(f"p{number}") for number in range(20)]
    server.push_many(server.frame(people[number % 20], str(number)) for number in range(count))


def lost_of_2000(state: Path, *, with_webhook: bool) -> int:
    """How many of a burst get lost on a server that drops like the real one."""
    listen = "127.0.0.1:0" if with_webhook else None
    with FakeSignal(lossy=True) as server:
        bot = SignalBot(server.number, server.url, state_dir=state, webhook_listen=listen)
        seen, order = count_messages(bot)
        with bot:
            if with_webhook:
                assert bot.engine is not None
                services = bot.engine.parts.services
                (listener,) = [one for one in services if isinstance(one, WebhookListener)]
                server.webhook_url = f"http://127.0.0.1:{listener.port}/signal/webhook"
                server.stop()
                server.start()
                eventually(lambda: bot.connected, 20)
                server.wait_for_socket(20)
            burst(server, 2000)
            if with_webhook:
                eventually(lambda: len(seen) == 2000, 50)
            eventually(lambda: bot.stats()["inbox"]["pending"] == 0, 20)
        assert max(seen.values()) == 1
        if with_webhook:
            assert all(numbers == sorted(numbers) for numbers in order.values())
        return 2000 - len(seen)


def test_a_burst_loses_frames_on_the_websocket_and_none_with_the_webhook(tmp_path: Path) -> None:
    alone = lost_of_2000(tmp_path / "alone", with_webhook=False)
    both = lost_of_2000(tmp_path / "both", with_webhook=True)

    print(f"lost of 2,000: websocket alone {alone}, with webhook {both}")
    assert alone > 0
    assert both == 0


def test_webhook_only(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(receive_mode="webhook", webhook_secret="sesame")
    seen, _ = count_messages(bot)
    alice = server.add_person("Alice")
    body = json.dumps({"jsonrpc": "2.0", "method": "receive",
                       "params": server.frame(alice, "1")}).encode()  # fmt: skip
    with bot:
        assert server.connections == 0
        assert post(bot.webhook_app, body).startswith("401")
        assert post(bot.webhook_app, body, HTTP_X_SIGNALBOT_SECRET="sesame").startswith("200")
        assert post(bot.webhook_app, body, HTTP_X_SIGNALBOT_SECRET="sesame").startswith("200")
        eventually(lambda: seen["1"] == 1)
        other = body.replace(server.number.encode(), b"+4915100000000")
        assert post(bot.webhook_app, other, HTTP_X_SIGNALBOT_SECRET="sesame").startswith("200")
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    assert seen == {"1": 1}


def test_a_process_that_is_not_the_owner_hands_frames_over(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path
) -> None:
    bot = make_bot()
    seen, _ = count_messages(bot)
    alice = server.add_person("Alice")
    frame = json.dumps(server.frame(alice, "7"))
    with bot:
        result = subprocess.run(
            [
                sys.executable,
                "-c",
                textwrap.dedent(
                    f"""
                    from signalbot import SettingsError, SignalBot
                    print(SignalBot().feed({frame!r}))
                    """
                ),
            ],
            env={
                **os.environ,
                "SIGNAL_PHONE_NUMBER": server.number,
                "SIGNAL_SERVICE": server.url,
                "SIGNAL_STATE_DIR": str(tmp_path / "state"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert result.stdout == "True\n", result.stderr
        eventually(lambda: seen["7"] == 1, 5)


def test_frames_stored_while_the_bot_is_stopped_are_handled_at_the_next_start(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen, _ = count_messages(bot)
    alice = server.add_person("Alice")
    assert bot.feed(json.dumps(server.frame(alice, "5"))) is True
    with bot:
        eventually(lambda: seen["5"] == 1)


@pytest.mark.parametrize("setting", ["webhook_listen", "ops_listen"])
@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:notaport", ""])
def test_a_wrong_address_is_an_error_at_construction(
    make_bot: MakeBot, setting: str, listen: str
) -> None:
    with pytest.raises(SettingsError, match=rf"{setting}.* is no address: write it like"):
        make_bot(**{setting: listen})


@pytest.mark.parametrize("setting", ["webhook_listen", "ops_listen"])
def test_a_port_that_is_taken_is_named(make_bot: MakeBot, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"{setting}='{address}': Address"):
            make_bot(**{setting: address}).start()


def test_what_is_posted_while_the_bot_drains_is_stored(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    """The server posts once: a door that closed before the handlers' grace would lose it."""
    bot = make_bot(receive_mode="webhook", webhook_listen="127.0.0.1:0")
    release, seen = threading.Event(), []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text)
        if ctx.text == "slow":
            release.wait(10)

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    bot.start()
    (door,) = [each for each in bot.engine.parts.services if isinstance(each, WebhookListener)]
    port = door.port

    def send(frame: Any) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/signal/webhook", json.dumps(frame))
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    assert send(server.frame(alice, "slow")) == 200
    eventually(lambda: seen)
    stopping = threading.Thread(target=bot.stop)
    stopping.start()
    eventually(lambda: bot.state == "draining")
    answer = send(server.frame(bob, "meanwhile"))
    release.set()
    stopping.join(10)
    after = post(bot.webhook_app, json.dumps(server.frame(bob, "afterwards")).encode())
    with bot:
        eventually(lambda: len(seen) == 3)

    assert answer == 200
    assert after.startswith("200")
    assert seen == ["slow", "meanwhile", "afterwards"]


def test_a_frame_that_comes_as_the_inbox_closes_waits_for_the_next_start(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(receive_mode="webhook")
    seen, _ = count_messages(bot)
    alice = server.add_person("Alice")
    bot.start()
    # As in the moment between the inbox's end and the lock's.
    bot.engine.parts.inbox.close(5.0)
    assert bot.owns_intake
    bot.feed(json.dumps(server.frame(alice, "1")))
    bot.stop()
    with bot:
        eventually(lambda: seen)

    assert seen == {"1": 1}
