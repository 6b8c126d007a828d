"""Publishing from inside a world, and all that can go wrong on the way to the broker and back.

publisher ── event ──▶ broker ── confirm ──▶ publisher
              │                      │
              publish lost           duplicate: the client library publishes once more
              broker crash           confirm lost: it does not, and the publisher has to know
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import NO_EXTENSIONS, Event
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.system import Replicated, System, running
from pubsub_kit.world.tasks import wait

#: How long a publisher waits for the broker's confirm (seconds).
PATIENCE = 1.0
_ON_THE_WAY = ("duplicate", "late duplicate", "publish lost", "confirm lost")


class PublishTimeout(PubSubKitError):
    """The broker did not confirm an event in time: it may have stored it, or not."""


async def publish(
    topic: str,
    data: Any = None,
    *,
    key: str | None = None,
    id: str | None = None,
    extensions: Mapping[str, str | int | bool] | None = None,
) -> Event:
    """Publish an event to the world's broker, and return it once the broker has it.

    If the broker's confirm is lost, the client library may publish the event again: the topic then
    has it twice, under one id. Or it may give up: raises PublishTimeout after a second without a
    confirm, and the caller can't tell whether the broker has the event. `extensions` are further
    attributes, such as a trace's context. Raises NotAllowed if the topic lists other publishers.
    """
    world = running()
    if world.permissions.lists:
        world.permissions.check("publish to", topic, world.current().node.name)
    event = world.event(topic, data, key=key, id=id, extensions=extensions or NO_EXTENSIONS)
    if id is None:
        world.preemption.stirred()  # whose event is the first, whose the second?
    await world.point(f"publishing {event.id}", ("other", topic, ()))
    world.stir()
    node = world.current().node
    node.active = True
    if world.replicated is not None:
        return await _replicated(world, world.replicated, node.name, topic, event)
    kinds, rates = world.enabled(*_ON_THE_WAY, *world.outage.kinds)
    kind = world.chance.fault(kinds, rates) if kinds and not world.outage.down else ""
    message = _send(world, node.name, topic, event)
    if kind in world.outage.kinds:
        world.outage.begin(kind, topic)
    if kind == "publish lost" or world.outage.down:
        why = "is lost" if kind == "publish lost" else "is lost: the broker is down"
        world.note("lose", node.name, topic, message, f"{event.id} {why}", True)
        await _give_up(world, node.name, topic, message, event)
    _store(world, topic, node.name, message, event)
    if kind == "duplicate":
        again = _send(world, node.name, topic, event, ", published again: got no confirm")
        _store(world, topic, node.name, again, event)
    elif kind == "late duplicate":
        text = f"{event.id} is on its way once more"
        world.note("note", node.name, topic, message, text, True)
        world.publish_late(topic, lambda: _again(world, node.name, topic, message, event))
    world.wake(topic)
    if kind == "confirm lost":
        confirm = f"m{world.number('message')}"
        world.note("send", topic, node.name, confirm, f"confirm {event.id}")
        world.note("lose", topic, node.name, confirm, f"confirm of {event.id} is lost", True)
        await _give_up(world, node.name, topic, message, event)
    elif world.outage.kinds and (after := world.chance.fault(*world.outage.odds)):
        world.outage.begin(after, topic)
        await _give_up(world, node.name, topic, message, event)
    return event


async def _replicated(
    world: System, brokers: Replicated, node: str, topic: str, event: Event
) -> Event:
    """Publish to brokers on several nodes, whose client retries until its patience ends."""
    world.check_topic(topic)
    message = _send(world, node, topic, event)
    if await brokers.publish(node, topic, event):
        world.note("receive", topic, node, message, event.id)
        return event
    world.note("timeout", node, topic, message, f"gives up on {event.id}: no ack")
    raise PublishTimeout(
        f"no ack of {event.id} from the brokers within {brokers.cluster.settings.patience:g} s: "
        "they may have stored the event, or not"
    )


def _send(world: System, node: str, topic: str, event: Event, words: str = "") -> str:
    message = f"m{world.number('message')}"
    world.note("send", node, topic, message, f"{event.id}{words}", bool(words))
    return message


def _store(world: System, topic: str, node: str, message: str, event: Event) -> None:
    try:
        world.broker.publish_event(topic, event)
    except PubSubKitError as error:
        raise WorldError(f"publish({topic!r}, …): {error}") from None
    world.note("receive", topic, node, message, event.id)
    world.late_copies(topic)


def _again(world: System, node: str, topic: str, message: str, event: Event) -> None:
    """Let a copy arrive that was long under way, unless nobody is there to take it."""
    if world.outage.down:
        words = f"the second copy of {event.id} from {node} is lost: the broker is down"
        world.note("note", topic, text=words, fault=True)
        return
    world.broker.publish_event(topic, event)
    world.note("receive", topic, node, message, event.id)


async def _give_up(world: System, node: str, topic: str, message: str, event: Event) -> None:
    await wait(world.env.timeout(PATIENCE))
    words = f"gives up on {event.id}: no confirm"
    world.note("timeout", node, topic, message, words)
    raise PublishTimeout(
        f"no confirm of {event.id} from the broker within {PATIENCE:g} s: it may have stored the "
        "event, or not"
    )
