"""Starting and stopping the stand-in."""

from __future__ import annotations

import builtins
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from signalbot.testing import FakeSignal

from .conftest import ask, client


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("fake-signal")]


def test_it_listens_when_start_returns_and_leaves_nothing_behind():
    fake = FakeSignal().start()

    assert ask(fake, "GET", "/v1/health").status_code == 204
    fake.stop()
    fake.stop()

    assert _threads() == []
    with pytest.raises(httpx.ConnectError):
        ask(fake, "GET", "/v1/health")


def test_it_can_be_used_many_times_in_one_process():
    fake = FakeSignal()
    for _ in range(20):
        with fake, socket.create_connection((fake.host, fake.port)) as client:
            client.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 204")

    assert _threads() == []
    assert len(fake.requests) == 20


def test_stop_does_not_wait_for_requests_that_hang():
    with FakeSignal() as fake:
        fake.hang()
        client = socket.create_connection((fake.host, fake.port))
        client.sendall(b"GET /v1/about HTTP/1.1\r\nHost: x\r\n\r\n")
        fake.wait_for_request("GET", "/v1/about")
        started = time.monotonic()

    assert time.monotonic() - started < 0.5
    client.settimeout(2)
    assert _is_cut(client)
    client.close()


def test_a_taken_port_is_an_error_at_start():
    with FakeSignal() as first, pytest.raises(OSError, match="in use"):
        FakeSignal(port=first.port).start()


def test_it_can_go_away_and_come_back_on_the_same_port():
    with FakeSignal() as fake, client(fake) as http:
        http.get("/v1/health")
        fake.stop_listening()
        with pytest.raises(httpx.TransportError):
            http.get("/v1/health")

        fake.listen_again()

        assert http.get("/v1/health").status_code == 204


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch):
    real_import = builtins.__import__

    def no_uvicorn(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("uvicorn"):
            raise ImportError(f"No module named {name!r}")
        return real_import(name, *args, **kwargs)  # type: ignore[arg-type]

    for module in list(sys.modules):
        if module.startswith("signalbot.testing.") and module.endswith(("assembly", "server")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", no_uvicorn)

    with pytest.raises(ImportError, match=r"pip install 'signalbot-sync\[test\]'"):
        FakeSignal().start()


def test_it_runs_alone_and_is_controlled_over_http(tmp_path):
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "signalbot.testing.server", "--port", "0"]
    process = subprocess.Popen([*command, "--state", str(state)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split(" at ")[1].split(",")[0]
        with httpx.Client(base_url=url, timeout=5) as http:
            http.post("/fake/add_person", json={"name": "Alice", "number": "+4915199999999"})
            said = http.post("/fake/say", json={"sender": "Alice", "text": "hi"})
            body = {"number": "+4915112345678", "recipients": ["+4915199999999"], "message": "x"}
            http.post("/v2/send", json=body)
            http.post("/fake/fail_next", json={"text": "no", "status": 400})

            assert said.json() > 10**12
            assert http.get("/v1/health").json() == {"error": "no"}
            assert http.get("/fake/sent").json()[0]["text"] == "x"
            assert http.get("/fake/unheard").json() == 1
            assert http.post("/fake/stop").status_code == 404
            assert http.post("/fake/say", json={"sender": "Nobody", "text": ""}).status_code == 400
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(5)
        assert process.stdout is not None
        process.stdout.close()

    assert process.returncode == 0
    assert json.loads(state.read_text())["people"][0]["name"] == "Alice"


@pytest.mark.parametrize("what", ["port", "number", "state"])
def test_alone_it_says_in_one_line_why_it_cannot_start(tmp_path, what):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = {
            "port": ["--port", str(taken.getsockname()[1])],
            "number": ["--port", "99999"],
            "state": ["--port", "0", "--state", str(broken)],
        }[what]
        command = [sys.executable, "-m", "signalbot.testing.server", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ("no dump" if what == "state" else "cannot listen on") in ended.stderr


def test_control_paths_do_not_exist_unless_asked_for(http: httpx.Client):
    assert http.get("/fake/sent").text == "404 page not found"


def test_the_state_survives_dump_and_load():
    first = FakeSignal(accounts={"+4915100000001": "Second"})
    alice = first.add_person("Alice", number="+4915199999999", username="alice.42")
    group = first.add_group("Team", [alice], admins=[alice])
    group.avatar = b"\x89PNG"
    first.upload(("a.txt", b"content"))
    scene = json.loads(json.dumps(first.dump()))

    second = FakeSignal(number="+1555")
    second.load(scene)

    assert second.dump() == scene
    assert second.number == first.number
    assert second.state.find("u:alice.42") is not None
    assert second.state.group("Team").avatar == b"\x89PNG"
    with pytest.raises(ValueError, match="not a dump"):
        second.load({})


def _is_cut(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True
