"""The lifespan of docs/django.md, under a real uvicorn."""

from __future__ import annotations

import json
import re
from pathlib import Path

from signalbot.testing import FakeSignal
from tests.ext.conftest import PATIENCE, Place, eventually, fetch, free_port

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "django.md"


def test_the_bot_lives_as_long_as_the_application(server: FakeSignal, place: Place) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## FastAPI")[2]
    program = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert program is not None
    place.write(main=program[1])
    port = free_port()
    alice = server.add_person("Alice")
    frame = json.dumps(server.frame(alice, "/ping")).encode()

    web = place.start("uvicorn", "main:app", "--port", str(port))
    server.wait_for_socket(PATIENCE)
    server.say(alice, "/ping")
    server.wait_for_sent(timeout=PATIENCE)
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: fetch(f"{url}/order", b"")[0] == 200)
    assert fetch(f"{url}/signal/webhook/a-long-random-string", frame)[0] == 200
    server.wait_for_sent(3, timeout=PATIENCE)
    web.stop()

    assert [sent.text for sent in server.sent] == ["pong", "An order!", "pong"]
    eventually(lambda: server.connections == 0)
