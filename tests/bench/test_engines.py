"""What an adapter costs beside a bare client: both do the whole work, and the table says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pubsub_kit import options
from pubsub_kit.bench import engines, table
from pubsub_kit.bench.bare.client import Bare, Client, Kit, read, written
from pubsub_kit.bench.engines import END_TO_END, ONE, WINDOWS, Pair
from pubsub_kit.bench.measure import lines, measure
from pubsub_kit.engines.servers import ServerError, available
from pubsub_kit.log.event import Event

SMALL = engines.Place(
    "Redis", "redis", "redis", "redis_py.RedisPy", "redis-py", one=10, windows=100, end_to_end=100
)


class Memory(Kit):
    """The embedded broker, which stands for an engine here; it counts what it is asked."""

    def __init__(self) -> None:
        super().__init__("memory://")
        self.published: list[int] = []
        self.acked = 0

    def join(self) -> None:
        self.worker = self.engine.subscribe(self.name, "bench")

    def publish(self, items: list[Event]) -> None:
        self.published.append(len(items))
        super().publish(items)

    def ack(self, deliveries: list[object]) -> None:
        super().ack(deliveries)
        self.acked += len(deliveries)


@pytest.fixture
def sides() -> Iterator[tuple[Memory, Memory]]:
    pair = Memory(), Memory()
    yield pair
    for each in pair:
        each.close()


@pytest.mark.parametrize(("work", "window"), [(ONE, 1), (WINDOWS, 20), (END_TO_END, 20)])
def test_both_do_the_same_work(work: str, window: int, sides: tuple[Memory, Memory]) -> None:
    pair = Pair(*sides, 200, work, log=True)
    row = engines.row(SMALL, pair)
    figures = measure(row, 2)
    for side in sides:  # three goes, each with one event that goes before
        assert side.published == [1, *[window] * (200 // window)] * 3
        assert side.acked == (603 if work == END_TO_END else 0)
    assert set(figures) == {"pubsub_kit's adapter", "redis-py"}


def test_a_row_says_the_median_of_the_rounds_own_ratios(sides: tuple[Memory, Memory]) -> None:
    pair = Pair(*sides, 100, WINDOWS, log=True)
    pair.ratios, pair.apart = [9.0, 0.86, 0.9, 1.2], [9.0, 1.0, 1.1, 1.2]  # the first: a trial
    (said,) = pair.notes({})
    assert said.startswith("reached")
    assert "0.90 × [0.86–1.20], and 1.10 ×" in said
    pair.ratios[2] = 0.8
    assert next(iter(pair.notes({}))).startswith("MISSED")


def test_what_does_not_come_ends_the_bench_with_a_sentence(sides: tuple[Memory, Memory]) -> None:
    class Forgetful(Memory):
        def pull(self, n: int) -> list[object]:
            return []

    lost: Client = Forgetful()
    with pytest.raises(AssertionError, match="1 of 1 messages did not come"):
        Pair(sides[0], lost, 100, END_TO_END, log=True).contenders("bare")[0].go()
    lost.close()


def test_a_bare_client_sends_the_bytes_that_the_kit_sends() -> None:
    (event,) = engines.events(1)
    fields = Bare.item(None, event)  # type: ignore[arg-type]  # it needs no server
    assert written(fields) == event.to_json().encode()
    assert read(written(fields)) == fields
    assert fields["data"] == engines.DATA


def test_a_server_that_can_not_be_started_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(name: str) -> object:
        raise ServerError("There is no such program.")

    monkeypatch.setattr(engines, "start", gone)
    assert [row.what.split(":")[0] for row in engines.rows()] == [engines.writing().what]
    said = capsys.readouterr().out
    assert all(place.name in said for place in engines.PLACES)
    assert "no such program" in said


def test_the_command_has_a_part_for_each_that_it_names() -> None:
    assert tuple(table.PARTS) == options.PARTS


def test_one_engine_may_be_measured_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(server: str) -> None:
        raise ServerError(f"there is no {server} here")

    monkeypatch.setattr(engines, "start", absent)
    assert table.main(["--engine", "kafka", "--rounds", "1"]) == 0
    said = capsys.readouterr().out
    assert "Kafka, Kafka's share group: not measured (there is no kafka here)" in said
    assert "RabbitMQ" not in said


@pytest.mark.engines
def test_the_table_of_a_real_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    if missing := available("redis"):
        pytest.skip(missing)
    monkeypatch.setattr(engines, "PLACES", (SMALL,))
    found = [[*lines(row, measure(row, 1))] for row in engines.rows()]
    assert [each[0].strip() for each in found] == [
        "Redis: publish, one at a time, 10 events  (events/s)",
        "Redis: publish, windows of 100, 100 events  (events/s)",
        "Redis: end to end, windows of 100, 100 events  (events/s)",
        "an event of 100 bytes as JSON, written and read  (events/s)",
    ]
    for each in found[:3]:
        assert each[1].startswith("  pubsub_kit's adapter")
        assert each[2].startswith("  redis-py")
        assert each[3].strip().startswith(("reached", "MISSED"))
