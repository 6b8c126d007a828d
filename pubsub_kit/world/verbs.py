"""What a handler can do in a world: call, perform, sleep, and read its clock; it can publish too.

Each of them but `clock` is an await, and so a point where time passes and a fault may strike. They
find their world by themselves, so a handler reads as it would in a web framework.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Sequence
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from itertools import count
from types import coroutine
from typing import Any

from simpy import Event as Moment

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.world.breaker import Breaker
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.services import CallError, CallRefused
from pubsub_kit.world.system import running
from pubsub_kit.world.tasks import NOWHERE, wait

_SKEWS = {"": 0.0, "skew": -60.0, "skew ahead": 60.0}


@coroutine
def sleep(seconds: float) -> Generator[Moment, None, None]:
    """Let virtual seconds pass; this takes no real time."""
    world = running()
    task = world.task or world.current()
    if seconds.__class__ is not float or not seconds >= 0:
        _check("sleep", seconds)
    if world.rates and (kind := world.exposed(task.node)):
        words = f"its sleep of {seconds:g} s ends"
        yield from world.suffer(kind, task.node, words).__await__()
    if not task.node.alive:
        yield NOWHERE
    yield world.nap(task, seconds)


def _check(verb: str, seconds: float) -> None:
    try:
        if seconds >= 0:
            return
    except TypeError:
        pass
    raise WorldError(f"{verb} takes a number of seconds from 0 up, not {seconds!r}")


def clock() -> float:
    """Return the time on this node's clock: virtual seconds, plus its skew if it has one."""
    world = running()
    node = world.current().node
    if node.skew is None:
        kinds, rates = world.enabled("skew", "skew ahead")
        kind = world.chance.fault(kinds, rates) if kinds else ""
        node.skew = _SKEWS[kind]
        if kind:
            words = "slow" if node.skew < 0 else "fast"
            world.note("note", node.name, text=f"its clock is 60 s {words}", fault=True)
    return world.now + node.skew


async def call(
    service: str,
    payload: Any = None,
    *,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    breaker: Breaker | None = None,
) -> Any:
    """Call a service and return its reply.

    Each attempt waits up to `timeout` seconds (None: forever). With `retry` there are up to
    `retry.attempts` of them (None: no limit), with the policy's waits between. An open `breaker`
    refuses at once. Raises CallTimeout (the work may or may not have been done), CallRefused (it
    was not begun) or CallFailed (the handler raised).
    """
    world = running()
    caller = world.current().node
    if not caller.alive:
        await wait(NOWHERE)
    if timeout is not None:
        _check("timeout", timeout)
    target = world.services.get(service)
    if target is None:
        known = ", ".join(world.services) or "none"
        raise WorldError(f"there is no service {service!r} to call; this world has {known}")
    for number in count(1):
        since = world.now
        if breaker is not None and not breaker.allows(since):
            raise CallRefused(f"the circuit breaker to {service} is open")
        try:
            reply = await target.call(payload, timeout)
        except CallError as error:
            if breaker is not None and breaker.failed(world.now, since):
                world.note("breaker", caller.name, service, text="opens")
            if retry is None or number == retry.attempts:
                raise
            pause = retry.delay(number, world.jitter)
            world.note("retry", caller.name, service, text=f"retries in {pause:.2f} s: {error}")
        else:
            if breaker is not None and breaker.succeeded(world.now, since):
                world.note("breaker", caller.name, service, text="closes")
            return reply
        await sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def gather(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run several coroutines at once on this node; return their results in order.

    If some raise, the others still finish before the first error is raised.
    """
    world = running()
    node = world.current().node
    if not node.alive:
        await wait(NOWHERE)
    outcomes: list[Any] = [None] * len(coroutines)
    left, done = len(coroutines), Moment(world.env)

    async def one(i: int, awaited: Coroutine[Any, Any, Any]) -> None:
        nonlocal left
        try:
            outcomes[i] = await awaited
        except Exception as error:
            outcomes[i] = _Raised(error)
        left -= 1
        if left == 0:
            done.succeed()

    for i, awaited in enumerate(coroutines):
        world.spawn(one(i, awaited), node.name)
    try:
        if coroutines:
            await wait(done)
    finally:
        _drop_unbegun(coroutines)
    for outcome in outcomes:
        if isinstance(outcome, _Raised):
            raise outcome.error
    return outcomes


def _drop_unbegun(coroutines: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """Close what a crash kept from starting, or Python would warn that it was never awaited."""
    for each in coroutines:
        if iscoroutine(each) and getcoroutinestate(each) == CORO_CREATED:
            each.close()


class _Raised:
    """Marks the outcome of a coroutine that raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


async def perform(effect: str, key: str) -> None:
    """Do something outside that no transaction can undo: charge a card, send an email."""
    world = running()
    what = f"{effect} {key}"
    await world.point(f"“{what}”")
    node = world.current().node
    node.active = True
    count = world.number(what)
    again = f" ({count} times now)" if count > 1 else ""
    world.note(
        "effect", node.name, text=what + again, data=("outside", {what: count - 1}, {what: count})
    )
