"""Relays what another service posts (CI, monitoring, a form) into a Signal chat.

The bot is not started: sending needs no receiving. The same function works in any WSGI server:
``gunicorn webhook_relay:app``.
"""

import json
import os
from wsgiref.simple_server import make_server

from signalbot import ApiError, RateLimited, SignalBot

CHAT = os.environ.get("RELAY_TO", "+4915187654321")

bot = SignalBot()


def app(environ, start_response):
    """``POST {"title": …, "text": …}``"""
    status, answer = relay(environ)
    start_response(status, [("Content-Type", "text/plain")])
    return [answer.encode()]


def relay(environ):
    if environ["REQUEST_METHOD"] != "POST":
        return "405 Method Not Allowed", "POST only"
    try:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), 65536)
        body = json.loads(environ["wsgi.input"].read(length))
        text = f"{body['title']}\n{body['text']}"
    except (ValueError, KeyError, TypeError):
        return "400 Bad Request", "title and text, as JSON"
    try:
        sent = bot.send(CHAT, text)
    except RateLimited as error:
        return "503 Service Unavailable", f"try again in {error.retry_after:.0f} s"
    except ApiError as error:
        return "502 Bad Gateway", type(error).__name__
    return "200 OK", str(sent.timestamp)


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
