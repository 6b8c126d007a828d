"""An event store: an append may say how many events it expects, and the loser gets a conflict."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from pubsub_kit import Conflict, World
from pubsub_kit.world.event_store import EventStore
from pubsub_kit.world.running import WorldError

OLD = [{"n": 1}, {"n": 2}]


def run(does: Callable[[EventStore], Coroutine[Any, Any, Any]]) -> tuple[Any, EventStore]:
    """Return what a coroutine returned, and the store that it used."""
    world, said = World(), []
    log = EventStore(world, {"ann": OLD, "bob": [{"n": 7}]})

    async def task() -> None:
        said.append(await does(log))

    world.spawn(task(), "ann")
    world.run()
    return said[0], log


def test_an_append_returns_the_position_among_all_events() -> None:
    async def append(log: EventStore) -> Any:
        return await log.append("ann", {"n": 3}, {"n": 4}, expected=2), await log.read("ann")

    (position, events), log = run(append)
    assert position == 5
    assert events == [*OLD, {"n": 3}, {"n": 4}] == log.of("ann")


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_that_expects_another_version_appends_nothing(expected: int) -> None:
    async def append(log: EventStore) -> bool:
        with pytest.raises(Conflict, match="ann has 2 events"):
            await log.append("ann", {"n": 3}, {"n": 4}, expected=expected)
        return True

    done, log = run(append)
    assert done
    assert log.of("ann") == OLD
    assert f"conflict: expects {expected}, has 2" in log.world.trace.text()


def test_one_that_expects_none_always_succeeds_and_an_empty_one_writes_nothing() -> None:
    async def append(log: EventStore) -> Any:
        return await log.append("new", {"n": 1}), await log.append("new", expected=1)

    (first, second), log = run(append)
    assert (first, second) == (4, 4)
    assert log.of("new") == [{"n": 1}]


def test_all_events_are_read_in_the_order_in_which_they_were_appended() -> None:
    async def read(log: EventStore) -> Any:
        await log.append("ann", {"n": 3})
        return await log.read_all(after=2), await log.read("ann", after=1)

    (beyond, of_ann), _ = run(read)
    assert beyond == [(3, "bob", {"n": 7}), (4, "ann", {"n": 3})]
    assert of_ann == [{"n": 2}, {"n": 3}]


def test_what_is_read_is_a_copy() -> None:
    async def change(log: EventStore) -> Any:
        (await log.read("ann"))[0]["n"] = 99
        return True

    _, log = run(change)
    assert log.of("ann") == OLD


def test_a_version_among_the_events_is_refused_in_a_sentence() -> None:
    async def append(log: EventStore) -> bool:
        with pytest.raises(WorldError, match="not 2, and the expected version by name"):
            await log.append("ann", {"n": 3}, 2)
        return True

    assert run(append)[1].of("ann") == OLD
