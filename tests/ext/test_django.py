"""A real Django project, run by its own commands in processes of their own."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, Place, eventually
from tests.ext.django_project import BOT


def texts(server: FakeSignal) -> list[str]:
    return [str(sent.text) for sent in server.sent]


def converse(server: FakeSignal, person: Any, *words: str) -> str:
    """Say something and wait for the answer."""
    count = len(server.sent)
    for word in words:
        server.say(person, word)
    server.wait_for_sent(count + 1, timeout=PATIENCE)
    return texts(server)[-1]


def test_handlers_of_the_apps_use_the_orm(server: FakeSignal, project: Place) -> None:
    alice = server.add_person("Alice")
    program = project.start("manage", "runsignalbot", "--skip-checks")
    server.wait_for_socket(PATIENCE)

    assert converse(server, alice, "/note buy milk") == "1 notes"
    assert converse(server, alice, "/pair") == "And?"
    assert converse(server, alice, "buy bread") == "3 notes"
    assert converse(server, alice, "/commit") == "3 notes"
    server.say(alice, "/locked")
    eventually(lambda: "handler.dead_letter" in program.output)
    letters = json.loads(project.run("manage", "signalbot_dlq", "list", "--json"))
    assert letters[0]["error_type"] == "AskInTransaction"
    assert "Shall I hold the lock?" not in texts(server)
    told = project.call(
        f"signalbot_dlq show {letters[0]['id']}",
        "signalbot_dlq purge --all --yes",
        "signalbot_doctor --json --running",
    )
    assert "Ask first, then open it" in told[0]
    assert told[1] == "1\n"
    assert json.loads(told[2])["ok"] is True
    assert converse(server, alice, "/note more") == "5 notes"
    assert program.stop(signal.SIGINT) == 0, program.output
    assert "handler.dead_letter" in program.output
    eventually(lambda: server.connections == 0)


def test_dead_letters_are_not_purged_unasked(project: Place) -> None:
    assert "--yes deletes" in project.run("manage", "signalbot_dlq", "purge", "--all", code=1)
    assert "no dead letters" in project.run("manage", "signalbot_dlq", "replay", "99", code=1)


def test_nothing_but_its_own_command_starts_the_bot(server: FakeSignal, project: Place) -> None:
    project.write(
        shop__bot=BOT,
        shop__apps="""
            from django.apps import AppConfig

            class ShopConfig(AppConfig):
                name = "shop"
                def ready(self):
                    from signalbot.ext.django import bot
                    try:
                        bot.start()
                    except Exception as error:
                        print(f"refused: {error}")
        """,
    )

    told = project.run("manage", "check")
    project.call("migrate -v 0", "test -v 0", "makemigrations --check --dry-run")

    assert "while Django was loading" in told
    assert server.connections_made == 0
    assert not os.path.exists(project.env["SIGNAL_STATE_DIR"])


def test_system_checks_tell_what_is_wrong(project: Place) -> None:
    project.write(shop__bot=BOT + "\n    @bot.command('ping')\n    def again(ctx): pass\n")
    assert "signalbot.W002" in project.run("manage", "check", "--fail-level", "WARNING", code=1)

    settings = project.path / "site1" / "settings.py"
    settings.write_text(settings.read_text() + '\nSIGNALBOT["WORKES"] = 3\n')
    told = project.run("manage", "check", code=1)
    assert "signalbot.E001" in told
    assert "Did you mean 'workers'" in told

    settings.write_text(settings.read_text() + '\nSIGNALBOT.pop("WORKES")\n')
    del project.env["SIGNAL_PHONE_NUMBER"]
    assert "signalbot.W001" in project.run("manage", "check", "--fail-level", "WARNING", code=1)


def test_the_command_reloads_and_outlives_a_mistake(server: FakeSignal, project: Place) -> None:
    alice = server.add_person("Alice")
    program = project.start("manage", "runsignalbot", "--reload")
    server.wait_for_socket(PATIENCE)
    assert converse(server, alice, "/ping").startswith("pong")

    project.write(shop__bot="import os\n    oops = (\n")
    eventually(lambda: "IndentationError" in program.output)
    project.write(shop__bot=BOT.replace("pong", "dong"))
    eventually(lambda: server.connections_made >= 2)
    server.wait_for_socket(PATIENCE)
    assert converse(server, alice, "/ping").startswith("dong")
    assert program.process.poll() is None
    program.stop(signal.SIGINT)
    eventually(lambda: server.connections == 0)


def test_a_change_is_seen_before_the_reloader_first_looks(
    server: FakeSignal, project: Place
) -> None:
    # The reloader imports the URLs before it looks at any file; the bot runs already.
    slow = "import threading\nthreading.Event().wait(3)\nurlpatterns = []\n"
    project.write(site1__urls=slow)
    alice = server.add_person("Alice")
    project.start("manage", "runsignalbot", "--reload", "--skip-checks")
    server.wait_for_socket(PATIENCE)
    assert converse(server, alice, "/ping").startswith("pong")

    project.write(shop__bot=BOT.replace("pong", "changed"))
    eventually(lambda: server.connections_made >= 2)
    server.wait_for_socket(PATIENCE)
    assert converse(server, alice, "/ping").startswith("changed")
