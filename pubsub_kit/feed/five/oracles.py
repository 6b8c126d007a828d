"""What readers should see, at the end and whenever one looks in between, and what they do see.

This looks at what is read, not at what is stored. A design may put a tweet where it likes, as long
as each follower sees it once, never sees a reply without its original, and sees nothing deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.five.people import FOLLOWERS, PEOPLE
from pubsub_kit.feed.five.timelines import Plan, seen
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

LOST, DOUBLED, DELETED, EARLY = "lost", "doubled", "deleted but shown", "reply before original"
#: The beliefs that a violation of a feed may bear, in the order in which they are looked for.
BELIEFS = (LOST, DOUBLED, DELETED, EARLY)


def readers_see(world: World, design: FeedDesign, plan: Plan) -> Violation | None:
    """Each follower sees each tweet once, nothing deleted, and no reply before its original."""
    tweets = world.stores["tweets"].rows
    meant = {name: [id for id in tweets if name in FOLLOWERS[tweets[id]["by"]]] for name in PEOPLE}
    meant = {name: ids for name, ids in meant.items() if ids}
    found = {name: seen(world, design, plan, name) for name in meant}
    end = _End(world, plan, tweets, meant, found)
    return end.lost() or end.doubled() or end.deleted() or end.early()


@dataclass(frozen=True)
class _End:
    """The world after its run: its tweets, whom they were meant for, and what each reader sees."""

    world: World
    plan: Plan
    tweets: dict[str, Any]
    meant: dict[str, list[str]]
    found: dict[str, list[str]]

    def lost(self) -> Violation | None:
        """Find a tweet that some follower doesn't see."""
        for id, tweet in self.tweets.items():
            missed = [
                name for name, ids in self.found.items() if id in self.meant[name] and id not in ids
            ]
            if missed and not tweet["deleted"]:
                step, why = self._gone(id)
                return self._wrong(
                    f"{_and(missed)} never saw {id}{why and f': {why}'}.", step, LOST
                )
        return None

    def doubled(self) -> Violation | None:
        """Find a tweet that some reader sees twice, and point at the write that repeats it."""
        for name, ids in self.found.items():
            for id in ids:
                if ids.count(id) > 1:
                    step, why = self._repeated(name, id)
                    return self._wrong(f"{name} saw {id} twice: {why}.", step, DOUBLED)
        return None

    def deleted(self) -> Violation | None:
        """Find a deleted tweet that some reader still sees."""
        for id, tweet in self.tweets.items():
            still = [name for name, ids in self.found.items() if id in ids]
            if tweet["deleted"] and still:
                step, why = self._shown(id, still[0])
                see = "sees" if len(still) == 1 else "see"
                message = f"{_and(still)} still {see} {id}, which {tweet['by']} deleted: {why}."
                return self._wrong(message, step, DELETED)
        return None

    def early(self) -> Violation | None:
        """Find a look that showed a reply without its original."""
        for i, step in enumerate(self.world.trace):
            for id in step.data if step.kind == "read" else ():
                first = self.tweets[id]["answers"]
                if first in self.meant[step.node] and first not in step.data:
                    wanted = {step.node: _list(self.meant[step.node])}
                    message = (
                        f"At {_at(step)} {step.node} saw {id} but not {first}, which it answers: "
                        f"{self._ahead(id, first)}."
                    )
                    return Violation(message, i, wanted, {step.node: _list(step.data)}, EARLY)
        return None

    # -- where it happened -------------------------------------------------------------------------

    def _gone(self, id: str) -> tuple[int, str]:
        """Return where a message about a tweet was lost, and how: "" if nothing tells."""
        for i, step in enumerate(self.world.trace):
            if step.kind == "note" and ".dead: " in step.text and _about(step.text, id):
                return i, f"its message was set aside at {_at(step)}, after the last attempt"
        for i, crash, had in self._crashes():
            if _about(had.text, id):
                return i, f"{crash.node} acked it before the work, and crashed at {_at(crash)}"
        return len(self.world.trace) - 1, ""

    def _crashes(self) -> Iterator[tuple[int, Step, Step]]:
        """Yield each crash that hit a handler, with the step where that began."""
        begun: dict[str, Step] = {}
        for i, step in enumerate(self.world.trace):
            if step.kind == "begin":
                begun[step.node] = step
            elif step.kind == "end":
                begun.pop(step.node, None)
            elif step.kind == "crash" and step.node in begun:
                yield i, step, begun.pop(step.node)

    def _entries(self, name: str) -> Iterator[tuple[int, Step, list[str]]]:
        """Yield each write to a reader's timeline, and what it held from then on."""
        for i, step in enumerate(self.world.trace):
            if step.kind == "effect" and step.data[0] == "timelines" and name in step.data[2]:
                yield i, step, step.data[2][name]

    def _repeated(self, name: str, id: str) -> tuple[int, str]:
        at, step = next((i, s) for i, s, now in self._entries(name) if now.count(id) > 1)
        had = self.world.trace[:at].of("begin", node=step.node)[-1]
        again = "redelivered" if "(attempt" in had.text else "published again"
        return at, f"its message was {again}, and at {_at(step)} {step.node} added it again"

    def _ahead(self, id: str, first: str) -> str:
        pulled = self.tweets[id]["by"] not in self.plan.pushed
        waits = f"{first} was still on its way to the timelines"
        return f"{id} was pulled at once, while {waits}" if pulled else waits

    def _shown(self, id: str, name: str) -> tuple[int, str]:
        trace = self.world.trace
        struck = next(i for i, s in enumerate(trace) if s.text == f"deletes {id}")
        put = max((i for i, _, now in self._entries(name) if id in now), default=0)
        if put > struck:
            return put, f"it was added at {_at(trace[put])}, after its delete had been applied"
        told = any(s.kind == "send" and s.text == f"delete {id}" for s in trace)
        if not told:
            return struck, "nothing removed it from the timelines"
        step, why = self._gone(f"delete {id}")
        return step, f"the delete got lost{why and f', since {why}'}"

    def _wrong(self, message: str, step: int, belief: str) -> Violation:
        due = {
            name: [id for id in ids if not self.tweets[id]["deleted"]]
            for name, ids in self.meant.items()
        }
        expected = {name: _list(ids) for name, ids in due.items()}
        actual = {name: _list(ids) for name, ids in self.found.items()}
        return Violation(message, step, expected, actual, belief)


def _at(step: Step) -> str:
    return f"{round(step.time, 2):g} s"


def _about(text: str, id: str) -> bool:
    """Say whether a message is a tweet, or a chunk of it: `hello`, or `hello to bob, cat`."""
    return text == id or text.startswith((f"{id} to ", f"{id} (", f"{id} goes "))


def _list(ids: Any) -> str:
    return ", ".join(ids) or "nothing"


def _and(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
