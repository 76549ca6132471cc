"""The stand-in as a program of its own, for other languages or a notebook."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .fake_signal import FakeSignal


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    fake = FakeSignal(
        number=options.number,
        mode=options.mode,
        lossy=options.lossy,
        hold=options.hold,
        host=options.host,
        port=options.port,
        webhook_url=options.webhook_url,
        is_controllable=True,
    )
    if options.state is not None and options.state.exists():
        try:
            fake.load(json.loads(options.state.read_text()))
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            parser.error(f"--state: {options.state} is no dump of a stand-in: {error}")
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    try:
        fake.start()
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on {options.host}:{options.port}: {error}")
    with fake:
        sys.stdout.write(f"stand-in for {fake.number} at {fake.url}, Ctrl-C ends it\n")
        sys.stdout.flush()
        end.wait()
    if options.state is not None:
        options.state.write_text(json.dumps(fake.dump()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m signalbot.testing.server",
        description="A stand-in for signal-cli-rest-api on loopback.",
        epilog="POST /fake/say {sender, text, group}, /fake/fail_next {...}, GET /fake/sent, "
        "GET and PUT /fake/state: every switch of signalbot.testing.FakeSignal as JSON.",
    )
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--number", default="+4915112345678", help="the registered account")
    parser.add_argument(
        "--mode", choices=("json-rpc", "json-rpc-native", "normal", "native"), default="json-rpc"
    )
    parser.add_argument("--lossy", action="store_true", help="drop frames in bursts")
    parser.add_argument("--hold", action="store_true", help="keep frames until a socket connects")
    parser.add_argument("--webhook-url", help="post every frame there")
    parser.add_argument("--state", type=Path, help="JSON file, loaded at start, written at the end")
    return parser
