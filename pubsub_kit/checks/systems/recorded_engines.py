"""What a learner predicts of real engines, against what was recorded when it was played on them.

Nothing here says what an engine does: that is read from the outcomes of the contract's rows. The
first prediction that the records contradict is played once more, as a scene for Ann and Bob.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pubsub_kit.engines.recorded import HOLDS, LACKING, Rows, outcomes
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

ENDS, REFUSED = "ends Bob's lease", "is refused, and she is told"
IGNORED, NOBODY = "changes nothing, and she isn't told", "counts: Bob never got the message"
COUNTED, UNCOUNTED = "is counted", "is counted by nobody"
#: How the question names each engine whose late ack it asks for, and then each that may count.
LATE = {
    "RabbitMQ": "rabbitmq", "SQS": "sns_sqs", "Redis Streams": "redis", "a Kafka group": "kafka",
    "NATS JetStream": "nats", "Google Pub/Sub": "google_pubsub",
    "a Kafka share group": "kafka_share",
}  # fmt: skip
COUNTS = {
    "a Kafka group": "kafka", "a Kafka share group": "kafka_share", "Redis Streams": "redis",
}  # fmt: skip
LATE_ACK, ATTEMPT = "a late ack on {}", "an attempt on {}"
OPTIONS: dict[str, list[str]] = {
    **{LATE_ACK.format(name): [REFUSED, ENDS, IGNORED, NOBODY] for name in LATE},
    **{ATTEMPT.format(name): [COUNTED, UNCOUNTED] for name in COUNTS},
}
LEASE = 10.0  # seconds, of the scene


def right() -> dict[str, str]:
    """Return what was recorded, as an answer."""
    known = outcomes()
    late = {LATE_ACK.format(name): late_ack(known[engine]) for name, engine in LATE.items()}
    counts = {ATTEMPT.format(name): attempt(known[engine]) for name, engine in COUNTS.items()}
    return {**late, **counts}


def late_ack(rows: Rows) -> str:
    """Return what became of an ack that came after its lease."""
    if rows["slow worker"][0] != HOLDS:
        return NOBODY
    if rows["late ack takes nothing"][0] != HOLDS:
        return ENDS
    return REFUSED if rows["late ack"][0] == HOLDS else IGNORED


def attempt(rows: Rows) -> str:
    """Return whether deliveries are counted."""
    return COUNTED if rows["attempts"][0] == HOLDS else UNCOUNTED


def stage(world: World, choice: Mapping[str, str]) -> None:
    """Play the first scene that was predicted otherwise than it was recorded; else the first."""
    world.store("predicted", dict(choice))
    thing = wrong(choice) or next(iter(OPTIONS))
    name, found = thing.partition(" on ")[2], right()[thing]
    if thing == LATE_ACK.format(name):
        _late(world, name, found)
    else:
        _fails(world, name, found)


def wrong(choice: Mapping[str, str]) -> str:
    """Return the first thing that was predicted otherwise than it was recorded, or ""."""
    found = right()
    return next((thing for thing, said in choice.items() if said != found[thing]), "")


def _late(world: World, name: str, found: str) -> None:
    _hands(world, 0.0, name, "Ann", "tea")
    world.trace.add(0.0, "note", "Ann", text="hangs for longer than a lease")
    if found == NOBODY:
        world.trace.add(LEASE, "note", name, text="Ann is connected, so tea stays hers: no lease")
    else:
        _hands(world, LEASE, name, "Bob", "tea, again")
    told = {ENDS: " counts, for Bob's lease", REFUSED: " is refused", NOBODY: " counts"}
    _passes(world, 2 * LEASE, "Ann", name, "ack tea", f"ack tea{told.get(found, '')}")
    if found == ENDS:
        world.trace.add(2 * LEASE, "crash", "Bob")
        world.trace.add(4 * LEASE, "note", name, text="tea is not delivered again")
    if found == IGNORED:
        world.trace.add(2 * LEASE, "note", name, text="tea is still Bob's, and Ann hears nothing")


def _fails(world: World, name: str, found: str) -> None:
    for number in (1, 2):
        said = f"attempt {number}" if found == COUNTED else "attempt None"
        _hands(world, float(number), name, "Ann", f"tea, {said}")
        world.trace.add(float(number), "note", "Ann", text="fails")


def _hands(world: World, at: float, name: str, worker: str, text: str) -> None:
    _passes(world, at, name, worker, text, text)


def _passes(world: World, at: float, a: str, b: str, text: str, arrives: str) -> None:
    key = f"m{world.number('message')}"
    world.trace.add(at, "send", a, b, key, text)
    world.trace.add(at, "receive", b, a, key, arrives)


#: What somebody believes who predicts something else, by what was recorded.
BELIEFS = {
    ENDS: "a late ack takes nothing", REFUSED: "a late ack counts", IGNORED: "you are always told",
    NOBODY: "every engine lends", UNCOUNTED: "every engine counts", COUNTED: "no group counts",
}  # fmt: skip


def as_recorded(world: World) -> Violation | None:
    """Compare a prediction with the records."""
    choice = world.stores["predicted"].rows
    if not (thing := wrong(choice)):
        return None
    name, found = thing.partition(" on ")[2], right()[thing]
    what = "a late ack" if thing == LATE_ACK.format(name) else "an attempt"
    words = (
        f"On {name}, {what} {found}. You predicted that it {choice[thing]}.{_quoted(name, what)}"
    )
    return Violation(words, len(world.trace) - 1, belief=BELIEFS[found])


def _quoted(name: str, what: str) -> str:
    """Return the recorded words of the row that decides it, if it did not hold."""
    names = ("slow worker", "late ack takes nothing", "late ack")
    rows = outcomes()[LATE[name]]
    told = [rows[row] for row in (names if what == "a late ack" else ("attempts",))]
    said = next((words for outcome, words in told if outcome not in (HOLDS, LACKING)), "")
    return f" What was recorded: “{said.rstrip('.')}.”" if said else ""


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the scene."""
    return drawn(world, violation, title)


#: Why each prediction is wrong.
WHY = {
    BELIEFS[ENDS]: "Its acks name the message and not the lease. So a late one speaks for whoever "
    "has the message by now, and if that worker crashes, nobody gets it again.",
    BELIEFS[REFUSED]: "Here an ack belongs to one delivery, or to one owner of a partition. Once "
    "that is over, the ack is refused, and its sender can find out.",
    BELIEFS[IGNORED]: "A late ack has no effect here, and the call returns as if it had. Nobody "
    "tells the worker that its message is with somebody else.",
    BELIEFS[NOBODY]: "There is no lease here. A message stays with its worker for as long as the "
    "channel is open, so a worker that hangs holds on to it.",
    BELIEFS[UNCOUNTED]: "This kind of group keeps a position, and nothing about single messages. "
    "If you want to stop after three attempts, you count them yourself.",
    BELIEFS[COUNTED]: "This one looks after each message on its own, so it knows how often it "
    "was delivered.",
}
