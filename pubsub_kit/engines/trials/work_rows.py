"""Rows about work that is shared: publishers, groups, workers that run at the same time, order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.checks.contract.trial import Row, kept_in, listed
from pubsub_kit.engines.trials.stage import EngineCase, Hand, Stage

#: How work is shared.
WORK: list[Row] = []

STALLED = 6.0  # seconds without a message after which a crew gives up, beside its lease


def crew(case: EngineCase, count: int, workers: int = 2, **options: Any) -> list[tuple[int, Any]]:
    """Let workers pull, handle and ack at the same time until `count` events were handled.

    Returns (worker, delivery) in the order in which they were handled, with what came twice.
    """
    hands = [case.worker(f"w{n + 1}", **options).end for n in range(workers)]
    done: list[tuple[int, Any]] = []
    last = [time.monotonic()]

    def work(number: int) -> None:
        while len({lent.id for _, lent in [*done]}) < count:
            if time.monotonic() - last[0] > STALLED + case.lease:
                return
            for lent in hands[number].pull():
                time.sleep(0.005)  # some work, so that one alone can't do it all
                done.append((number, lent))
                last[0] = time.monotonic()
                lent.ack()

    publisher = threading.Thread(target=_publish, args=(case.broker, count))
    publisher.start()
    with ThreadPoolExecutor(workers) as pool:
        [*pool.map(work, range(workers))]
    publisher.join()
    return done


def _publish(stage: Stage, count: int) -> None:
    for number in range(count):
        stage.publish("orders", number, key=f"key-{number % 5}")


@kept_in(WORK)
def acknowledged(case: EngineCase) -> None:
    """Once publish has returned, the event is there, though its publisher leaves at once."""
    worker = case.worker("w1")
    embedded = case.venue.embedded  # there a publisher is any part of the program
    with nullcontext(case.broker) if embedded else case.broker.beside() as publisher:
        publisher.publish("orders", "tea")
    worker.needs("tea").acks()


@kept_in(WORK)
def two_workers_at_once(case: EngineCase) -> None:
    """Two workers that run at the same time share the events: both have work, and none is lost."""
    case.broker.topic("orders", case.venue.partitions)
    done = crew(case, 60)
    seen = sorted(lent.data for _, lent in done)
    case.expect(seen == [*range(60)], _differs(seen, 60))
    case.expect({number for number, _ in done} == {0, 1}, "One of two workers did all the work.")


def _differs(seen: list[int], count: int) -> str:
    missing = [n for n in range(count) if n not in seen]
    twice = sorted({n for n in seen if seen.count(n) > 1})
    return f"Of {count} events, {len(missing)} never came, and {len(twice)} came more than once."


@kept_in(WORK)
def order_by_key(case: EngineCase) -> None:
    """The events of a key are handled in order, while two workers share 100 events of 5 keys."""
    case.broker.topic("orders", case.venue.partitions)
    done = crew(case, 100, ordered=True)
    seen = sorted(lent.data for _, lent in done)
    case.expect(seen == [*range(100)], _differs(seen, 100))
    for key in range(5):
        got = [lent.data for _, lent in done if lent.key == f"key-{key}"]
        case.expect(got == sorted(got), f"The events of key-{key} were handled as {listed(got)}.")


@kept_in(WORK)
def stopped_consumer(case: EngineCase) -> None:
    """A consumer that is stopped finishes and acks the event that it holds."""
    begun, go = threading.Event(), threading.Event()

    def handler(delivery: Any) -> None:
        begun.set()
        go.wait(case.lease / 2)

    hand: Hand = case.worker("w1").end
    consumer = Consumer(hand, handler).run_in_thread()
    case.publish("orders", "tea")
    case.expect(begun.wait(STALLED + case.lease), "The consumer never got tea.")
    stopping = threading.Thread(target=consumer.stop)
    stopping.start()
    go.set()
    stopping.join()
    hand.close()
    words = f"The consumer handled {consumer.handled} events and failed {consumer.failed}."
    case.expect(consumer.handled == 1, words)
    case.lapse()
    case.worker("w2").gets_nothing("it was handled before the consumer stopped")
