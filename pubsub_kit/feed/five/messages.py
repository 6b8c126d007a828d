"""The feed message by message: a design among five people, under every schedule of faults.

    ann ─ posts ─▶ tweets ─▶ fan-out ─▶ chunks-1 ─▶ worker-1 ─▶ timelines
                                   └──▶ chunks-2 ─▶ worker-2 ──┘

The same `FeedDesign` that runs at scale decides here what is cut, where a chunk goes, when it is
acked, how it is added and how it is read. A `Scene` is one small story; small stories break in
short runs, which can be looked at.

Each partition is a topic whose messages wait for each other, as those of a Kafka partition do. A
failover of the broker shows as what it does to its clients: to the one who publishes as a lost
confirm, so that he sends again ("duplicate"), and to a worker as a lost ack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.five.oracles import readers_see
from pubsub_kit.feed.five.timelines import Plan, Timelines, Tweets, seen
from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import parse
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.claim import folded, no_schedule
from pubsub_kit.world.search.explore import (
    Exploration,
    Oracle,
    Progress,
    Scenario,
    explore,
    replay,
)
from pubsub_kit.world.search.kept import fault_count
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World


class SceneError(PubSubKitError, ValueError):
    """There is no such scene, or no such schedule of one; the message says what there is."""


@dataclass(frozen=True)
class Post:
    """Somebody writes a tweet at a time (seconds), perhaps to answer one."""

    at: float
    author: str
    tweet: str
    answers: str = ""


@dataclass(frozen=True)
class Scene:
    """A small story: who posts and deletes what, who looks meanwhile, and what may go wrong.

    `deleted` is when (seconds) the first tweet is deleted, `look` when cat reads; None: never.
    """

    posts: Sequence[Post]
    faults: Sequence[str]
    deleted: float | None = None
    look: float | None = None

    def scenario(self, design: FeedDesign) -> Scenario:
        """Return what puts this scene with a design into a world."""
        plan = Plan.of(design)

        def scenario(world: World) -> None:
            _system(world, design, plan)
            _people(world, design, plan, self)

        return scenario

    def oracle(self, design: FeedDesign) -> Oracle:
        """Return what looks whether the readers see what they should, as this design reads."""
        plan = Plan.of(design)
        return lambda world: readers_see(world, design, plan)


def _post(author: str, tweet: str, answers: str = "", at: float = 0.0) -> Post:
    return Post(at, author, tweet, answers)


_FAN_OUT = ("crash", "ack lost", "duplicate")
_RACE = ("crash", "reorder")
SCENES: Mapping[str, Scene] = {
    "a celebrity tweets": Scene([_post("ann", "hello")], _FAN_OUT),
    "a small author tweets": Scene([_post("bob", "hello")], _FAN_OUT),
    "a reply to a celebrity": Scene(
        [_post("ann", "hello"), _post("bob", "reply", "hello", 1.0)], _RACE, look=3.0
    ),
    "a celebrity replies": Scene(
        [_post("bob", "hello"), _post("ann", "reply", "hello", 1.0)], _RACE, look=3.0
    ),
    "a delete": Scene([_post("bob", "hello")], _RACE, deleted=3.0),
}


# -- the system ------------------------------------------------------------------------------------


class FanOut:
    """Takes a tweet, looks up the followers, and publishes a message for each chunk of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.turn = plan, 0

    async def handle(self, event: Event) -> None:
        """Cut one tweet, or one delete; of a pulled author there is nothing to do."""
        if event.data["by"] not in self.plan.pushed:
            return
        for topic, to in self.plan.cut(event.data["by"], self.turn):
            self.turn += 1
            id = f"{event.id} to {', '.join(to)}"
            await publish(topic, {**event.data, "to": to}, key=topic, id=id)


class ChunkWorker:
    """Applies a chunk to the timelines in it, one after the other."""

    def __init__(self, timelines: Timelines, once: bool) -> None:
        self.timelines, self.once = timelines, once

    async def handle(self, event: Event) -> None:
        """Add or remove the tweet for each reader of the chunk."""
        tweet = event.data["tweet"]
        for reader in event.data["to"]:
            if event.data["deleted"]:
                await self.timelines.take_out(reader, tweet)
            else:
                await self.timelines.enter(reader, tweet, self.once)


def _system(world: World, design: FeedDesign, plan: Plan) -> None:
    timelines = world.stores["timelines"] = Timelines(world, "timelines", {})
    world.stores["tweets"] = Tweets(world, "tweets", {})
    options: dict[str, Any] = {
        "semantics": design.semantics.replace(" ", "_"),
        "max_deliveries": design.attempts,
        "start": "earliest",
        "ordered": True,
    }
    world.topic("tweets")
    world.consumer("fan-out", lambda: FanOut(plan), "tweets", **options)
    for topic in plan.topics:
        name = topic.replace("chunks", "worker") if topic != "express" else "express-worker"
        world.topic(topic)
        world.consumer(name, lambda: ChunkWorker(timelines, plan.dedup), topic, **options)


# -- the people ------------------------------------------------------------------------------------


