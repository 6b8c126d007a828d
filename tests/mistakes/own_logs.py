"""Logs of one's own: right ones that look unusual, and wrong ones by what they believe."""

# ruff: noqa: SIM115 — a log keeps its file open

from __future__ import annotations

import base64
import hashlib
import json
import mmap
import os
import pickle
import sqlite3
import struct
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from zlib import crc32

from pubsub_kit.checks.contract import damage, log_case, log_rows
from tests.mistakes import Mistake, Right

# --- right ----------------------------------------------------------------------------------------


class Lines:
    """A line a record: its checksum, which covers its offset too, and its data in hex."""

    def __init__(self, path: Any) -> None:
        self.records: list[bytes] = []
        self.file, good = open(path, "a+b"), 0
        self.file.seek(0)
        for line in self.file:
            if not line.endswith(b"\n"):
                break
            data = bytes.fromhex(line[9:].decode())
            if line != self.line(data):
                raise ValueError(f"record {len(self.records)} is damaged")
            self.records.append(data)
            good += len(line)
        self.file.truncate(good)

    def line(self, data: bytes) -> bytes:
        text = data.hex().encode()
        return b"%08x %b\n" % (crc32(b"%d %b" % (len(self.records), text)), text)

    def append(self, data: bytes) -> int:
        self.file.write(self.line(data))
        self.file.flush()
        self.records.append(data)
        return len(self.records) - 1

    def read(self, offset: int = 0) -> list[bytes]:
        return self.records[offset:]


class JsonLines:
    """JSON with a checksum in it, opened anew for each append, and read from the file each time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        whole = path.read_bytes()
        os.truncate(path, whole.rfind(b"\n") + 1)
        self.read()

    def append(self, data: bytes) -> int:
        offset = len(self.read())
        row = {"offset": offset, "data": base64.b64encode(data).decode()}
        text = json.dumps({"crc": crc32(json.dumps(row).encode()), **row})
        with self.path.open("a") as file:
            print(text, file=file)
            file.flush()
            os.fsync(file.fileno())
        return offset

    def read(self, offset: int = 0) -> list[bytes]:
        found = []
        for number, line in enumerate(self.path.read_text().splitlines()):
            row = json.loads(line)
            crc = row.pop("crc")
            assert crc == crc32(json.dumps(row).encode()), "damaged"
            assert row["offset"] == number, "one is missing"
            found.append(base64.b64decode(row["data"]))
        return found[offset:]


class LengthTwice:
    """Length, its complement, checksum and data, by os.open and os.write."""

    HEAD = struct.Struct("<IiI")

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        whole = path.read_bytes()
        self.data: list[bytes] = []
        at = 0
        while at + self.HEAD.size <= len(whole):
            size, inverse, crc = self.HEAD.unpack_from(whole, at)
            if size != ~inverse:
                if not whole[at:].strip(b"\0"):
                    break
                raise OSError(f"damage at byte {at}")
            body = whole[at + self.HEAD.size : at + self.HEAD.size + size]
            if len(body) < size:
                break
            if crc32(body) != crc:
                raise OSError(f"damage at byte {at}")
            self.data.append(body)
            at += self.HEAD.size + size
        os.ftruncate(self.fd, at)

    def append(self, data: bytes) -> int:
        os.write(self.fd, self.HEAD.pack(len(data), ~len(data), crc32(data)) + data)
        self.data.append(data)
        return len(self.data) - 1

    def read(self, offset: int = 0) -> tuple[bytes, ...]:
        return tuple(self.data[offset:])


class SQLite:
    """A table with a checksum a row; SQLite's journal sees to crashes."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path)
        self.db.execute("create table if not exists log (offset integer primary key, data, crc)")

    def append(self, data: bytes) -> int:
        with self.db:
            (n,) = self.db.execute("select count(*) from log").fetchone()
            self.db.execute("insert into log values (?, ?, ?)", (n, data, crc32(data, n)))
        return int(n)

    def read(self, offset: int = 0) -> list[bytes]:
        rows = self.db.execute("select * from log where offset >= ? order by 1", (offset,))
        found = []
        for n, data, crc in rows:
            if crc32(data, n) != crc:
                raise RuntimeError(f"offset {n} is damaged")
            found.append(data)
        return found


