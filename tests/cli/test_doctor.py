"""``signalbot doctor``: broken set-ups, each told apart, each with its fix."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.cli.conftest import Invoke, checks_in

SetUp = Callable[[FakeSignal, Path, pytest.MonkeyPatch], object]


def no_number(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.delenv("SIGNAL_PHONE_NUMBER")


def bad_number(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_PHONE_NUMBER", "0151 12345678")


def server_gone(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.stop_listening()


def unknown_host(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_SERVICE", "http://signal-api.invalid:8080")


def server_hangs(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.hang("/v1/about")


def server_broken(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.fail_next(100, 500, path="/v1/about")


def credentials_missing(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.fail_next(100, 401, text="who are you", path="/v1/about")


def old_server(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.options.version = "0.90"


def wrong_mode(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.options.mode = "normal"
    env.setenv("SIGNAL_RECEIVE_MODE", "websocket")


def polling_a_pushing_server(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_RECEIVE_MODE", "polling")


def number_not_there(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_PHONE_NUMBER", "+4915100000000")


def number_with_a_zero(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_PHONE_NUMBER", "+49015112345678")


def no_websockets(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.refuse_websocket(None, 502)


def handshake_hangs(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    server.hang("/v1/receive/")


def directory_open(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    directory = SignalBot().state_directory
    directory.mkdir(parents=True)
    directory.chmod(0o777)


def directory_is_a_file(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    directory = SignalBot().state_directory
    directory.parent.mkdir(parents=True)
    directory.write_text("")


def disk_full(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_MIN_FREE_DISK", str(2**60))


def webhook_taken(server: FakeSignal, state: Path, env: pytest.MonkeyPatch) -> None:
    env.setenv("SIGNAL_WEBHOOK_LISTEN", f"127.0.0.1:{server.port}")


BROKEN: list[tuple[SetUp, str, str, str]] = [
    (no_number, "settings", "No phone number", "SIGNAL_PHONE_NUMBER"),
    (bad_number, "settings", "international form", ".env"),
    (server_gone, "server", "Connection refused", "Start the server"),
    (unknown_host, "server", "cannot find", "docker compose"),
    (server_hangs, "server", "/v1/about", "hangs"),
    (server_broken, "server", "HTTP 500", "restart"),
    (credentials_missing, "server", "401", "SIGNAL_AUTH"),
    (old_server, "version", "0.90", "docker pull"),
    (wrong_mode, "mode", "MODE=normal", "MODE=json-rpc"),
    (polling_a_pushing_server, "mode", "json-rpc", "SIGNAL_RECEIVE_MODE=auto"),
    (number_not_there, "account", "1 other account,", "signalbot link"),
    (number_with_a_zero, "account", "registered here as", "SIGNAL_PHONE_NUMBER=+4915112345678"),
    (no_websockets, "socket", "502", "Upgrade"),
    (handshake_hangs, "socket", "in time", "handshake hangs"),
    (directory_open, "directory", "written by others", "chmod 700"),
    (directory_is_a_file, "directory", "is a file", "SIGNAL_STATE_DIR"),
    (disk_full, "directory", "free", "Make room"),
    (webhook_taken, "webhook", "answers 404", "path differs"),
]


@pytest.mark.parametrize(
    ("break_it", "name", "detail", "fix"), BROKEN, ids=[case[0].__name__ for case in BROKEN]
)
def test_a_broken_set_up_is_named_with_its_fix(
    server: FakeSignal, settings: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke,
    break_it: SetUp, name: str, detail: str, fix: str,
) -> None:  # fmt: skip
    break_it(server, settings, monkeypatch)

    result = invoke("doctor", "--json", "--timeout", "0.5")

    assert result.exit_code == 1
    assert json.loads(result.output)["ok"] is False
    checks = checks_in(result)
    assert [each for each, check in checks.items() if not check["ok"]] == [name]
    assert detail in checks[name]["detail"]
    assert fix in checks[name]["fix"]


def test_a_good_set_up_passes_every_check(settings: Path, invoke: Invoke) -> None:
    result = invoke("doctor", "--json")

    checks = checks_in(result)
    assert (result.exit_code, json.loads(result.output)["ok"]) == (0, True)
    assert list(checks) == [
        "settings", "directory", "owner", "server", "version", "mode", "clock", "account", "socket",
    ]  # fmt: skip
    assert all(set(check) == {"name", "ok", "detail", "fix"} for check in checks.values())
    assert not settings.exists(), "looking must leave nothing behind"


def test_a_polled_server_is_not_asked_for_a_websocket(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    server.options.mode = "normal"

    result = invoke("doctor", "--json")

    checks = checks_in(result)
    assert result.exit_code == 0
    assert "polled" in checks["mode"]["detail"]
    assert "MODE=json-rpc" in checks["mode"]["fix"]
    assert not server.calls("GET", "/v1/receive")


def test_a_silent_socket_is_found(server: FakeSignal, settings: Path, invoke: Invoke) -> None:
    def silence() -> None:
        server.wait_for_socket()
        server.half_open()

    silencer = threading.Thread(target=silence)
    silencer.start()

    result = invoke("doctor", "--json", "--timeout", "0.5")

    silencer.join()
    checks = checks_in(result)
    # The ping may have been quicker than the silence.
    assert checks["socket"]["ok"] or "proxy" in checks["socket"]["fix"]


def test_a_second_owner_is_named_by_its_process(settings: Path, invoke: Invoke) -> None:
    with SignalBot():
        beside = invoke("doctor", "--json")
        expected = invoke("doctor", "--json", "--running")

    assert beside.exit_code == 1
    owner = checks_in(beside)["owner"]
    assert f"process {os.getpid()}" in owner["detail"]
    assert "standby" in owner["fix"]
    assert (expected.exit_code, checks_in(expected)["owner"]["ok"]) == (0, True)


def test_running_wants_a_bot(settings: Path, invoke: Invoke) -> None:
    result = invoke("doctor", "--json", "--running")

    assert result.exit_code == 1
    assert "signalbot run" in checks_in(result)["owner"]["fix"]


def test_an_owner_under_another_address_is_found(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    with SignalBot():
        result = invoke("doctor", "--json", "--service", f"http://localhost:{server.port}")

    assert "another server address" in checks_in(result)["owner"]["detail"]


def test_a_note_to_self_is_sent_if_asked_for(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    assert invoke("doctor", "--json").exit_code == 0
    assert server.sent == []

    assert checks_in(invoke("doctor", "--json", "--send"))["send"]["ok"]
    assert len(server.sent) == 1


@contextmanager
def about_at(date: str) -> Iterator[str]:
    """A server that tells another time, and little else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return date

        def do_GET(self) -> None:
            answers = {"/v1/about": b'{"versions":["v1","v2"],"mode":"json-rpc","version":"0.100"}'}
            body = answers.get(self.path, b"[]")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_wrong_clock_is_found(settings: Path, invoke: Invoke) -> None:
    with about_at("Sun, 06 Nov 1994 08:49:37 GMT") as url:
        result = invoke("doctor", "--json", "--service", url)

    clock = checks_in(result)["clock"]
    assert "ahead of the server's" in clock["detail"]
    assert "time synchronisation" in clock["fix"]


