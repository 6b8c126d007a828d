"""The rows of a log's contract: what it keeps, through every crash and every changed byte.

The order matters: each row takes for granted what those before it promise.
"""

from __future__ import annotations

from functools import partial

from pubsub_kit.checks.contract import disk
from pubsub_kit.checks.contract.damage import Written, cut, flipped, zeroed
from pubsub_kit.checks.contract.log_case import (
    OFFSETS,
    LogCase,
    Opened,
    numbered,
    outcome,
    said,
    size_of,
)
from pubsub_kit.checks.contract.trial import Row, kept_in

#: What every log has to keep.
LOG_ROWS: list[Row] = []

RECORDS = [b"tea", b"jam", b"rye", b"oats"]
NO_PATH = "any path will do"
IN_MEMORY = "memory is enough"
BUFFERED = "write() puts it on the disk"
BEGINS_ANEW = "opening a file for writing keeps it"
SEPARATOR = "no record holds my separator"
NEVER_READ = "what is written is known"
DROPS_THE_LAST = "the last record is always torn"
PARTLY_FLUSHED = "one flush is enough"
EMPTY_IS_THE_END = "an empty record is the end"
OVERWRITES = "a write goes to the end"
BY_NAME = "names sort as numbers do"


@kept_in(LOG_ROWS)
def in_order(case: LogCase) -> None:
    """Append returns 0, 1, 2, and so on, and read returns what was appended from an offset on."""
    log = case.open()
    log.holds([])
    log.appends(*RECORDS)
    log.holds(RECORDS, OFFSETS)
    for offset in range(len(RECORDS) + 2):
        given = log.read(offset)
        words = f"read({offset}) returned {said(given)} instead of {said(RECORDS[offset:])}."
        case.expect(given == RECORDS[offset:], words, belief=OFFSETS)


@kept_in(LOG_ROWS)
def another_path(case: LogCase) -> None:
    """A log at another path is another log."""
    one = case.open()
    one.appends(b"tea", b"jam")
    other = case.open()
    other.holds([], NO_PATH)
    other.appends(b"rye")
    one.holds([b"tea", b"jam"], NO_PATH)
    other.holds([b"rye"], NO_PATH)


@kept_in(LOG_ROWS)
def on_the_disk(case: LogCase) -> None:
    """Once append has returned, the record is on the disk, for whoever opens the log next."""
    log = case.open()
    for number, data in enumerate(RECORDS, 1):
        log.appends(data, first=number - 1)
        files, due = log.files, RECORDS[:number]
        case.note("crash", "log", text=f"its process dies: {size_of(files)} bytes are on the disk")
        given, raised = outcome(partial(case.open, files))
        if raised is None and given == due:
            continue
        last = len(case.trace) - 1
        what = f"read() returned {said(given)}" if raised is None else raised.words.rstrip(".")
        words = f"append had acknowledged {said(due)}. The process died, and after that {what}."
        belief = _lost(log, files, due[: len(given)] == given)
        case.expect(False, words, last, belief, numbered(due), numbered(given))


def _lost(log: Opened, files: disk.Files, begins_alike: bool) -> str:
    """Say why a log that is opened anew lacks records, if its files show it."""
    left = size_of(log.case.opening_of(files)[-1])
    mark = log.case.mark()
    log.append(RECORDS[-1])
    log.case.back(mark)
    kept = size_of(log.case.opening_of(log.files)[-1])  # with one record more
    late = log.dies()
    if size_of(files) and left < size_of(files):
        if late:
            return PARTLY_FLUSHED
        return DROPS_THE_LAST if kept else BEGINS_ANEW
    if not begins_alike:
        return ""
    if late:
        return BUFFERED
    if any(disk.is_sqlite(files, name) for name in files):
        return ""
    return NEVER_READ if size_of(files) else IN_MEMORY


@kept_in(LOG_ROWS)
def opened_again(case: LogCase) -> None:
    """A log that is opened again goes on at the next offset."""
    kept: list[bytes] = []
    log = case.open()
    for data in RECORDS:
        before = size_of(log.files)
        log.appends(data, first=len(kept))
        kept.append(data)
        over = OVERWRITES if 0 < size_of(log.files) <= before else ""
        log = case.open(log.files)
        log.holds(kept, over)


