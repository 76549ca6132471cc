"""The contract of every storage: memory, SQLite, and a real Redis with both kinds of client."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot.errors import LockTimeout, SignalBotError
from signalbot.infrastructure.storage.base import Storage
from tests.infrastructure.storages import Kind, Memory, Redis, Sqlite


@pytest.fixture(params=["memory", "sqlite", "redis", "redis-str"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    if request.param == "memory":
        made: Kind = Memory()
    elif request.param == "sqlite":
        made = Sqlite(tmp_path / "account")
    else:
        options = {"decode_responses": True} if request.param == "redis-str" else {}
        made = Redis(request.getfixturevalue("redis_url"), uuid.uuid4().hex, **options)
    yield made
    made.close()


@pytest.fixture
def storage(kind: Kind) -> Storage:
    return kind.open()


def run_together(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in so many threads at once; raises what one of them raised."""
    gate = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        gate.wait(10)
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


# --- values

VALUES = [
    None,
    True,
    0,
    -(2**70),
    1.5,
    -0.0,
    "",
    "grüße 🎉",
    "half a pair \ud83d and \udc00",
    "\0",
    [],
    {},
    {"": [1, {"\udfff": None}], "ä": "\u2028"},
]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_what_is_set_is_read_back(storage: Storage, value: Any) -> None:
    storage.set("key", value)

    found = storage["key"]

    assert found == value
    assert type(found) is type(value)
    assert "key" in storage


KEYS = ["", " ", "a", "a:b", "a/b", "a=b", "%", "%0041", "*", "[ab]", "\\", "?", "\0", "ä", "🎉",
        "\ud800", "\udfff", "\U0010ffff", "\ud7ff", "chat:+4915112345678", "x" * 2000]  # fmt: skip


def test_any_text_is_a_key(storage: Storage) -> None:
    for number, key in enumerate(KEYS):
        storage[key] = number

    assert storage.keys() == sorted(KEYS)
    assert [storage[key] for key in KEYS] == list(range(len(KEYS)))
    for key in KEYS:
        assert storage.keys(key) == sorted(one for one in KEYS if one.startswith(key))


@pytest.mark.parametrize("prefix", ["*", "\\", "%", "\ud7ff", "\U0010ffff", "\ud800", "a"])
def test_clear_removes_what_begins_so_and_nothing_else(storage: Storage, prefix: str) -> None:
    others = [key for key in KEYS if not key.startswith(prefix)]
    for key in KEYS:
        storage[key] = 1

    assert storage.clear(prefix) == len(KEYS) - len(others)

    assert storage.keys() == sorted(others)


def test_a_missing_key(storage: Storage) -> None:
    assert storage.get("no") is None
    assert storage.get("no", 7) == 7
    assert "no" not in storage
    assert 7 not in storage
    assert storage.delete("no") is False
    with pytest.raises(KeyError, match="no"):
        storage["no"]
    with pytest.raises(KeyError, match="no"):
        del storage["no"]


def test_it_has_the_manners_of_a_mapping(storage: Storage) -> None:
    storage["b"] = 1
    storage["a"] = 2

    assert dict(storage) == {"a": 2, "b": 1}  # type: ignore[call-overload] # by keys() and []
    assert list(storage) == ["a", "b"]
    del storage["a"]
    assert storage.delete("b") is True
    assert storage.keys() == []


def test_a_stored_none_is_a_value(storage: Storage) -> None:
    storage["key"] = None

    assert "key" in storage
    assert storage.get("key", 7) is None
    assert storage.setdefault("key", 7) is None


def test_values_are_copies(storage: Storage) -> None:
    value = {"items": [1]}
    storage["key"] = value
    value["items"].append(2)
    storage["key"]["items"].append(3)

    assert storage["key"] == {"items": [1]}


def circle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"x", r"^value: bytes is no JSON value"),
        ({"items": [1, {"when": {1, 2}}]}, r"^value\['items'\]\[1\]\['when'\]: set is no JSON"),
        ([float("nan")], r"^value\[0\]: nan is no JSON number"),
        ({"a": {1: 2}}, r"^value\['a'\]: a key is of type int"),
        (circle(), r"in a circle$"),
        (10**5000, r"digits"),
    ],
    ids=["bytes", "set", "nan", "key", "circle", "digits"],
)
def test_what_is_no_json_is_refused_with_its_place(storage: Storage, value: Any, text: str) -> None:
    storage["key"] = 1

    with pytest.raises(TypeError, match=text):
        storage["key"] = value
    with pytest.raises(TypeError, match=text):
        storage.update("key", lambda _: value)
    with pytest.raises(TypeError, match=text):
        storage.setdefault("other", value)

    assert dict.fromkeys(storage, 1) == {"key": storage["key"]}


