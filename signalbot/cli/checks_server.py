"""Checks of the server: is it there, which one is it, does it have the account."""

from __future__ import annotations

import email.utils
import re
import socket
import time
from functools import cached_property
from typing import TYPE_CHECKING

from signalbot.cli.checks import Check
from signalbot.errors import (
    ApiError,
    ConnectFailed,
    NotFound,
    RequestTimedOut,
    ServerFailed,
    StatusError,
)

if TYPE_CHECKING:
    from signalbot.infrastructure.api_models.account import About
    from signalbot.infrastructure.api_service import SignalClient
    from signalbot.infrastructure.endpoint import Endpoint
    from signalbot.settings import Settings

OLDEST = "0.95"
MAX_SKEW = 30.0

_AGAIN = " Then run 'signalbot doctor' again."
_PUSHED = "Set MODE=json-rpc in the server's environment and restart it."


class ServerChecks:
    """Asks one server; each method is a check."""

    def __init__(self, settings: Settings, client: SignalClient) -> None:
        self._settings = settings
        self._client = client
        self._accounts: tuple[str, ...] = ()

    @property
    def endpoint(self) -> Endpoint:
        """Where the server is."""
        return self._client.http.endpoint

    @cached_property
    def about(self) -> About:
        """Asked once; every check after the first relies on it."""
        return self._client.general.about()

    def server(self) -> Check:
        """Whether signal-cli-rest-api answers at the address."""
        try:
            about = self.about
        except ApiError as error:
            return Check("server", False, str(error), fix_for(error))
        if not about.versions:
            return Check(
                "server", False, "Something answers, but not as signal-cli-rest-api does.",
                "Check the address in SIGNAL_SERVICE: port and path." + _AGAIN,
            )  # fmt: skip
        return Check("server", True, f"{self._client.http.endpoint.base_url} answers.")

    def version(self) -> Check:
        """Whether the server is new enough."""
        about = self.about
        if about.is_at_least(OLDEST):
            return Check("version", True, f"signal-cli-rest-api {about.version}.")
        shown = f"is {about.version}" if about.version else "is too old to tell its version"
        return Check(
            "version", False, f"The server {shown}; signalbot needs {OLDEST} or newer.",
            "docker pull bbernhard/signal-cli-rest-api:latest, and make the container anew.",
        )  # fmt: skip

    def mode(self) -> Check:
        """Whether the server's mode fits the way of receiving."""
        mode, wanted = self.about.mode, self._settings.receive_mode
        if not mode.is_classic:
            if wanted == "polling":
                return Check(
                    "mode", False, "receive_mode is 'polling', but the server pushes (json-rpc).",
                    "Set SIGNAL_RECEIVE_MODE=auto, or MODE=normal on the server.",
                )  # fmt: skip
            return Check("mode", True, f"{mode.value or 'unknown'}: messages are pushed.")
        if wanted in ("websocket", "webhook"):
            return Check(
                "mode", False,
                f"receive_mode is {wanted!r}, but MODE={mode.value} can only be polled.",
                f"{_PUSHED} Or set SIGNAL_RECEIVE_MODE=auto here.",
            )  # fmt: skip
        return Check(
            "mode", True, f"MODE={mode.value}: messages are polled, which is slower.", _PUSHED
        )

    def account(self) -> Check:
        """Whether the server has the number, spelled like this."""
        number = self._settings.phone_number
        try:
            self._accounts = self._client.accounts.list()
        except ApiError as error:
            return Check("account", False, str(error), fix_for(error))
        if number in self._accounts:
            return Check("account", True, f"{number} is an account of this server.")
        alike = [other for other in self._accounts if is_alike(number, other)]
        if alike:
            return Check(
                "account", False, f"{number} is registered here as {alike[0]}.",
                f"Set SIGNAL_PHONE_NUMBER={alike[0]}",
            )  # fmt: skip
        count = len(self._accounts)
        have = f"{count} other account{'s' * (count != 1)}" if count else "no account at all"
        return Check(
            "account", False, f"The server has {have}, but not {number}.",
            "Link it to a phone with 'signalbot link', or register it with 'signalbot register'. "
            "If it was there before: is the server's volume mounted?",
        )  # fmt: skip

    def clock(self) -> Check:
        """Whether this machine's clock agrees with the server's."""
        import httpx

        try:
            before = time.time()
            answer = self._client.http.client.get("/v1/about")
            now = (before + time.time()) / 2
        except httpx.HTTPError as error:
            detail = f"The server did not tell its time: {type(error).__name__}."
            return Check("clock", False, detail, "Run it again.")
        stated = answer.headers.get("date")
        if not stated:
            return Check("clock", True, "The server does not tell its time; nothing to compare.")
        try:
            theirs = email.utils.parsedate_to_datetime(stated).timestamp()
        except ValueError:
            return Check("clock", True, "The server's time cannot be read; nothing to compare.")
        # The header has whole seconds, cut off.
        return skew_check("clock", now - theirs - 0.5)


def skew_check(name: str, skew: float) -> Check:
    """Judge by how many seconds this machine is ahead."""
    if abs(skew) <= MAX_SKEW:
        return Check(name, True, f"The clocks agree within {max(1.0, abs(skew)):.0f} s.")
    direction = "ahead of" if skew > 0 else "behind"
    return Check(
        name, False, f"This machine's clock is {abs(skew):.0f} s {direction} the server's.",
        "Switch time synchronisation on where it is wrong: timedatectl set-ntp true",
    )  # fmt: skip


def is_alike(number: str, other: str) -> bool:
    """Whether it is the same number in another spelling, such as +49 (0)151 ... for +49151 ..."""
    one, two = (re.sub(r"\D", "", text).lstrip("0") for text in (number, other))
    if one == two:
        return True
    return any(
        long[:at] + long[at + 1 :] == short and long[at] == "0"
        for long, short in ((one, two), (two, one))
        for at in range(1, min(4, len(long)))
    )


def fix_for(error: ApiError) -> str:
    """What to do about a call that failed."""
    cause = error.__cause__
    if isinstance(error, ConnectFailed):
        if isinstance(cause, socket.gaierror):
            return (
                "Nobody knows that host name. In SIGNAL_SERVICE write the server's address; "
                "inside docker compose, the name of its service."
            )
        if "TLS" in str(error):
            return "Write http:// instead of https://, or set verify= to the server's authority."
        return (
            "Nothing listens there. Start the server (docker compose up -d), check host and port "
            "in SIGNAL_SERVICE, and that the port is published."
        )
    if isinstance(error, RequestTimedOut):
        return "The server hangs: restart its container, and look into its log."
    if isinstance(error, ServerFailed):
        return "The server, or the proxy before it, is broken: look into its log, restart it."
    if isinstance(error, NotFound):
        return "That is no signal-cli-rest-api: check port and path in SIGNAL_SERVICE."
    if isinstance(error, StatusError):
        if error.status in (401, 403, 407):
            return "Set SIGNAL_AUTH=user:password (or headers=) for the proxy before the server."
        return "Check the address in SIGNAL_SERVICE: a proxy answers there in the server's stead."
    return "Is SIGNAL_SERVICE the address of signal-cli-rest-api? Something else answers there."
