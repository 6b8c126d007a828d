"""Worlds and oracles of exercise 02: what a publisher must wait for, and how often it connects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, publish, sleep
from pubsub_kit.world.world import World

SIGNUPS = ("ann", "bob", "eve")


# -- producer: when is it sent, and how often to connect ---


class Producer:
    """A client library's producer: it connects when it is made, and buffers until it is flushed."""

    def __init__(self, world: World) -> None:
        self._world, self._buffer = world, list[str]()
        world.note("note", "signup", text=f"connection {world.number('connection')} to the broker")

    def send(self, data: str) -> None:
        """Buffer an event; it leaves with the next flush."""
        self._world.note("note", "signup", text=f"{data} is in the buffer")
        self._buffer.append(data)

    async def flush(self) -> None:
        """Wait until the broker has everything that was sent."""
        while self._buffer:
            await publish("signups", self._buffer[0], id=f"signup-{self._buffer[0]}")
            self._buffer.pop(0)


def producer(world: World, answer: Any) -> None:
    """A web service that is the answer's `Signup(connect)`; three requests, then a deployment."""
    world.topic("signups")
    said = world.store("said")
    world.service("signup", lambda: answer(lambda: Producer(world)))
    world.link("client", "signup", reliable=True)

    async def client() -> None:
        for name in SIGNUPS:
            for _ in range(5):
                try:
                    said.rows[name] = await call("signup", name, timeout=5.0)
                    break
                except CallError:
                    await sleep(2.0)

    world.spawn(client(), "client")
    world.at(100.0, _stop, world)


def _stop(world: World) -> None:
    """The process ends, as at each deployment; what is only in its memory is gone."""
    world.crash("signup")


def what_was_answered_was_sent(world: World) -> Violation | None:
    """Everyone who was told 'ok' is on the topic, and a process connects once, not per request."""
    log = world.broker.topic("signups").log
    sent = {event.data for _, event in log.read(0, 0, 100)}
    said = world.stores["said"].rows
    told = [name for name in SIGNUPS if said.get(name) == "ok"]
    lost = [name for name in told if name not in sent]
    if lost:
        wanted, found = len(told), len(told) - len(lost)
        step = _last(world, "crash")
        message = f"{lost[0]} was told 'ok', but the event was still in the buffer when the "
        message += f"process ended at {world.trace[step].time:.0f} s."
        keys = "told 'ok'", "on the topic"
        return Violation(
            message,
            step,
            dict.fromkeys(keys, wanted),
            dict(zip(keys, (wanted, found), strict=True)),
            "send means sent",
        )
    if len(told) < len(SIGNUPS):
        unheard = next(name for name in SIGNUPS if name not in told)
        message = f"{unheard} signed up and never got an 'ok'."
        answers = {name: said.get(name) for name in SIGNUPS}
        step = _last(world, "receive")
        return Violation(message, step, dict.fromkeys(SIGNUPS, "ok"), answers, "another answer")
    made = [step for step in world.trace.of("note") if step.text.startswith("connection")]
    starts = 1 + len(world.trace.of("restart"))
    if len(made) > starts:
        message = f"The service made {len(made)} connections for {len(SIGNUPS)} requests; one for "
        message += "each start of the process is enough."
        wanted, found = starts, len(made)
        step = world.trace.steps.index(made[starts])
        return Violation(
            message,
            step,
            {"connections": wanted},
            {"connections": found},
            "a producer for each request",
        )
    return None


def _last(world: World, kind: str) -> int:
    return max(i for i, step in enumerate(world.trace) if step.kind == kind)


# -- confirm: accepted is not routed ---

WAITS = ("for nothing", "for a confirm", "for a confirm, or for the message to come back")
THEN = ("goes on", "resends at once", "resends after a minute")
PUBLISHER, UNHEARD = "the publisher waits", "if no answer comes, it"


def confirm(world: World, choice: Mapping[str, str]) -> None:
    """An exchange that routes by type: a queue is bound for 'signup', and none for 'refund'.

    The publisher does as chosen; a message that was returned to it is in the row `kept`.
    """
    db = world.store("db")
    world.store("choice", choice)

    async def exchange(message: Mapping[str, Any]) -> str:
        if message["type"] == "signup":
            await db.insert(f"queued {message['id']}")
            return "confirmed"
        return "returned" if message["mandatory"] else "confirmed"

    async def publisher() -> None:
        for type_ in ("signup", "refund"):
            await _send(db, choice, {"id": f"{type_}-1", "type": type_})

    world.service("exchange", exchange)
    world.spawn(publisher(), "publisher")


async def _send(db: Any, choice: Mapping[str, str], message: dict[str, Any]) -> None:
    waits, then = choice[PUBLISHER], choice[UNHEARD]
    request = {**message, "mandatory": waits == WAITS[2]}
    for _ in range(1 if THEN[0] == then or WAITS[0] == waits else 5):
        try:
            answer = await call("exchange", request, timeout=1.0)
        except CallError:
            await sleep(60.0 if then == THEN[2] else 0.0)
            continue
        if answer == "returned":
            await db.put(f"kept {message['id']}", True)
        return


def nothing_vanishes(world: World) -> Violation | None:
    """Each message is in a queue, or was returned to its publisher."""
    rows, choice = world.stores["db"].rows, world.stores["choice"].rows
    for name in ("signup-1", "refund-1"):
        if f"queued {name}" in rows or f"kept {name}" in rows:
            continue
        belief, how = _why_gone(world, name, choice[PUBLISHER])
        step = max(i for i, s in enumerate(world.trace) if name in s.text)
        message = f"{name} {how}."
        return Violation(message, step, {name: "queued or returned"}, {name: "gone"}, belief)
    return None


def _why_gone(world: World, name: str, waits: str) -> tuple[str, str]:
    if waits == WAITS[0]:
        return "published means arrived", "is in no queue, and its publisher will never know"
    if any(step.kind == "lose" and name in step.text for step in world.trace):
        return "silence means yes", "was lost, and its publisher went on without a confirm"
    return (
        "a confirm means it was routed",
        "was confirmed, though no queue was bound for it, and dropped",
    )
