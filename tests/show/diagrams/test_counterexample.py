"""A counterexample: the failing run of a search, with what is wrong in it."""

from __future__ import annotations

import pytest

from pubsub_kit import Violation, World, explore, publish, show
from pubsub_kit.show import PictureError
from pubsub_kit.world.search.explore import Exploration


def search(most: int) -> Exploration:
    """Search for a run that adds more than `most` to a total, when acks may be lost."""

    def scenario(world: World) -> None:
        total = world.store("total")
        world.topic("orders")
        world.consumer("billing", lambda _: total.add("sum", 4), "orders")
        world.spawn(publish("orders", id="order-1"), "shop")

    def oracle(world: World) -> Violation | None:
        found = world.stores["total"].rows.get("sum", 0)
        return Violation("Charged twice.", None, 4, found) if found > most else None

    return explore(scenario, oracle, faults=["ack lost"], max_faults=1)


def test_it_shows_the_fault_and_what_is_wrong() -> None:
    text = show.counterexample(search(most=4)).text
    assert "ack of order-1 is lost" in text
    assert "expected 4, was 8" in text
    assert text.startswith("The shortest run that breaks it, schedule")


def test_where_nothing_fails_it_says_what_holds() -> None:
    with pytest.raises(PictureError, match="no run to draw: holds"):
        show.counterexample(search(most=8))


def test_a_run_that_needs_no_fault_says_so_in_its_title() -> None:
    def scenario(world: World) -> None:
        world.service("api", lambda request: request)
        world.client("ann", "api")

    found = explore(scenario, lambda world: Violation("ann is never served"))
    picture = show.counterexample(found)
    assert picture.text.splitlines()[0] == "The shortest run that breaks it: nothing has to fail"