def test_keys_and_names_are_texts(storage: Storage) -> None:
    for wrong in (1, None, b"a"):
        with pytest.raises(TypeError, match="str"):
            storage.get(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="str"):
            storage.lock(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="str"):
            storage.namespace(wrong)  # type: ignore[arg-type]


# --- changes


def test_update_gives_the_old_value_and_returns_the_new(storage: Storage) -> None:
    assert storage.update("cart", lambda cart: [*cart, "tea"], default=[]) == ["tea"]
    assert storage.update("cart", lambda cart: (*cart, "milk")) == ["tea", "milk"]
    assert storage["cart"] == ["tea", "milk"]


def test_what_the_function_of_update_raises_leaves_the_value(storage: Storage) -> None:
    storage["stock"] = 0

    def take(stock: int) -> int:
        if stock == 0:
            raise LookupError("sold out")
        return stock - 1

    with pytest.raises(LookupError, match="sold out"):
        storage.update("stock", take)
    with pytest.raises(LookupError):
        storage.update("none", take, default=0)

    assert storage["stock"] == 0
    assert "none" not in storage


def test_a_forgotten_return_does_not_delete_the_value(storage: Storage) -> None:
    storage["cart"] = ["tea"]

    with pytest.raises(TypeError, match="returned None"):
        storage.update("cart", lambda cart: cart.append("milk"))

    assert storage["cart"] == ["tea"]


def test_a_default_is_not_changed_by_the_function(storage: Storage) -> None:
    empty: list[str] = []

    def add(cart: list[str]) -> list[str]:
        cart.append("tea")
        return cart

    assert storage.update("one", add, default=empty) == ["tea"]
    assert storage.update("two", add, default=empty) == ["tea"]
    assert empty == []


def test_an_overtaken_update_is_done_again_on_the_newer_value(storage: Storage) -> None:
    storage["n"] = 1
    seen = []

    def double(n: int) -> int:
        if not seen:
            storage["n"] = 10
        seen.append(n)
        return n * 2

    assert storage.update("n", double) == 20
    assert seen == [1, 10]


def test_an_update_overtaken_by_a_deletion_begins_with_the_default(storage: Storage) -> None:
    storage["n"] = 5

    def add(n: int) -> int:
        storage.delete("n")
        return n + 1

    assert storage.update("n", add, default=100) == 101


def test_the_function_of_update_may_use_the_storage(storage: Storage) -> None:
    storage["price"] = 3

    assert storage.update("total", lambda total: total + storage["price"], default=1) == 4


def test_incr(storage: Storage) -> None:
    assert storage.incr("n") == 1
    assert storage.incr("n", 5) == 6
    assert storage.incr("n", -6.5) == -0.5
    storage["word"] = "x"
    with pytest.raises(TypeError, match="str is stored"):
        storage.incr("word")
    storage["flag"] = True
    with pytest.raises(TypeError, match="bool is stored"):
        storage.incr("flag")


def test_setdefault_stores_once(storage: Storage) -> None:
    assert storage.setdefault("key", [1]) == [1]
    assert storage.setdefault("key", [2]) == [1]
    assert storage["key"] == [1]


def test_eight_threads_lose_no_update(kind: Kind) -> None:
    storages = [kind.open() for _ in range(8)]
    rounds = 60

    def work(number: int) -> None:
        # Half of them share one object, as handlers do; the others have one each.
        storage = storages[number if number % 2 else 0]
        for _ in range(rounds):
            storage.incr("n")
            storage.update("log", lambda log: [*log, number], default=[])

    run_together(8, work)

    assert storages[0]["n"] == 8 * rounds
    log = storages[0]["log"]
    assert {number: log.count(number) for number in range(8)} == dict.fromkeys(range(8), rounds)


def test_only_one_thread_sets_the_default(storage: Storage) -> None:
    found: list[Any] = []

    run_together(8, lambda number: found.append(storage.setdefault("key", number)))

    assert found == [storage["key"]] * 8


# --- lives


