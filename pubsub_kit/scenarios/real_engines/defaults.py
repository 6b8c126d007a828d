"""Nine situations in which a default bites, each played with one setting changed.

Each is a small model of one engine, with the defaults that its documentation gives. It plays what
happens, and returns what is wrong at the end, or "" if the setting that was changed is the one that
helps. Times of the model that no documentation gives are assumptions, and are named in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

# source: Kafka: broker and topic configs: retention 7 days, min.insync.replicas 1 (4.3)
# source: Kafka: consumer configs: auto.offset.reset latest, isolation.level read_uncommitted (4.3)
# source: SQS: developer guide, visibility timeout of 30 seconds (November 2026)

DAY = 86_400.0
KEEPS, RESETS = 7, "latest"  # days that Kafka keeps a record, and where a lost position begins
VISIBLE = 30.0  # seconds until SQS hands a message to somebody else
COPIES, IN_SYNC = 3, 1
TELLS = Callable[[float, str, str], None]


class Situation(NamedTuple):
    """What goes wrong, the settings to choose from, and the belief behind a wrong one."""

    options: tuple[str, ...]
    belief: str
    plays: Callable[[str, TELLS], str]


def _away(setting: str, tell: TELLS) -> str:
    keeps = 14 if "14 days" in setting else KEEPS
    position, end = 300, 1_300  # 100 records a day, and the group is away from day 3 to day 13
    oldest = 100 * (13 - keeps) if keeps < 13 else 0
    tell(3 * DAY, "search", f"goes away at position {position}")
    tell(13 * DAY, "topic", f"keeps offsets {oldest} to {end - 1}")
    resets = "earliest" if "earliest" in setting else RESETS
    next = position if position >= oldest else oldest if resets == "earliest" else end
    tell(13 * DAY, "search", f"is back, and goes on at offset {next}")
    skipped = next - max(position, oldest)
    return f"search skipped {skipped} records that were still there" if skipped else ""


def _slow(setting: str, tell: TELLS) -> str:
    visible = 60.0 if "60" in setting else VISIBLE
    tell(0.0, "worker-1", "receives the order, and takes 40 s")
    if visible >= 40.0:
        tell(40.0, "worker-1", "has billed it, and deletes it")
        return ""
    dead = "maxReceiveCount=1" in setting
    tell(visible, "queue", "moves it to the dead letters" if dead else "hands it out again")
    tell(40.0, "worker-1", "has billed it")
    if dead:
        return "the order was billed, and it is among the dead letters as well"
    tell(visible + 40.0, "worker-2", "has billed it too")
    return f"the order was billed twice: it was visible again after {visible:g} s"


def _raises(setting: str, tell: TELLS) -> str:
    tell(0.0, "framework", "polls the order")
    first = "NACK_ON_ERROR" not in setting
    if first:
        tell(0.1, "framework", "acks it")
    tell(0.2, "handler", "raises")
    if not first:
        tell(0.3, "framework", "nacks it, so it comes again")
    return "the order was acked before the handler raised, so nobody gets it again" if first else ""


def _alone(setting: str, tell: TELLS) -> str:
    least = 2 if "min.insync.replicas=2" in setting else 1
    tell(0.0, "leader", f"is {IN_SYNC} of {COPIES} in sync, and gets the order with acks=all")
    if least > IN_SYNC:
        tell(0.1, "leader", "refuses it, so the producer keeps it")
        return ""
    tell(0.1, "leader", "acks it")
    tell(0.2, "leader", "loses its disk")
    return "the order was acked, and its only copy is gone"


def _languages(setting: str, tell: TELLS) -> str:
    hashes = "murmur2" if "murmur2" in setting else "CRC32"
    tell(0.0, "Java", "hashes the key ann with murmur2")
    tell(0.1, "Python", f"hashes the key ann with {hashes}")
    if hashes == "murmur2":
        return ""
    return "the orders of ann went to a partition by murmur2 and by CRC32, and have no order"


def _confirmed(setting: str, tell: TELLS) -> str:
    tell(0.0, "publisher", "publishes the order to an exchange that no queue is bound to")
    if "mandatory" in setting:
        tell(0.1, "exchange", "returns it, since it can't be routed")
        return ""
    tell(0.1, "exchange", "drops it, and confirms that it was handled")
    return "the order was confirmed, and it is in no queue"


def _exits(setting: str, tell: TELLS) -> str:
    tell(0.0, "script", "calls produce(): the order is in the client's memory")
    if "flush" not in setting:
        tell(0.001, "script", "exits")
        return "the order was still in the client's memory when the script ended"
    tell(0.1, "script", "flushes: the broker has the order")
    return ""


def _aborted(setting: str, tell: TELLS) -> str:
    tell(0.0, "producer", "writes the order in a transaction, and aborts it")
    reads = "read_committed" not in setting
    tell(0.1, "Java reader", "reads the order" if reads else "passes over the order")
    return "the reader acted on an order whose transaction was aborted" if reads else ""


def _restart(setting: str, tell: TELLS) -> str:
    tell(0.0, "producer", "sends the order, which is written, and crashes before it hears so")
    tell(1.0, "producer", "is back in a new session, and sends the order again")
    if "inbox" in setting:
        tell(1.1, "billing", "finds the id of the order in its inbox")
        return ""
    tell(1.1, "billing", "bills it a second time")
    return "the order is in the topic twice, and it was billed twice"


SITUATIONS = {
    "away": Situation(
        ("retention.ms of 14 days", "auto.offset.reset=earliest", "enable.auto.commit=false"),
        "a group that comes back goes on where it was", _away),
    "slow": Situation(
        ("a FIFO queue", "VisibilityTimeout=60", "maxReceiveCount=1"),
        "FIFO means processed once", _slow),
    "raises": Situation(
        ("enable.auto.commit=true", "retries=10", "AckPolicy.NACK_ON_ERROR"),
        "acked means processed", _raises),
    "alone": Situation(
        ("acks=all", "min.insync.replicas=2", "retries=10"),
        "acks=all waits for several", _alone),
    "languages": Situation(
        ("partitioner=murmur2_random", "enable.idempotence=true", "24 partitions"),
        "every client hashes alike", _languages),
    "confirmed": Situation(
        ("confirm_delivery()", "delivery_mode=2", "mandatory=True"),
        "a confirm means it was routed", _confirmed),
    "exits": Situation(
        ("acks=all", "flush() at the end", "retries=10"),
        "produce() means it was sent", _exits),
    "aborted": Situation(
        ("isolation.level=read_committed", "enable.idempotence=true", "transactional.id=shop"),
        "readers never see what was aborted", _aborted),
    "restart": Situation(
        ("enable.idempotence=true", "acks=all", "an inbox at the consumer"),
        "an idempotent producer knows my resends", _restart),
}  # fmt: skip
OPTIONS = {name: situation.options for name, situation in SITUATIONS.items()}


def stage(world: World, choice: Mapping[str, str]) -> None:
    """Play the first situation in which the setting does not help; else the last one."""
    world.store("chosen", dict(choice))
    name = next((name for name in choice if harm(name, choice[name])), [*choice][-1])

    def tell(at: float, node: str, text: str) -> None:
        world.trace.add(at, "note", node, text=text)

    SITUATIONS[name].plays(choice[name], tell)


def harm(name: str, setting: str) -> str:
    """Return what is wrong at the end of a situation with one setting changed, or ""."""
    return SITUATIONS[name].plays(setting, lambda at, node, text: None)


def the_setting_helps(world: World) -> Violation | None:
    """Find the first situation in which the setting that was chosen changes nothing."""
    choice = world.stores["chosen"].rows
    wrong = {name: harm(name, setting) for name, setting in choice.items()}
    name = next((name for name, words in wrong.items() if words), "")
    if not name:
        return None
    words = f"{name}: with {choice[name]}, {wrong[name]}."
    return Violation(words, len(world.trace) - 1, belief=SITUATIONS[name].belief)


#: Why another setting does not help.
WHY = {
    SITUATIONS["away"].belief: "The position is gone with the records that it pointed at, and "
    "where a group without a position begins is a setting. Its default is the end.",
    SITUATIONS["slow"].belief: "Nothing that counts or orders gives a worker more time. When the "
    "visibility timeout ends, the message is somebody else's, FIFO or not.",
    SITUATIONS["raises"].belief: "When the framework acks first, its position moves past the "
    "message, whatever the handler does then. Which policy acks when the handler is done?",
    SITUATIONS["alone"].belief: "All replicas in sync had it, and that was the leader alone. How "
    "few may be in sync is a setting of the topic, and its default is 1.",
    SITUATIONS["languages"].belief: "Which partition a key goes to is the client's business. Two "
    "clients with two hashes split the messages of one key.",
    SITUATIONS["confirmed"].belief: "A confirm says that the broker is done with the message. It "
    "is also done with one that it had no queue for.",
    SITUATIONS["exits"].belief: "The call puts a record into the client's memory and returns. "
    "Nothing about acks or retries matters for a record that was never sent.",
    SITUATIONS["aborted"].belief: "Aborted records stay in the log, and a reader has to leave them "
    "out. Java's client does so only if you ask for it.",
    SITUATIONS["restart"].belief: "The numbers of an idempotent producer end with its session. "
    "What you send again after a restart is a new record to the broker.",
}
