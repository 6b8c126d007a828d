"""A delivery's attempt is no fencing token: two leases of one message can have the same one."""

from __future__ import annotations

from pubsub_kit import Broker
from pubsub_kit.broker.subscription import Subscription


def films(max_deliveries: int | None = None) -> tuple[Broker, Subscription]:
    """A broker whose clock stands still, with one film, delivered and given back once."""
    broker = Broker(clock=lambda: 0.0)
    broker.topic("films")
    render = broker.subscribe("films", "render", max_deliveries=max_deliveries)
    broker.publish("films", "tea", id="film-1")
    render.pull()[0].nack(0)
    return broker, render


def test_attempts_restart_at_a_replay() -> None:
    _, render = films()
    second = render.pull()[0]
    assert second.attempt == 2
    render.seek(offset=0)
    again = render.pull()[0]
    assert (again.id, again.attempt) == ("film-1", 1)


def test_attempts_restart_at_a_redrive() -> None:
    broker, render = films(max_deliveries=2)
    second = render.pull()[0]
    assert second.attempt == 2
    second.nack(0)
    assert render.pull() == []
    assert broker.redrive("films.dead") == 1
    again = render.pull()[0]
    assert (again.id, again.attempt) == ("film-1", 1)
