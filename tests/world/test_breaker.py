"""A circuit breaker hears of calls that overlap: only what went out since it opened counts."""

from __future__ import annotations

from pubsub_kit import CallError, World, call, sleep
from pubsub_kit.world.breaker import Breaker


def opened_at_2() -> Breaker:
    """A breaker that two failures opened at 2 s; it lets a call through from 12 s on."""
    breaker = Breaker(failures=2, reset=10.0)
    breaker.failed(1.0, since=0.5)
    breaker.failed(2.0, since=0.6)
    return breaker


def test_a_late_success_does_not_close_an_open_breaker() -> None:
    breaker = opened_at_2()
    assert breaker.succeeded(3.0, since=0.7) is False
    assert [breaker.state, breaker.allows(3.0)] == ["open", False]


def test_nobody_can_close_an_open_breaker_even_without_saying_since_when() -> None:
    breaker = opened_at_2()
    assert breaker.succeeded(3.0) is False
    assert breaker.state == "open"


def test_a_late_failure_does_not_keep_an_open_breaker_open_for_longer() -> None:
    breaker = opened_at_2()
    assert breaker.failed(11.0, since=0.7) is False
    assert breaker.allows(12.0)


def test_a_late_success_does_not_close_a_half_open_breaker() -> None:
    breaker = opened_at_2()
    assert breaker.allows(12.0)
    assert breaker.succeeded(12.5, since=0.7) is False
    assert [breaker.state, breaker.allows(12.5)] == ["half-open", False]
    assert breaker.succeeded(13.0, since=12.0) is True
    assert breaker.state == "closed"


def test_a_late_failure_does_not_decide_the_trial() -> None:
    breaker = opened_at_2()
    assert breaker.allows(12.0)
    assert breaker.failed(12.5, since=0.7) is False
    assert breaker.succeeded(13.0, since=12.0) is True


def test_a_late_failure_does_not_count_once_the_breaker_has_closed_again() -> None:
    breaker = opened_at_2()
    breaker.allows(12.0)
    breaker.succeeded(13.0, since=12.0)
    assert [breaker.failed(13.1, since=0.7), breaker.failed(13.2, since=0.8)] == [False, False]
    assert breaker.state == "closed"
    assert [breaker.failed(14.0, since=13.5), breaker.failed(14.1, since=13.5)] == [False, True]


def test_a_call_that_is_answered_after_others_opened_the_breaker_does_not_close_it() -> None:
    """One call takes 3 s and succeeds; meanwhile two others fail, and open the breaker."""
    breaker, world = Breaker(failures=2, reset=10.0), World()
    world.service("slow", latency=3.0)
    world.service("broken", fails=1.0, latency=1.0)

    async def ask(service: str) -> None:
        try:
            await call(service, breaker=breaker)
        except CallError:
            return

    for name, service in (("a", "slow"), ("b", "broken"), ("c", "broken")):
        world.spawn(ask(service), name)
    assert [step.text for step in world.run().of("breaker")] == ["opens"]
    assert breaker.state == "open"


def test_a_call_from_before_does_not_close_the_breaker_while_another_is_on_trial() -> None:
    """The slow call is answered at 3 s, when a trial call is out that has not come back yet."""
    breaker, world = Breaker(failures=2, reset=1.0), World()
    world.service("slow", latency=3.0)
    world.service("broken", fails=1.0, latency=1.0)
    states: list[str] = []

    async def ask(service: str, at: float) -> None:
        await sleep(at)
        try:
            await call(service, breaker=breaker)
        except CallError:
            return

    for name, service, at in (("a", "slow", 0), ("b", "broken", 0), ("c", "broken", 0)):
        world.spawn(ask(service, at), name)
    world.spawn(ask("broken", 2.5), "trial")
    world.at(3.2, lambda: states.append(breaker.state))
    opened = [step.text for step in world.run().of("breaker")]
    assert states == ["half-open"]
    assert opened == ["opens", "opens"]