@kept_in(LOG_ROWS)
def many(case: LogCase) -> None:
    """A log keeps its order however many records it has, here 12."""
    log, due = case.open(), [b"record %d" % n for n in range(12)]
    log.appends(*due)
    given = case.open(log.files).read()
    at = next((n for n, data in enumerate(due) if given[n : n + 1] != [data]), len(due))
    words = f"12 records were appended, and read() returned {said(given[at : at + 1])} at offset "
    words += f"{at}." if at < 12 else "12."
    case.expect(given == due, words, belief=BY_NAME if sorted(given) == sorted(due) else "")


@kept_in(LOG_ROWS)
def any_bytes(case: LogCase) -> None:
    """A record may hold any bytes, newlines and zeros among them, or none at all."""
    log = case.open()
    log.appends(b"tea")
    own = max(log.files.values(), key=len, default=b"")[:4096]
    odd = [b"a\nb\r\n", b"\n", b"", b"\0\0\0\0", b'","\\', bytes(range(256)), own, own[-8:]]
    log.appends(*odd, b"jam", first=1)
    due = [b"tea", *odd, b"jam"]
    case.note("crash", "log", text="its process dies")
    given, raised = outcome(lambda: case.open(log.files))
    if raised is not None:
        words = f"Among the records were newlines, zeros and the file's own bytes; {raised.words}"
        case.expect(False, words, belief=SEPARATOR)
    for offset, data in enumerate(due):
        got = given[offset] if offset < len(given) else None
        words = f"{data[:20]!r} was appended at offset {offset}, and read() returned "
        words += "nothing there." if got is None else f"{bytes(got)[:20]!r} there."
        belief = EMPTY_IS_THE_END if data == b"" and given == due[:offset] else SEPARATOR
        case.expect(got == data, words, belief=belief)
    words = f"{len(due)} records were appended, and read() returned {len(given)}."
    case.expect(len(given) == len(due), words, belief=SEPARATOR)


@kept_in(LOG_ROWS)
def large(case: LogCase) -> None:
    """A record may be large, here 200,000 bytes."""
    log = case.open()
    big = bytes(range(250)) * 800
    log.appends(b"tea", big, b"jam")
    given = case.open(log.files).read()
    words = f"3 records were appended, the second with {len(big):,} bytes, and others came back."
    case.expect(given == [b"tea", big, b"jam"], words)


@kept_in(LOG_ROWS)
def crash_while_appending(case: LogCase) -> None:
    """A crash while appending loses nothing acknowledged, and the log goes on."""
    log = case.open()
    wrote = Written(log.files, log.watch(*RECORDS), RECORDS)
    for number in reversed(range(len(RECORDS))):
        due, whole, seen = RECORDS[:number], RECORDS[: number + 1], wrote.chain[number]
        for state in disk.left_by_a_crash(seen):
            cut(case, state, seen[0], due, whole, wrote.ends(state.name))
    for state in disk.left_by_a_crash(case.opening_of({})):
        cut(case, state, {}, [], [], ())


@kept_in(LOG_ROWS)
def crash_while_recovering(case: LogCase) -> None:
    """A crash while the log recovers from a crash loses nothing either."""
    log = case.open()
    wrote = Written(log.files, log.watch(*RECORDS), RECORDS)
    states = [*disk.left_by_a_crash(wrote.chain[-1])]
    for state in (states[len(states) // 2], states[-2:][0]):
        for again in disk.left_by_a_crash(case.opening_of(state.files)):
            ends = wrote.ends(again.name)
            cut(case, again, state.files, RECORDS[:-1], RECORDS, ends, "recovery")


@kept_in(LOG_ROWS)
def zeros_at_the_end(case: LogCase) -> None:
    """Zeros at the end of the file, as a power cut can leave them, are no records."""
    log = case.open()
    zeroed(case, Written(log.files, log.watch(*RECORDS), RECORDS))


@kept_in(LOG_ROWS)
def changed_bytes(case: LogCase) -> None:
    """A changed byte is noticed, so read never returns other data, nor silently fewer records."""
    log = case.open()
    flipped(case, Written(log.files, log.watch(*RECORDS), RECORDS))
