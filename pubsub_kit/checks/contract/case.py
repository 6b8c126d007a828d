"""A case: one broker under test, the time that it lives in, and a trace of what was asked of it.

A broker under test is made by a factory, of a clock (seconds), and needs two verbs:

    publish(topic, data)              store a message
    subscribe(topic, group)           return a worker of a group, which has its own position;
                                      a worker's pull() returns a list: the next delivery, or none

A delivery has `data`, `attempt` (1, 2, …) and `ack()`, which says whether it still counted.

What else a broker can, whoever holds it to the contract says by name (`held_to(factory, can=…)`),
and only the rows that need no more than that are played. Each name stands for a verb or an option:

    single leases each message in flight has a lease of its own, and a lost one brings back no other
    nack          delivery.nack(delay) and .nack(): give a message back, after `delay` seconds or at
                  once; says whether it still counted
    extend        delivery.extend(seconds): its lease ends so many seconds from now; says as much
    dead letter   subscribe(…, max_deliveries=n): after n deliveries a message moves to the topic
                  "<topic>.dead", where its delivery has the `reason`: what nack(reason=…) said
    order         publish(…, key=…) and subscribe(…, ordered=True): messages of a key in order
    seek          seek(topic, group, offset): the group goes to that message, counted from 0
    pause         pause(topic, group) and resume(topic, group)
    filter        subscribe(…, filter=…): the group gets only data for which it is true
    restart       the factory, called again, makes the broker anew over the same storage, once
                  close() was called, or was not: then its process has died
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pubsub_kit.checks.contract.trial import Broken, Trial, shown

#: Makes a broker under test, of a clock that returns seconds.
Factory = Callable[[Callable[[], float]], Any]

NO_EFFECT = "an ack changes nothing"
NO_ANSWER = "an ack says nothing"
NOT_COUNTED = "nobody counts attempts"


class Case(Trial):
    """One broker, from its first moment on; `lease` is how long it lends a message (seconds).

    With `sleep` the time is real, and a wait takes as long as it says; else it is virtual.
    """

    def __init__(
        self, factory: Factory, lease: float = 30.0, sleep: Callable[[float], Any] | None = None
    ) -> None:
        super().__init__()
        self.factory, self.lease, self._sleep = factory, lease, sleep
        self.broker: Any = None
        self._looks, self._looks_while_made = 0, 0

    def begin(self) -> None:
        """Make the broker."""
        self.making()
        self.broker = self.asked("you", "making the broker", lambda: self.factory(self._clock))
        self._looks_while_made = self._looks

    def _clock(self) -> float:
        self._looks += 1
        return self.now

    @property
    def asked_once(self) -> bool:
        """Whether the broker looked at its clock when it was made, and never again."""
        return 0 < self._looks == self._looks_while_made

    def restart(self, closed: bool = True) -> None:
        """Make the broker anew, once it was closed, or as if its process had died."""
        if closed:
            self.asked("you", "close()", lambda: self.broker.close())
        self.note("crash", "broker", text="restarts" if closed else "its process dies")
        self.begin()
        self.note("restart", "broker")

    def publish(self, topic: str, *items: Any, **options: Any) -> None:
        """Publish messages, one after the other."""
        for data in items:
            message = self.message()
            self.note("send", "you", topic, message, f"publish {shown(data)}")
            does = f"publish({topic!r}, {shown(data)}{_options(options)})"
            self.asked("you", does, partial(self._publish, topic, data, options))
            self.note("receive", topic, "you", message, f"publish {shown(data)}")

    def _publish(self, topic: str, data: Any, options: dict[str, Any]) -> Any:
        return self.broker.publish(topic, data, **options)

    def worker(
        self, name: str, topic: str = "orders", group: str = "billing", **options: Any
    ) -> Worker:
        """Let a worker of a group subscribe to a topic."""
        does = f"subscribe({topic!r}, {group!r}{_options(options)})"
        end = self.asked(name, does, lambda: self.broker.subscribe(topic, group, **options))
        self.note("note", name, text=f"subscribes to {topic} as {group}")
        return Worker(self, name, topic, end)

    def group(self, verb: str, topic: str = "orders", group: str = "billing", *args: Any) -> None:
        """Ask something of the broker about a group: to seek, to pause, to resume."""
        does = f"{verb}({', '.join(map(repr, (topic, group, *args)))})"
        self.asked("you", does, lambda: getattr(self.broker, verb)(topic, group, *args))
        self.note("note", "you", text=does)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self._sleep is not None:
            self._sleep(seconds)

    @property
    def virtual(self) -> bool:
        """Whether waiting takes no time."""
        return self._sleep is None

    def lapse(self) -> None:
        """Let so much time pass that whoever holds a message, and says nothing, has lost it."""
        self.wait(self.lease + 1)


class Worker:
    """A worker of a group, and what it has got.

    Where a verb takes a `belief`, it is the misconception that shows if this fails.
    """

    def __init__(self, case: Case, name: str, topic: str, end: Any) -> None:
        self.case, self.name, self.topic, self.end = case, name, topic, end

    def pull(self) -> Held | None:
        """Take the next message, if there is one."""
        case = self.case
        given = case.asked(self.name, "pull()", lambda: self.end.pull())
        if not isinstance(given, list | tuple):
            words = (
                f"pull() returned {shown(given)}: it has to return a list, [] if there is nothing"
            )
            words += "." if given is None else ", and else a list with one delivery."
            case.expect(False, words, belief="misuse")
        if not given:
            case.note("note", self.name, text="pulls, and gets nothing")
            return None
        held = Held(self, given[0])
        message = case.message()
        text = f"{shown(held.data)} (attempt {held.attempt})"
        case.note("send", self.topic, self.name, message, text)
        case.note("receive", self.name, self.topic, message, text)
        words = f"pull() returned {len(given)} messages: it has to return one, or none."
        case.expect(len(given) == 1, words, belief="misuse")
        return held

    def needs(self, data: Any, belief: str = "") -> Held:
        """Take the next message, which has to be this one."""
        held = self.pull()
        if held is None:
            words = f"{self.name} pulled and got nothing, but {shown(data)} was due."
            raise Broken(words, len(self.case.trace) - 1, belief)
        words = f"{self.name} got {shown(held.data)}, but {shown(data)} was due."
        if shown(held.data) == shown(data):
            words += f" Yours is of type {type(held.data).__name__}, not {type(data).__name__}."
        self.case.expect(held.data == data, words)
        return held

    def gets_nothing(self, why: str, belief: str = "") -> None:
        """Pull, where nothing may come."""
        held = self.pull()
        if held is not None:
            words = f"{self.name} got {shown(held.data)}, although {why}."
            self.case.expect(False, words, belief=belief)

    def drain(self, most: int = 100) -> list[Any]:
        """Pull and ack one message after another until there is none; return what they said."""
        seen: list[Any] = []
        while (held := self.pull()) is not None:
            words = f"{self.name} is still getting messages after {most} acks."
            self.case.expect(len(seen) < most, words, belief=NO_EFFECT)
            seen.append(held.data)
            held.acks()
        return seen


class Held:
    """A message in a worker's hand."""

    def __init__(self, worker: Worker, delivery: Any) -> None:
        self.worker, self.delivery = worker, delivery
        case = worker.case
        name = worker.name
        if not hasattr(delivery, "data"):
            words = f"pull() returned a list with {shown(delivery)} in it, which has no data: "
            words += "return [] for nothing." if delivery is None else _DELIVERIES
            case.expect(False, words, belief="misuse")
        self.data = case.asked(name, "reading a delivery's data", lambda: delivery.data)
        self.attempt = case.asked(name, "reading a delivery's attempt", lambda: delivery.attempt)

    def is_first(self, what: str) -> None:
        """Expect that it says so."""
        words = f"{what[0].upper()}{what[1:]} is attempt {shown(self.attempt)}, not 1."
        self.worker.case.expect(self.attempt == 1, words, belief=NOT_COUNTED)

    def tell(self, verb: str, *args: Any, **options: Any) -> Any:
        """Ack it, or ask something else of it, and return what the broker says."""
        case, name = self.worker.case, self.worker.name
        message, text = case.message(), f"{verb} {shown(self.data)}"
        said = f"{', '.join(map(str, args))}{_options(options)}".removeprefix(", ")
        case.note("send", name, self.worker.topic, message, text)
        answer = case.asked(
            name, f"{verb}({said})", lambda: getattr(self.delivery, verb)(*args, **options)
        )
        case.note("receive", self.worker.topic, name, message, f"{text}: {answer!r}")
        return answer

    def acks(self, why: str = "it came in time", belief: str = "") -> None:
        """Ack it, which has to count."""
        self._counts(self.tell("ack"), "ack", why, True, belief)

    def counts(self, verb: str, *args: Any, **options: Any) -> None:
        """Ask something of it that has to count."""
        self._counts(self.tell(verb, *args, **options), verb, "it came in time", True, "")

    def refused(self, why: str, verb: str = "ack", *args: Any, belief: str = "") -> None:
        """Ack it, or ask something else of it, which must not count."""
        self._counts(self.tell(verb, *args), verb, why, False, belief)

    def _counts(self, answer: Any, verb: str, why: str, due: bool, belief: str) -> None:
        words = (
            f"{self.worker.name}'s {verb} of {shown(self.data)} returned {_said(answer)}, although "
            f"{why}. It has to return {due}."
        )
        belief = belief if isinstance(answer, bool) else NO_ANSWER
        self.worker.case.expect(answer is due, words, belief=belief)


_DELIVERIES = "put a delivery into the list, which has data, attempt and ack(), and not the data."


def _said(answer: Any) -> str:
    return repr(answer) if type(answer) is str and len(answer) < 20 else shown(answer)


def _options(options: dict[str, Any]) -> str:
    return "".join(f", {name}={shown(value)}" for name, value in options.items())
