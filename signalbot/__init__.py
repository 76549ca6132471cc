"""Plain synchronous Python for Signal bots, on top of signal-cli-rest-api.

    from signalbot import SignalBot

    bot = SignalBot(phone_number="+4915112345678", signal_service="http://127.0.0.1:8080")

    @bot.command("ping")
    def ping(ctx):
        return "pong"

    bot.run()

Names are imported when they are first used: importing the package connects to nothing, starts
nothing, and costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from signalbot import errors
    from signalbot.bot import SignalBot
    from signalbot.context import Context
    from signalbot.errors import (
        AlreadyRunning,
        ApiError,
        AskCancelled,
        AskConflict,
        AskTimeout,
        AskUnavailable,
        BadRequest,
        BotStopping,
        CircuitOpen,
        ConnectFailed,
        DecodeError,
        ForkedProcessError,
        HandlerTimeout,
        InboxFull,
        LockTimeout,
        NotFound,
        NotRegistered,
        PartialSendError,
        RateLimited,
        RegistrationError,
        Reject,
        RequestFailed,
        RequestTimedOut,
        Retry,
        ServerFailed,
        SettingsError,
        SignalBotError,
        StatusError,
        StorageError,
        UntrustedIdentity,
    )
    from signalbot.infrastructure.api_service import SentMessage, SignalClient
    from signalbot.infrastructure.storage.base import Storage
    from signalbot.model import Attachment, Chat, Event, Group, LinkPreview, Mention, Message, User
    from signalbot.model.retry import RetryPolicy
    from signalbot.model.text import escape
    from signalbot.routing import Command, Router, command, filters
    from signalbot.runtime.states import State
    from signalbot.settings import Settings

_HOMES = {
    "SignalBot": "signalbot.bot",
    **dict.fromkeys(("SentMessage", "SignalClient"), "signalbot.infrastructure.api_service"),
    "Storage": "signalbot.infrastructure.storage.base",
    "Settings": "signalbot.settings",
    "State": "signalbot.runtime.states",
    "Context": "signalbot.context",
    "RetryPolicy": "signalbot.model.retry",
    "escape": "signalbot.model.text",
    **dict.fromkeys(("Router", "Command", "command"), "signalbot.routing"),
    **dict.fromkeys(
        ("Attachment", "Chat", "Event", "Group", "LinkPreview", "Mention", "Message", "User"),
        "signalbot.model",
    ),
    **dict.fromkeys(
        (
            "AlreadyRunning",
            "ApiError",
            "AskCancelled",
            "AskConflict",
            "AskTimeout",
            "AskUnavailable",
            "BadRequest",
            "BotStopping",
            "CircuitOpen",
            "ConnectFailed",
            "DecodeError",
            "ForkedProcessError",
            "HandlerTimeout",
            "InboxFull",
            "LockTimeout",
            "NotFound",
            "NotRegistered",
            "PartialSendError",
            "RateLimited",
            "RegistrationError",
            "Reject",
            "RequestFailed",
            "RequestTimedOut",
            "Retry",
            "ServerFailed",
            "SettingsError",
            "SignalBotError",
            "StatusError",
            "StorageError",
            "UntrustedIdentity",
        ),
        "signalbot.errors",
    ),
}
_MODULES = {"filters": "signalbot.routing.filters", "errors": "signalbot.errors"}

__all__ = [
    "AlreadyRunning",
    "ApiError",
    "AskCancelled",
    "AskConflict",
    "AskTimeout",
    "AskUnavailable",
    "Attachment",
    "BadRequest",
    "BotStopping",
    "Chat",
    "CircuitOpen",
    "Command",
    "ConnectFailed",
    "Context",
    "DecodeError",
    "Event",
    "ForkedProcessError",
    "Group",
    "HandlerTimeout",
    "InboxFull",
    "LinkPreview",
    "LockTimeout",
    "Mention",
    "Message",
    "NotFound",
    "NotRegistered",
    "PartialSendError",
    "RateLimited",
    "RegistrationError",
    "Reject",
    "RequestFailed",
    "RequestTimedOut",
    "Retry",
    "RetryPolicy",
    "Router",
    "SentMessage",
    "ServerFailed",
    "Settings",
    "SettingsError",
    "SignalBot",
    "SignalBotError",
    "SignalClient",
    "State",
    "StatusError",
    "Storage",
    "StorageError",
    "UntrustedIdentity",
    "User",
    "__version__",
    "command",
    "errors",
    "escape",
    "filters",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'signalbot' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
