"""Database connections of the bot's threads: opened by handlers, never left open by them."""

from __future__ import annotations

import threading
from typing import Any

import django.db
from django.db import connections
from django.db.transaction import TransactionManagementError

from signalbot.errors import Reject
from signalbot.observability.logging import get_logger

log = get_logger("signalbot.django")


class AskInTransaction(TransactionManagementError, Reject):
    """``ctx.ask()`` inside ``transaction.atomic()``: it would stay open until somebody answers.

    Retrying cannot mend the program, so the event goes straight to the dead letters."""


class HandlerConnections:
    """Does around each handler what Django does around each request.

    Connections belong to threads, so all of it happens in the handler's own.
    """

    def __init__(self) -> None:
        # The connections of a test's transaction, which handlers must see: set at start, read by
        # the workers. Empty outside of tests.
        self._shared: dict[str, Any] = {}
        self._sharing = threading.Lock()  # guards _shared as a whole

    def attach(self, hooks: Any) -> None:
        """Have the bot call us; hooks of others run between ours."""
        hooks.before_handler.insert(0, self._begin)
        hooks.after_handler.append(self._end)
        hooks.before_park.append(self._park)
        hooks.thread_exit.append(self._leave)

    # -- tests ---------------------------------------------------------------------------------

    def share_those_of_tests(self) -> None:
        """Let handlers see what this thread's test has written; without a test do nothing.

        ``TestCase`` and pytest-django's ``db`` never commit, so another connection would see an
        empty database."""
        self.share_none()
        with self._sharing:
            for connection in connections.all(initialized_only=True):
                if any(_is_of_test(block) for block in _blocks(connection)):
                    connection.inc_thread_sharing()
                    self._shared[connection.alias] = connection

    def share_none(self) -> None:
        with self._sharing:
            for connection in self._shared.values():
                connection.dec_thread_sharing()
            self._shared.clear()

    # -- hooks, each in the handler's thread -------------------------------------------------------

    def _begin(self) -> None:
        for alias, connection in self._shared.items():
            connections[alias] = connection
        django.db.reset_queries()
        _close_old()

    def _end(self) -> None:
        self._give_back()
        _close_old()

    def _park(self) -> None:
        """Hundreds of conversations may wait for hours: none of them may hold a connection.

        Raises:
            AskInTransaction: a transaction is open."""
        for connection in connections.all(initialized_only=True):
            if any(not _is_of_test(block) for block in _blocks(connection)):
                raise AskInTransaction(
                    "ctx.ask() was called inside transaction.atomic(): the transaction, with its "
                    "locks, would stay open until somebody answers. Ask first, then open it."
                )
        for connection in connections.all(initialized_only=True):
            if connection.alias not in self._shared:
                _close(connection)

    def _leave(self) -> None:
        self._give_back()
        for connection in connections.all(initialized_only=True):
            _close(connection)

    def _give_back(self) -> None:
        """A test's connection is the test's to close."""
        for connection in connections.all(initialized_only=True):
            if connection._thread_ident != threading.get_ident():  # type: ignore[attr-defined]
                del connections[connection.alias]


def _blocks(connection: Any) -> list[Any]:
    """The open ``atomic()`` blocks of a connection."""
    return list(connection.atomic_blocks) if connection.in_atomic_block else []


def _is_of_test(block: Any) -> bool:
    """Whether TestCase has put the block around a test; Django itself asks for ``durable=``."""
    return bool(getattr(block, "_from_testcase", False))


def _close_old() -> None:
    for connection in connections.all(initialized_only=True):
        try:
            connection.close_if_unusable_or_obsolete()
        except django.db.Error as error:
            log.warning("django.connection_not_closed", error_type=type(error).__name__)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except django.db.Error as error:  # the database is gone; so is the connection
        log.warning("django.connection_not_closed", error_type=type(error).__name__)
