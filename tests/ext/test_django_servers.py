"""A Django project that receives inside its web server, where it is started by hand."""

from __future__ import annotations

import json
import os
import signal

import pytest

from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, Place, answers, eventually, fetch, free_port
from tests.ext.django_project import WSGI
from tests.ext.test_django import converse, texts


@pytest.mark.skipif(not hasattr(os, "fork"), reason="gunicorn forks")
@pytest.mark.parametrize("preload", [False, True])
def test_gunicorn_has_one_owner_and_a_standby_takes_over(
    server: FakeSignal, project: Place, preload: bool
) -> None:
    alice = server.add_person("Alice")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["gunicorn", "site1.wsgi", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    if preload:
        words.append("--preload")
    web = project.start(*words, ON_CONFLICT="standby", DEBUG="0")
    server.wait_for_socket(PATIENCE)

    owner = int(converse(server, alice, "/ping").removeprefix("pong "))
    assert owner != web.process.pid
    assert server.connections == 1
    assert fetch(f"{url}/order")[1] in ("running", "standby")
    os.kill(owner, signal.SIGKILL)
    eventually(lambda: server.connections_made == 2)
    server.wait_for_socket(PATIENCE)
    heir = int(converse(server, alice, "/ping").removeprefix("pong "))
    assert heir != owner
    assert server.connections == 1
    assert web.stop() == 0, web.output
    eventually(lambda: server.connections == 0)


def test_runserver_sends_and_hands_the_webhook_on_to_the_owner(
    server: FakeSignal, project: Place
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    web = project.start("manage", "runserver", "--noreload", "--skip-checks", str(port))
    eventually(answers(f"{url}/pid"))

    assert fetch(f"{url}/order") == (200, "new")
    assert server.connections_made == 0
    assert fetch(f"{url}/commit?text=committed")[0] == 200
    assert fetch(f"{url}/commit?text=rolled-back&fail=1")[0] == 200
    assert texts(server) == ["an order", "committed"]

    frame = json.dumps(server.frame(server.add_person("Alice"), "/ping")).encode()
    headers = {"Content-Type": "application/json"}
    assert fetch(f"{url}/signal/webhook", frame, **headers)[0] == 401
    assert fetch(f"{url}/signal/webhook/sesame", frame, **headers)[0] == 200
    bot = project.start("manage", "runsignalbot", "--skip-checks")
    eventually(lambda: f"pong {bot.process.pid}" in texts(server))
    web.stop(signal.SIGINT)


def test_a_start_in_wsgi_py_survives_reloads_with_one_owner(
    server: FakeSignal, project: Place
) -> None:
    started = WSGI + "    from signalbot.ext.django import bot\n    bot.start(timeout=None)\n"
    project.write(site1__wsgi=started)
    alice = server.add_person("Alice")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    web = project.start("manage", "runserver", str(port), "--skip-checks")
    eventually(answers(f"{url}/pid"))
    server.wait_for_socket(PATIENCE)
    before = fetch(f"{url}/pid")[1]
    assert before != str(web.process.pid)
    assert converse(server, alice, "/ping") == f"pong {before}"

    # Touched until it is seen: what runserver sees of a file first is to it how it always was.
    wsgi = project.path / "site1" / "wsgi.py"
    eventually(lambda: (wsgi.touch(), "changed, reloading" in web.output)[1])
    eventually(lambda: fetch(f"{url}/pid")[1] not in ("", before))
    after = fetch(f"{url}/pid")[1]
    eventually(lambda: server.connections_made == 2 and server.connections == 1)
    assert converse(server, alice, "/ping") == f"pong {after}"
    web.stop(signal.SIGINT)
