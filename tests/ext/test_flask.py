"""The Flask extension inside one process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask, current_app, g

from signalbot import AlreadyRunning, SettingsError
from signalbot.ext.flask import SignalBot
from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, eventually

MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(server: FakeSignal, tmp_path: Path) -> Iterator[MakeApp]:
    made: list[Flask] = []

    def make(bot: SignalBot | None = None, **config: Any) -> Flask:
        app = Flask("shop")
        app.config.update(
            SIGNAL_PHONE_NUMBER=server.number,
            SIGNAL_SERVICE=server.url,
            SIGNAL_STATE_DIR=tmp_path / "state",
            SIGNAL_RETRY=None,
            ANSWER="from the config",
            **config,
        )
        if bot is not None:
            bot.init_app(app)
        made.append(app)
        return app

    yield make
    for app in made:
        if "signalbot" in app.extensions:
            app.extensions["signalbot"].stop(grace=2.0)


def test_handlers_registered_before_the_app_is_known_run_in_its_context(
    server: FakeSignal, make_app: MakeApp
) -> None:
    bot = SignalBot()
    torn_down: list[str] = []

    @bot.command("ask-config")
    def ask_config(ctx: Any) -> str:
        g.thread = threading.current_thread().name
        return str(current_app.config["ANSWER"])

    @bot.command("slow-config")
    async def ask_async(ctx: Any) -> str:
        return "async " + str(current_app.config["ANSWER"])

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        raise KeyError

    @bot.on_error(KeyError)
    def sorry(ctx: Any, error: KeyError) -> str:
        return "sorry " + str(current_app.config["ANSWER"])

    app = make_app(bot)

    @app.teardown_appcontext
    def note(error: BaseException | None) -> None:
        torn_down.append(threading.current_thread().name)
        raise RuntimeError("a teardown that fails hurts no handler")

    alice = server.add_person("Alice")
    with bot:
        for number, word in enumerate(("/ask-config", "/slow-config", "/fail")):
            server.say(alice, word)
            server.wait_for_sent(number + 1, timeout=PATIENCE)
        eventually(lambda: len(torn_down) == 3)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    assert [sent.text for sent in server.sent] == [
        "from the config",
        "async from the config",
        "sorry from the config",
    ]
    assert all(name.startswith("signalbot-") for name in torn_down)
    assert not flask.has_app_context()


def test_a_job_runs_in_the_context_too(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()
    seen: list[str] = []

    @bot.every(0.05)
    def look(bot: Any) -> None:
        seen.append(current_app.name)

    make_app(bot)
    with bot:
        eventually(lambda: len(seen) >= 2)
    assert set(seen) == {"shop"}


def test_a_handler_that_asks_keeps_its_context(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()

    @bot.command("order")
    def order(ctx: Any) -> str:
        g.what = "pizza"
        count = ctx.ask("How many?", type=int)
        return f"{count} {g.what} for {current_app.name}"

    make_app(bot)
    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/order")
        server.wait_for_sent(timeout=PATIENCE)
        server.say(alice, "3")
        server.wait_for_sent(2, timeout=PATIENCE)
    assert server.sent[-1].text == "3 pizza for shop"


def test_web_processes_send_and_start_nothing(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()
    app = make_app(bot)

    @app.post("/order")
    def order() -> str:
        return str(bot.send("+4915199999999", "an order").ok)

    assert app.test_client().post("/order").text == "True"
    assert server.sent[0].text == "an order"
    assert bot.state == "new"
    assert server.connections == 0


def test_one_extension_serves_several_apps(make_app: MakeApp) -> None:
    bot = SignalBot()
    first = make_app(bot)
    second = make_app(bot)

    assert bot.bot is second.extensions["signalbot"]
    with first.app_context():
        assert bot.bot is first.extensions["signalbot"]
    with pytest.raises(SettingsError, match="a bot already"):
        bot.init_app(first)


def test_settings_that_cannot_be(make_app: MakeApp) -> None:
    with pytest.raises(SettingsError, match="no app yet"):
        _ = SignalBot().state
    with pytest.raises(SettingsError, match="Did you mean 'workers'"):
        SignalBot(make_app(SIGNAL_WORKES=3))
    with pytest.raises(AttributeError):
        _ = SignalBot()._private


def test_the_blueprint(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()
    seen: list[str] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text)

    app = make_app(bot, SIGNAL_WEBHOOK_SECRET="sésame/1", SIGNAL_RECEIVE_MODE="webhook")
    app.register_blueprint(bot.blueprint)
    client = app.test_client()
    frame = json.dumps(server.frame(server.add_person("Alice"), "hi"))

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json["ok"] is True
    assert b"signalbot_events_total" in client.get("/metrics").data
    assert client.post("/signal/webhook", data=frame).status_code == 401
    assert client.post("/signal/webhook/no", data=frame).status_code == 401
    assert client.get("/signal/webhook").status_code == 405
    stored = client.post("/signal/webhook/s%C3%A9same/1", data=frame)
    assert (stored.status_code, stored.json) == (200, {"status": "stored"})
    with bot:
        eventually(lambda: seen == ["hi"])
        assert "checks" in client.get("/readyz").json
    bot.start()
    server.stop_listening()
    bot.stop()
    assert client.get("/readyz").status_code == 503


def test_the_webhook_of_a_public_program_needs_a_secret(
    server: FakeSignal, make_app: MakeApp
) -> None:
    bot = SignalBot()
    app = make_app(bot)
    app.register_blueprint(bot.blueprint, url_prefix="/ops")

    answer = app.test_client().post("/ops/signal/webhook", data="{}")

    assert answer.status_code == 403
    assert "webhook_secret" in answer.json["error"]


def test_the_commands(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        raise ValueError("no")

    app = make_app(bot)
    runner = app.test_cli_runner()
    sent = runner.invoke(args=["signalbot", "send", "+4915199999999", "-m", "from a shell"])
    assert sent.exit_code == 0, sent.output
    assert sent.output.strip() == str(server.sent[0].timestamp)
    piped = runner.invoke(args=["signalbot", "send", "+4915199999999"], input="from a pipe")
    assert piped.exit_code == 0, piped.output
    assert server.sent[1].text == "from a pipe"

    for wrong in (["nobody", "-m", "hello"], ["+4915199999999", "-m", ""]):
        refused = runner.invoke(args=["signalbot", "send", *wrong])
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")

    with bot:
        server.say(server.add_person("Alice"), "/fail")
        (letter,) = eventually(bot.dead_letters.list)
    listed = runner.invoke(args=["signalbot", "dlq", "list", "--json"])
    shown = runner.invoke(args=["signalbot", "dlq", "show", str(letter.id)])
    missing = runner.invoke(args=["signalbot", "dlq", "show", "999"])
    both = runner.invoke(args=["signalbot", "dlq", "purge", "1", "--all", "--yes"])
    unknown = runner.invoke(args=["signalbot", "dlq", "replay", "999"])
    purged = runner.invoke(args=["signalbot", "dlq", "purge", "--all", "--yes"])

    assert [each["id"] for each in json.loads(listed.output)] == [letter.id]
    assert "ValueError" in shown.output
    assert missing.exit_code == 1
    assert both.exit_code == 2
    assert unknown.exit_code == 1
    assert "no dead letters" in unknown.output
    assert purged.output == "1\n"


def test_a_second_owner_is_refused_in_one_line(server: FakeSignal, make_app: MakeApp) -> None:
    first, second = SignalBot(), SignalBot()
    make_app(first)
    app = make_app(second)
    with first:
        result = app.test_cli_runner().invoke(args=["signalbot", "run"])
        with pytest.raises(AlreadyRunning):
            second.start()

    assert result.exit_code == 1
    assert result.output.startswith("Error: A bot receives for this account already")


def later_on(ctx: Any, word: str) -> str:
    return f"{word} from {current_app.name}"


def test_what_was_put_off_runs_in_the_context_too(server: FakeSignal, make_app: MakeApp) -> None:
    bot = SignalBot()

    @bot.command("remind")
    def remind(ctx: Any) -> None:
        ctx.later(0.05, later_on, "hello")

    make_app(bot)
    with bot:
        server.say(server.add_person("Alice"), "/remind")
        server.wait_for_sent(timeout=PATIENCE)
    assert server.sent[0].text == "hello from shop"
