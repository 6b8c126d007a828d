"""The log beside other ways to keep records: raw files, LMDB, SQLite, eventsourcing, brokers."""

from __future__ import annotations

import functools
import shutil
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pubsub_kit.bench import servers
from pubsub_kit.bench.measure import Aim, Contender, Row, batches, present
from pubsub_kit.log.disk import Fsync
from pubsub_kit.log.event import Event
from pubsub_kit.log.segmented_file import SegmentedFile
from pubsub_kit.log.segments import DurableEventLog

RECORDS = [f"{i:08d}".encode() * 12 + b"abcd" for i in range(100_000)]  # 100 bytes each
BATCHES = batches(RECORDS, 1_000)
COUNT = 20_000
DATA = {"order": "tea", "amount": 12, "currency": "EUR", "account": "ann"}


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def timed(work: Callable[[Path], Callable[[], Any]]) -> Callable[[], float]:
    """Return a go whose set-up, in a new folder, is not counted."""

    def go() -> float:
        with folder() as path:
            act = work(path)
            begin = time.perf_counter()
            act()
            return time.perf_counter() - begin

    return go


# -- ready-made records ---


def ours_records() -> Contender:
    """Our segments, an fsync per batch."""

    def work(path: Path) -> Callable[[], None]:
        log = SegmentedFile(path / "log", Fsync.every(records=1_000))

        def act() -> None:
            for batch in BATCHES:
                log.append_batch(batch)
            log.close()

        return act

    return Contender("pubsub_kit segments", len(RECORDS), timed(work))


def raw_file() -> Contender:
    """A buffered file with a checksum for each record: the least that a log could do."""
    import os

    def work(path: Path) -> Callable[[], None]:
        def act() -> None:
            crc = zlib.crc32
            with (path / "raw").open("wb") as file:
                write = file.write
                for batch in BATCHES:
                    for record in batch:
                        write(len(record).to_bytes(4, "big") + crc(record).to_bytes(4, "big"))
                        write(record)
                    file.flush()
                    os.fsync(file.fileno())

        return act

    return Contender("raw file with crc32", len(RECORDS), timed(work))


def lmdb() -> Contender:
    """LMDB, a transaction per batch, synchronous as by default."""
    import lmdb as library

    def work(path: Path) -> Callable[[], None]:
        environment = library.open(str(path), map_size=1 << 28)

        def act() -> None:
            number = 0
            for batch in BATCHES:
                with environment.begin(write=True) as transaction:
                    for record in batch:
                        transaction.put(number.to_bytes(8, "big"), record, append=True)
                        number += 1
            environment.close()

        return act

    return Contender("lmdb", len(RECORDS), timed(work))


def sqlite() -> Contender:
    """SQLite with a write-ahead log, a transaction per batch, synchronous=FULL."""

    def work(path: Path) -> Callable[[], None]:
        database = sqlite3.connect(path / "db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE log (offset INTEGER PRIMARY KEY, payload BLOB)")

        def act() -> None:
            for batch in BATCHES:
                database.execute("BEGIN")
                database.executemany(
                    "INSERT INTO log (payload) VALUES (?)", ((record,) for record in batch)
                )
                database.execute("COMMIT")
            database.close()

        return act

    return Contender("sqlite3 WAL", len(RECORDS), timed(work))


# -- events ---


def ours_publish(name: str, fsync: Fsync) -> Contender:
    """Make events, encode them, and keep them on disk, 1,000 at a time."""

    def work(path: Path) -> Callable[[], None]:
        log = DurableEventLog(path / "log", fsync=fsync)

        def act() -> None:
            for _ in range(COUNT // 1_000):
                log.append_batch([Event.new("order.placed", DATA) for _ in range(1_000)])
            log.close()

        return act

    return Contender(name, COUNT, timed(work))


def eventsourcing_recorder() -> Contender:
    """Eventsourcing's SQLite recorder alone: rows that are encoded already, 1,000 a transaction."""
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    state = b'{"order": "tea", "amount": 12, "currency": "EUR", "account": "ann"}'

    def work(path: Path) -> Callable[[], None]:
        recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path / "db")))
        recorder.create_table()
        key = uuid4()

        def act() -> None:
            for first in range(0, COUNT, 1_000):
                rows = [StoredEvent(key, first + i, "placed", state) for i in range(1_000)]
                recorder.insert_events(rows)

        return act

    return Contender("eventsourcing SQLite recorder", COUNT, timed(work))


