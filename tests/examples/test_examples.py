"""Every example does what it says, on the stand-in server."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot.testing import Chat, FakeClock, FakeSignal
from tests.examples.conftest import EXAMPLES

Load = Callable[[str], Any]

BERLIN = dt.timezone(dt.timedelta(hours=1))
WINTER_MORNING = dt.datetime(2026, 1, 15, 7, 0, tzinfo=BERLIN)


def code_lines(name: str) -> int:
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) for line in lines)


@pytest.mark.parametrize(
    ("name", "lines"), [("hello.py", 6), ("pizza.py", 7), ("daily.py", 6), ("test_pizza.py", 3)]
)
def test_the_short_ones_are_short(name: str, lines: int) -> None:
    assert code_lines(name) == lines


def test_every_example_is_on_the_page_and_has_a_test() -> None:
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    tests = Path(__file__).read_text(encoding="utf-8")

    for path in EXAMPLES.glob("*.py"):
        assert f"examples/{path.name}" in page
        assert f'"{path.stem}"' in tests or path.name in tests


@pytest.mark.parametrize("name", ["hello.py", "pizza.py", "daily.py", "test_pizza.py"])
def test_the_page_shows_the_program_as_it_is(name: str) -> None:
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    shown = re.search(rf'^```python title="examples/{name}"\n(.*?)^```$', page, re.M | re.S)

    assert shown is not None
    assert shown[1] == (EXAMPLES / name).read_text(encoding="utf-8")


def test_hello(load: Load) -> None:
    with Chat(load("hello").bot) as chat:
        assert chat.say("/hello") == ["Hello Alice!"]


def test_pizza(load: Load) -> None:
    with Chat(load("pizza").bot) as chat:
        assert chat.say("/order") == ["How many pizzas?"]
        assert "How many pizzas?" in chat.say("99")[0]
        assert chat.say("2") == ["2 pizzas are on their way."]


def test_the_test_of_a_handler(load: Load) -> None:
    names: dict[str, Any] = {}
    exec((EXAMPLES / "test_pizza.py").read_text(encoding="utf-8"), names)

    with Chat(load("pizza").bot) as chat:
        names["test_order"](chat)


def test_daily(load: Load) -> None:
    clock = FakeClock(WINTER_MORNING)
    with Chat(load("daily").bot, "+4915187654321", clock=clock) as chat:
        clock.advance("90m")
        assert chat.wait_for_replies() == ["Good morning!"]
        clock.advance("24h")
        assert chat.wait_for_replies(2) == ["Good morning!", "Good morning!"]


def test_echo(load: Load) -> None:
    with Chat(load("echo").bot) as chat:
        (reply,) = chat.say("hi", attachments=[("notes.txt", b"one two")])

        assert (reply, reply.quote) == ("hi", "hi")
        assert [(file.filename, file.data) for file in reply.attachments] == [
            ("notes.txt", b"one two")
        ]
        assert chat.react("❤️") == ["❤️ back!"]


def test_reminder(load: Load) -> None:
    clock = FakeClock()
    with Chat(load("reminder").bot, clock=clock) as chat:
        assert chat.say("/remind 20m tea is ready") == []
        assert chat.reactions == ["👍"]
        clock.advance("19m")
        assert chat.replies == []
        clock.advance("2m")
        assert chat.wait_for_replies() == ["⏰ tea is ready"]
        assert "delay" in chat.say("/remind soon")[0]


def test_poll(load: Load) -> None:
    with Chat(load("poll").bot, group="Lunch") as chat:
        chat.person("Bob")
        chat.say("/lunch")
        (poll,) = chat.server.state.polls  # by timestamp

        def vote(person: str, options: list[int]) -> list[Any]:
            return chat.act(lambda server: server.vote(person, poll, options, group="Lunch"))

        assert vote("Alice", [1]) == ["Pho leads with 1 of 1."]
        assert vote("Bob", [1]) == ["Pho leads with 2 of 2."]
        assert vote("Alice", [0]) == ["Pizza leads with 1 of 2."]


def test_order(load: Load) -> None:
    bot = load("order").bot
    with Chat(bot) as chat:
        assert chat.say("/order")[0].startswith("What would you like?\n1. Margherita")
        assert chat.say("2") == ["How many?"]
        assert chat.say("100") == ["1 to 10, please. How many?"]
        assert chat.say("2") == ["Where to?"]
        assert chat.say("here") == ["Street and number?"]
        assert chat.say("Main street 1") == ["2 × Funghi for 19.00 € to Main street 1? (yes/no)"]
        assert chat.say("yes") == ["Thank you, this is order 1."]

        chat.say("/order")
        assert chat.say("/cancel") == ["Cancelled."]


def test_order_of_somebody_who_forgets(load: Load) -> None:
    clock = FakeClock()
    with Chat(load("order").bot, clock=clock) as chat:
        chat.say("/order")
        clock.advance("5m")
        assert "busy" in chat.wait_for_replies()[-1]


def test_moderation(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL_ADMINS", "+4915199999999")
    with FakeSignal() as server:
        alice = server.add_person("Alice", number="+4915199999999")
        bob = server.add_person("Bob")
        group = server.add_group("Knitting", [alice, bob], admins=[server.uuid])
        with Chat(load("moderation").bot, alice, group="Knitting", server=server) as chat:
            assert chat.say("/ban fluff", sender=bob) == ["Only admins can do that."]
            assert chat.say("/ban Crochet") == ["Not wanted here: crochet"]
            assert chat.say("I love wool", sender=bob) == []
            assert chat.say("I love crochet", sender=bob) == ["Please don't. (1/3)"]
            assert chat.say("crochet !", sender=bob) == ["Please don't. (2/3)"]
            assert chat.say("CROCHET", sender=bob) == ["Bob had to leave."]

        assert bob.id not in group.members


class Post:
    """A request of a web server, to a WSGI app."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    def __call__(self, body: Any, method: str = "POST") -> tuple[str, str]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        told: list[str] = []
        environ = {
            "REQUEST_METHOD": method,
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
        }
        answer = self.app(environ, lambda status, headers: told.append(status))
        return told[0], b"".join(answer).decode()


