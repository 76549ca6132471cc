"""The closed sets of words that the server's API uses."""

from __future__ import annotations

from enum import Enum


class Mode(str, Enum):
    """How the server runs signal-cli; ``json-rpc-native`` calls itself ``json-rpc``."""

    NORMAL = "normal"
    NATIVE = "native"
    JSON_RPC = "json-rpc"
    UNKNOWN = "unknown"

    @property
    def is_json_rpc(self) -> bool:
        """One long-lived daemon: receiving is by websocket."""
        return self is Mode.JSON_RPC

    @property
    def is_classic(self) -> bool:
        """One signal-cli process per request: receiving is by polling."""
        return self in (Mode.NORMAL, Mode.NATIVE)


class TextMode(str, Enum):
    """Whether the server looks for ``*style*`` marks in a text."""

    NORMAL = "normal"
    STYLED = "styled"


class GroupLink(str, Enum):
    """Who may join a group by its link."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    ENABLED_WITH_APPROVAL = "enabled-with-approval"


class GroupPermission(str, Enum):
    """Who may do a thing in a group."""

    ONLY_ADMINS = "only-admins"
    EVERY_MEMBER = "every-member"


class ReceiptType(str, Enum):
    """What a receipt tells the author of a message."""

    READ = "read"
    VIEWED = "viewed"


class TrustMode(str, Enum):
    """What signal-cli does with a person's new key."""

    ON_FIRST_USE = "on-first-use"
    ALWAYS = "always"
    NEVER = "never"


class TrustLevel(str, Enum):
    """How far a person's key is trusted."""

    UNTRUSTED = "UNTRUSTED"
    TRUSTED_UNVERIFIED = "TRUSTED_UNVERIFIED"
    TRUSTED_VERIFIED = "TRUSTED_VERIFIED"


class LogLevel(str, Enum):
    """What the server writes to its own log."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class FailureReason(str, Enum):
    """Why a recipient was not reached; servers may know more, which then stay plain text."""

    NETWORK = "NETWORK_FAILURE"
    UNREGISTERED = "UNREGISTERED_FAILURE"
    IDENTITY = "IDENTITY_FAILURE"
    RATE_LIMIT = "RATE_LIMIT_FAILURE"
    INVALID_PRE_KEY = "INVALID_PRE_KEY_FAILURE"
