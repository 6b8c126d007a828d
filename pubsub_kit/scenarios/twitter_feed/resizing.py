"""The world and the oracle of exercise 06's grow: a fan-out gets one more partition under load.

Ann posts 'rain' and deletes it, then posts 'oops' and deletes that too. Each of the four is a
message to the fan-out, a second after the one before, and the fan-out grows before the last one. A
worker needs 3 s to add a tweet and 1 s to remove it. Cat follows ann, and in the end she should see
nothing.

Each partition is a topic of its own here, so that a choice can put a message where it likes. Its
messages wait for each other, as those of a Kafka partition do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pubsub_kit.log.event import Event
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.out_of_order_transfers.partitions import by_crc32
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration, Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("crash",)
#: What ann does, in this order.
DEEDS = (("add", "rain"), ("remove", "rain"), ("add", "oops"), ("remove", "oops"))
BUSY = {"add": 3.0, "remove": 1.0}  # seconds
FEW, MORE = 2, 3

READER, AUTHOR, NO_KEY = "the reader", "the author", "no key"
NOW, PAUSE, DRAIN, MOVE, AMPLE = (
    "add one while it runs",
    "pause all workers, add one, resume",
    "stop publishing, drain, then add one",
    "a new topic, read once the old one is empty",
    "one more from the start",
)
ONE, TWO = "one per partition", "two per partition"
OPTIONS: dict[str, Sequence[str]] = {
    "key": (NO_KEY, READER, AUTHOR),
    "workers": (TWO, ONE),
    "partitions": (NOW, PAUSE, DRAIN, MOVE, AMPLE),
}
#: What each wrong choice believes.
BELIEFS = {
    NO_KEY: "a topic is totally ordered",
    TWO: "two workers keep the order",
    NOW: "adding partitions is harmless",
    PAUSE: "a pause is enough",
}


def grows(world: World, choice: Mapping[str, str]) -> None:
    """Ann, a topic in partitions, their workers, and cat's timeline."""
    fan_out = _FanOut(world, choice)
    for number in range(MORE):
        world.topic(f"part-{number + 1}")
        world.topic(f"new-{number + 1}")
        fan_out.hire(f"part-{number + 1}", f"worker-{number + 1}")
    world.spawn(fan_out.tweets(), "ann")


class _FanOut:
    """What the choices decide, and the timeline that all workers write to."""

    def __init__(self, world: World, choice: Mapping[str, str]) -> None:
        self.world, self.choice = world, choice
        self.timelines = world.store("timelines", {"cat": []})
        self.paused_until = 0.0

    def hire(self, topic: str, name: str) -> None:
        """Let workers read a partition, in order if there is but one."""
        one = self.choice["workers"] == ONE
        self.world.consumer(
            name,
            lambda: self.apply,
            topic,
            workers=1 if one else 2,
            start="earliest",
            ordered=one,
        )

    async def tweets(self) -> None:
        """Publish what ann does; before the last of it the fan-out grows."""
        for number, (verb, tweet) in enumerate(DEEDS):
            last = number == len(DEEDS) - 1
            if last:
                await self._grow()
            count = MORE if last or self.choice["partitions"] == AMPLE else FEW
            topic = f"{self._stream(last)}-{self._partition(number, count) + 1}"
            await publish(topic, [verb, tweet], key=topic, id=f"{verb}-{tweet}")
            await sleep(1.0)

    def _stream(self, last: bool) -> str:
        return "new" if last and self.choice["partitions"] == MOVE else "part"

    def _partition(self, number: int, count: int) -> int:
        keys = {READER: "cat", AUTHOR: "ann"}
        key = keys.get(self.choice["key"])
        return number % count if key is None else by_crc32(key, count)

    async def _grow(self) -> None:
        how = self.choice["partitions"]
        if how == AMPLE:
            return
        if how == PAUSE:
            self.paused_until = self.world.now + 1.5
        elif how == DRAIN:
            await self._drained()
        elif how == MOVE:
            self.world.spawn(self._open(), "operator")
        self.world.note("note", "ann", text=f"{FEW} partitions become {MORE}")

    async def _open(self) -> None:
        await self._drained()
        for number in range(MORE):
            self.hire(f"new-{number + 1}", f"next-worker-{number + 1}")

    async def _drained(self) -> None:
        while any(g.subscription.lag for n in range(MORE) for g in self.world.groups[_topic(n)]):
            await sleep(2.0)

    async def apply(self, event: Event) -> None:
        """Add or take out a tweet, once the other readers of the chunk are done."""
        if self.world.now < self.paused_until:
            await sleep(self.paused_until - self.world.now)
        verb, tweet = event.data
        await sleep(BUSY[verb])
        async with self.timelines.transaction() as tx:
            seen: list[str] = [entry for entry in await tx.get("cat") if entry != tweet]
            await tx.put("cat", [*seen, tweet] if verb == "add" else seen)


def _topic(number: int) -> str:
    return f"part-{number + 1}"


def nothing_is_left(world: World) -> Violation | None:
    """Cat sees neither of the tweets: both are deleted."""
    left: list[str] = world.stores["timelines"].rows["cat"]
    if not left:
        return None
    tweet, trace = left[0], world.trace
    step = [i for i, each in enumerate(trace) if each.kind == "effect" and _adds(each, tweet)][-1]
    when = moment(trace[step])
    message = (
        f"cat still sees {tweet!r}, which ann deleted. The tweet was added at {when}, after its "
        "delete had been applied."
    )
    return Violation(message, step, {"cat": "nothing"}, {"cat": ", ".join(left)})


def _adds(step: Step, tweet: str) -> bool:
    _, before, after = step.data
    return tweet in after.get("cat", ()) and tweet not in (before.get("cat") or ())


def diagnose(choice: Mapping[str, str], found: Exploration) -> str:
    """Name the belief of the first wrong choice: the later ones matter less."""
    return next((BELIEFS[choice[thing]] for thing in OPTIONS if choice[thing] in BELIEFS), "")


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run from ann on the left, over each partition, to its workers."""
    known = world.trace.nodes()
    lanes = ["ann"]
    for number in range(1, MORE + 1):
        lanes.append(f"part-{number}")
        lanes += [name for name in known if name.startswith(f"worker-{number}")]
    lanes += [name for name in known if name.startswith(("new-", "next-"))]
    return drawn(world, violation, title, lanes, _said)


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"cat: {', '.join(after['cat']) or 'nothing'}" if "cat" in after else ""