class WriteAhead(SQLite):
    """The same, with a write-ahead log."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.db.execute("pragma journal_mode=wal")


class FileEach:
    """A folder with a file a record, each put in its place as a whole."""

    def __init__(self, path: Path) -> None:
        self.folder = Path(path)
        self.folder.mkdir(exist_ok=True)
        for left in self.folder.glob("*.tmp"):
            left.unlink()

    def append(self, data: bytes) -> int:
        offset = len(list(self.folder.iterdir()))
        temporary = self.folder / f"{offset:08}.tmp"
        temporary.write_bytes(hashlib.sha256(data).digest() + data)
        os.replace(temporary, self.folder / f"{offset:08}")
        return offset

    def read(self, offset: int = 0) -> list[bytes]:
        found = []
        for n in range(offset, len(list(self.folder.iterdir()))):
            whole = (self.folder / f"{n:08}").read_bytes()
            if hashlib.sha256(whole[32:]).digest() != whole[:32]:
                raise ValueError(f"{n} is damaged")
            found.append(whole[32:])
        return found


class Chain:
    """Each line has the hash of the line before, which the file's name for the next one is, too."""

    def __init__(self, path: Path) -> None:
        self.path, self.last, self.items = path, "", list[bytes]()
        lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        *whole, torn = lines
        for line in whole:
            digest, _, text = line.decode().partition(":")
            data = base64.b85decode(text)
            if digest != self.digest(data):
                raise Exception("the chain is broken")
            self.last = digest
            self.items += [data]
        if torn:
            self.write(b"".join(line + b"\n" for line in whole))

    def digest(self, data: bytes) -> str:
        return hashlib.sha1(self.last.encode() + data).hexdigest()

    def write(self, whole: bytes) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_bytes(whole)
        beside.rename(self.path)

    def append(self, data: bytes) -> int:
        self.last = self.digest(data)
        with open(self.path, "ab", buffering=0) as file:
            file.write(f"{self.last}:".encode() + base64.b85encode(data) + b"\n")
        self.items.append(data)
        return len(self.items) - 1

    def read(self, offset: int = 0) -> Any:
        return self.items[offset:]


class WholeAgain:
    """The whole list each time, into another file that then takes the place of the old one."""

    def __init__(self, path: Path) -> None:
        self.path, self.list = str(path), list[bytes]()
        if os.path.exists(self.path):
            with open(self.path, "rb") as file:
                check, body = file.read(4), file.read()
            if struct.pack("<I", crc32(body)) != check:
                raise EOFError("damaged")
            self.list = pickle.loads(body)

    def append(self, data: bytes) -> int:
        self.list.append(data)
        body = pickle.dumps(self.list)
        with open(self.path + "~", "wb") as file:
            file.write(struct.pack("<I", crc32(body)) + body)
        os.replace(self.path + "~", self.path)
        return len(self.list) - 1

    def read(self, offset: int = 0) -> list[bytes]:
        return self.list[offset:]