def test_webhook_relay(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeSignal() as server:
        module = load("webhook_relay")
        alice = server.add_person("Alice", number="+4915187654321")
        with module.bot.reconfigured(signal_service=server.url):
            post = Post(module.app)
            assert post({"title": "Build 7", "text": "failed"})[0] == "200 OK"
            assert post({}, "GET")[0].startswith("405")
            assert post(b"\xff{")[0].startswith("400")
            assert post({"title": "no text"})[0].startswith("400")
            server.rate_limit(1)
            status, answer = post({"title": "Build 8", "text": "failed"})

        assert [sent.text for sent in server.replies_to(alice)] == ["Build 7\nfailed"]
        assert status.startswith("503")
        assert answer.startswith("try again in")


def test_pipeline(load: Load) -> None:
    module = load("pipeline")
    text = b"wool wool wool needle needle yarn a an the"
    try:
        with Chat(module.bot, timeout=30) as chat:
            replies = chat.attach(("one.txt", text), ("two.txt", b"yarn yarn"))

            assert replies == ["one.txt: wool (3), needle (2), yarn (1)", "two.txt: yarn (2)"]
            assert chat.server.state.attachments == {}
    finally:
        module.pool().shutdown()


def test_multi_account(load: Load) -> None:
    numbers = ["+4915112345678", "+4915112345679"]
    with FakeSignal(number=numbers[0], accounts=[numbers[1]]) as server:
        bots = load("multi_account").make_bots(numbers)
        alice = server.add_person("Alice")
        with (
            bots[0].reconfigured(signal_service=server.url),
            bots[1].reconfigured(signal_service=server.url),
            bots[0],
            bots[1],
        ):
            for number in numbers:
                server.say(alice, "/who", to=number)
            server.wait_for_sent(2)

        assert sorted(str(sent.text) for sent in server.sent) == [
            f"You have reached {number}." for number in numbers
        ]


def test_digest(load: Load) -> None:
    clock = FakeClock(WINTER_MORNING)
    with Chat(load("digest").bot, group="Links", clock=clock) as chat:
        chat.say("look: https://example.org/1")
        assert chat.reactions == ["🔖"]
        chat.say("https://example.org/2 and https://example.org/1")
        clock.advance("12h")
        assert chat.wait_for_replies() == [
            "Links of today:\nhttps://example.org/1\nhttps://example.org/2"
        ]
        clock.advance("24h")
        chat.settle()
        assert len(chat.all_replies) == 1


@pytest.fixture
def group_server() -> Iterator[FakeSignal]:
    with FakeSignal() as server:
        yield server


def test_welcome(load: Load, group_server: FakeSignal) -> None:
    server = group_server
    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    group = server.add_group("Knitting", [alice])
    with Chat(load("welcome").bot, alice, group="Knitting", server=server) as chat:
        server.wait_for_request("GET", "/v1/groups")
        chat.settle()

        def update(*members: str, admins: tuple[str, ...] = ()) -> list[Any]:
            # update_group names its frame, too, by the time it returns.
            return chat.act(
                lambda fake: fake.update_group(
                    alice, group, members=[server.uuid, *members], admins=list(admins)
                )
            )

        (welcome,) = update(alice.id, bob.id)
        assert str(welcome).startswith("Welcome ")
        assert welcome.mentions[0]["author"] == bob.id
        (promoted,) = update(alice.id, bob.id, admins=(bob.id,))
        assert str(promoted).endswith("is an admin now.")
        assert update(alice.id) == ["Goodbye Bob."]


def test_async_fan_out(load: Load) -> None:
    with Chat(load("async_fan_out").bot) as chat:
        assert chat.say("/weather Rome Oslo") == ["Rome: 4 degrees", "Oslo: 4 degrees"]
        assert chat.say("/weather") == ["Which city?"]
        assert chat.say("Berlin") == ["Berlin: 6 degrees"]
