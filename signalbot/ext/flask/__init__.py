"""Signal bots inside Flask programs.

    from flask import Flask
    from signalbot.ext.flask import SignalBot

    app = Flask(__name__)
    app.config["SIGNAL_PHONE_NUMBER"] = "+4915112345678"
    bot = SignalBot(app)

    @bot.command("stock")
    def stock(ctx, item: str):
        return f"{count_of(item)} left"          # inside the app context

    @app.post("/order")
    def order():
        bot.send("+4915187654321", "An order!")  # web processes only send

``flask signalbot run`` receives, in a process of its own.
"""

from __future__ import annotations

from signalbot.ext.flask.extension import SignalBot

__all__ = ["SignalBot"]
