"""What the sender is told when a command was used wrongly."""

from __future__ import annotations

from signalbot.errors import SignalBotError

LONGEST_ECHO = 40


class UsageError(SignalBotError):
    """A command's arguments do not fit; unlike other errors its text is meant for the chat.

    Converters and handlers may raise it too: what they say is sent as it is.

    Attributes:
        message: what is wrong, as a sentence.
        usage: the usage line, or "" to have it filled in.
    """

    def __init__(self, message: str, usage: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage

    @property
    def reply(self) -> str:
        """The text to answer with."""
        return f"{self.message}\nUsage: {self.usage}" if self.usage else self.message


def shown(text: str) -> str:
    """A word of the sender's, quoted and short enough to repeat."""
    return f"“{text[: LONGEST_ECHO - 1]}…”" if len(text) > LONGEST_ECHO else f"“{text}”"
