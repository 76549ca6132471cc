"""Log lines: whose configuration counts, what they carry, what they never show."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from signalbot import SettingsError, SignalBot
from signalbot.observability.logging import JsonFormatter, configure, get_logger, label
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

NUMBER = "+4915199999999"
UUID = "5b3f1a52-8a4e-4d0c-9c51-0d8b3a3b1f10"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the signalbot loggers write, as a host's own JSON handler sees it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("signalbot")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(level)


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip


# -- whose configuration ---------------------------------------------------------------------


def test_nothing_global_is_configured() -> None:
    told = python(
        """
        import logging, structlog
        root, before = logging.getLogger(), structlog.get_config()
        import signalbot, signalbot.bot
        from signalbot.observability.logging import get_logger
        signalbot.SignalBot("+4915112345678")
        get_logger("signalbot.x").warning("something", n=1)
        print(root.handlers, root.level)
        print(structlog.is_configured(), structlog.get_config() == before)
        print([type(h).__name__ for h in logging.getLogger("signalbot").handlers])
        print(logging.getLogger("signalbot").level, logging.getLogger("signalbot").propagate)
        """
    )

    assert told.stdout.splitlines() == ["[] 30", "False True", "['NullHandler']", "0 True"]
    assert told.stderr == ""  # a library without a configured host is silent


def test_the_host_s_stdlib_configuration_counts() -> None:
    told = python(
        """
        import logging
        logging.basicConfig(format="%(levelname)s|%(name)s|%(message)s", level="INFO")
        from signalbot.observability.logging import get_logger
        log = get_logger("signalbot.x")
        log.debug("unseen")
        log.info("seen", n=1, words="two words")
        """
    )

    assert told.stderr == "INFO|signalbot.x|seen n=1 words='two words'\n"


RUN = """
    import logging, threading
    {setup}
    from signalbot import SignalBot
    from signalbot.testing import FakeSignal
    import tempfile
    with FakeSignal() as server:
        bot = SignalBot(server.number, server.url, state_dir=tempfile.mkdtemp(), retry=None{more})
        @bot.command("boom")
        def boom(ctx):
            raise KeyError("tomatoes")
        def act():
            server.wait_for_socket()
            server.say(server.add_person("Alice"), "/boom")
            server.wait_for(lambda: len(bot.dead_letters), 15, "a dead letter")
            bot.stop()
        threading.Thread(target=act).start()
        bot.run()
    logger = logging.getLogger("signalbot")
    print([type(h).__name__ for h in logger.handlers], logger.level, logger.propagate)
    """


@pytest.mark.parametrize(("more", "has_information"), [("", False), (", log_level='INFO'", True)])
def test_run_shows_what_nobody_else_does_and_leaves_nothing_behind(
    more: str, has_information: bool
) -> None:
    told = python(RUN.format(setup="", more=more))

    assert "handler.dead_letter" in told.stderr
    assert ("intake.connected" in told.stderr) is has_information
    assert told.stdout == "['NullHandler'] 0 True\n"


def test_run_adds_nothing_to_a_host_s_configuration() -> None:
    setup = "logging.basicConfig(format='host|%(message)s', level='ERROR')"
    told = python(RUN.format(setup=setup, more=", log_level='INFO'"))

    lines = [line for line in told.stderr.splitlines() if "handler.dead_letter" in line]
    assert [line[:5] for line in lines] == ["host|"]
    assert "intake.connected" not in told.stderr


def test_a_level_that_there_is_not_is_said_at_construction() -> None:
    with pytest.raises(SettingsError, match=r"log_level.*WARNING"):
        SignalBot("+4915112345678", log_level="loud")


def test_structlog_s_own_configuration_stays_the_host_s() -> None:
    told = python(
        """
        import logging, sys, structlog
        structlog.configure(processors=[structlog.processors.KeyValueRenderer(["event"])],
                            logger_factory=structlog.PrintLoggerFactory(sys.stdout))
        formatter = structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer()],
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()])
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
        from signalbot.observability.logging import get_logger
        structlog.get_logger().warning("host", number=1)
        get_logger("signalbot.x").warning("ours", n=2)
        """
    )

    host, ours = told.stdout.splitlines()
    assert host == "event='host' number=1"
    assert json.loads(ours) == {
        "event": "ours n=2", "level": "warning", "signalbot": {"event": "ours", "n": 2},
    }  # fmt: skip


def test_django_s_logging_setting_counts() -> None:
    pytest.importorskip("django")
    told = python(
        """
        from signalbot.observability.logging import get_logger
        log = get_logger("signalbot.x")
        import django
        from django.conf import settings
        settings.configure(LOGGING={
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"short": {"format": "%(levelname)s %(message)s"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "short",
                                 "stream": "ext://sys.stdout"}},
            "loggers": {"signalbot": {"handlers": ["out"], "level": "ERROR", "propagate": False}},
        })
        django.setup()
        log.warning("unseen")
        log.error("seen", n=1)
        """
    )

    assert told.stdout == "ERROR seen n=1\n"


def test_configure_is_for_scripts_and_may_be_called_twice() -> None:
    told = python(
        """
        import logging, sys
        own = logging.StreamHandler(sys.stdout)
        logging.getLogger("signalbot").addHandler(own)
        from signalbot.observability.logging import configure, get_logger
        configure()
        configure("debug", json=True)
        get_logger("signalbot.x").debug("seen", n=1)
        print(logging.getLogger().handlers)
        """
    )

    assert told.stdout == "seen n=1\n[]\n"  # the host's handler stays
    (line,) = told.stderr.splitlines()
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry == {"level": "debug", "logger": "signalbot.x", "event": "seen", "n": 1}


# -- context ---------------------------------------------------------------------------------


def test_lines_of_a_message_say_which(
    server: FakeSignal, make_bot: MakeBot, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    bot = make_bot(retry=None)

    @bot.command("greet")
    def greet(ctx: Any) -> str:
        get_logger("shop").info("not.ours")
        get_logger("signalbot.shop").info("greeting", guest=ctx.sender)
        return "hello"

    alice = server.add_person("Alice", number=NUMBER)
    with bot:
        server.say(alice, "/greet me")
        (line,) = eventually(lambda: [line for line in lines() if line["event"] == "greeting"])

    assert line["chat"] == label(alice.uuid)
    assert line["handler"].endswith("greet")
    assert line["attempt"] == 1
    assert line["trace"]
    assert NUMBER not in json.dumps(lines())
    assert alice.uuid not in json.dumps(lines())
    assert structlog.contextvars.get_contextvars() == {}


def test_a_failing_handler_s_lines_show_nobody(
    server: FakeSignal, make_bot: MakeBot, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    bot = make_bot(retry=None)

    @bot.on_event
    def watch(ctx: Any) -> None:
        raise ValueError(f"cannot read {ctx.text} of {ctx.sender}")

    @bot.command("break")
    def fail(ctx: Any) -> None:
        raise RuntimeError(f"no {ctx.text}")

    alice = server.add_person("Alice Liddell", number=NUMBER)
    with bot:
        server.say(alice, "/break my-secret-plan")
        eventually(lambda: [line for line in lines() if line["event"] == "handler.dead_letter"])

    told = json.dumps(lines())
    assert "ValueError" in told
    assert [
        word for word in ("my-secret-plan", "Liddell", NUMBER, alice.uuid) if word in told
    ] == []


# -- redaction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({"detail": f"call {NUMBER} back"}, NUMBER),
        ({"detail": "GET /v1/receive/%2B4915199999999"}, "4915199999999"),
        ({"detail": f"sent to {UUID}"}, UUID),
        ({"detail": "http://user:sesame@host/"}, "sesame"),
        ({"detail": "Authorization: Bearer sesame"}, "sesame"),
        ({"detail": "signalcaptcha://sesame"}, "sesame"),
        ({"text": "sesame"}, "sesame"),
        ({"name": "sesame"}, "sesame"),
        ({"token": "sesame"}, "sesame"),
        ({"answer": {"text": "sesame", "n": 1}}, "sesame"),
        ({"answer": {"inner": [{"name": "sesame"}]}}, "sesame"),
        ({"people": [NUMBER]}, NUMBER),
        ({"people": {NUMBER: 1}}, NUMBER),
        ({"raw": b"sesame"}, "sesame"),
    ],
)
def test_private_things_are_taken_out(
    fields: dict[str, Any], hidden: str, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    get_logger("signalbot.test").warning("happened", **fields)

    assert [line["event"] for line in lines()] == ["happened"]
    assert hidden not in json.dumps(lines())


def test_what_is_nobody_s_stays_readable(lines: Callable[[], list[dict[str, Any]]]) -> None:
    fields: dict[str, Any] = {"count": 3, "ratio": 0.5, "ok": True, "ids": [1, 2], "at": None}

    get_logger("signalbot.test").info("happened", **fields)

    (line,) = lines()
    assert {name: line[name] for name in fields} == fields


def test_a_torn_surrogate_is_no_reason_to_fail(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("signalbot")
    before = (logger.level, logger.propagate, list(logger.handlers))
    try:
        configure()
        get_logger("signalbot.test").warning("happened", detail="\ud83d")
    finally:
        logger.setLevel(before[0])
        logger.propagate, logger.handlers = before[1], before[2]

    assert "happened" in capsys.readouterr().err


SCRIPT = """
import logging, sys
from signalbot import SignalBot
{head}
bot = SignalBot(retry=None, receive_mode="none", log_level="info")

@bot.every(0.05)
def end(bot):
    bot.request_stop()

bot.run()
"""


@pytest.mark.parametrize(
    ("head", "begins"),
    [("", "20"), ("logging.basicConfig(format='HOST %(message)s', level='INFO')", "HOST ")],
)
def test_a_script_that_asks_for_it_sees_the_log(
    server: FakeSignal, tmp_path: Path, head: str, begins: str
) -> None:
    env = {
        **os.environ, "SIGNAL_PHONE_NUMBER": server.number, "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(head=head)],
        env=env, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip

    lines = [line for line in done.stderr.splitlines() if "bot.stopping" in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(begins)


def test_a_level_that_is_none_is_refused_at_once(server: FakeSignal) -> None:
    with pytest.raises(SettingsError, match=r"log_level .*DEBUG, INFO"):
        SignalBot(server.number, server.url, log_level="loud")
