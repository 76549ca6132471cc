"""Flask programs as they are started: under the reloader, under gunicorn, by their own command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, Place, answers, eventually, fetch, free_port

SHOP = """
    import os
    from flask import Flask, current_app
    from signalbot.ext.flask import SignalBot

    app = Flask(__name__)
    app.config.update(SIGNAL_ON_CONFLICT="standby", SIGNAL_GRACE=3.0, ANSWER="pong")
    bot = SignalBot(app)
    app.register_blueprint(bot.blueprint)

    @bot.command("ping")
    def ping(ctx):
        return f"{current_app.config['ANSWER']} {os.getpid()}"

    @app.get("/pid")
    def pid():
        return str(os.getpid())

    @app.post("/order")
    def order():
        bot.send("+4915199999999", "an order")
        return str(bot.state)
"""
# The reloader then compares times of files: watchdog loses events where a lot else goes on.
NO_WATCHDOG = "raise ImportError('not here')"
GUNICORN = """
    def post_worker_init(worker):
        from shop import bot
        bot.start(timeout=None)

    def worker_exit(server, worker):
        from shop import bot
        bot.stop()
"""


def pids_of_owners(server: FakeSignal) -> Callable[[], Any]:
    """Has Alice ping until somebody answers; the pids that did."""
    alice = server.add_person("Alice")

    def ask() -> set[str]:
        server.forget()
        server.wait_for_socket(PATIENCE)
        server.say(alice, "/ping")
        eventually(lambda: server.sent)
        return {sent.text.removeprefix("pong ") for sent in server.sent}

    return ask


def test_the_command_receives_and_drains(server: FakeSignal, place: Place) -> None:
    place.write(shop=SHOP)
    program = place.start("flask", "--app", "shop", "signalbot", "run")
    owners = pids_of_owners(server)

    assert owners() == {str(program.process.pid)}
    assert program.stop(signal.SIGINT) == 0, program.output
    eventually(lambda: server.connections == 0)


def test_web_processes_only_send_under_the_reloader_too(server: FakeSignal, place: Place) -> None:
    place.write(shop=SHOP, watchdog=NO_WATCHDOG)
    port = free_port()
    web = place.start("flask", "--app", "shop", "run", "--debug", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    eventually(answers(url + "/pid"))

    assert fetch(url + "/order", b"") == (200, "new")
    assert server.connections_made == 0
    web.stop(signal.SIGINT)


def test_a_start_at_import_is_left_to_the_process_that_serves(
    server: FakeSignal, place: Place
) -> None:
    place.write(shop=SHOP + "    bot.start(timeout=None)\n", watchdog=NO_WATCHDOG)
    port = free_port()
    web = place.start("flask", "--app", "shop", "run", "--debug", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    owners = pids_of_owners(server)
    eventually(answers(url + "/pid"))
    before = fetch(url + "/pid")[1]

    assert owners() == {before}
    assert before != str(web.process.pid)
    place.write(shop=SHOP + "    bot.start(timeout=None)  # changed\n")
    after = eventually(lambda: fetch(url + "/pid")[1].removeprefix(before))
    eventually(lambda: server.connections == 1)
    assert owners() == {after}
    web.stop(signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn forks")
def test_gunicorn_has_one_owner_and_a_standby_takes_over(server: FakeSignal, place: Place) -> None:
    place.write(shop=SHOP, **{"gunicorn.conf": GUNICORN})
    port = free_port()
    bind = f"127.0.0.1:{port}"
    web = place.start("gunicorn", "shop:app", "--workers", "2", "--bind", bind, "--preload")
    owners = pids_of_owners(server)

    (owner,) = owners()
    assert int(owner) != web.process.pid
    assert server.connections == 1
    assert fetch(f"http://127.0.0.1:{port}/healthz")[0] == 200
    os.kill(int(owner), signal.SIGKILL)
    eventually(lambda: server.connections == 0)
    (heir,) = owners()
    assert heir != owner
    assert server.connections == 1
    assert fetch(f"http://127.0.0.1:{port}/order", b"")[0] == 200
    assert web.stop() == 0, web.output
    eventually(lambda: server.connections == 0)
