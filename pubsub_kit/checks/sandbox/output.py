"""What the code under check printed: its last run alone, and no more than a page of it."""

from __future__ import annotations

import io

_LINES, _WIDTH = 6, 120


class Output(io.StringIO):
    """Collects what is printed, up to a bound, so that printing for ever fills no memory."""

    LIMIT = 10_000  # characters

    def __init__(self) -> None:
        super().__init__()
        self.lost = 0

    def write(self, text: str) -> int:
        """Keep the text if there is room."""
        room = self.LIMIT - self.tell()
        super().write(text[: max(room, 0)])
        self.lost += text[max(room, 0) :].count("\n")
        return len(text)

    def clear(self) -> None:
        """Forget what was printed so far."""
        self.seek(0)
        self.truncate()
        self.lost = 0

    @property
    def summary(self) -> str:
        """The first lines that were printed, and how many more there are."""
        lines = [line for line in self.getvalue().splitlines() if line.strip()]
        more = max(len(lines) - _LINES, 0) + self.lost
        shown = [line[:_WIDTH] for line in lines[:_LINES]]
        return "\n".join([*shown, *([f"… and {more:,} more lines"] if more else [])])
