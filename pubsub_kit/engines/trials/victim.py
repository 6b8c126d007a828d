"""A process that is going to be killed: it says what it has done, and is then gone amid its work.

    victim.py handle URL TOPIC GROUP           handles one event after another: "ready", then "+ID"
    victim.py hold URL TOPIC GROUP COUNT       holds an embedded broker: publishes windows, which it
                                               names once they are acknowledged ("=IDS NUMBER"), and
                                               handles half as many ("+ID")

An id is written before its ack: what was handled and not acked is a duplicate, and nothing is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.engines.connect import connect
from pubsub_kit.log.event import Event

WINDOW = 100  # events that are acknowledged together


def window(ids: str, number: int) -> list[Event]:
    """Return the events of a window: whoever makes it again makes the same ids."""
    first = number * WINDOW
    return [
        Event.new("order", n, id=f"{ids}-{n}", key=f"k{n % 5}")
        for n in range(first, first + WINDOW)
    ]


def say(line: str) -> None:
    """Write a line that is out before anything else happens."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def handler(delivery: Delivery) -> None:
    """Handle an event: say its id."""
    say(f"+{delivery.id}")


def handle(url: str, topic: str, group: str) -> None:
    """Handle events until killed."""
    with connect(url) as engine:
        consumer = Consumer(engine.subscribe(topic, group), handler)
        say("ready")
        while True:
            consumer.step(10)


def hold(url: str, topic: str, group: str, count: str) -> None:
    """Hold a broker, publish to it and read from it, until killed."""
    with connect(url) as engine:
        engine.topic(topic)
        consumer = Consumer(engine.subscribe(topic, group), handler)
        say("ready")
        for number in range(int(count) // WINDOW):
            engine.publish_batch(topic, window(topic, number))
            say(f"={topic} {number}")
            consumer.step(WINDOW // 2)


PARTS: dict[str, Callable[..., None]] = {"handle": handle, "hold": hold}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*sys.argv[2:])