class HeadFirst(LengthTwice):
    """Writes a magic number first, and each record's head before its data."""

    MAGIC = b"LOG1"

    def __init__(self, path: Path) -> None:
        self.file = open(path, "a+b")
        if self.file.tell() < 4:
            self.file.truncate(0)
            self.file.write(self.MAGIC)
            self.file.flush()
        self.file.seek(0)
        if self.file.read(4) != self.MAGIC:
            raise ValueError("this is no log")
        self.data, good = [], 4
        while True:
            head = self.file.read(16)
            if len(head) < 16 or not (head + self.file.read()).strip(b"\0"):
                break
            self.file.seek(good + 16)
            size, crc, check = struct.unpack("<QII", head)
            if crc32(head[:12]) != check:
                raise ValueError("the head is damaged")
            body = self.file.read(size)
            if len(body) < size:
                break
            if crc32(body) != crc:
                raise ValueError("the body is damaged")
            self.data.append(body)
            good += 16 + size
        self.file.truncate(good)

    def append(self, data: bytes) -> int:
        head = struct.pack("<QI", len(data), crc32(data))
        self.file.write(head + struct.pack("<I", crc32(head)))
        self.file.flush()
        self.file.write(data)
        self.file.flush()
        self.data.append(data)
        return len(self.data) - 1


