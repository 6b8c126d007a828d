"""What a log has to make of damaged files: the end of one is missing, or some bytes are others.

A torn tail was promised to nobody: it is dropped, and the log goes on. A change anywhere else is
damage to what was acknowledged: a log may refuse (raise any error, at opening or at reading), but
it may neither return other data nor go on without what it had acknowledged. The last record alone
may be taken for torn, since a short log cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import NamedTuple, NoReturn

from pubsub_kit.checks.contract import disk
from pubsub_kit.checks.contract.disk import Files, State
from pubsub_kit.checks.contract.log_case import Damage, LogCase, numbered, outcome, said
from pubsub_kit.checks.contract.trial import Broken
from pubsub_kit.world.trace import Step

NO_RECOVERY = "the last record is always whole"
REWRITES = "rewriting a file is one step"
SHORT_IS_FINE = "what is there is a record"
TAIL_STAYS = "the torn tail can stay"
READ_AND_CUT = "what is read may be cut"
ZEROS = "a checksum catches zeros"
NO_CHECKSUM = "a length is enough"
CUTS = "recovery may cut at the first bad record"
LENGTH = "a damaged length is a torn tail"
SKIPS = "what cannot be read can be skipped"

Ends = tuple[tuple[str, int], ...]


class Written(NamedTuple):
    """What a log wrote: the files `before`, their states during each append, and the records."""

    before: Files
    chain: list[list[dict[str, bytes]]]
    records: list[bytes]

    @property
    def files(self) -> dict[str, bytes]:
        """What was there in the end."""
        return self.chain[-1][-1]

    def ends(self, name: str) -> Ends:
        """Return where each record ends in a file that only grew; nothing of another."""
        states = [self.before, *(seen[-1] for seen in self.chain)]
        held = [state.get(name, b"") for state in states]
        if any(not later.startswith(data) for data, later in pairwise(held)):
            return ()
        sizes = {str(n): len(data) for n, data in enumerate(held, -1)}
        ends, last = [], 0
        for label, size in sizes.items():
            if size > last:
                ends.append(("head" if label == "-1" else label, size))
                last = size
        return tuple(ends)

    def is_last(self, name: str, at: int) -> bool:
        """Say whether a byte came with the last record."""
        before = self.chain[-1][0].get(name, b"")
        return before[at : at + 1] != self.files[name][at : at + 1]

    def is_data(self, name: str, at: int) -> bool:
        """Say whether a byte is one of a record's own, as it was appended."""
        starts = [self.files[name].find(data) for data in self.records]
        pairs = zip(starts, self.records, strict=True)
        return any(0 <= start <= at < start + len(data) for start, data in pairs)

    def changes(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield what is changed: each byte in two of its bits, each record but the last to 0."""
        for name, at in disk.places(self.files, self.before, self.records):
            old = self.files[name][at]
            yield name, at, bytes([old ^ 1])
            yield name, at, bytes([old ^ (2 << at % 7)])
        for name in (n for n in self.files if not disk.is_sqlite(self.files, n)):
            spans = pairwise([0, *(end for _, end in self.ends(name)[:-1])])
            yield from ((name, start, bytes(end - start)) for start, end in spans)


# ── crashes ─────────────────────────────────────────────────────────────────────────────────────


def cut(
    case: LogCase, state: State, acked: Files, due: list[bytes], whole: list[bytes], ends: Ends,
    doing: str = "append",
) -> None:  # fmt: skip
    """Open what a crash has left: the acknowledged records are `due`, the last may be `whole`."""
    mark = case.mark()
    what = f"A crash during {doing} left {_left(state)}"
    damage = _lost(state, acked)
    if state.name:
        damage = Damage(state.name, state.whole, ends, state.cut)
    case.note("crash", "log", text=what, fault=True, data=damage)
    given, raised = outcome(lambda: case.open(state.files))
    gone = any(not state.files.get(n, b"").startswith(data) for n, data in acked.items())
    if raised is not None:
        _refused(f"{what}. Then {raised.words}", raised, due, REWRITES if gone else NO_RECOVERY)
    if given not in (due, whole):
        less = REWRITES if gone else NO_RECOVERY if len(given) < len(due) else SHORT_IS_FINE
        _wrong(case, f"{what}. Then", due, given, less)
    goes_on(case, state.files, given, what)
    case.back(mark)


def goes_on(case: LogCase, files: Files, given: list[bytes], what: str) -> None:
    """Append to a log that has recovered: that has to be there when it is opened anew."""
    log, more = case.open(files), b"more"
    stays = TAIL_STAYS if disk.look(log.folder) == files else ""
    offset, due = log.append(more), [*given, more]
    words = f"{what}. Opened again, append() returned {offset!r}: the next offset is {len(given)}."
    case.expect(offset == len(given), words, belief=stays)
    again, raised = outcome(lambda: case.open(log.files))
    then = f"{what}. Opened, appended to and opened again,"
    if raised is not None:
        _refused(f"{then} {raised.words}", raised, due, stays)
    if again != due:
        gone = given and given != again[: len(given)]
        _wrong(case, then, due, again, READ_AND_CUT if gone and not stays else stays)


def _lost(state: State, acked: Files) -> Damage | None:
    """Return which file lost bytes that were there before, if one did."""
    for name, data in acked.items():
        left = state.files.get(name, b"")
        if data.startswith(left) and left != data:
            return Damage(name, data, (), len(left))
    return None


def _left(state: State) -> str:
    if state.cut is None:
        files = [(name, data) for name, data in state.files.items() if not name.endswith("/")]
        sizes = [f"{len(data)} bytes in {name}" for name, data in files[:3]]
        return " and ".join(sizes) or "no file"
    return f"{state.cut} of {len(state.whole)} bytes in {state.name}"


# ── zeros and changed bytes ─────────────────────────────────────────────────────────────────────


def zeroed(case: LogCase, written: Written) -> None:
    """Leave zeros at the end of each file that grew with the last append."""
    files, before = written.files, written.chain[-1][0]
    for name, data in files.items():
        if disk.is_sqlite(files, name) or not 0 < len(before.get(name, b"")) < len(data):
            continue
        for count in (1, 4, 8, 12, 16, 64, 512):
            mark = case.mark()
            what = f"{count} zero bytes follow the {len(data)} bytes in {name}"
            damage = Damage(name, data, written.ends(name), len(data), bytes(count))
            case.note("note", "disk", text=what, fault=True, data=damage)
            more = {**files, name: data + bytes(count)}
            given, raised = outcome(partial(case.open, more))
            if raised is None and given != written.records:
                more_of_nothing = given.count(b"") > written.records.count(b"")
                belief = ZEROS if more_of_nothing else ""
                _wrong(case, f"{what}. Then", written.records, given, belief)
            if raised is None:
                goes_on(case, more, written.records, what)
            case.back(mark)


def flipped(case: LogCase, written: Written) -> None:
    """Make each change; of those that go unnoticed, report the one that says most."""
    found: list[tuple[tuple[int, bool, bool], str, list[bytes], list[Step]]] = []
    refused, case.quiet = 0, True
    for name, at, new in written.changes():
        mark, old = case.mark(), written.files[name][at : at + len(new)]
        what = f"In {name}, byte {at} changed from 0x{old.hex()} to 0x{new.hex()}"
        if len(new) > 1:
            what = f"In {name}, bytes {at} to {at + len(new) - 1} became zeros"
        damage = Damage(name, written.files[name], written.ends(name), at, new)
        case.note("note", "disk", text=what, fault=True, data=damage)
        given, raised = outcome(partial(case.open, disk.changed(written.files, name, at, new)))
        last = written.is_last(name, at)
        refused += raised is not None and not last
        fine = raised is not None or (last and given == written.records[:-1])
        if not fine and (how := _how(written.records, given)) is not None:
            rank = how, not given, not written.is_data(name, at)
            found.append((rank, what, given, case.trace.steps[mark[0] :]))
        case.back(mark)
    if found:
        (how, *_), what, given, steps = min(found, key=lambda each: each[0])
        case.trace.steps += steps
        belief = LENGTH if how == 2 and refused else (NO_CHECKSUM, SKIPS, CUTS, ZEROS)[how]
        _wrong(case, f"{what}, and no error was raised:", written.records, given, belief)


def _how(records: list[bytes], given: list[bytes]) -> int | None:
    """Say how what is read differs: 0 other data, 1 some left out, 2 the end missing, 3 zeros."""
    if given == records:
        return None
    if given.count(b"") > records.count(b""):
        return 3
    if given == records[: len(given)]:
        return 2
    rest = iter(records)
    return 1 if all(data in rest for data in given) else 0


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _refused(words: str, raised: Broken, due: list[bytes], belief: str) -> NoReturn:
    raise Broken(words, raised.step, belief, numbered(due), {})


def _wrong(case: LogCase, then: str, due: list[bytes], given: list[bytes], belief: str) -> NoReturn:
    words = f"{then} read() returned {said(given)} instead of {said(due)}."
    raise Broken(words, len(case.trace) - 1, belief, numbered(due), numbered(given))
