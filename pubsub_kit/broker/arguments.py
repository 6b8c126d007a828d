"""What a broker is given: whatever can't work is refused before anything is done with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.settings import SubscriptionError, is_count, is_seconds
from pubsub_kit.broker.starts import check_start
from pubsub_kit.broker.topic import BrokerError, Rules, check_name
from pubsub_kit.errors import brief
from pubsub_kit.log.acceptance import several
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.values import EventError

RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE | re.DOTALL)


def check_parts(clock: object, rng: object, commit_every: object) -> None:
    """Raise BrokerError for what a broker can't be made of."""
    if not callable(clock):
        raise BrokerError(
            f"A broker's clock is a function that returns seconds, not {brief(clock)}."
        )
    if not (rng is None or callable(getattr(rng, "random", None))):
        raise BrokerError(f"rng is a random.Random(…), not {brief(rng)}.")
    if not is_count(commit_every):
        raise BrokerError(
            f"commit_every is a number of acks, 1 or more, not {brief(commit_every)}."
        )


def check_new_topic(name: object, others: Iterable[str]) -> None:
    """Raise BrokerError unless a new topic can have this name, beside the `others`.

    Its folder must work on every system: Windows keeps some names for devices, and neither it nor
    macOS tells capital letters from small ones.
    """
    check_name("topic", name)
    text = str(name)
    if text.startswith("__"):
        raise BrokerError(f"Names like {name!r}, with __ in front, are the broker's own.")
    if RESERVED.fullmatch(text):
        raise BrokerError(f"{name!r} can't name a topic: Windows keeps that name for a device.")
    for other in others:
        if other.casefold() == text.casefold():
            raise BrokerError(
                f"{name!r} differs from the topic {other!r} in capital letters alone, which not "
                "every disk can tell apart: choose another name."
            )


def check_topic(partitions: object, retention: Retention | None, compact: bool | None) -> Rules:
    """Return what a topic may forget; raises BrokerError for a setting that can't work."""
    if not (partitions is None or is_count(partitions)):
        raise BrokerError(f"A topic needs 1 partition or more, not {brief(partitions)}.")
    if not (retention is None or isinstance(retention, Retention)):
        raise BrokerError(f"retention is a Retention(…), not {brief(retention)}.")
    if not (compact is None or isinstance(compact, bool)):
        raise BrokerError(f"compact is True or False, not {brief(compact)}.")
    return retention, compact


def check_reading(start: object, filter: object) -> None:
    """Raise SubscriptionError unless these can be a start and a filter."""
    check_start(start)
    if not (filter is None or callable(filter)):
        raise SubscriptionError(f"A filter must be a function of an event, not {brief(filter)}.")


def checked_extensions(extensions: object) -> dict[str, Any]:
    """Return extensions as a dict; raises EventError."""
    if not isinstance(extensions, Mapping):
        raise EventError(f"extensions are a dict of attributes, not {brief(extensions)}.")
    return dict(extensions)


def items_of(items: Iterable[Any]) -> Sequence[Any]:
    """Return the items of a batch; raises BrokerError for what is one item, or none."""
    try:
        return several(items)
    except LogError:
        raise BrokerError(
            "publish_batch takes an iterable of events or data, such as a list, not "
            f"{brief(items)}: publish takes one message."
        ) from None


def check_event(event: object) -> None:
    """Raise BrokerError unless a value is an event."""
    if not isinstance(event, Event):
        raise BrokerError(
            f"publish_event takes an Event, not {brief(event)}: use publish for data."
        )


def events_of(batch: Sequence[Any], topic: str, now: float) -> Sequence[Event]:
    """Return the events of a batch, and new ones for what is data."""
    if {*map(type, batch)} == {Event}:
        return batch
    return [item if isinstance(item, Event) else Event.new(topic, item, time=now) for item in batch]


def check_count(n: object) -> None:
    """Raise SubscriptionError unless so many messages can be pulled."""
    if not is_count(n):
        raise SubscriptionError(f"pull(n) takes a whole number from 1 up, not {brief(n)}.")


def check_owned(
    partitions: Iterable[object], owned: Sequence[int], member: str, group: str
) -> None:
    """Raise SubscriptionError unless a member of a group owns these partitions."""
    for partition in partitions:
        if partition.__class__ is not int or partition not in owned:
            raise SubscriptionError(
                f"{member!r} does not own partition {brief(partition)} of {group}: it owns "
                f"{owned or 'none'}."
            )


def check_nack(delay: object, reason: object) -> None:
    """Raise SubscriptionError for a nack that can't be."""
    if delay is not None and not is_seconds(delay):
        raise SubscriptionError(f"nack takes a delay in seconds from 0 up, not {brief(delay)}.")
    if not isinstance(reason, str):
        raise SubscriptionError(f"nack takes a reason in words, not {brief(reason)}.")


def check_extension(seconds: object) -> None:
    """Raise SubscriptionError unless a lease or a session can be extended by so much."""
    if not is_seconds(seconds) or seconds == 0:
        raise SubscriptionError(f"extend takes a number of seconds above 0, not {brief(seconds)}.")


def checked(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Return deliveries as a list; raises SubscriptionError, before any is acked, for others."""
    batch = list(deliveries) if isinstance(deliveries, Iterable) else [deliveries]
    if {*map(type, batch)} - {Delivery}:
        wrong = next(each for each in batch if each.__class__ is not Delivery)
        raise SubscriptionError(f"ack_batch takes deliveries, as pull returns, not {brief(wrong)}.")
    return batch
