"""Records in a file: how bytes are laid out so that damage shows, and shows which kind it is.

    file    = header frame frame frame …
    header  = magic (6 bytes) version (2) base offset (8) crc32 of these (4)
    frame   = length (4) ~length (4) offset − base (4) count (4) crc32 (4) body (length bytes)
    body    = the size of each record (count × 4), then each record, followed by a comma

All numbers are little-endian. The records of one append have consecutive offsets and are framed
together, 64 at a time; the top bit of `count` says that the append goes on in the next frame. So it
is there as a whole, or not at all.

A log must tell two kinds of damage apart. A process or machine that dies while it writes leaves the
end of the last file missing. That is a torn tail: nobody was promised it, so it is cut off, back to
the end of the append before. Anything else is corruption: a frame that was whole has changed, and
only a person may give it up. That is why the length is stored twice, the second time with all its
bits inverted. A single length with a flipped bit could point past the end of the file, look like a
torn tail, and take all that is later with it. The crc32 of the body goes on from that of the two
numbers before it, so it covers them too.

So a frame is torn only if it ends beyond what was written. One that is complete but wrong is
corrupt, even the last one, since it may have been acknowledged. File systems may also leave zeros
where a power cut kept data from being written. Zeros that reach the end of the file, from a frame's
start or from a multiple of 512 bytes (a disk sector), count as not written.

In version 1, each record stood alone: length (4) ~length (4) offset − base (4) crc32 (4) payload,
with the crc32 going on from the offset. Such files are read as ever; new ones are of version 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from zlib import crc32

MAGIC, VERSION = b"PUBSUB", 2
FILE_HEAD = Struct("<6sHQ")
CHECK = Struct("<I")
START = FILE_HEAD.size + CHECK.size
HEAD = Struct("<IiIII")  # ~length is −length − 1, hence the i
HEAD_1 = Struct("<IiII")
PAIR = Struct("<II")
SIZES = [Struct(f"<{count}I") for count in range(65)]
MOST = len(SIZES) - 1  # records in a frame
MORE = 1 << 31
LARGEST = (1 << 31) - 1  # bytes in a frame's body
SECTOR = 512

Chunk = tuple[int, tuple[int, ...], bytes]  # first offset, sizes, records, each with its comma


class BadRecord(Exception):
    """Not a record: its position in bytes, the offset expected there, why, and if it is torn."""

    def __init__(self, position: int, offset: int, reason: str, torn: bool = False) -> None:
        super().__init__(reason)
        self.position, self.offset, self.reason, self.torn = position, offset, reason, torn


def file_header(base: int, version: int = VERSION) -> bytes:
    """Return the header of a file whose offsets count from `base`."""
    head = FILE_HEAD.pack(MAGIC, version, base)
    return head + CHECK.pack(crc32(head))


def encode(payloads: Sequence[bytes], first: int) -> tuple[bytes, list[tuple[int, int]]]:
    """Return payloads as frames, and the (offset − base, position) of each; `first` comes first.

    Raises ValueError for a frame of 2 GiB or more.
    """
    parts: list[bytes] = []
    marks: list[tuple[int, int]] = []
    position, end = 0, len(payloads)
    for begin in range(0, end, MOST):
        some = payloads[begin : begin + MOST]
        number, count = first + begin, len(some)
        sizes = [*map(len, some)]
        if sum(sizes) + 5 * count > LARGEST or number + count >= MORE:
            raise ValueError("64 of them have less than 2 GiB, and a file has 2 billion of them")
        body = b"%b%b," % (SIZES[count].pack(*sizes), b",".join(some))
        if begin + count < end:
            count |= MORE
        check = crc32(body, crc32(PAIR.pack(number, count)))
        parts += HEAD.pack(len(body), ~len(body), number, count, check), body
        marks.append((number, position))
        position += HEAD.size + len(body)
    return b"".join(parts), marks


def encode_runs(kept: Iterable[tuple[int, bytes]], base: int) -> bytes:
    """Return (offset, payload) pairs as frames; offsets that do not follow on begin a new one."""
    parts, run, first = list[bytes](), list[bytes](), base
    for offset, payload in kept:
        if offset != first + len(run):
            parts.append(encode(run, first - base)[0])
            run, first = [], offset
        run.append(payload)
    return b"".join([*parts, encode(run, first - base)[0]])


def check_header(data: bytes, base: int) -> int:
    """Return the version of a file that begins with `data`; raises BadRecord for a bad header."""
    for version in range(VERSION, 0, -1):
        if data[:START] == file_header(base, version):
            return version
    header = file_header(base)
    written = _written(data, 0)
    torn = written < START and data[:written] == header[:written]
    reason = "its header is incomplete" if torn else "its header is wrong"
    if data[:6] == MAGIC and len(data) >= START:
        newer = FILE_HEAD.unpack_from(data)[1]
        if newer > VERSION and data[:START] == file_header(base, newer):
            reason = f"its format is version {newer}, of a newer pubsub_kit; this one reads up to 2"
    raise BadRecord(0, base, reason, torn)


def frames(
    data: bytes, version: int, position: int = 0, expected: int = 0
) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield (position, offset − base, count, body) of each frame in `data` from `position` on.

    `expected` is the first number. Raises BadRecord at the first that is no frame, with such a
    number for an offset.
    """
    if version == 1:
        yield from _frames_1(data, position, expected)
        return
    size, head, unpack = len(data), HEAD.size, HEAD.unpack_from
    while (start := position + head) <= size:
        length, inverse, number, count, check = unpack(data, position)
        if length != ~inverse:
            raise _bad(data, position, start, expected, "the record's length is wrong")
        end = start + length
        body = data[start:end]
        if end > size or crc32(body, crc32(data[position + 8 : position + 16])) != check:
            raise _bad(data, position, end, expected, "the record fails its checksum")
        yield position, number, count, body
        position, expected = end, number + (count & ~MORE)
    if position < size:
        raise _bad(data, position, start, expected, "")