def test_a_date_that_says_nothing_is_no_failure(settings: Path, invoke: Invoke) -> None:
    with about_at("yesterday") as url:
        assert checks_in(invoke("doctor", "--json", "--service", url))["clock"]["ok"]


def test_the_webhook_of_a_running_bot_is_tried_with_its_secret(
    settings: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("SIGNAL_WEBHOOK_LISTEN", address)
    monkeypatch.setenv("SIGNAL_WEBHOOK_SECRET", "open sesame")
    before = checks_in(invoke("doctor", "--json"))["webhook"]

    with SignalBot() as bot:
        right = checks_in(invoke("doctor", "--json", "--running"))["webhook"]
        monkeypatch.setenv("SIGNAL_WEBHOOK_SECRET", "wrong")
        wrong = checks_in(invoke("doctor", "--json", "--running"))["webhook"]
        monkeypatch.setenv("SIGNAL_WEBHOOK_SECRET", "open sesame")
        monkeypatch.setenv("SIGNAL_WEBHOOK_PATH", "/other")
        lost = checks_in(invoke("doctor", "--json", "--running"))["webhook"]
        assert bot.stats()["inbox"]["recorded"] == 0

    assert before["ok"]
    assert "opened when the bot starts" in before["detail"]
    assert right["ok"]
    assert (wrong["ok"], lost["ok"]) == (False, False)
    assert "SECRET" in wrong["fix"]
    assert "PATH" in lost["fix"]


def test_people_get_lines_and_what_was_left_out(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    server.stop_listening()

    result = invoke("doctor")

    assert result.exit_code == 1
    assert "FAIL  server" in result.output
    assert "fix: Nothing listens there" in result.output
    assert "account    not checked, because of server" in result.output
    assert "\x1b" not in result.output