def _people(world: World, design: FeedDesign, plan: Plan, scene: Scene) -> None:
    tweets: Any = world.stores["tweets"]

    async def posts(post: Post) -> None:
        await sleep(post.at)
        tweets.post(post.tweet, post.author, post.answers)
        await _tell(post.author, post.tweet, False)

    async def deletes(post: Post, at: float) -> None:
        await sleep(at)
        tweets.strike(post.tweet)
        if design.removal == "fanned out":
            await _tell(post.author, post.tweet, True)

    async def looks(reader: str, at: float) -> None:
        await sleep(at)
        found = seen(world, design, plan, reader)
        world.note("read", reader, text=f"sees {', '.join(found) or 'nothing'}", data=tuple(found))

    for post in scene.posts:
        world.spawn(posts(post), post.author)
    if scene.deleted is not None:
        world.spawn(deletes(scene.posts[0], scene.deleted), scene.posts[0].author)
    if scene.look is not None:
        world.spawn(looks("cat", scene.look), "cat")


async def _tell(author: str, tweet: str, deleted: bool) -> None:
    data = {"tweet": tweet, "by": author, "deleted": deleted}
    await publish("tweets", data, key="tweets", id=f"delete {tweet}" if deleted else tweet)


# -- every schedule --------------------------------------------------------------------------------


_LIMITS = (
    "Every latency takes its median; other stories, other faults, more faults or other timings are "
    "not covered."
)


@dataclass(slots=True)
class FeedExploration(Exploration):
    """What was found in all scenes: where some fail, the one that needs the fewest faults."""

    scene: str = ""
    scenes: Mapping[str, Exploration] = field(default_factory=dict)

    @property
    def claim(self) -> str:
        """What is proven of the scenes and what is not, in a few sentences."""
        if self.outcome != "holds":
            return folded(f"In the scene “{self.scene}”: {self.scenes[self.scene].claim}")
        told: dict[str, list[str]] = {}
        for name, found in self.scenes.items():
            told.setdefault(no_schedule(found, found.max_faults), []).append(name)
        held = [f"In the scenes “{'”, “'.join(names)}”: {said}" for said, names in told.items()]
        return folded(" ".join([*held, _LIMITS]))


def explore_scene(
    design: FeedDesign, name: str, max_faults: int = 2, progress: Progress | None = None
) -> Exploration:
    """Try one scene with a design under every schedule; raises SceneError where it cannot."""
    scene = _scene(name)
    if isinstance(max_faults, bool) or not isinstance(max_faults, int):
        raise SceneError(f"max_faults is a whole number, not {max_faults!r}")
    return explore(
        scene.scenario(design),
        scene.oracle(design),
        faults=scene.faults,
        max_faults=max_faults,
        progress=progress,
    )


def explore_design(
    design: FeedDesign, max_faults: int = 2, progress: Progress | None = None
) -> FeedExploration:
    """Try every scene with a design under every schedule of up to so many faults."""
    scenes = {name: explore_scene(design, name, max_faults, progress) for name in SCENES}
    worst = min(scenes, key=lambda name: _rank(scenes[name]))
    found, fired = scenes[worst], Counter[str]()
    for each in scenes.values():
        fired.update(each.fired)
    return FeedExploration(
        outcome=found.outcome,
        schedules=sum(each.schedules for each in scenes.values()),
        merged=sum(each.merged for each in scenes.values()),
        max_faults=max_faults,
        complete=min(each.complete for each in scenes.values()),
        fired=fired,
        code=found.code,
        violation=found.violation,
        world=found.world,
        scene=worst,
        scenes=scenes,
        until=found.until,
        unended=sum(each.unended for each in scenes.values()),
        hardest=_hardest(scenes),
        rerun=partial(_rerun, design),
    )


def _hardest(scenes: Mapping[str, Exploration]) -> str:
    """Return the hardest schedule that any scene survived, after the scene's number: "3/4c9o"."""
    if any(found.outcome != "holds" for found in scenes.values()):
        return ""
    codes = [(number, found.hardest) for number, found in enumerate(scenes.values(), 1)]
    number, code = max(codes, key=lambda pair: fault_count(parse(pair[1])))
    return f"{number}/{code}"


def _rerun(design: FeedDesign, code: str) -> World:
    """Run a schedule once more that has its scene's number before it."""
    number, _, schedule = code.partition("/")
    return replay_scene(design, [*SCENES][int(number) - 1], schedule)


def _rank(found: Exploration) -> tuple[int, int, int]:
    """Sort what fails before what was not tried, by faults, then by the length of the run."""
    order = ("fails", "not exercised", "cut off", "holds").index(found.outcome)
    return order, fault_count(parse(found.code)), len(found.trace)


def replay_scene(design: FeedDesign, name: str, code: str) -> World:
    """Run a scene once more under a schedule code; raises SceneError or ScheduleError."""
    scene = _scene(name)
    if not isinstance(code, str):
        raise SceneError(f'a schedule\'s code is a text, as "0o", not {code!r}')
    return replay(scene.scenario(design), code, faults=scene.faults)


def _scene(name: str) -> Scene:
    if not isinstance(name, str) or name not in SCENES:
        raise SceneError(f"there is no scene {name!r}: choose among {', '.join(SCENES)}")
    return SCENES[name]
