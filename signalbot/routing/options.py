"""What can be said about a handler besides when it runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from typing import Any, Literal, TypedDict

from signalbot.model.retry import RetryPolicy
from signalbot.model.similar import similar
from signalbot.routing.limits import Limit
from signalbot.routing.permissions import Access
from signalbot.routing.places import Place


class Inherit(enum.Enum):
    """Stands for "as the router around says"."""

    INHERIT = "INHERIT"

    def __repr__(self) -> str:
        return "INHERIT"


INHERIT = Inherit.INHERIT

Order = Literal["strict", "relaxed"]


class HandlerOptions(TypedDict, total=False):
    """Keywords of every decorator for events.

    ``limit``, ``retry`` and ``timeout`` are taken from the router around if they are not given.

    Attributes:
        allow: who may; see :data:`~signalbot.routing.permissions.Access`.
        deny: who may not; outweighs ``allow``.
        limit: how often one sender may, like ``"5/min"``.
        deny_reply: answer to those who may not; by default nothing.
        limit_reply: answer to the first call beyond the limit; by default nothing.
        retry: policy for errors; None for straight to the dead letters.
        priority: the higher, the earlier it is asked; the default is 0.
        own: also for what I wrote on other devices, to others.
        order: ``"relaxed"`` lets other events of the chat run meanwhile.
        durable: conversations go on after a restart.
        timeout: seconds that a call may take; None for no end.
    """

    allow: Access | None
    deny: Access | None
    limit: str | Limit | None
    deny_reply: str | None
    limit_reply: str | None
    retry: RetryPolicy | None
    priority: int
    own: bool
    order: Order
    durable: bool
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Options:
    """Checked handler options."""

    allow: Access | None = None
    deny: Access | None = None
    limit: Limit | None | Inherit = INHERIT
    deny_reply: str | None = None
    limit_reply: str | None = None
    retry: RetryPolicy | None | Inherit = INHERIT
    priority: int = 0
    own: bool = False
    order: Order = "strict"
    durable: bool = False
    timeout: float | None | Inherit = INHERIT

    @classmethod
    def of(cls, given: Any, place: Place) -> Options:
        """Check options as they were written.

        Raises:
            RegistrationError: for an unknown one (with "did you mean"), or a wrong value.
        """
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                near = similar(name, known)
                hint = f" Did you mean {near!r}?" if near else ""
                raise place.error(f"handlers have no option {name!r}.{hint}")
        options = dict(given)
        options["limit"] = checked_limit(options.get("limit", INHERIT), place)
        checked_timeout(options.get("timeout", INHERIT), place)
        checked_retry(options.get("retry", INHERIT), place)
        if not isinstance(options.get("priority", 0), int):
            raise place.error("priority= is a whole number; the higher, the earlier")
        if options.get("order", "strict") not in ("strict", "relaxed"):
            raise place.error("order= is 'strict' or 'relaxed'")
        return cls(**options)


def checked_limit(limit: Any, place: Place) -> Limit | None | Inherit:
    if limit is None or limit is INHERIT:
        return limit
    try:
        return Limit.parse(limit)
    except (ValueError, TypeError) as error:
        raise place.error(f"limit=: {error}") from None


def checked_timeout(timeout: Any, place: Place) -> None:
    if timeout is None or timeout is INHERIT:
        return
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        raise place.error("timeout= is seconds greater than 0, or None for no end")


def checked_retry(retry: Any, place: Place) -> None:
    if retry is None or retry is INHERIT or isinstance(retry, RetryPolicy):
        return
    raise place.error("retry= is a RetryPolicy(...), or None for no retries")