class CountInHead:
    """A number at the start of the file says how much of it counts; it is written last."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            beside = path.with_name("new")
            beside.write_bytes(self.head(0))
            beside.replace(path)
        self.file, self.items = path.open("r+b", buffering=0), list[bytes]()
        whole = self.file.read()
        self.end = int.from_bytes(whole[:8], "big")
        if whole[:12] != self.head(self.end):
            raise ValueError("its head is damaged")
        at = 12
        while at < 12 + self.end:
            size, crc = struct.unpack_from(">II", whole, at)
            data = whole[at + 8 : at + 8 + size]
            if crc32(data, size) != crc:
                raise ValueError("a record is damaged")
            self.items.append(data)
            at += 8 + size

    def head(self, end: int) -> bytes:
        number = end.to_bytes(8, "big")
        return number + struct.pack(">I", crc32(number))

    def append(self, data: bytes) -> int:
        self.file.seek(12 + self.end)
        self.end += self.file.write(struct.pack(">II", len(data), crc32(data, len(data))) + data)
        self.file.seek(0)
        self.file.write(self.head(self.end))
        self.items.append(data)
        return len(self.items) - 1

    def read(self, offset: int = 0) -> list[bytes]:
        return self.items[offset:]


class FileEachInPlace(FileEach):
    """A file a record, written in its place; the last one goes if it is torn."""

    def __init__(self, path: Path) -> None:
        self.folder = path
        path.mkdir(exist_ok=True)
        names = sorted(path.iterdir())
        with suppress(IndexError):
            whole = names[-1].read_bytes()
            if hashlib.sha256(whole[32:]).digest() != whole[:32]:
                names[-1].unlink()

    def append(self, data: bytes) -> int:
        offset = len(list(self.folder.iterdir()))
        (self.folder / f"{offset:08}").write_bytes(hashlib.sha256(data).digest() + data)
        return offset


class Mapped:
    """A mapped file of a fixed size, full of zeros, for as many records as will ever come."""

    SIZE = 1 << 20

    def __init__(self, path: Path) -> None:
        fresh = not path.exists()
        self.file = open(path, "a+b")
        if fresh or path.stat().st_size < self.SIZE:
            self.file.truncate(self.SIZE)
        self.map = mmap.mmap(self.file.fileno(), self.SIZE)
        self.items: list[bytes] = []
        self.at = 0
        while (number := int.from_bytes(self.map[self.at : self.at + 4], "big")) != 0:
            size, crc = struct.unpack(">II", self.map[self.at + 4 : self.at + 12])
            data = self.map[self.at + 12 : self.at + 12 + size]
            if number != len(self.items) + 1 or crc32(data, number) != crc:
                raise ValueError("damaged")
            self.items.append(data)
            self.at += 12 + size
        if self.map[self.at :].strip(b"\0"):
            raise ValueError("there is more after the end")

    def append(self, data: bytes) -> int:
        number = len(self.items) + 1
        head = struct.pack(">III", number, len(data), crc32(data, number))
        self.map[self.at + 4 : self.at + 12 + len(data)] = head[4:] + data
        self.map[self.at : self.at + 4] = head[:4]
        self.at += 12 + len(data)
        self.items.append(data)
        return number - 1

    def read(self, offset: int = 0) -> list[bytes]:
        return self.items[offset:]


def closure(path: Path) -> Any:
    """No class: two functions that share a list."""
    log = Lines(path)
    return SimpleNamespace(append=log.append, read=lambda offset=0: tuple(log.read(offset)))


RIGHT = [
    Right("log", each)
    for each in (
        Lines,
        JsonLines,
        LengthTwice,
        SQLite,
        WriteAhead,
        FileEach,
        Chain,
        WholeAgain,
        HeadFirst,
        CountInHead,
        FileEachInPlace,
        Mapped,
        closure,
    )
]

# --- wrong ----------------------------------------------------------------------------------------


class InMemory(Lines):
    """Keeps a list."""

    def __init__(self, path: Any) -> None:
        self.records = []

    def append(self, data: bytes) -> int:
        self.records.append(data)
        return len(self.records) - 1


class InTheClass(InMemory):
    """Keeps a list for each path, in its class."""

    kept: ClassVar[dict[str, list[bytes]]] = {}

    def __init__(self, path: Any) -> None:
        self.records = self.kept.setdefault(str(path), [])


class NoPathAtAll(Lines):
    """Has one file for all paths."""

    def __init__(self, path: Any) -> None:
        super().__init__("my.log")


class NoFlush(Lines):
    """Leaves the bytes in the buffer."""

    def append(self, data: bytes) -> int:
        self.file.write(self.line(data))
        self.records.append(data)
        return len(self.records) - 1


class OpensAnew(Lines):
    """Opens the file for writing, which empties it."""

    def __init__(self, path: Any) -> None:
        self.records, self.file = [], open(path, "w+b")


class RawLines(Lines):
    """A line a record, with the data as it is."""

    def __init__(self, path: Any) -> None:
        self.file = open(path, "a+b")
        self.file.seek(0)
        self.records = self.file.read().split(b"\n")[:-1]

    def line(self, data: bytes) -> bytes:
        return data + b"\n"


class RawLinesWithChecksum(Lines):
    """A line a record, with the data as it is, after its checksum."""

    def __init__(self, path: Any) -> None:
        self.file = open(path, "a+b")
        self.file.seek(0)
        self.records = []
        for line in self.file.read().split(b"\n")[:-1]:
            if line[:8] != b"%08x" % crc32(line[8:]):
                raise ValueError("damaged")
            self.records.append(line[8:])

    def line(self, data: bytes) -> bytes:
        return b"%08x%b\n" % (crc32(data), data)


class Pickles(Lines):
    """Writes the whole list over the old one."""

    def __init__(self, path: Any) -> None:
        self.path, self.records = path, []
        if path.exists():
            self.records = pickle.loads(path.read_bytes())

    def append(self, data: bytes) -> int:
        self.records.append(data)
        self.path.write_bytes(pickle.dumps(self.records))
        return len(self.records) - 1


class JsonOver(Lines):
    """Writes all of it as JSON over the old one, and begins anew if that can't be read."""

    def __init__(self, path: Any) -> None:
        self.path, self.records = path, []
        with suppress(OSError, ValueError):
            self.records = [bytes(each) for each in json.loads(path.read_text())]

    def append(self, data: bytes) -> int:
        self.records.append(data)
        with open(self.path, "w") as file:
            json.dump([list(each) for each in self.records], file)
        return len(self.records) - 1


class NoRecovery(Lines):
    """Takes every line for a whole one."""

    def __init__(self, path: Any) -> None:
        self.file, self.records = open(path, "a+b"), []
        self.file.seek(0)
        for line in self.file:
            data = bytes.fromhex(line[9:].decode())
            if line != self.line(data):
                raise ValueError("damaged")
            self.records.append(data)