def test_a_value_with_a_ttl_is_gone_when_it_is_over(kind: Kind, storage: Storage) -> None:
    storage.set("short", 1, ttl=60)
    storage.set("long", 2, ttl=1000)
    storage.set("ever", 3)

    kind.advance(30)
    assert storage["short"] == 1
    kind.advance(31)

    assert "short" not in storage
    assert storage.get("short", "gone") == "gone"
    assert storage.delete("short") is False
    assert storage.keys() == ["ever", "long"]
    assert storage.clear() == 2


def test_setting_anew_gives_a_new_life(kind: Kind, storage: Storage) -> None:
    storage.set("a", 1, ttl=60)
    storage.set("b", 1, ttl=60)
    storage["a"] = 2
    storage.set("b", 2, ttl=120)
    kind.advance(61)

    assert storage.keys() == ["a", "b"]
    kind.advance(60)
    assert storage.keys() == ["a"]


def test_update_keeps_the_life_unless_told_otherwise(kind: Kind, storage: Storage) -> None:
    for key in ("kept", "longer", "ever"):
        storage.set(key, 1, ttl=60)
    storage.update("kept", lambda n: n + 1)
    storage.update("longer", lambda n: n + 1, ttl=120)
    storage.update("ever", lambda n: n + 1, ttl=None)
    storage.update("new", lambda n: n + 1, default=0)
    storage.update("short", lambda n: n + 1, default=0, ttl=60)
    kind.advance(61)

    assert storage.keys() == ["ever", "longer", "new"]
    kind.advance(60)
    assert storage.keys() == ["ever", "new"]


def test_an_expired_value_is_none_for_every_change(kind: Kind, storage: Storage) -> None:
    for key in ("updated", "counted", "defaulted"):
        storage.set(key, 100, ttl=60)
    kind.advance(61)

    assert storage.update("updated", lambda n: n + 1, default=0) == 1
    assert storage.incr("counted") == 1
    assert storage.setdefault("defaulted", 7) == 7
    kind.advance(1000)
    assert storage.keys() == ["counted", "defaulted", "updated"]


def test_a_count_begins_again_when_its_time_is_over(kind: Kind, storage: Storage) -> None:
    assert storage.incr("hits", ttl=60) == 1
    kind.advance(40)
    assert storage.incr("hits", ttl=60) == 2
    kind.advance(21)
    assert storage.incr("hits", ttl=60) == 1


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf")])
def test_a_life_is_more_than_zero_seconds(storage: Storage, ttl: float) -> None:
    for change in (
        lambda: storage.set("k", 1, ttl=ttl),
        lambda: storage.update("k", lambda _: 1, ttl=ttl),
        lambda: storage.incr("k", ttl=ttl),
        lambda: storage.setdefault("k", 1, ttl=ttl),
    ):
        with pytest.raises(ValueError, match="ttl"):
            change()
    with pytest.raises(TypeError, match="ttl"):
        storage.set("k", 1, ttl="60")  # type: ignore[arg-type]
    assert storage.keys() == []


# --- namespaces


def test_namespaces_do_not_see_each_other(storage: Storage) -> None:
    names = ["", "a", "a/", "a/b", "a=", "=", "/", "%", "a%002F", "\ud800", "chat:abc+/=="]
    for name in names:
        storage.namespace(name)["key"] = name
    storage["key"] = "outside"
    storage["a/=key"] = "trap"
    storage.namespace("a").namespace("b")["key"] = "nested"

    assert [storage.namespace(name)["key"] for name in names] == names
    assert storage.keys() == ["a/=key", "key"]
    assert storage.namespace("a").namespace("b")["key"] == "nested"
    assert storage.namespace("a").keys() == ["key"]
    assert storage.namespace("a").clear() == 1
    assert storage["a/=key"] == "trap"
    assert storage.namespace("a").namespace("b")["key"] == "nested"
    assert storage.clear() == 2
    assert storage.namespace("chat:abc+/==")["key"] == "chat:abc+/=="


def test_a_namespace_can_do_everything(kind: Kind, storage: Storage) -> None:
    corner = storage.namespace("corner")
    corner.set("a", 1, ttl=60)

    assert corner.incr("n") == 1
    assert corner.update("n", lambda n: n + 1) == 2
    assert corner.setdefault("d", []) == []
    assert corner.keys() == ["a", "d", "n"]
    assert corner.delete("d") is True
    kind.advance(61)
    assert list(corner) == ["n"]
    with corner.lock("n", timeout=0), storage.lock("n", timeout=0):
        assert corner.clear() == 1
    corner.close()
    assert storage.keys() == []


