"""What people and the bot do to each other, as the page's stream tells it."""

from __future__ import annotations

import threading

import pytest

from signalbot import SignalBot, filters, simulator
from signalbot.errors import SignalBotError
from signalbot.simulator.web import Simulator
from tests.simulator.page_client import PageClient


def say(client: PageClient, text: str, chat: str = "p1", who: str = "a1") -> str:
    id: str = client.act("say", chat=chat, text=text, **{"as": who})["id"]
    return id


def test_a_message_is_answered_below_it(client: PageClient) -> None:
    say(client, "/ping")

    client.answer("p1", "pong")

    assert [each["text"] for each in client.messages("p1")] == ["/ping", "pong"]


def test_a_message_in_a_group_is_answered_there(client: PageClient) -> None:
    say(client, "who am I?", "g1", "a2")

    assert client.answer("g1", "You are Bob, in Lunch.")
    assert client.messages("p2") == []


def test_styles_mentions_quotes_edits_and_pictures_are_shown(client: PageClient) -> None:
    say(client, "/style")
    styled = client.answer("p1", "Bold")
    say(client, "/hello")
    greeting = client.answer("p1", "Hello")
    asked = say(client, "/work")
    done = client.answer("p1", "Done.")
    say(client, "/picture")
    painted = client.answer("p1", "Painted")

    assert {each["style"] for each in styled["styles"]} >= {"BOLD", "SPOILER", "MONOSPACE"}
    assert [each["who"] for each in greeting["mentions"]] == ["a1"]
    assert done["quote"]["id"] == asked
    assert done["edits"] == 1
    assert painted["files"][0]["isImage"]


def test_an_upload_reaches_the_bot(client: PageClient) -> None:
    stored = client.http.post("api/uploads?name=notes.txt", content=b"hello " * 20).json()

    client.act("say", chat="p1", files=[stored["id"]], **{"as": "a1"})

    assert client.answer("p1", "Thank you for notes.txt: 120 bytes.")


def test_a_poll_is_started_voted_and_closed(client: PageClient) -> None:
    say(client, "/vote", "g1")
    poll = client.wait(lambda all: next((m for m in all["messages"] if m["poll"]), None))

    client.act("vote", message=poll["id"], choices=[0], **{"as": "a2"})
    client.act("vote", message=poll["id"], choices=[2], **{"as": "a2"})

    shown = client.wait(lambda all: next(m for m in all["messages"] if m["poll"])["poll"])
    assert shown["votes"] == {"a2": [2]}
    refused = client.post("vote", message=poll["id"], choices=[0, 1], **{"as": "a3"})
    assert refused.json()["error"] == "this poll takes one choice"


def test_ticks_follow_a_message(client: PageClient) -> None:
    message = say(client, "read this")

    mine = client.wait(
        lambda all: next((m for m in all["messages"] if m["id"] == message and m["read"]), None)
    )
    reply = client.answer("p1", "You said")
    client.act("read", chat="p1", **{"as": "a1"})

    assert mine["read"] == ["bot"]
    assert reply["delivered"] == ["a1"]
    assert client.answer("p1", "You said")["read"] == ["a1"]


def test_only_its_author_edits_and_deletes_a_message(client: PageClient) -> None:
    message = say(client, "hello there", "g1")

    assert client.post("edit", message=message, text="no", **{"as": "a2"}).status_code == 400
    client.act("edit", message=message, text="hello here", **{"as": "a1"})
    (edited,) = client.messages("g1")
    client.act("delete", message=message, **{"as": "a1"})
    (deleted,) = client.messages("g1")

    assert (edited["text"], edited["edits"]) == ("hello here", 1)
    assert deleted["deleted"]
    assert deleted["text"] is None


def test_a_trace_says_who_matched_and_why_not(client: PageClient) -> None:
    message = say(client, "/ping")

    trace = client.trace(message, lambda t: t["attempts"] and t["attempts"][0]["ended"])

    by_name = {each["handler"].rpartition(".")[2]: each for each in trace["routing"]}
    assert by_name["ping"]["runs"]
    assert not by_name["add"]["matched"]
    assert "does not call" in by_name["add"]["why"]
    assert "comes first" in by_name["echo"]["why"]
    assert trace["attempts"][0]["outcome"] == "done"
    assert trace["attempts"][0]["handler"].endswith("ping")


def test_a_failing_handler_is_tried_again_then_a_dead_letter_then_replayed(
    client: PageClient,
) -> None:
    message = say(client, "/fail")
    trace = client.trace(message, lambda t: t["letter"])

    letter = client.wait(lambda all: all["letters"])[0]
    assert [each["outcome"] for each in trace["attempts"]] == ["retry", "dead_letter"]
    assert trace["attempts"][0]["error"]["type"] == "RuntimeError"
    assert "raise RuntimeError" in trace["attempts"][0]["error"]["traceback"]
    assert letter["frame"] == trace["id"]

    client.act("dead-letters", action="replay", ids=[letter["id"]])
    again = client.trace(message, lambda t: len(t["attempts"]) == 4 and t["letter"])
    assert [each["number"] for each in again["attempts"]] == [1, 2, 1, 2]

    found = client.wait(
        lambda all: [each["id"] for each in all["letters"] if each["id"] != letter["id"]]
    )
    client.act("dead-letters", action="purge", ids=found)
    assert client.wait(lambda all: all["letters"] == [])