class LengthOnly(Lines):
    """A length in front of each record, and nothing that says whether it is still the same."""

    HEAD = 4
    cuts = True

    def __init__(self, path: Any) -> None:
        self.records, good = [], 0
        self.file = open(path, "a+b")
        self.file.seek(0)
        whole = self.file.read()
        while good + self.HEAD <= len(whole):
            size = self.sized(whole[good : good + self.HEAD])
            body = whole[good + self.HEAD : good + self.HEAD + size]
            if len(body) < size:
                break
            if not self.sound(whole[good : good + self.HEAD], body):
                if self.gives_up():
                    break
            else:
                self.records.append(body)
            good += self.HEAD + size
        if self.cuts:
            self.file.truncate(good)

    def sized(self, head: bytes) -> int:
        return int(struct.unpack_from("<I", head)[0])

    def sound(self, head: bytes, body: bytes) -> bool:
        return True

    def gives_up(self) -> bool:
        raise ValueError("damaged")

    def line(self, data: bytes) -> bytes:
        return struct.pack("<I", len(data)) + data


class ShortRecords(LengthOnly):
    """Takes what is there for the record."""

    def __init__(self, path: Any) -> None:
        self.records, at = [], 0
        self.file = open(path, "a+b")
        self.file.seek(0)
        whole = self.file.read()
        while at + 4 <= len(whole):
            size = self.sized(whole[at : at + 4])
            self.records.append(whole[at + 4 : at + 4 + size])
            at += 4 + len(self.records[-1])
        self.file.truncate(at)


class LeavesTheTail(LengthOnly):
    """Ignores half a record at the end, and writes behind it."""

    cuts = False


class ReadsThenCuts(Lines):
    """Takes a last line that lacks only its end for whole, and then cuts it off."""

    def __init__(self, path: Any) -> None:
        whole = path.read_bytes() if path.exists() else b""
        self.records = []
        for line in whole.splitlines():
            with suppress(ValueError):
                data = bytes.fromhex(line[9:].decode())
                if self.line(data) == line + b"\n":
                    self.records.append(data)
        self.file = open(path, "a+b")
        self.file.truncate(whole.rfind(b"\n") + 1)


class ChecksumCuts(LengthOnly):
    """Cuts at the first record whose checksum is wrong."""

    HEAD = 8

    def sound(self, head: bytes, body: bytes) -> bool:
        return bool(struct.unpack("<II", head)[1] == crc32(body, 1))

    def gives_up(self) -> bool:
        return True

    def line(self, data: bytes) -> bytes:
        return struct.pack("<II", len(data), crc32(data, 1)) + data


class TrustsTheLength(ChecksumCuts):
    """Refuses a wrong checksum, but takes a length beyond the end for a torn record."""

    def gives_up(self) -> bool:
        raise ValueError("damaged")


class SkipsTheBad(ChecksumCuts):
    """Leaves out what it can't read."""

    def gives_up(self) -> bool:
        return False


class ZerosAreFine(LengthTwice):
    """Has length twice and a checksum; but eight zeros are a record of nothing."""

    HEAD = struct.Struct("<III")

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        whole, self.data, at = path.read_bytes(), [], 0
        while at + 12 <= len(whole):
            size, again, crc = self.HEAD.unpack_from(whole, at)
            body = whole[at + 12 : at + 12 + size]
            if size == again and len(body) < size:
                break
            if size != again or crc32(body) != crc:
                raise OSError(f"damage at byte {at}")
            self.data.append(body)
            at += 12 + size
        os.ftruncate(self.fd, at)

    def append(self, data: bytes) -> int:
        os.write(self.fd, self.HEAD.pack(len(data), len(data), crc32(data)) + data)
        self.data.append(data)
        return len(self.data) - 1


