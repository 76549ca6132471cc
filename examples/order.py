"""An order as a conversation, in plain code: questions, a choice, a way out.

Hundreds of people may be in the middle of it: nobody who thinks about an answer takes a worker.
"""

from decimal import Decimal

from signalbot import AskCancelled, AskTimeout, SignalBot

MENU = {"Margherita": Decimal("8.50"), "Funghi": Decimal("9.50"), "Diavola": Decimal("10.00")}

bot = SignalBot()


@bot.command("order")
def order(ctx):
    """Order pizzas."""
    name = ctx.choose("What would you like?", list(MENU))
    count = ctx.ask(
        "How many?", type=int, check=lambda count: 0 < count <= 10 or "1 to 10, please."
    )
    street = ctx.ask("Where to?", check=lambda text: len(text) > 5, retry_text="Street and number?")
    if not ctx.confirm(f"{count} × {name} for {count * MENU[name]} € to {street}?"):
        return "Never mind."
    number = ctx.once("number", lambda: ctx.storage.incr("orders"))
    return f"Thank you, this is order {number}."


@bot.on_error(AskCancelled)
def cancelled(ctx, error):
    return "Cancelled."


@bot.on_error(AskTimeout)
def forgotten(ctx, error):
    return "You seem to be busy. Write /order when you are hungry again."


if __name__ == "__main__":
    bot.run()