def test_a_question_waits_and_its_answer_says_so(client: PageClient) -> None:
    order = say(client, "/order")
    client.answer("p1", "What would you like?")
    client.trace(order, lambda t: t["attempts"][-1]["outcome"] == "asking")

    dish = say(client, "pizza")
    client.answer("p1", "How many?")

    answer = client.trace(dish, lambda t: t["answers"])
    (asked,) = [each["frames"][0] for each in client.messages("p1") if each["id"] == order]
    assert answer["answers"] == asked


def test_an_event_that_nobody_handles_is_traced_too(client: PageClient) -> None:
    message = say(client, "nobody answers this", "g1")
    client.act("react", message=message, emoji="👍", **{"as": "a2"})

    frames = client.wait(
        lambda all: next((m["frames"] for m in all["messages"] if len(m["frames"]) == 2), None)
    )
    trace = client.wait(
        lambda all: (all["traces"][frames[1]]["arrived"] and all["traces"][frames[1]]) or None
    )
    assert trace["about"] == "👍 by Bob"
    assert not trace["wanted"]


def test_the_server_fails_and_the_retry_succeeds(client: PageClient) -> None:
    client.act("faults", action="fail", count=1)

    message = say(client, "/ping")

    client.answer("p1", "pong")
    trace = client.trace(message, lambda t: t["attempts"][-1]["outcome"] == "done")
    assert trace["attempts"][0]["error"]["type"] == "ServerFailed"


def test_a_rate_limit_lasts_until_its_challenge_is_solved(client: PageClient) -> None:
    token = client.act("faults", action="rate-limit", count=100)["token"]
    client.wait(lambda all: all["faults"]["limits"])

    client.act("faults", action="solve", token=token)

    assert client.wait(lambda all: all["faults"]["limits"] == [])
    assert client.post("faults", action="solve", token=token).status_code == 400


def test_a_dropped_websocket_comes_back(client: PageClient) -> None:
    client.act("faults", action="drop")

    client.wait(lambda all: all["status"]["connections"] == 2 and all["status"]["connected"])
    say(client, "/ping")

    assert client.answer("p1", "pong")


def test_a_lossy_socket_loses_part_of_a_burst(client: PageClient) -> None:
    client.act("faults", action="lossy", on=True)
    client.wait(lambda all: all["status"]["connections"] == 2 and all["status"]["connected"])

    client.act("burst", chat="g1", count=50, **{"as": "a1"})

    assert client.wait(lambda all: all["status"]["lost"] > 0)
    traces = client.snapshot()["traces"].values()
    assert any(trace["arrived"] is None for trace in traces)


def test_a_message_comes_twice_and_is_handled_once(client: PageClient) -> None:
    client.act("faults", action="duplicate")

    message = say(client, "/ping")

    trace = client.trace(message, lambda t: t["copies"] == 2 and t["attempts"])
    client.answer("p1", "pong")
    assert len(trace["attempts"]) == 1


def test_a_server_that_is_gone_comes_back(client: PageClient) -> None:
    client.act("faults", action="down", on=True)
    client.wait(lambda all: not all["status"]["connected"])

    client.act("faults", action="clear")

    assert client.wait(lambda all: all["status"]["connected"])


def test_people_and_groups_can_be_added(client: PageClient) -> None:
    dora = client.act("add-person", name="Dora")["id"]
    group = client.act("add-group", name="Chess", members=[dora, "a1"])["id"]

    say(client, "who am I?", group, dora)

    assert client.answer(group, "You are Dora, in Chess.")
    assert client.post("add-person", name="Dora").status_code == 400


def test_a_bot_of_ones_own_is_put_on_stage_and_given_back() -> None:
    bot = SignalBot("+4915500000001", "http://127.0.0.1:9", storage="memory")

    @bot.on_message(filters.private())
    def echo(ctx: object) -> str:
        return "own bot"

    with simulator.start(bot) as running:
        with PageClient(running) as client:
            say(client, "hello")
            assert client.answer("p1", "own bot")
        assert bot.account == "+4915500000001"

    assert bot.settings.signal_service == "http://127.0.0.1:9"
    assert bot.settings.storage == "memory"
    assert bot.hooks.before_park == []
    assert bot.state != "running"


def test_a_running_bot_is_not_put_on_stage(simulator: Simulator) -> None:
    with pytest.raises(SignalBotError):
        Simulator(simulator.bot)


def test_stopping_twice_and_from_elsewhere_is_fine() -> None:
    from signalbot.simulator.demo_bot import make_bot

    running = Simulator(make_bot)
    other = threading.Thread(target=running.stop)
    other.start()
    running.stop()
    other.join(10)

    assert not other.is_alive()
    assert running.bot.state != "running"
