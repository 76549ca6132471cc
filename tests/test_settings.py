"""Settings out of the environment, where everything is text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signalbot import RetryPolicy, Settings, SettingsError, SignalBot

NUMBER = "+4915112345678"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("verify", "false", False),
        ("verify", "TRUE", True),
        ("verify", "/etc/ssl/own.pem", "/etc/ssl/own.pem"),
        ("retry", "none", None),
        ("retry", "null", None),
        ("retry", '{"max_attempts": 5}', RetryPolicy(max_attempts=5)),
        ("handler_timeout", "none", None),
        ("dead_letter_ttl", "None", None),
        ("rate_limit", "2.5", 2.5),
        ("rate_limit", "", None),
        ("workers", "", 8),
        ("command_prefixes", "#,.", ("#", ".")),
        ("admins", f'["{NUMBER}"]', (NUMBER,)),
        ("own_messages", "yes", True),
        ("webhook_listen", "[::1]:9080", "[::1]:9080"),
        ("log_level", "debug", "DEBUG"),
    ],
)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, field: str, text: str, value: Any
) -> None:
    monkeypatch.setenv(f"SIGNAL_{field.upper()}", text)

    assert getattr(Settings(phone_number=NUMBER), field) == value


@pytest.mark.parametrize(
    ("field", "text", "advice"),
    [
        ("retry", '{"attempts": 5}', "max_attempts"),
        ("retry", "{", "max_attempts"),
        ("headers", "X-Team: a", "JSON"),
        ("workers", "many", "integer"),
        ("webhook_listen", "9080", r"127\.0\.0\.1:9080"),
        ("ops_listen", "localhost:70000", r"127\.0\.0\.1:9080"),
        ("log_level", "loud", "WARNING"),
        ("limit", "often", "5/min"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, field: str, text: str, advice: str
) -> None:
    monkeypatch.setenv(f"SIGNAL_{field.upper()}", text)

    with pytest.raises(SettingsError, match=rf"SIGNAL_{field.upper()}.*{advice}"):
        SignalBot(phone_number=NUMBER)


def test_a_dict_of_settings_is_no_phone_number() -> None:
    with pytest.raises(SettingsError, match=r"SignalBot\(\*\*settings\)"):
        SignalBot({"phone_number": NUMBER})  # type: ignore[arg-type]  # as PyPI's signalbot takes it


def test_keyword_before_environment_before_dotenv_before_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("SIGNAL_WORKERS=2\nSIGNAL_GRACE=2\nSIGNAL_SERVICE=dot.example:1\n")
    monkeypatch.setenv("SIGNAL_WORKERS", "3")
    monkeypatch.setenv("SIGNAL_MAX_PARKED", "3")

    settings = SignalBot(phone_number=NUMBER, max_parked=4).settings

    assert (settings.max_parked, settings.workers, settings.grace) == (4, 3, 2.0)
    assert (settings.signal_service, settings.max_queued) == ("dot.example:1", 1000)
