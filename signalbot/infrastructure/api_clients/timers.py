"""Disappearing messages: a timer belongs to a chat, and setting it is seen by everybody there."""

from __future__ import annotations

from datetime import timedelta

from signalbot.infrastructure.api_clients.contacts import ContactsApi
from signalbot.infrastructure.api_clients.durations import seconds
from signalbot.infrastructure.api_clients.groups import GroupsApi
from signalbot.model.people import Group, User


class Timers:
    """Sets timers, each once: the server cannot tell what a chat's timer is.

    So a timer that somebody else changed in the meantime is noticed only after a restart.
    """

    def __init__(self, groups: GroupsApi, contacts: ContactsApi) -> None:
        self._groups = groups
        self._contacts = contacts
        # Any thread may send; at worst two of them set the same timer.
        self._known: dict[str, int] = {}

    def set(self, chat: User | Group, expires_in: float | timedelta) -> None:
        """Have messages in the chat disappear, from the next one on."""
        timer = seconds(expires_in)
        if self._known.get(chat.id) == timer:
            return
        if isinstance(chat, Group):
            self._groups.update(chat, expires_in=timer)
        else:
            self._contacts.update(chat, expires_in=timer)
        self._known[chat.id] = timer
