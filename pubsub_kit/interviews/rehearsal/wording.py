"""How a report words things: moments, shares, amounts and bars, the same in Markdown and in HTML.

What a person has typed is kept as it is, but for characters that would change how the rest reads.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from math import floor, isfinite, log10
from typing import Any

LONGEST = 4000  # letters of one thing said that a report shows
_BAR = 24  # characters of the longest bar
_TURNERS = {chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F))}
_TURNERS |= {chr(code) for code in range(0x2066, 0x206A)}  # they turn the text that follows


def plain(value: Any, longest: int = LONGEST) -> str:
    """Return what was typed without control characters and half characters, its lines kept.

    A text beyond `longest` letters is cut, and says so. What is no text is "".
    """
    if not isinstance(value, str):
        return ""
    kept = "".join(c for c in value[: 4 * longest] if c in "\n\t" or _shown(c))
    text = "\n".join(" ".join(line.split()) for line in kept.strip().splitlines())
    more = len(value) - longest
    return f"{text[:longest]}… ({more:,} more characters)" if len(text) > longest else text


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs", "Cn") and char not in _TURNERS


def line(value: Any, longest: int = 300) -> str:
    """Return what was typed on one line."""
    return " ".join(plain(value, longest).split())


def number(value: Any) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def stored(value: float) -> float | str:
    """Return a measure as JSON can hold it: what is infinite never came, NaN was not measured."""
    return value if isfinite(value) else "never" if value > 0 else "–"


def minutes(seconds: float) -> str:
    """Return a moment or a duration as minutes and seconds, such as 7:05."""
    whole = max(round(min(seconds, 1e9)), 0)
    return f"{whole // 60}:{whole % 60:02}"


def percent(share: float) -> str:
    """Return a confidence from 0 to 1 as a percentage."""
    return f"{100 * share:.0f}%"


def amount(value: float) -> str:
    """Return a quantity with three significant digits and commas, such as 28,900."""
    if not isfinite(value) or not 1e-3 <= abs(value) < 1e15:
        return f"{value:.3g}"
    if abs(value) < 1000:
        return f"{value:.3g}" if abs(value) < 999.5 else "1,000"
    return f"{round(value, 2 - floor(log10(abs(value)))):,.0f}"


def sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends with a mark of its own."""
    return text if not text or text[-1] in ".!?…”" else f"{text}."


def date(began: float | None) -> str:
    """Return when a rehearsal began, from seconds since the epoch, in UTC; "" where none knows."""
    if began is None:
        return ""
    try:
        moment = datetime.fromtimestamp(began, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def bar(given: float, used: float, longest: float) -> str:
    """Draw time as characters: █ used, ░ given and not used, ▓ beyond what was given."""
    full, spare, over = (
        round(_BAR * part / longest) if longest > 0 else 0
        for part in (min(given, used), max(given - used, 0), max(used - given, 0))
    )
    return "█" * full + "░" * spare + "▓" * over


def against(given: float, used: float) -> str:
    """Say how the time used compares with the time given."""
    if used > given:
        return f"{minutes(used - given)} over"
    return "not entered" if used == 0 else f"{minutes(given - used)} left"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, such as "1 hint" or "3 hints"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
