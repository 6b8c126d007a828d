"""World and oracle of exercise 02's producer: when is an event sent, and how often to connect.

Three people sign up at a web service, two of them at the same moment. The broker may miss an event,
or its confirm may get lost; the process may crash, and ends as at each deployment. Where nothing of
that happens, somebody else signs up while the broker is away for longer.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from pubsub_kit.scenarios.fan_out.signups import SIGNUPS
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.publishing import PATIENCE, PublishTimeout, publish
from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, gather, sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "publish lost", "confirm lost")
_ROUND_TRIP, _DEPLOYED = 0.01, 100.0  # seconds
_BUFFERED = " is in the buffer"
_LAST, _AWAY = "kim", 15.0  # who signs up while the broker is away, and for how many seconds
_OFTEN, _WAITS = (5, 12), (5.0, 20.0)  # how often everybody asks, and kim; how long they wait (s)


class Producer:
    """A client library's producer: it connects when it is made, and buffers until it is flushed."""

    def __init__(self, world: World) -> None:
        self._world, self._buffer = world, list[list[Any]]()
        world.note("note", "signup", text=f"connection {world.number('connection')} to the broker")

    def send(self, data: Any) -> None:
        """Buffer an event; it leaves with the next flush."""
        self._world.note("note", "signup", text=f"{_plain(data)}{_BUFFERED}")
        self._buffer.append([data])

    async def flush(self) -> None:
        """Wait until the broker has everything that was sent; raises PublishTimeout if it may not.

        What was not confirmed stays in the buffer, for the next flush.
        """
        await sleep(_ROUND_TRIP)
        while self._buffer:
            first = self._buffer[0]
            if self._world.store("broker").rows.get("away"):
                await self._give_up(_plain(first[0]))
            await publish("signups", first[0], id=f"signup-{_plain(first[0])}")
            if self._buffer and self._buffer[0] is first:
                self._buffer.pop(0)

    async def _give_up(self, name: str) -> None:
        await sleep(PATIENCE)
        text = f"gives up on signup-{name}: no confirm"
        self._world.note("timeout", "signup", "signups", text=text)
        raise PublishTimeout(f"no confirm of signup-{name} from the broker: it is away")


def _plain(data: Any) -> str:
    return data[:40] if type(data) is str else shown(data, 40)


def producer(world: World, answer: Any) -> None:
    """A web service that is the answer's `Signup(connect)`; three requests, then a deployment."""
    world.topic("signups")
    world.store("said")
    world.service("signup", lambda: answer(lambda: Producer(world)))
    world.link("client", "signup", reliable=True)

    async def client() -> None:
        await gather(*(_sign_up(world, name) for name in SIGNUPS[:-1]))
        await _sign_up(world, SIGNUPS[-1])
        if not world.trace.faults() and what_was_answered_was_sent(world) is None:
            away = world.store("broker").rows
            away["away"] = True
            world.note("note", "signups", text="the broker is away", fault=True)
            world.after(_AWAY, lambda _: _back(world))
            await gather(*(_sign_up(world, _LAST) for _ in "12"))  # a double click

    world.spawn(client(), "client")
    world.at(_DEPLOYED, _stop, world)


async def _sign_up(world: World, name: str) -> None:
    """Sign up until there is an 'ok'; keep each answer, and the step at which it came."""
    rows, patient = world.store("said").rows, name == _LAST
    rows.setdefault(name, None)
    for _ in range(_OFTEN[patient]):
        with suppress(CallError):
            answer = await call("signup", name, timeout=_WAITS[patient])
            if not _ok(rows[name]):
                rows[name] = answer, len(world.trace) - 1
        if _ok(rows[name]):
            return
        await sleep(2.0)


def _back(world: World) -> None:
    world.store("broker").rows["away"] = False
    world.note("note", "signups", text="the broker is back")


def _stop(world: World) -> None:
    """The process ends, as at each deployment; what is only in its memory is gone."""
    world.crash("signup")


def what_was_answered_was_sent(world: World) -> Violation | None:
    """Everyone who was told 'ok' is on the topic, once a request, and a process connects once."""
    said = world.stores["said"].rows
    names = [name for name in (*SIGNUPS, _LAST) if name in said]
    told = [name for name in names if _ok(said[name])]
    there = [event.data for _, event in world.broker.topic("signups").log.read(0, 0, 100)]
    on_topic = {data for data in there if type(data) is str}
    lost = [name for name in told if name not in on_topic]
    if lost:
        message, belief, step = _why_lost(world, lost[0], said[lost[0]][1])
        wanted = {"told 'ok'": len(told), "on the topic": len(told)}
        found = {**wanted, "on the topic": len(told) - len(lost)}
        return Violation(message, step, wanted, found, belief)
    if len(told) < len(names):
        return _unheard(world, next(name for name in names if name not in told))
    return _sent_twice(world) or _connects_too_often(world)


