"""What one oracle says of a log: it holds in it, it is broken, or the log can't tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pubsub_kit.incidents.history import History

HOLDS, BROKEN, UNDECIDABLE = "holds", "broken", "undecidable"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of an oracle: `verdict` is "holds", "broken" or "undecidable" from this log.

    `message` says why, with names and moments. `records` are indexes into the log's records of what
    is wrong, the last one where it shows; `missing` names the fields that would decide it. `count`
    is the number of messages of which it is true.
    """

    oracle: str
    verdict: str
    message: str
    records: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    count: int = 0

    @property
    def broken(self) -> bool:
        """Whether the log proves it."""
        return self.verdict == BROKEN

    def __str__(self) -> str:
        """Return the finding in one line."""
        verdict = "undecidable from this log" if self.verdict == UNDECIDABLE else self.verdict
        return f"{self.oracle}: {verdict}. {self.message}"


@dataclass
class Notes:
    """What an oracle comes across in a log, until it is a `Finding`."""

    oracle: str
    wrong: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    unknown: list[tuple[str, tuple[int, ...], str]] = field(default_factory=list)

    def broken(self, message: str, *records: int) -> None:
        """Note something that is wrong, and its records."""
        self.wrong.append((message, records))

    def undecided(self, missing: str, message: str, *records: int) -> None:
        """Note something that can't be decided without a field."""
        self.unknown.append((message, records, missing))

    def unplaced(self, history: History) -> None:
        """Note what the log tells of messages without saying in which of its groups."""
        for passage in history.unplaced:
            first = passage.records()[0]
            words = f"In which group is what {history.who(first)} did with {passage.message}"
            self.undecided("group", f"{words} at {history.when(first)}?", first)

    def finding(self, holds: str) -> Finding:
        """Return what comes of it; `holds` is what is said if nothing was noted."""
        if self.wrong:
            message, records = self.wrong[0]
            more = _more(len(self.wrong) - 1, "more like it")
            unsure = _more(len(self.unknown), "more can't be judged")
            return Finding(
                self.oracle, BROKEN, message + more + unsure, records, (), len(self.wrong)
            )
        if self.unknown:
            message, records, _ = self.unknown[0]
            missing = tuple(dict.fromkeys(each for *_, each in self.unknown))
            said = message + _more(len(self.unknown) - 1, "more like it")
            return Finding(self.oracle, UNDECIDABLE, said, records, missing, len(self.unknown))
        return Finding(self.oracle, HOLDS, holds)


def _more(count: int, words: str) -> str:
    return f" ({count:,} {words}.)" if count else ""


class Findings(tuple[Finding, ...]):
    """The findings of all oracles, which print as a line each."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(_line, self))


_SIGNS = {HOLDS: "✓", BROKEN: "✗", UNDECIDABLE: "?"}


def _line(found: Finding) -> str:
    wants = f" Missing: {', '.join(found.missing)}." if found.missing else ""
    return f"{_SIGNS[found.verdict]} {found}{wants}"


#: An oracle: looks at what happened, and says what the log proves.
Question = Callable[[History], Finding]


def told(names: Iterable[str], most: int = 3) -> str:
    """Return names as a sentence lists them, the first few of many."""
    listed = [*names]
    shown = listed[:most]
    if len(listed) > most:
        shown.append(f"{len(listed) - most:,} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