# --- locks


def test_a_held_lock_is_refused_with_a_timeout(kind: Kind) -> None:
    one, two = kind.open(), kind.open()

    with one.lock("l"):
        with pytest.raises(LockTimeout) as caught, two.lock("l", timeout=0):
            pytest.fail("two were in")
        with pytest.raises(TimeoutError), two.lock("l", timeout=0.03):
            pytest.fail("two were in")
        with two.lock("another", timeout=0):
            pass
    with two.lock("l", timeout=0):
        pass

    assert isinstance(caught.value, SignalBotError)


def test_threads_are_in_a_lock_one_at_a_time(kind: Kind) -> None:
    storages = [kind.open(), kind.open()]
    inside = 0
    overlaps = 0

    def work(number: int) -> None:
        nonlocal inside, overlaps
        storage = storages[number % 2]
        for _ in range(10):
            with storage.lock("l", timeout=30):
                inside += 1
                overlaps += inside > 1
                storage["n"] = storage.get("n", 0) + 1
                inside -= 1

    run_together(8, work)

    assert overlaps == 0
    assert storages[0]["n"] == 80


def test_a_release_wakes_who_waits_in_this_process(storage: Storage) -> None:
    entered = threading.Event()

    def wait() -> None:
        with storage.lock("l", timeout=20):
            entered.set()

    waiter = threading.Thread(target=wait)
    with storage.lock("l"):
        waiter.start()
        assert not entered.wait(0.05)
    waiter.join(10)

    assert entered.is_set()


def test_an_expired_lease_is_taken_over(kind: Kind) -> None:
    one, two = kind.open(), kind.open()
    late = one.lock("l", lease=60).acquire()
    kind.advance(30)
    with pytest.raises(LockTimeout):
        two.lock("l", timeout=0).acquire()
    kind.advance(31)
    next_one = two.lock("l", timeout=0).acquire()

    assert late.extend() is False
    assert late.release() is False  # it must not free the lock of its successor
    with pytest.raises(LockTimeout):
        one.lock("l", timeout=0).acquire()
    assert next_one.release() is True
    assert next_one.release() is False


def test_a_lease_can_be_extended(kind: Kind) -> None:
    one, two = kind.open(), kind.open()
    with one.lock("l", lease=60) as held:
        kind.advance(50)
        assert held.extend() is True
        kind.advance(50)
        with pytest.raises(LockTimeout):
            two.lock("l", timeout=0).acquire()
        assert held.extend(300) is True
        kind.advance(200)
        with pytest.raises(LockTimeout):
            two.lock("l", timeout=0).acquire()
    with two.lock("l", timeout=0):
        pass


def test_a_block_longer_than_its_lease_is_told(
    kind: Kind, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = kind.open(), kind.open()

    with one.lock("+4915112345678", lease=1):
        kind.advance(2)
        two.lock("+4915112345678", timeout=0).acquire()

    said = caplog.text + capsys.readouterr().out
    assert "lock.lease_was_too_short" in said
    assert "4915112345678" not in said
    with pytest.raises(LockTimeout):
        one.lock("+4915112345678", timeout=0).acquire()


def test_an_error_inside_frees_the_lock(storage: Storage) -> None:
    with pytest.raises(LookupError), storage.lock("l"):
        raise LookupError

    with storage.lock("l", timeout=0):
        pass


def test_a_lock_object_is_for_one_block_at_a_time(storage: Storage) -> None:
    lock = storage.lock("l")
    with lock, pytest.raises(RuntimeError, match="already"):
        lock.acquire()
    with lock:
        pass


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": -1}, {"timeout": "1"}, {"lease": 0}, {"lease": float("inf")}, {"lease": None}],
    ids=str,
)
def test_times_of_a_lock_are_checked(storage: Storage, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="seconds"):
        storage.lock("l", **wrong)


# --- life of the object


def test_it_may_be_closed_twice_and_used_again(kind: Kind) -> None:
    with kind.open() as storage:
        storage["a"] = 1
    storage.close()

    assert storage["a"] == 1


def test_a_storage_shows_no_data_of_its_users(storage: Storage) -> None:
    storage["+4915112345678"] = "secret"

    shown = repr(storage) + repr(storage.namespace("+4915112345678")) + repr(storage.lock("+49151"))

    assert "4915" not in shown
    assert "secret" not in shown
