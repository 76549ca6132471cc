"""Who may, and how often."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from signalbot.model.events import ContactSync
from signalbot.model.people import Chat, User
from signalbot.routing import Limit, Router, RoutingSettings
from signalbot.routing.limits import MemoryWindows, limit_key
from tests.routing.fakes import ALICE, BOB, FAMILY, FakeContext, context, event, in_group


def decide(ctx: Any, settings: dict[str, Any] | None = None, **options: Any) -> Any:
    router = Router()
    router.command("a", **options)(lambda ctx: None)
    (handler,) = router.compile(RoutingSettings(**(settings or {}))).handlers
    return handler.permission.decide(ctx)


ADMINS = {"admins": (ALICE.number,)}


@pytest.mark.parametrize(
    ("options", "settings", "alice", "bob"),
    [
        ({}, {}, True, True),
        ({"allow": ALICE.number}, {}, True, False),
        ({"allow": [ALICE]}, {}, True, False),
        ({"allow": {ALICE.uuid}}, {}, True, False),
        ({"allow": (each for each in (ALICE, BOB))}, {}, True, True),
        ({"allow": FAMILY}, {}, True, True),
        ({"allow": [FAMILY.id]}, {}, True, True),
        ({"allow": FAMILY.internal_id}, {}, True, True),
        ({"allow": "Family"}, {}, True, True),
        ({"allow": Chat(group=FAMILY)}, {}, True, True),
        ({"allow": Chat(user=BOB)}, {}, False, True),
        ({"allow": "Work"}, {}, False, False),
        ({"allow": []}, {}, False, False),
        ({"deny": BOB}, {}, True, False),
        ({"deny": [FAMILY]}, {}, False, False),
        ({"allow": FAMILY, "deny": BOB}, {}, True, False),
        ({"allow": "admins"}, ADMINS, True, False),
        ({"allow": ["admins", BOB]}, ADMINS, True, True),
        ({"allow": "admins"}, {}, False, False),
        ({"deny": "admins"}, ADMINS, False, True),
        ({}, {"allow": (ALICE.uuid,)}, True, False),
        ({}, {"deny": (ALICE.number,)}, False, True),
        ({"allow": "admins"}, {**ADMINS, "deny": (ALICE.uuid,)}, False, False),
        ({"allow": ALICE}, {"allow": [BOB]}, False, False),
    ],
)
def test_who_may(options: Any, settings: Any, alice: bool, bob: bool) -> None:
    router = Router()
    router.command("a", **options)(lambda ctx: None)
    (handler,) = router.compile(RoutingSettings(**settings)).handlers

    assert handler.permission.decide(in_group("/a", sender=ALICE)).is_allowed is alice
    assert handler.permission.decide(in_group("/a", sender=BOB)).is_allowed is bob


def test_a_refusal_says_why_and_what_to_answer() -> None:
    refused = decide(context("/a"), allow=BOB, deny_reply="Not you.")
    assert (refused.reason, refused.reply) == ("the sender is not in allow=", "Not you.")

    refused = decide(context("/a"), deny=ALICE)
    assert (refused.reason, refused.reply) == ("the sender is in deny=", None)


def test_who_has_no_sender_is_on_no_list() -> None:
    ctx = FakeContext(event(ContactSync, sender=None, chat=None))

    assert not decide(ctx, allow=ALICE).is_allowed
    assert decide(ctx, deny=ALICE).is_allowed


def test_a_username_is_enough() -> None:
    assert decide(context("/a", sender=User(username="alice.42")), allow="u:Alice.42").is_allowed


@pytest.mark.parametrize(
    ("entry", "doubt"),
    [
        ("", "is empty"),
        ("+49 abc", "no telephone number"),
        ("4915111111111", "without its '+'"),
        ("0151 1111-1111", "without its '+'"),
        ("group.nonsense", "no group id"),
        ("u:alice", "no username"),
        ("u:alice.42", "is a username"),
        ("alice.42", "is a username"),
        ("Alice", "taken for a group's name"),
    ],
)
def test_an_entry_that_matches_nobody_is_doubted_without_being_shown(
    entry: str, doubt: str
) -> None:
    router = Router(allow=[ALICE, entry])

    (warning,) = router.warnings()
    assert doubt in warning
    assert warning.startswith("test_permissions.py:")
    assert "allow entry 2" in warning
    assert not entry or entry not in warning


def test_doubts_come_from_everywhere() -> None:
    bot, inner = Router(deny=["0151"]), Router(allow=[])
    bot.include(inner)
    inner.command("a", allow="0152")(lambda ctx: None)
    settings = RoutingSettings(admins=("0153",), allow=("0154",), deny=("0155",))

    warnings = bot.warnings(settings)
    assert len(warnings) == 6
    assert sum(each.startswith("settings: ") for each in warnings) == 3
    assert any("nobody is let in" in each for each in warnings)


def test_good_entries_are_not_doubted() -> None:
    entries = ["admins", ALICE, ALICE.number, ALICE.uuid, FAMILY, FAMILY.id]
    entries += [FAMILY.internal_id, Chat(user=BOB), (ALICE.uuid or "").upper(), "+49 (151) 111-11"]

    assert Router(allow=entries, deny=entries).warnings() == []


# -- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [
        ("5/min", 5, 60),
        ("5/m", 5, 60),
        ("1/s", 1, 1),
        ("1/10s", 1, 10),
        (" 3 / 2 hours ", 3, 7200),
        ("20 per hour", 20, 3600),
        ("100/day", 100, 86400),
        ("2/MIN", 2, 60),
    ],
)
def test_limits_are_written_as_people_say_them(text: str, count: int, seconds: float) -> None:
    assert Limit.parse(text) == Limit(count, seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/min", "5/week of sundays", "-1/min", "0/min", "5/0s", "five/min"]
)
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit.parse(text)


def test_the_window_slides() -> None:
    limit, windows = Limit(2, 10), MemoryWindows()

    def at(now: float) -> bool:
        return limit.decide("key", now, windows).is_allowed

    assert [at(0), at(4), at(5), at(9.9), at(10.1), at(11), at(14.1), at(20.2)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
        True,
    ]


def test_a_refusal_says_when_and_only_the_first_is_to_be_answered() -> None:
    limit, windows = Limit(1, 10), MemoryWindows()
    decisions = [limit.decide("key", now, windows) for now in (0, 4, 5, 11, 12)]

    assert [each.is_allowed for each in decisions] == [True, False, False, True, False]
    assert [each.retry_after for each in decisions] == [0, 6, 5, 0, 9]
    assert [each.is_first_refusal for each in decisions] == [False, True, False, False, True]


def test_senders_and_handlers_are_counted_apart() -> None:
    limit, windows = Limit(1, 10), MemoryWindows()

    for key in (limit_key("a", "alice"), limit_key("b", "alice"), limit_key("a", "bob")):
        assert limit.decide(key, 0, windows).is_allowed
        assert not limit.decide(key, 1, windows).is_allowed


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    limit, windows = Limit(1, 10), MemoryWindows()
    limit.decide("key", 1000, windows)

    assert limit.decide("key", 500, windows).is_allowed


@pytest.mark.parametrize("stored", [None, {}, [], "x", {"hits": []}])
def test_whatever_was_stored_can_be_counted_on(stored: Any) -> None:
    decision, window = Limit(1, 10).step(stored, 5.0)

    assert decision.is_allowed
    assert window == {"hits": [5.0], "refused": False}


def test_memory_is_bounded() -> None:
    windows = MemoryWindows(capacity=3)
    for number in range(10):
        Limit(1, 10).decide(str(number), 0, windows)

    assert not Limit(1, 10).decide("9", 1, windows).is_allowed
    assert Limit(1, 10).decide("0", 1, windows).is_allowed


def test_threads_together_get_no_more_than_one_would() -> None:
    limit, windows = Limit(50, 10), MemoryWindows()
    allowed: list[bool] = []

    def work() -> None:
        allowed.extend(limit.decide("key", 0, windows).is_allowed for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(allowed) == 50
