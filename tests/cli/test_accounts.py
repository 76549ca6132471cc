"""``signalbot link``, ``register`` and ``verify``."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from signalbot.testing import FakeSignal
from tests.cli.conftest import Invoke


def test_a_code_is_drawn_and_the_account_waited_for(
    server: FakeSignal, settings: Path, invoke: Invoke, tmp_path: Path
) -> None:
    def scan() -> None:
        server.wait_for_request("GET", "/v1/qrcodelink/raw")
        server.wait_for_request("GET", "/v1/accounts", count=2)
        server.add_account("+4915177777777", is_linked=True)

    phone = threading.Thread(target=scan)
    phone.start()

    result = invoke("link", "--png", "code.png", "--timeout", "20")

    phone.join()
    assert result.exit_code == 0
    assert "\N{FULL BLOCK}" in result.output
    assert "Linked: +4915177777777" in result.output
    assert (tmp_path / "code.png").read_bytes().startswith(b"\x89PNG")


def test_a_phone_that_does_not_come_is_told(settings: Path, invoke: Invoke) -> None:
    result = invoke("link", "--timeout", "0.05")

    assert result.exit_code == 1
    assert "No account appeared" in result.output


def test_the_link_alone(settings: Path, invoke: Invoke) -> None:
    result = invoke("link", "--uri", "--no-wait")

    assert result.exit_code == 0
    assert result.output.startswith("sgnl://linkdevice?")


def test_a_number_is_registered_and_verified(
    server: FakeSignal, settings: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "+4915166666666"
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", number)

    asked = invoke("register")
    done = invoke("verify", server.options.verification_code)

    assert (asked.exit_code, done.exit_code) == (0, 0), asked.output + done.output
    assert "signalbot verify" in asked.output
    assert number in server.state.accounts
    assert invoke("verify", "000-000").exit_code == 1


def test_a_captcha_is_asked_for_with_where_to_get_one(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    server.options.captcha = "signalcaptcha://x"

    result = invoke("register")

    assert result.exit_code == 1
    assert "signalcaptchas.org/registration" in result.output
    assert invoke("register", "--captcha", "signalcaptcha://x").exit_code == 0