def _ok(said: Any) -> bool:
    return said is not None and type(said[0]) is str and said[0] == "ok"


def _why_lost(world: World, name: str, told: int) -> tuple[str, str, int]:
    """Say how somebody who was told 'ok' is not on the topic: words, belief, and a step."""
    trace, words = world.trace, f"{name} was told 'ok' at {moment(world.trace[told])}"
    buffered = _last(world, "note", f"{name}{_BUFFERED}")
    if buffered < 0:
        sent = [s.text.removesuffix(_BUFFERED) for s in trace.of("note") if _BUFFERED in s.text]
        other = next((text for text in sent if text not in SIGNUPS), "")
        if other:
            words += f", but the topic has no event {name!r}: what you sent was {other}."
            return words, "sends something else", told
        words += f", but send({name!r}) was never called"
        often = next((each for each in SIGNUPS if sent.count(each) > _asked(world, each)), "")
        if often:
            return (
                f"{words}; {often!r} was sent {sent.count(often)} times.",
                "overwrites a name",
                told,
            )
        return f"{words}.", "ok without sending", told
    begin, end = _request(world, name, told)
    gave_up = [i for i in range(begin, end) if trace[i].kind == "timeout"]
    if gave_up and trace[end].text == "done":
        words += f", though no confirm had come by {moment(trace[gave_up[-1]])}: flush() raised "
        return f"{words}PublishTimeout, and {name} is not on the topic.", "an error is no ok", told
    crash = next((i for i in range(buffered, len(trace)) if trace[i].kind == "crash"), told)
    words += ", but the event was still in the buffer when the process ended at "
    return f"{words}{moment(trace[crash])}.", "send means sent", crash


def _request(world: World, name: str, told: int) -> tuple[int, int]:
    """Return where the request began and ended that was answered at this step."""
    spans = handled(world.trace)
    mine = [(i, end) for i, end in spans.items() if world.trace[i].text == name and end is not None]
    return max((each for each in mine if each[1] <= told), default=(told, told))


def _unheard(world: World, name: str) -> Violation:
    said = world.stores["said"].rows
    asked = _times(_asked(world, name))
    heard = f"heard {shown(said[name][0], 40)}" if said[name] else "got nothing but errors"
    message = f"{name} signed up {asked} and {heard}, not 'ok'."
    answers = {each: answer and answer[0] for each, answer in said.items()}
    step = said[name][1] if said[name] else _last(world, "receive")
    return Violation(message, step, dict.fromkeys(said, "ok"), answers, "another answer")


def _sent_twice(world: World) -> Violation | None:
    """Find a name that had been sent more often than it had been asked for."""
    asked, sent = Counter[str](), Counter[str]()
    failed = False
    for i, step in enumerate(world.trace.steps):
        kind = step.kind
        if kind == "timeout":
            failed = failed or step.node == "signup"
        if kind not in ("begin", "note"):
            continue
        name = step.text.removesuffix(_BUFFERED)
        asked[name] += kind == "begin" and step.node == "signup"
        sent[name] += kind == "note" and step.text != name
        if sent[name] > asked[name] and asked[name]:
            message = f"{name} had signed up {_times(asked[name])} by {moment(step)}, and you sent "
            message += f"{name!r} {_times(sent[name])}"
            message += ": after PublishTimeout, the first one was still in the buffer." * failed
            wanted, found = {f"events for {name}": asked[name]}, {f"events for {name}": sent[name]}
            belief = "sends again what is kept" if failed else "sends it twice"
            return Violation(message.rstrip(".") + ".", i, wanted, found, belief)
    return None


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _asked(world: World, name: str) -> int:
    """Return how often the service began to handle a request of somebody."""
    return sum((s.node, s.text) == ("signup", name) for s in world.trace.of("begin"))


def _connects_too_often(world: World) -> Violation | None:
    """Find more connections made while requests were handled than one for each start."""
    trace = world.trace
    made = [i for i, s in enumerate(trace.steps) if s.text.startswith("connection")]
    starts = 1 + len(trace.of("restart"))
    if len(made) <= starts:
        return None
    spans = handled(trace)
    busy = [i for i in made if any(a < i <= (b or len(trace)) for a, b in spans.items())]
    if len(busy) <= starts:
        return None
    requests = sum(step.node == "signup" for step in trace.of("begin"))
    message = f"The service made {len(made)} connections for {requests} requests; one for each "
    message += "start of the process is enough."
    step, key = busy[starts], "connections"
    belief = "a producer for each request"
    return Violation(message, step, {key: starts}, {key: len(made)}, belief)


def _last(world: World, kind: str, text: str = "") -> int:
    pairs = enumerate(world.trace)
    return max((i for i, s in pairs if s.kind == kind and text in ("", s.text)), default=-1)