class IgnoresBadLines(Lines):
    """Leaves out each line that can't be parsed."""

    def __init__(self, path: Any) -> None:
        self.file, self.records = open(path, "a+b"), []
        self.file.seek(0)
        for line in self.file.read().splitlines(keepends=True):
            with suppress(ValueError):
                check, text = line.rstrip(b"\n").split(b" ")
                if int(check, 16) == crc32(text):
                    self.records.append(bytes.fromhex(text.decode()))

    def line(self, data: bytes) -> bytes:
        text = data.hex().encode()
        return b"\n%08x %b\n" % (crc32(text), text)


class NoChecksum(Lines):
    """A line a record in hex, and cuts a torn one."""

    def __init__(self, path: Any) -> None:
        self.file, good = open(path, "a+b"), 0
        self.file.seek(0)
        self.records = []
        for line in self.file:
            if line.endswith(b"\n"):
                self.records.append(bytes.fromhex(line.decode()))
                good += len(line)
        self.file.truncate(good)

    def line(self, data: bytes) -> bytes:
        return data.hex().encode() + b"\n"


class RecoversByRewriting(Lines):
    """Writes the whole records back over the file, to get rid of the torn one."""

    def __init__(self, path: Any) -> None:
        whole = path.read_bytes() if path.exists() else b""
        good = whole[: whole.rfind(b"\n") + 1]
        if good != whole:
            path.write_bytes(good)
        super().__init__(path)


class FromOne(Lines):
    """Counts from 1."""

    def append(self, data: bytes) -> int:
        return super().append(data) + 1


class Pairs(Lines):
    """Gives offsets too."""

    def read(self, offset: int = 0) -> Any:
        return list(enumerate(self.records))[offset:]


class Strings(Lines):
    """Expects a text."""

    def append(self, data: Any) -> int:
        return super().append(data.encode())


class Endless(Lines):
    """Waits for an end that a torn file doesn't have."""

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        with open(path, "rb") as file:
            while file.read(1) != b"" or len(self.records) == 3:
                pass


class Later(Lines):
    """Is an async def."""

    async def append(self, data: bytes) -> int:  # type: ignore[override]
        return super().append(data)


class OffByFive(Lines):
    """Counts from 5."""

    def append(self, data: bytes) -> int:
        return super().append(data) + 5


class WritesForEver(Lines):
    """Fills the disk."""

    def append(self, data: bytes) -> int:
        block = self.line(data) * 1_000_000
        while True:
            self.file.write(block)


class ReadsForEver(Lines):
    """Comes to no end."""

    def read(self, offset: int = 0) -> Any:
        return repeat(b"tea")


class Iterates(Lines):
    """Returns an iterator."""

    def read(self, offset: int = 0) -> Any:
        return iter(self.records[offset:])


class ReadsBehind(Lines):
    """Reads what comes after the offset."""

    def read(self, offset: int = 0) -> Any:
        return self.records[offset + 1 :]


class HeadFlushed(Lines):
    """Flushes between the two parts of a record."""

    def append(self, data: bytes) -> int:
        line = self.line(data)
        self.file.write(line[:4])
        self.file.flush()
        self.file.write(line[4:])
        self.records.append(data)
        return len(self.records) - 1


class DropsTheLast(Lines):
    """Takes its last record for torn, whenever it opens."""

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        if self.records:
            self.records.pop()
            self.file.truncate(sum(map(len, open(path, "rb").readlines()[:-1])))


class ReadsNothing(Lines):
    """Knows only what it has written itself."""

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        self.records = []


class WritesOver:
    """Writes from the beginning of the file on."""

    def __init__(self, path: Any) -> None:
        path.touch()
        lines = path.read_bytes().split(b"\n")[:-1]
        self.records = [bytes.fromhex(line.decode()) for line in lines]
        self.file = open(path, "r+b", buffering=0)

    def append(self, data: bytes) -> int:
        self.file.write(data.hex().encode() + b"\n")
        self.records.append(data)
        return len(self.records) - 1

    def read(self, offset: int = 0) -> list[bytes]:
        return self.records[offset:]


