"""Who was answered, when, how often and in which order."""

from __future__ import annotations

from benchmarks.load_script import Sheet


class Oracle:
    """Keeps what came back in one phase, and says what is wrong with it."""

    def __init__(self, sheet: Sheet) -> None:
        self._owed = sheet.owed
        self.pushed = [0.0] * len(sheet.frames)
        self.answered: dict[str, float] = {}
        self.duplicates = 0
        self.out_of_order = 0
        self._last_of_chat: dict[int, int] = {}

    @property
    def is_complete(self) -> bool:
        return len(self.answered) == len(self._owed)

    @property
    def lost(self) -> int:
        return len(self._owed) - len(self.answered)

    def take(self, text: str, at: float) -> bool:
        """Note a reply; False if this phase owes no such thing."""
        owed = self._owed.get(text)
        if owed is None:
            return False
        if text in self.answered:
            self.duplicates += 1
            return True
        self.answered[text] = at
        index, chat = owed
        if self._last_of_chat.get(chat, -1) > index:
            self.out_of_order += 1
        self._last_of_chat[chat] = index
        return True

    def latencies(self) -> list[float]:
        """Seconds from the push to the reply, ascending."""
        return sorted(at - self.pushed[self._owed[text][0]] for text, at in self.answered.items())

    def seconds(self) -> float:
        """From the first push to the last reply."""
        return max(self.answered.values(), default=self.pushed[-1]) - self.pushed[0]


def percentile(ascending: list[float], part: float) -> float:
    """The value below which this part lies; 0 if there are none."""
    if not ascending:
        return 0.0
    return ascending[min(len(ascending) - 1, int(len(ascending) * part))]
