"""Every setting: a keyword of SignalBot, a field here, and SIGNAL_<FIELD> in the environment."""

from __future__ import annotations

import json
import logging
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from signalbot.errors import SettingsError
from signalbot.model.address import listening_address
from signalbot.model.retry import RetryPolicy
from signalbot.model.similar import similar

_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_CREDENTIALS = re.compile(r"//[^/@]*@")


Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """The whole configuration. Precedence: keyword, environment, ``.env``, default.

    Times are float seconds, sizes are bytes.
    """

    model_config = SettingsConfigDict(
        env_prefix="SIGNAL_",
        env_file=".env",
        env_file_encoding="utf-8",
        # `SIGNAL_RATE_LIMIT=${RATE:-}` in a compose file says nothing, rather than something wrong.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    # -- the server ------------------------------------------------------------------------
    phone_number: str = ""
    signal_service: str = Field(default="http://127.0.0.1:8080", validation_alias="SIGNAL_SERVICE")
    auth: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    verify: bool | str | ssl.SSLContext = True
    receive_mode: Literal["auto", "websocket", "polling", "webhook", "none"] = "auto"
    request_timeout: float = Field(default=60.0, gt=0)
    send_timeout: float = Field(default=120.0, gt=0)
    max_concurrency: int = Field(default=4, ge=1)
    rate_limit: float | None = Field(default=None, gt=0)
    ping_interval: float = Field(default=20.0, gt=0)
    ping_timeout: float = Field(default=10.0, gt=0)
    max_frame: int = Field(default=16 * 2**20, ge=1024)

    # -- handling --------------------------------------------------------------------------
    workers: int = Field(default=8, ge=1)
    max_queued: int = Field(default=1000, ge=1)
    max_parked: int = Field(default=512, ge=0)
    retry: Annotated[RetryPolicy | None, NoDecode] = Field(default_factory=RetryPolicy)
    handler_timeout: float | None = Field(default=60.0, gt=0)
    grace: float = Field(default=8.0, ge=0)
    command_prefixes: Names = ("/", "!")
    bare_commands_in_direct_chats: bool = True
    admins: Names = ()
    allow: Names | None = None
    deny: Names = ()
    deny_reply: str | None = None
    limit: str | None = None
    limit_reply: str | None = None
    own_messages: bool = False

    # -- keeping ---------------------------------------------------------------------------
    state_dir: Path = Field(
        default_factory=lambda: default_state_dir()  # noqa: PLW0108 - it is defined below
    )
    durability: Literal["process", "power", "off"] = "process"
    overflow: Literal["dead_letter", "drop_oldest", "drop_newest"] = "dead_letter"
    max_inbox: int = Field(default=2**30, ge=1)
    min_free_disk: int = Field(default=64 * 2**20, ge=0)
    dead_letter_ttl: float | None = Field(default=14 * 86400.0, gt=0)
    dead_letter_replay: float | None = Field(default=None, gt=0)
    storage: Any = "sqlite"
    on_conflict: Literal["error", "standby"] = "error"

    # -- doors and operations --------------------------------------------------------------
    webhook_listen: str | None = None
    webhook_path: str = "/signal/webhook"
    webhook_secret: SecretStr | None = None
    ops_listen: str | None = None
    log_level: str | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The address may carry a password; SecretStr takes care of the other secrets."""
        for name, value in super().__repr_args__():
            is_address = name in ("signal_service", "storage") and isinstance(value, str)
            yield name, _CREDENTIALS.sub("//", value).partition("?")[0] if is_address else value

    @field_validator("phone_number", mode="before")
    @classmethod
    def _e164(cls, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(
                "write the number as text; a dict of settings is SignalBot(**settings)"
            )
        compact = value.replace(" ", "").replace("-", "")
        if compact and not (compact.startswith("+") and compact[1:].isdigit()):
            raise ValueError("write the number in international form, for example +4915112345678")
        return compact

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str | None) -> str | None:
        level = (value or "").strip().upper()
        if level and not isinstance(logging.getLevelName(level), int):
            raise ValueError("write DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return level or None

    @field_validator("auth", mode="before")
    @classmethod
    def _auth_pair(cls, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 2:
            return SecretStr(f"{value[0]}:{value[1]}")
        return value

    @field_validator("command_prefixes", "admins", "allow", "deny", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """Take a list of anything that has an id, JSON, or words separated by commas."""
        if isinstance(value, str):
            text = value.strip()
            return (
                tuple(json.loads(text))
                if text.startswith("[")
                else tuple(part.strip() for part in text.split(",") if part.strip())
            )
        if value is None:
            return None
        if not isinstance(value, (list, tuple, set, frozenset)):
            value = (value,)
        return tuple(entry if isinstance(entry, str) else str(entry.id) for entry in value)

    @field_validator("verify", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        """In the environment everything is text, and ``false`` is no file of certificates."""
        return _SWITCHES.get(value.strip().lower(), value) if isinstance(value, str) else value

    @field_validator(
        "rate_limit", "handler_timeout", "dead_letter_ttl", "dead_letter_replay", mode="before"
    )
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        """How the environment says None."""
        is_none = isinstance(value, str) and value.strip().lower() in ("none", "null")
        return None if is_none else value

    @field_validator("retry", mode="before")
    @classmethod
    def _retry(cls, value: Any) -> Any:
        value = cls._nothing(value)
        try:
            if isinstance(value, str):
                value = json.loads(value)
            return RetryPolicy(**value) if isinstance(value, dict) else value
        except (TypeError, json.JSONDecodeError):
            known = ", ".join(RetryPolicy.__dataclass_fields__)
            raise ValueError(f"write 'none', or JSON with some of: {known}") from None

    @field_validator("webhook_listen", "ops_listen")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            listening_address(value)
        return value

    @field_validator("state_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()


def default_state_dir() -> Path:
    """``$XDG_STATE_HOME/signalbot``, else ``~/.local/state/signalbot``."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "signalbot"


def load_settings(**keywords: Any) -> Settings:
    """Read the environment once and put the keywords on top.

    Raises:
        SettingsError: for an unknown keyword (with "did you mean"), or a value that cannot work.
    """
    known = set(Settings.model_fields)
    for name in keywords:
        if name not in known:
            near = similar(name, known)
            hint = f" Did you mean {near!r}?" if near else ""
            raise SettingsError(f"SignalBot has no setting {name!r}.{hint}")
    if "signal_service" in keywords:
        # By its alias: before pydantic-settings 2.8 the environment wins over the field's name.
        keywords["SIGNAL_SERVICE"] = keywords.pop("signal_service")
    try:
        return Settings(**keywords)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except ValueError as error:
        # pydantic-settings raises its own SettingsError for an environment value of bad JSON.
        named = re.search(r'field "(\w+)"', str(error))
        field = environment_name(named[1]) if named else "A setting"
        raise SettingsError(f"{field} is not readable: write it as JSON") from None


def override(settings: Settings, keywords: dict[str, Any]) -> Settings:
    """The same settings but for these; the environment is not asked again.

    Raises:
        SettingsError: for an unknown keyword, or a value that cannot work."""
    present = {name: getattr(settings, name) for name in type(settings).model_fields}
    return load_settings(**{**present, **keywords})


def _explain(error: ValidationError) -> str:
    """One line per mistake, naming keyword and variable, without the values: some are secret."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        name = str(mistake["loc"][0]) if mistake["loc"] else "?"
        name = "signal_service" if name == "SIGNAL_SERVICE" else name
        message = mistake["msg"].removeprefix("Value error, ")
        lines.append(f"{name} ({environment_name(name)}): {message}")
    return "\n".join(lines)


def environment_name(field: str) -> str:
    """The variable that sets a field."""
    return "SIGNAL_SERVICE" if field == "signal_service" else f"SIGNAL_{field.upper()}"