class StopsAtNothing(Lines):
    """Takes an empty record for the end."""

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        if b"" in self.records:
            del self.records[self.records.index(b"") :]


class NamesInOrder:
    """A file a record, in the order of their names."""

    def __init__(self, path: Any) -> None:
        self.folder = path
        path.mkdir(exist_ok=True)
        for torn in path.glob("*.new"):
            torn.unlink()
        self.read()

    def append(self, data: bytes) -> int:
        n = len([*self.folder.iterdir()])
        new = self.folder / f"{n}.new"
        new.write_bytes(hashlib.sha256(data).digest() + data)
        new.rename(self.folder / str(n))
        return n

    def read(self, offset: int = 0) -> list[bytes]:
        found = []
        for name in sorted(entry.name for entry in self.folder.iterdir()):
            whole = (self.folder / name).read_bytes()
            if hashlib.sha256(whole[32:]).digest() != whole[:32]:
                raise ValueError(f"{name} is damaged")
            found.append(whole[32:])
        return found[offset:]


class NoOffset(Lines):
    """Forgets to return the offset."""

    def append(self, data: bytes) -> Any:
        super().append(data)


class NoPath(Lines):
    """Takes no path."""

    def __init__(self) -> None:
        super().__init__("log")


WRONG: list[tuple[Any, str, tuple[int, ...]]] = [
    (NoPathAtAll, log_rows.NO_PATH, ()),
    (InMemory, log_rows.IN_MEMORY, ()),
    (InTheClass, log_rows.IN_MEMORY, ()),
    (NoFlush, log_rows.BUFFERED, ()),
    (OpensAnew, log_rows.BEGINS_ANEW, ()),
    (HeadFlushed, log_rows.PARTLY_FLUSHED, ()),
    (DropsTheLast, log_rows.DROPS_THE_LAST, ()),
    (ReadsNothing, log_rows.NEVER_READ, ()),
    (WritesOver, log_rows.OVERWRITES, ()),
    (StopsAtNothing, log_rows.EMPTY_IS_THE_END, ()),
    (NamesInOrder, log_rows.BY_NAME, ()),
    (ReadsBehind, log_case.OFFSETS, ()),
    (OffByFive, log_case.OFFSETS, ()),
    (RawLines, log_rows.SEPARATOR, ()),
    (RawLinesWithChecksum, log_rows.SEPARATOR, ()),
    (Pickles, damage.REWRITES, ()),
    (JsonOver, damage.REWRITES, ()),
    (RecoversByRewriting, damage.REWRITES, ()),
    (NoRecovery, damage.NO_RECOVERY, ()),
    (ShortRecords, damage.SHORT_IS_FINE, ()),
    (LeavesTheTail, damage.TAIL_STAYS, ()),
    (ReadsThenCuts, damage.READ_AND_CUT, ()),
    (LengthOnly, damage.NO_CHECKSUM, ()),
    (NoChecksum, damage.NO_CHECKSUM, ()),
    (ChecksumCuts, damage.CUTS, (53,)),
    (TrustsTheLength, damage.LENGTH, ()),
    (SkipsTheBad, damage.SKIPS, ()),
    (IgnoresBadLines, damage.SKIPS, ()),
    (ZerosAreFine, damage.ZEROS, (52,)),
    (Later, "async where none is awaited", ()),
]
MISTAKES = [Mistake("log", answer, belief, m=m) for answer, belief, m in WRONG]

#: What is wrong with these is no belief, but a slip.
SLIPS: list[tuple[str, Any, str]] = [
    ("log", Endless, "misuse"),
    ("log", NoPath, "misuse"),
    ("log", Pairs, "misuse"),
    ("log", Iterates, "misuse"),
    ("log", NoOffset, "misuse"),
    ("log", WritesForEver, "raises"),
    ("log", ReadsForEver, "misuse"),
    ("log", Strings, "raises"),
]
