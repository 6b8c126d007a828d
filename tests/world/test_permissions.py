"""Who may publish to a topic of the world, and who may subscribe to it."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.world.permissions import NotAllowed
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.world import World


def a_shop(**lists: Any) -> tuple[World, list[str]]:
    """A world in which a shop and a stranger each publish an order."""
    world, heard = World(), []
    world.topic("orders", **lists)

    async def publishes(name: str) -> None:
        try:
            await publish("orders", {}, id=f"of {name}", extensions={"traceparent": name})
        except NotAllowed as error:
            heard.append(str(error))

    for name in ("shop", "stranger"):
        world.spawn(publishes(name), name)
    return world, heard


def published(world: World) -> list[str]:
    world.run()
    return [event.id for _, event in world.broker.topic("orders").log.read(0, 0, 9)]


def test_a_topic_without_lists_is_open_to_everybody() -> None:
    world, heard = a_shop()
    assert published(world) == ["of shop", "of stranger"]
    assert heard == []


def test_a_stranger_may_not_publish_and_hears_who_may() -> None:
    world, heard = a_shop(publishers=["shop", "app"])
    assert published(world) == ["of shop"]
    assert heard == ["stranger may not publish to 'orders': shop, app may"]


def test_a_stranger_may_not_subscribe_and_no_group_is_made() -> None:
    world, _ = a_shop(subscribers=["stock"])
    world.consumer("stock", lambda event: None, "orders")
    with pytest.raises(NotAllowed, match=r"^analytics may not subscribe to 'orders': stock may$"):
        world.consumer("analytics", lambda event: None, "orders")
    assert [*world.broker.subscriptions] == [("orders", "stock")]


def test_an_event_carries_its_extensions() -> None:
    world, _ = a_shop()
    world.run()
    (_, event), _ = world.broker.topic("orders").log.read(0, 0, 9)
    assert dict(event.extensions) == {"traceparent": "shop"}


def test_you_may_publish_from_outside() -> None:
    world, _ = a_shop(publishers=[])
    world.publish("orders", {}, id="by hand")
    assert published(world) == ["by hand"]
