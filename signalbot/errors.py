"""Every error that signalbot raises, arranged by what the caller can do about it.

    SignalBotError
      SettingsError                    a setting is wrong; fix it and construct again
      RegistrationError                a handler is wrong; raised where it is registered
      DecodeError                      a frame that cannot be read
      ApiError                         a call to signal-cli-rest-api
        RequestFailed                  no usable answer came back
          ConnectFailed                the server could not be reached: surely unsent
          RequestTimedOut              no answer in time: may have been sent
          CircuitOpen                  not tried, the server was failing: surely unsent
        StatusError                    the server answered, and said no
          BadRequest                   400 that fits nothing below
          NotRegistered                the account, or the recipient, is not on Signal
          NotFound                     404, or the answer that means it
          UntrustedIdentity            a recipient's safety number changed
          RateLimited                  wait, or solve a challenge
          ServerFailed                 5xx
        PartialSendError               some recipients failed (only if asked to raise)
      StorageError                     the state directory or a storage failed
        InboxFull                      the backlog has reached its limit
      LockTimeout                      others held the lock for as long as was waited
      AlreadyRunning                   another process receives for this account
      ForkedProcessError               a started bot was inherited through fork()
      HandlerTimeout                   the handler's deadline has passed
      AskTimeout                       nobody answered in time
      AskCancelled                     the user cancelled, or the answers never fitted
      AskUnavailable                   too many conversations are waiting already
      AskConflict                      this person is being asked in this chat already
      Retry                            raised by a handler: run me again later
      Reject                           raised by a handler: to the dead letters, no retry
      Skip                             raised by ctx.skip(): the next matching handler, please
    BotStopping(BaseException)         the bot stops while a handler waits for an answer

Texts may show the account's own number, never another one, and never a token or a password.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any


class SignalBotError(Exception):
    """Base of everything that signalbot raises on purpose."""


class SettingsError(SignalBotError):
    """A setting is missing, unknown, or does not make sense."""


class RegistrationError(SignalBotError):
    """A handler, filter, job or converter was registered wrongly; the text names file:line."""


class DecodeError(SignalBotError):
    """A frame could not be read as an event."""


class ApiError(SignalBotError):
    """A call to the server failed.

    Attributes:
        method: HTTP method.
        path_template: the path with its placeholders, e.g. ``/v1/groups/{number}``.
        account: the account that the call was made for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path_template: str = "",
        account: str | None = None,
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path_template = path_template
        self.account = account


class RequestFailed(ApiError):
    """No usable answer came back.

    Attributes:
        may_have_been_sent: False only if the request surely never reached the server.
    """

    def __init__(self, message: str, *, may_have_been_sent: bool = True, **where: Any) -> None:
        super().__init__(message, **where)
        self.may_have_been_sent = may_have_been_sent


class ConnectFailed(RequestFailed):
    """The server could not be reached; nothing was sent."""

    def __init__(self, message: str, *, may_have_been_sent: bool = False, **where: Any) -> None:
        super().__init__(message, may_have_been_sent=may_have_been_sent, **where)


class RequestTimedOut(RequestFailed):
    """No answer within the deadline: a send may have gone out, so it is never repeated."""


class CircuitOpen(RequestFailed):
    """The call was not tried, because this family of calls keeps failing.

    Attributes:
        retry_after: seconds until the next call is let through.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float = 0.0,
        may_have_been_sent: bool = False,
        **where: Any,
    ) -> None:
        super().__init__(message, may_have_been_sent=may_have_been_sent, **where)
        self.retry_after = retry_after


class StatusError(ApiError):
    """The server answered and refused.

    Attributes:
        status: HTTP status.
        detail: the server's own text, with other people's numbers masked.
    """

    def __init__(self, message: str, *, status: int, detail: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.status = status
        self.detail = detail


class BadRequest(StatusError):
    """The server refused the request (400) for a reason that has no class of its own."""


class NotRegistered(StatusError):
    """The account is not registered on this server, or a recipient is not on Signal."""


class NotFound(StatusError):
    """The thing does not exist, or the server is too old for this call."""


class UntrustedIdentity(StatusError):
    """A recipient's safety number changed: ``client.identities.trust(...)`` and send again.

    Attributes:
        recipient: who, if the server said so (uuid, or number); never part of the text.
    """

    def __init__(self, message: str, *, recipient: str | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.recipient = recipient


class RateLimited(StatusError):
    """Signal asks us to slow down.

    Attributes:
        retry_after: seconds to wait; our own back-off, as the server does not pass one on.
        challenge_tokens: tokens for ``client.accounts.solve_challenge``; never empty strings.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float = 0.0,
        challenge_tokens: tuple[str, ...] = (),
        **where: Any,
    ) -> None:
        super().__init__(message, **where)
        self.retry_after = retry_after
        self.challenge_tokens = challenge_tokens


class ServerFailed(StatusError):
    """The server broke while it handled the request (5xx)."""


class PartialSendError(ApiError):
    """Some recipients were not reached; the others were.

    Attributes:
        result: the :class:`~signalbot.SentMessage`, with ``.failed``.
    """

    def __init__(self, message: str, *, result: Any, **where: Any) -> None:
        super().__init__(message, **where)
        self.result = result


class StorageError(SignalBotError):
    """The state directory, the inbox or a storage could not be read or written."""


class InboxFull(StorageError):
    """The backlog has reached its limit; the frame was not stored."""


class LockTimeout(SignalBotError, TimeoutError):
    """The lock was held by others for as long as the caller would wait."""


class AlreadyRunning(SignalBotError):
    """Another bot receives for this account on this server.

    Attributes:
        pid: the process that owns the intake, or None if unknown.
    """

    def __init__(self, message: str, *, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class ForkedProcessError(SignalBotError):
    """The bot was started in the parent; this is a forked child."""


class HandlerTimeout(SignalBotError):
    """The handler's deadline has passed; calls into the library end here."""


class AskTimeout(SignalBotError):
    """Nobody answered within the time limit."""


class AskCancelled(SignalBotError):
    """The person asked cancelled, or gave no fitting answer."""


class AskUnavailable(SignalBotError):
    """The bot may not hold another waiting conversation now (``max_parked``)."""


class AskConflict(SignalBotError):
    """This person is already being asked something in this chat."""


class Retry(SignalBotError):
    """Raise it in a handler to have the same event handled again later.

    Args:
        delay: seconds to wait, or a timedelta; None for the retry policy's own delay.

    Attributes:
        delay: seconds to wait, or None.
    """

    def __init__(
        self,
        delay: float | dt.timedelta | None = None,
        reason: str = "the handler asked for a retry",
    ):
        super().__init__(reason)
        self.delay = None if delay is None else _seconds(delay)


class Reject(SignalBotError):
    """Raise it in a handler to put the event straight into the dead letters."""


class Skip(SignalBotError):
    """Raised by ``ctx.skip()``: the next matching handler gets the event."""


class BotStopping(BaseException):
    """The bot stops while this handler waits; let it pass.

    It derives from BaseException so that ``except Exception`` in a handler does not swallow it.
    """


def _seconds(delay: float | dt.timedelta) -> float:
    """Checked where the handler raises, so that its own traceback tells who was wrong."""
    if isinstance(delay, dt.timedelta):
        delay = delay.total_seconds()
    if not isinstance(delay, (int, float)):
        raise TypeError(
            f"Retry(delay) is a number of seconds or a timedelta, no {type(delay).__name__}."
        )
    if not math.isfinite(delay) or delay < 0:
        raise ValueError(f"Retry(delay={delay}): seconds from now, 0 or more.")
    return delay
