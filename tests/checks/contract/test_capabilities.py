"""Each row for a capability is broken by a broker that has one fault in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.checks.contract.capabilities import CAPABILITIES
from pubsub_kit.checks.contract.held import held_to
from tests.checks.contract.kit import ALL, LEASE, Kit


class Faulty(Kit):
    """The kit's broker, in memory, and what is wrong with it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock, "shared", None)

    def subscribe(self, topic: str, group: str, **options: Any) -> Any:
        return Worker(self, super().subscribe(topic, group, **options))

    def nack(self, delivery: Any, delay: float = 0, **options: Any) -> Any:
        return delivery.nack(delay, **options)

    def extend(self, delivery: Any, seconds: float) -> Any:
        return delivery.extend(seconds)

    def ack(self, delivery: Any) -> Any:
        return delivery.ack()

    def reason(self, delivery: Any) -> Any:
        return delivery.reason


class Worker:
    def __init__(self, broker: Faulty, worker: Any) -> None:
        self.broker, self.worker = broker, worker

    def pull(self) -> list[Any]:
        return [Wrapped(self.broker, delivery) for delivery in self.worker.pull()]


class Wrapped:
    def __init__(self, broker: Any, delivery: Any) -> None:
        self.broker, self.delivery = broker, delivery
        self.data, self.attempt = delivery.data, delivery.attempt

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self.broker, verb)
        if verb == "reason":
            return asked(self.delivery)
        return lambda *args, **options: asked(self.delivery, *args, **options)


class NackDoesNothing(Faulty):
    def nack(self, delivery: Any, delay: float = 0, **options: Any) -> Any:
        return True


class NackAtOnce(Faulty):
    def nack(self, delivery: Any, delay: float = 0, **options: Any) -> Any:
        return delivery.nack(0, **options)


class NackAlwaysCounts(Faulty):
    def nack(self, delivery: Any, delay: float = 0, **options: Any) -> Any:
        delivery.nack(delay, **options)
        return True


class NackWithoutReason(Faulty):
    def nack(self, delivery: Any, delay: float = 0, **options: Any) -> Any:
        return delivery.nack(delay)


class ExtendDoesNothing(Faulty):
    def extend(self, delivery: Any, seconds: float) -> Any:
        return True


class ExtendsForEver(Faulty):
    def extend(self, delivery: Any, seconds: float) -> Any:
        return delivery.extend(1e6)


class ExtendAlwaysCounts(Faulty):
    def extend(self, delivery: Any, seconds: float) -> Any:
        delivery.extend(seconds)
        return True


class Without(Faulty):
    """Ignores an option."""

    option = ""

    def subscribe(self, topic: str, group: str, **options: Any) -> Any:
        options.pop(self.option, None)
        return super().subscribe(topic, group, **options)


class NoDeadLetters(Without):
    option = "max_deliveries"


class NoOrder(Without):
    option = "ordered"


class NoFilter(Without):
    option = "filter"


class SeeksNowhere(Faulty):
    def seek(self, topic: str, group: str, offset: int) -> None:
        pass


class AllSeek(Faulty):
    def seek(self, topic: str, group: str, offset: int) -> None:
        for found in self.broker.subscriptions.values():
            found.seek(offset=offset)


class AcksOutliveASeek(Faulty):
    def ack(self, delivery: Any) -> Any:
        return delivery.ack() or True


class NeverPauses(Faulty):
    def pause(self, topic: str, group: str) -> None:
        pass


class AllPause(Faulty):
    def pause(self, topic: str, group: str) -> None:
        for found in self.broker.subscriptions.values():
            found.pause()


class NeverResumes(Faulty):
    def resume(self, topic: str, group: str) -> None:
        pass


class Forgets(Faulty):
    """A restart begins with nothing."""


BREAKS: list[tuple[type[Faulty], set[str]]] = [
    (NackDoesNothing, {"nack", "nack with delay", "nack counts once", "dead letter", "late nack"}),
    (NackAtOnce, {"nack with delay"}),
    (NackAlwaysCounts, {"nack counts once", "late nack"}),
    (NackWithoutReason, {"dead letter"}),
    (ExtendDoesNothing, {"extend", "late extend"}),
    (ExtendsForEver, {"extended lease ends"}),
    (ExtendAlwaysCounts, {"late extend"}),
    (NoDeadLetters, {"dead letter", "dead letter after crashes"}),
    (NoOrder, {"order of a key", "order after a loss"}),
    (NoFilter, {"filtering"}),
    (SeeksNowhere, {"replay", "seek makes acks stale"}),
    (AllSeek, {"replay"}),
    (AcksOutliveASeek, {"seek makes acks stale", "nack counts once", "extended lease ends"}),
    (NeverPauses, {"pause"}),
    (AllPause, {"pause"}),
    (NeverResumes, {"pause"}),
    (Forgets, {"restart", "crash", "attempts outlive a restart", "paused before a restart"}),
]  # fmt: skip


@pytest.mark.parametrize(("broker", "rows"), BREAKS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_fault_breaks_the_rows_that_are_about_it(broker: type[Faulty], rows: set[str]) -> None:
    can = ALL if broker is Forgets else [name for name in ALL if name != "restart"]
    broken = {breach.row.name for breach in held_to(broker, can, lease=LEASE).breaches}
    about = {row.name for row in CAPABILITIES}
    assert broken & about == rows


def test_each_row_is_broken_by_some_broker() -> None:
    assert set().union(*(rows for _, rows in BREAKS)) >= {row.name for row in CAPABILITIES}


def test_a_broker_without_a_fault_breaks_none() -> None:
    can = [name for name in ALL if name != "restart"]
    assert held_to(Faulty, can, lease=LEASE).breaches == []
