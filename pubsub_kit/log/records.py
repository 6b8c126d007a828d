"""Records in a file: how bytes are laid out so that damage shows, and shows which kind it is.

    file    = header record record record …
    header  = magic (6 bytes) version (2) base offset (8) crc32 of these (4)
    record  = length (4) ~length (4) offset − base (4) crc32 (4) payload (length bytes)

All numbers are little-endian. A log must tell two kinds of damage apart. A process or machine that
dies while it writes leaves the end of the last file missing. That is a torn tail: nobody was
promised it, so it is cut off. Anything else is corruption: a record that was whole has changed, and
only a person may give it up. That is why the length is stored twice, the second time with all its
bits inverted. A single length with a flipped bit could point past the end of the file, look like a
torn tail, and take every later record with it. The crc32 of the payload starts from the third
number instead of 0, so it covers that number too.

So a record is torn only if it ends beyond what was written. A record that is complete but wrong is
corrupt, even the last one, since it may have been acknowledged. File systems may also leave zeros
where a power cut kept data from being written. Zeros that reach the end of the file, from a
record's start or from a multiple of 512 bytes (a disk sector), count as not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import invert
from struct import Struct
from zlib import crc32

MAGIC, VERSION = b"PUBSUB", 1
FILE_HEAD = Struct("<6sHQ")
CHECK = Struct("<I")
START = FILE_HEAD.size + CHECK.size
HEAD = Struct("<IiII")  # ~length is −length − 1, hence the i
SECTOR = 512


class BadRecord(Exception):
    """Not a record: its position in bytes, the offset expected there, why, and if it is torn."""

    def __init__(self, position: int, offset: int, reason: str, torn: bool = False) -> None:
        super().__init__(reason)
        self.position, self.offset, self.reason, self.torn = position, offset, reason, torn


def file_header(base: int) -> bytes:
    """Return the header of a file whose offsets count from `base`."""
    head = FILE_HEAD.pack(MAGIC, VERSION, base)
    return head + CHECK.pack(crc32(head))


def encode(payloads: Sequence[bytes], first: int) -> bytes:
    """Return payloads as consecutive records; `first` is the first one's offset − base."""
    lengths, numbers = list(map(len, payloads)), range(first, first + len(payloads))
    checks = map(crc32, payloads, numbers)
    parts = [b""] * (2 * len(payloads))
    parts[::2] = map(HEAD.pack, lengths, map(invert, lengths), numbers, checks)
    parts[1::2] = payloads
    return b"".join(parts)


def check_header(data: bytes, base: int) -> None:
    """Raise BadRecord unless a file that begins with `data` has the header that it should."""
    header = file_header(base)
    if data[:START] == header:
        return
    written = _written(data, 0)
    torn = written < START and data[:written] == header[:written]
    raise BadRecord(0, base, "its header is incomplete" if torn else "its header is wrong", torn)


def walk(
    data: bytes, base: int, position: int = 0, expected: int = 0
) -> Iterator[tuple[int, int, bytes]]:
    """Yield (position, offset, payload) for each record in `data` from `position` on.

    `expected` is the first offset. Raises BadRecord at the first that is no record.
    """
    size, head, unpack = len(data), HEAD.size, HEAD.unpack_from
    while (start := position + head) <= size:
        length, inverse, number, check = unpack(data, position)
        if length != ~inverse:
            raise _bad(data, position, start, expected, "the record's length is wrong")
        end = start + length
        payload = data[start:end]
        if end > size or crc32(payload, number) != check:
            raise _bad(data, position, end, expected, "the record fails its checksum")
        offset = base + number
        yield position, offset, payload
        position, expected = end, offset + 1
    if position < size:
        raise _bad(data, position, start, expected, "")


def _bad(data: bytes, position: int, end: int, offset: int, reason: str) -> BadRecord:
    torn = end > _written(data, position)
    return BadRecord(position, offset, "the record is incomplete" if torn else reason, torn)


def _written(data: bytes, position: int) -> int:
    """Return where the written part of `data` ends, from `position` on: not in final zeros."""
    text = len(data.rstrip(b"\0"))
    return position if text <= position else min(-(-text // SECTOR) * SECTOR, len(data))
