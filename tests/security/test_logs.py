"""Nothing of anybody's is in the logs of a whole day, at any level of any logger."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import AskTimeout, Reject, RetryPolicy, SignalBot
from signalbot.errors import SignalBotError
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

SECRETS = {
    "a message's text": "xylophone-hidden-words",
    "an answer's text": "trombone-answer-words",
    "an edit's text": "bassoon-edit-words",
    "a name": "Aloysia",
    "a group's name": "Zirkelverein",
    "a file's name": "geheim-kontoauszug",
    "a uuid": "0000c0de-1111-4222-8333-444455556666",
    "the sender's number": "4915777000111",
    "the other's number": "4915777000222",
    "the password": "sesame-password",
    "a header's token": "bearer-token-0815",
    "the webhook's secret": "webhook-secret-4711",
    "a captcha token": "captcha-token-3141",
    "a challenge token": "challenge-token-2718",
    "what a handler raised": "+4915777000111 xylophone-hidden-words",
}


class Everything(logging.Handler):
    """Keeps every record of every logger, as text and with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.loggers: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("websockets", "uvicorn", "asyncio")):
            return  # the stand-in's own
        self.lines.append(logging.Formatter("%(name)s %(message)s %(args)s").format(record))
        self.loggers.add(record.name.split(".")[0])


@pytest.fixture
def everything() -> Any:
    handler = Everything()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    named = [logging.getLogger(name) for name in ("httpx", "httpcore", "websocket", "waitress")]
    for logger in named:
        logger.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    for logger in named:
        logger.setLevel(logging.NOTSET)


def test_a_whole_scenario(
    server: FakeSignal, make_bot: MakeBot, everything: Everything, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    text, answer, edit = (SECRETS[f"{a} text"] for a in ("a message's", "an answer's", "an edit's"))
    address = server.url.replace("http://", f"http://user:{SECRETS['the password']}@")
    bot = make_bot(
        signal_service=address,
        headers={"X-Token": SECRETS["a header's token"]},
        webhook_listen="127.0.0.1:0",
        webhook_secret=SECRETS["the webhook's secret"],
        retry=RetryPolicy(max_attempts=2, delay=0.01),
        handler_timeout=0.5,
        max_frame=64 * 1024,
    )
    hung = threading.Event()
    errors: list[BaseException] = []

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        raise ValueError(f"{SECRETS['what a handler raised']} of {ctx.sender} in {ctx.message!r}")

    @bot.command("reject")
    def reject(ctx: Any) -> None:
        raise Reject(ctx.text)

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        hung.wait(10)

    @bot.command("ask")
    def ask(ctx: Any) -> str:
        try:
            return f"{answer}: " + str(ctx.ask("what?", timeout=5))
        except AskTimeout:
            return "too late"

    @bot.command("files")
    def files(ctx: Any) -> None:
        for attachment in ctx.attachments:
            attachment.save(tmp_path / "files")
        ctx.log.info("user.log", text=ctx.text, sender=str(ctx.sender), note=repr(ctx.message))

    @bot.on_event
    def observe(ctx: Any) -> None:
        if ctx.event.kind == "reaction":
            raise ValueError(text)

    @bot.on_message
    def echo(ctx: Any) -> str:
        with ctx.typing():
            ctx.mark_read()
            ctx.react("👍")
        return f"{answer} {ctx.text}"

    def tried(call: Callable[[], Any]) -> None:
        try:
            call()
        except (SignalBotError, OSError) as error:
            errors.append(error)

    alice = server.add_person(
        SECRETS["a name"], number="+" + SECRETS["the sender's number"], uuid=SECRETS["a uuid"]
    )
    other = "+" + SECRETS["the other's number"]
    group = server.add_group(SECRETS["a group's name"], [alice])
    with bot:
        stamp = server.say(alice, text)
        server.say(alice, text, group=group)
        server.edit(alice, stamp, edit)
        server.react(alice, "👍", stamp)
        for name in ("fail", "reject", "ask", "nocommand"):
            server.say(alice, f"/{name} {text}" if name != "ask" else "/ask")
        server.wait_for_sent(lambda sent: sent.text == "what?", 10)
        server.say(alice, text)
        name = SECRETS["a file's name"] + ".pdf"
        server.say(alice, f"/files {text}", attachments=[(name, b"%PDF")])
        server.push(f'{{"envelope": {text}', account=server.number)
        server.say(server.add_person("Bob"), "/hang")
        eventually(lambda: len(bot.dead_letters.list()) >= 4, 20)

        server.rate_limit(1, (SECRETS["a challenge token"],))
        tried(lambda: bot.send(other, text))
        tried(
            lambda: bot.client.accounts.solve_challenge(
                SECRETS["a challenge token"], SECRETS["a captcha token"]
            )
        )
        server.fail_next(1, 500, text=f"Failed to send to {other}", path="/v2/send")
        tried(lambda: bot.send(other, text))
        server.untrusted(alice)
        tried(lambda: bot.send(alice.number, text))
        server.crash_mid_request(path="/v2/send")
        tried(lambda: bot.send(other, text))
        bot.client.http.client.event_hooks = {"request": [lambda request: None]}
        tried(lambda: bot.client.identities.trust(other, all_known_keys=True))
        server.say(alice, "x" * 100_000)  # beyond max_frame
        server.wait_for(lambda: server.connections_made >= 2, 15, "a second connection")
        server.drop_websocket()
        hung.set()
        letters = bot.dead_letters.list(limit=None)
        shown = "".join(letter.error + letter.traceback for letter in letters)

    logged = "\n".join([*everything.lines, *capfd.readouterr()])
    print(f"{len(everything.lines)} records of {sorted(everything.loggers)}; {len(errors)} errors")
    assert "signalbot" in everything.loggers
    assert {"httpx", "httpcore"} & everything.loggers
    assert len(everything.lines) > 10
    texts = {
        "logs": logged,
        "errors": "\n".join(map(str, errors)),
        "dead letters": shown,
        "reprs": repr(bot) + repr(bot.settings) + repr(bot.client),
    }
    leaks = {
        (where, what): next(line for line in text.splitlines() if secret in line)[:300]
        for where, text in texts.items()
        for what, secret in SECRETS.items()
        if secret in text
    }
    assert leaks == {}
