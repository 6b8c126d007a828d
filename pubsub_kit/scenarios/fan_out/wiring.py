"""The world of exercise 02's readers: who subscribes to what, and what each handler really did.

Three readers, one of them late. What a handler did is not in the trace, since a learner may call it
from anywhere: each keeps a record of its runs, from which the oracle says why one is missing.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.scenarios.fan_out.runs import Run, Runs, runs_of
from pubsub_kit.scenarios.fan_out.signups import SIGNUPS, effects, sign_up
from pubsub_kit.scenarios.fan_out.unread import why_missing
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.search.blocked import asks
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

PROMPT, SLOW, LATE = 2.0, 8.0, 100.0  # seconds; a lease is 10
EARLY = ("email", "analytics")
_DOWN = "the warehouse is down"


def wire(world: World, answer: Any) -> None:
    """Three signups: a fast email, analytics whose warehouse fails once, a slow index.

    The answer is called with the world and the handlers; `index` joins after 100 s, when all three
    have signed up: `answer(world, {"analytics": …, "email": …})`, then `answer(world, {"index":
    …})`.
    """
    done, warehouse = world.store("done"), world.store("warehouse", {"fails": 1})
    world.topic("signups")
    runs = Runs(world)
    world.store("runs").rows["all"] = runs

    async def email(event: Any) -> None:
        await perform("mail", event.data)

    async def analytics(event: Any) -> None:
        if event.data == "bob" and warehouse.rows.pop("fails", 0):
            world.note("note", world.current().node.name, text=_DOWN, fault=True)
            raise ConnectionError(_DOWN)
        await sleep(5.0)
        await done.put(f"analytics {event.data}", True)

    async def index(event: Any) -> None:
        await sleep(SLOW)
        await done.put(f"index {event.data}", True)

    def joins() -> None:
        runs.early = len(runs.groups)
        answer(world, {"index": runs.of("index", index)})

    answer(world, {"analytics": runs.of("analytics", analytics), "email": runs.of("email", email)})
    world.at(LATE, joins)
    for i, name in enumerate(SIGNUPS):
        world.at(float(i), sign_up, world, name)


def everyone_hears_of_everyone(world: World) -> Violation | None:
    """Every reader handled every signup; mails go out promptly and once, whatever others do."""
    if (unread := _missing(world, EARLY)) is not None:
        return unread
    added = [step for step in world.trace.faults() if step.text != _DOWN]
    if not added and (entangled := _entangled(world)):
        return entangled
    return _missing(world, ("index",)) or _mixed_up(world) or _made_up(world)


def _missing(world: World, readers: tuple[str, ...]) -> Violation | None:
    """Return what is wrong if one of these readers did not do its work for everyone."""
    done = {reader: effects(world, "mail" if reader == "email" else reader) for reader in readers}
    unread = [(r, name) for r, names in done.items() for name in SIGNUPS if not names[name]]
    if not unread:
        return None
    words, belief, blocker = why_missing(world, *unread[0])
    others = len(unread) - 1
    more = f" {others} more {'is' if others == 1 else 'are'} missing." if others else ""
    wanted = {reader: len(SIGNUPS) for reader in readers}
    found = {reader: sum(map(bool, done[reader].values())) for reader in readers}
    return Violation(words + more, len(world.trace) - 1, wanted, found, belief, blocker)


def _made_up(world: World) -> Violation | None:
    """Find an event on the topic that is none of the three signups."""
    extra = [event.data for event in _events(world) if event.data not in SIGNUPS]
    if not extra:
        return None
    words = f"your code published {shown(extra[0], 40)}, and nobody of that name had signed up."
    wanted, found = {"events": len(SIGNUPS)}, {"events": len(SIGNUPS) + len(extra)}
    return Violation(words, len(world.trace) - 1, wanted, found, "publishes it again")


def _events(world: World) -> list[Any]:
    return [event for _, event in world.broker.topic("signups").log.read(0, 0, 100)]


def _mixed_up(world: World) -> Violation | None:
    """Find a handler that ran under the name of another reader."""
    readers = (*EARLY, "index")
    names = {node: group.name for group in runs_of(world).groups for node in group.workers}
    for run in runs_of(world).all:
        name = names.get(run.node, run.reader)
        if name in readers and name != run.reader:
            words = f"{run.reader}'s handler ran under the name {name} at "
            words += f"{moment(world.trace[run.begun - 1])}."
            wanted, found = {"name": run.reader}, {"name": name}
            return Violation(words, run.begun - 1, wanted, found, "any name will do")
    return None


# -- one reader holds up another -------------------------------------------------------------------


def _entangled(world: World) -> Violation | None:
    """Find a mail that was late or sent twice, though no fault was added."""
    runs = runs_of(world)
    for i, (name, steps) in enumerate(effects(world, "mail").items()):
        mine = [run for run in runs.all if (run.reader, run.name) == ("email", name)]
        seconds = world.trace[steps[0]].time - i
        if seconds > PROMPT:
            words = f"{name}'s mail went out {seconds:.0f} s after the signup"
            before = any(r.reader != "email" and r.node == mine[0].node
                         and r.begun < mine[0].begun for r in runs.all)  # fmt: skip
            words += f": {mine[0].node} was busy with analytics before." if before else "."
            belief = "a loop isolates" if before else ""
            wanted, found = (
                {"mail after": f"at most {PROMPT:g} s"},
                {"mail after": f"{seconds:.0f} s"},
            )
            return Violation(words, steps[0], wanted, found, belief)
        if len(steps) > 1:
            how, belief = _why_twice(world, runs, mine, name)
            words = f"{name} got the mail again at {moment(world.trace[steps[1]])}: {how}."
            key = f"mails to {name}"
            return Violation(words, steps[1], {key: 1}, {key: len(steps)}, belief)
    return None


def _why_twice(world: World, runs: Runs, mine: list[Run], name: str) -> tuple[str, str]:
    """Say why email's handler ran twice for a name, from what ran before the second time."""
    first, again = mine[:2]
    said = [step.node for step in world.trace.of("send")
            if step.peer == "signups" and asks(step)]  # fmt: skip
    there = [event.data for event in _events(world)]
    if said and there.count(name) > 1:
        return (
            f"your code published it once more, from {said[0]}, and each reader got it once more",
            "publishes it again",
        )
    if runs.group(first.node) is not runs.group(again.node):
        return (
            f"two subscriptions call its handler, that of {first.node} and that of {again.node}",
            "each worker is a group",
        )
    between = world.trace.steps[first.begun : again.begun]
    others = (run for run in runs.all if run.node == first.node and run.reader != "email")
    failed = [r for r in others if r.name == name and r.failed and r.failed <= again.begun]
    if failed:
        return f"{failed[0].reader} failed, and both share one delivery", "a loop isolates"
    if not any(s.kind == "begin" and s.node == again.node for s in between):
        return "your code called its handler twice in one delivery", "calls it twice"
    acked = any((s.kind, s.peer, s.text) == ("receive", first.node, f"ack signup-{name}")
                for s in between)  # fmt: skip
    if not acked:
        return "the broker heard no ack of it, and redelivered it", "never acks"
    return "it was redelivered", ""