@functools.cache
def _order_type() -> Any:
    """Return an aggregate with one kind of event; the library wants to see the class once only."""
    from eventsourcing.domain import Aggregate, event

    class Order(Aggregate):  # type: ignore[misc]
        @event("Placed")  # type: ignore[untyped-decorator]
        def place(self, data: dict[str, Any]) -> None:
            self.data = data

    return Order


def _shop(path: Path) -> Any:
    from eventsourcing.application import Application

    return Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path / "db")}
    )


def eventsourcing_application() -> Contender:
    """Eventsourcing's application on SQLite: an aggregate saved with 1,000 new events at a time."""
    count = COUNT // 4

    def work(path: Path) -> Callable[[], None]:
        shop, order = _shop(path), _order_type()()

        def act() -> None:
            for _ in range(count // 1_000):
                for _ in range(1_000):
                    order.place(DATA)
                shop.save(order)

        return act

    return Contender("eventsourcing application", count, timed(work))


def ours_replay() -> Contender:
    """Open the log, read every event from disk, and look at its data."""

    def work(path: Path) -> Callable[[], None]:
        with DurableEventLog(path / "log", fsync=Fsync.never()) as log:
            log.append_batch([Event.new("order.placed", DATA) for _ in range(COUNT)])

        def act() -> None:
            with DurableEventLog(path / "log") as log:
                offset, total = 0, 0
                while batch := log.read(0, offset, 1_000):
                    offset = batch[-1][0] + 1
                    total += sum([event.data["amount"] for _, event in batch])
                if total != COUNT * 12:
                    raise AssertionError(f"{COUNT} events of amount 12 add up to {total}")

        return act

    return Contender("pubsub_kit DurableEventLog", COUNT, timed(work))


def eventsourcing_replay() -> Contender:
    """eventsourcing: every domain event of one aggregate, from SQLite."""
    count = COUNT // 4

    def work(path: Path) -> Callable[[], None]:
        shop, order = _shop(path), _order_type()()
        for _ in range(count):
            order.place(DATA)
        shop.save(order)

        def act() -> None:
            if sum(1 for _ in shop.events.get(order.id)) != count + 1:
                raise AssertionError("events are missing")

        return act

    return Contender("eventsourcing replay", count, timed(work))


def rows() -> Iterator[Row]:
    """Yield the rows of the table that are about logs."""
    peers, absent = present(raw_file, lmdb, sqlite)
    aims = [Aim("raw file with crc32", 1.2), Aim("lmdb", 1.2), Aim("sqlite3 WAL", 1.2)]
    yield Row(
        "durable append of ready-made 100-byte records, fsync per 1,000",
        "records/s",
        ours_records(),
        peers,
        aims,
        absent,
    )
    peers, absent = present(eventsourcing_recorder, eventsourcing_application)
    aims = [Aim("eventsourcing SQLite recorder", 1.5), Aim("eventsourcing application", 6.0)]
    yield Row(
        "durable publish of Events (make, encode, store), 1,000 a batch, fsync per batch",
        "events/s",
        ours_publish("pubsub_kit, fsync per batch", Fsync.every(records=1_000)),
        peers,
        aims,
        absent,
    )
    peers, absent = present(servers.redis_xadd, servers.jetstream)
    aims = [Aim("Redis XADD, pipelined", 1.0), Aim("JetStream, pipelined", 1.0)]
    yield Row(
        "the same with an fsync every second (Redis here), or every two minutes (JetStream)",
        "events/s",
        ours_publish("pubsub_kit, fsync every second", Fsync.every(seconds=1.0)),
        peers,
        aims,
        absent,
    )
    peers, absent = present(eventsourcing_replay)
    aims = [Aim("eventsourcing replay", 4.0)]
    yield Row("replay from disk to Events", "events/s", ours_replay(), peers, aims, absent)