def _frames_1(data: bytes, position: int, expected: int) -> Iterator[tuple[int, int, int, bytes]]:
    size, head, unpack = len(data), HEAD_1.size, HEAD_1.unpack_from
    while (start := position + head) <= size:
        length, inverse, number, check = unpack(data, position)
        if length != ~inverse:
            raise _bad(data, position, start, expected, "the record's length is wrong")
        end = start + length
        payload = data[start:end]
        if end > size or crc32(payload, number) != check:
            raise _bad(data, position, end, expected, "the record fails its checksum")
        yield position, number, 1, b"%b%b," % (SIZES[1].pack(length), payload)
        position, expected = end, number + 1
    if position < size:
        raise _bad(data, position, start, expected, "")


def collect(data: bytes, version: int, base: int, first: int, limit: int) -> list[Chunk]:
    """Return up to `limit` records from offset `first` on, in chunks; raises BadRecord."""
    found: list[Chunk] = []
    try:
        for _, number, count, body in frames(data, version):
            count &= ~MORE
            offset = base + number
            if offset + count > first:
                sizes, text = SIZES[count].unpack_from(body), body[4 * count :]
                skip = max(first - offset, 0)
                if skip or count > limit:
                    sizes, text = _part(sizes, text, skip, skip + limit)
                found.append((offset + skip, sizes, text))
                limit -= len(sizes)
                if limit <= 0:
                    break
    except BadRecord as bad:
        bad.offset += base
        raise
    return found


def _part(
    sizes: tuple[int, ...], text: bytes, skip: int, stop: int
) -> tuple[tuple[int, ...], bytes]:
    begin = sum(sizes[:skip]) + skip
    some = sizes[skip:stop]
    return some, text[begin : begin + sum(some) + len(some)]


def split(chunks: Iterable[Chunk]) -> list[tuple[int, bytes]]:
    """Return chunks as (offset, payload) pairs."""
    found: list[tuple[int, bytes]] = []
    for offset, sizes, text in chunks:
        begin = 0
        for at, size in enumerate(sizes, offset):
            found.append((at, text[begin : begin + size]))
            begin += size + 1
    return found


def _bad(data: bytes, position: int, end: int, number: int, reason: str) -> BadRecord:
    torn = end > _written(data, position)
    return BadRecord(position, number, "the record is incomplete" if torn else reason, torn)


def _written(data: bytes, position: int) -> int:
    """Return where the written part of `data` ends, from `position` on: not in final zeros."""
    text = len(data.rstrip(b"\0"))
    return position if text <= position else min(-(-text // SECTOR) * SECTOR, len(data))
