"""Opening a partition: which of its bytes are records, and what is done about the others.

Only the end of the last file may be incomplete: a crash leaves it so, and nobody was promised what
is missing there. All other damage is refused, until a person says what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.log import records
from pubsub_kit.log.disk import write_anew
from pubsub_kit.log.files import Listed, path_of
from pubsub_kit.log.segment import Segment, corrupt


class Cut(NamedTuple):
    """What opening had to cut off: `size` bytes of the file `path` from `position` on.

    `offset` is the first one whose record is gone. Its append had never returned, unless you gave
    it up with `accept_loss`.
    """

    path: Path
    position: int
    size: int
    offset: int


def recover(
    folder: Path, listed: list[Listed] | None, lossy: bool
) -> tuple[list[Segment], list[Cut]]:
    """Scan the files of a partition; return those that are there, and what was cut off.

    Raises LogCorrupt for damage, unless `lossy`. Where nothing is `listed`, the files that are
    there are all.
    """
    segments, cuts, end = list[Segment](), list[Cut](), 0
    if listed is None:
        logs = folder.glob("[0-9]" * 20 + ".log")
        listed = [Listed(base) for base in sorted(int(path.stem) for path in logs)]
    for each in listed:
        segment, last = Segment(path_of(folder, each.base)), each is listed[-1]
        if lossy and not segment.path.exists():
            cuts.append(Cut(segment.path, 0, 0, each.base))
            if last:  # its offsets were given out
                write_anew(segment.path, records.file_header(max(end, each.base)))
            else:
                continue
        try:
            _scan(segment, each, end)
        except records.BadRecord as bad:
            torn = last and bad.torn
            if not (torn or lossy):
                raise corrupt(segment.path, bad) from bad
            cuts.append(_cut(segment, bad, aside=not torn))
        segments.append(segment)
        end = segment.end
    return segments, cuts


def _scan(segment: Segment, listed: Listed, end: int) -> None:
    if segment.base < end:
        raise records.BadRecord(0, end, "the file before it overlaps it")
    segment.scan()
    if listed.sizes and segment.size not in listed.sizes:
        raise records.BadRecord(
            segment.size, segment.end, f"it had {listed.sizes[-1]} bytes when it was sealed"
        )


def _cut(segment: Segment, bad: records.BadRecord, aside: bool) -> Cut:
    """Cut a file off where it is damaged; what was given up stays `aside`, as .damaged."""
    data = segment.path.read_bytes()
    if aside:
        write_anew(segment.path.with_suffix(".damaged"), data)
    if bad.position >= records.START:
        os.truncate(segment.path, bad.position)
    else:
        write_anew(segment.path, records.file_header(segment.base))
    segment.scan()
    return Cut(segment.path, bad.position, len(data) - bad.position, segment.end)
