"""What a learner predicts of real engines, against what was recorded when it was played on them.

Nothing here says what an engine does: that is read from the outcomes of the contract's rows. The
first prediction that the records contradict is played once more, as a scene for Ann and Bob.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pubsub_kit.engines.recorded import HOLDS, Rows, dates, outcomes
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


#: The row that speaks against what was said of a late ack, where both had or got the message.
_AGAINST = {ENDS: "late ack takes nothing", REFUSED: "late ack"}
#: What was seen in a row that holds.
_SEEN = {
    "slow worker": "a worker was silent for longer than its lease, and the message was handed out "
    "again",
    "late ack takes nothing": "after a late ack, the worker that had the message crashed, and "
    "the message came again",
    "late ack": "the late ack returned False, and the message was still with the other worker",
    "attempts": "the redelivery after a nack said that it was attempt 2",
}


def as_recorded(world: World) -> Violation | None:
    """Compare a prediction with the records."""
    choice = world.stores["predicted"].rows
    if not (thing := wrong(choice)):
        return None
    name, found, said = thing.partition(" on ")[2], right()[thing], choice[thing]
    late = thing == LATE_ACK.format(name)
    row = against(found, said) if late else "attempts"
    words = f"On {name}, {'a late ack' if late else 'an attempt'} {found}. You predicted that it "
    words += f"{said}. {evidence((LATE if late else COUNTS)[name], row)}"
    return Violation(words, len(world.trace) - 1, belief=thing)


def against(found: str, said: str) -> str:
    """Return the row of the contract whose outcome contradicts what was said of a late ack."""
    if NOBODY in (found, said):
        return "slow worker"
    if said == IGNORED:
        return "late ack" if found == REFUSED else "late ack takes nothing"
    return _AGAINST[said]


def evidence(engine: str, row: str) -> str:
    """Return a sentence on what came out of a row on an engine, and on which day."""
    outcome, words = outcomes()[engine][row]
    seen = _SEEN[row] if outcome == HOLDS else f"“{words.rstrip('.')}”"
    return f"Recorded on {dates()[engine]}: {seen}."


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the scene."""
    return drawn(world, violation, title)


#: Why it is as it was recorded, by what is asked for: what an ack of this engine names.
WHY = {
    LATE_ACK.format("RabbitMQ"): "There is no lease here. A message stays with its worker for as "
    "long as the channel is open, so a worker that hangs holds on to it.",
    LATE_ACK.format("SQS"): "An ack of SQS deletes by the receipt handle of one delivery. Bob's "
    "delivery has another handle, so hers is stale: the call is refused, and she sees that.",
    LATE_ACK.format("Redis Streams"): "XACK takes a group and the id of an entry, and no "
    "delivery. It ends whatever is pending under that id, and that is Bob's delivery by now.",
    LATE_ACK.format("a Kafka group"): "An ack is the commit of a position, by the member that "
    "owns the partition. Bob's worker owns it by now, so Ann's commit is refused.",
    LATE_ACK.format("NATS JetStream"): "An ack goes to the reply subject of the message, and "
    "JetStream takes it whenever it comes. It doesn't ask who has the message by now.",
    LATE_ACK.format("Google Pub/Sub"): "An ack id belongs to one delivery, and hers has expired. "
    "The call returns as if it had worked, so nobody tells her that the message is Bob's.",
    LATE_ACK.format("a Kafka share group"): "The broker locks each record for one member, and "
    "Ann's lock has ended. It answers her ack with an error, and the record stays with Bob.",
    ATTEMPT.format("a Kafka group"): "This kind of group keeps a position, and nothing about "
    "single messages. If you want to stop after three attempts, you count them yourself.",
    ATTEMPT.format("a Kafka share group"): "A share group looks after each record on its own: it "
    "keeps its state, and how often it was delivered.",
    ATTEMPT.format("Redis Streams"): "A group of Redis lists each pending entry with its worker, "
    "and with the number of its deliveries.",
}
