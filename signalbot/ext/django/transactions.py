"""Sends that wait for the commit of the transaction that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, transaction

from signalbot.services.messages import Messages

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SentMessage


class CommitMessages(Messages):
    """What ``ctx.send`` and ``ctx.reply`` use: they take ``on_commit``, too."""

    def send(  # type: ignore[override]  # with on_commit there is nothing to return yet
        self, to: Any, text: str | None = None, *, on_commit: bool | str = False, **options: Any
    ) -> SentMessage | None:
        database = commit_database(on_commit)
        if database is None:
            return super().send(to, text, **options)
        send = super().send
        after_commit(lambda: send(to, text, **options), database)
        return None


def commit_database(on_commit: bool | str) -> str | None:
    """The alias of the database whose commit is meant; None to wait for no commit."""
    if on_commit is True:
        return DEFAULT_DB_ALIAS
    return on_commit or None


def after_commit(act: Callable[[], Any], database: str) -> None:
    """Act after the commit, or at once outside of transactions; whoever commits gets its errors."""
    transaction.on_commit(act, using=database)
