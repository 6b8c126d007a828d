"""What lesson 12 shows of the trials: from real runs, with their dates and versions.

tour()            the shop on each engine, run just now where one answers, else recorded
contract(…)       what each engine kept of these rows, as `show.engines` draws it
words(…)          what came out of a row, in words
lost_leader()     50 acknowledged messages and a dead leader, on three brokers of Kafka's
two_hashes()      where 1,000 keys go, under the hashes of two clients
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pubsub_kit.engines.shown.shelf import read
from pubsub_kit.engines.shown.tour import Shop as Shop
from pubsub_kit.engines.shown.tour import tour as tour
from pubsub_kit.engines.trials.answers.cases import CASES
from pubsub_kit.engines.trials.answers.result import recorded as answered
from pubsub_kit.engines.trials.answers.trial import HOLDS as HELD
from pubsub_kit.engines.trials.answers.trial import UNSUPPORTED
from pubsub_kit.engines.trials.contract import BROKEN, HOLDS, LACKING
from pubsub_kit.engines.trials.result import SIGNS, Result, recorded
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.errors import PubSubKitError, brief

#: Column heads: short, and broken where a word ends.
SHORT = {
    "memory": "memory", "file": "file", "kafka": "Kafka group", "kafka_share": "Kafka share group",
    "rabbitmq": "Rabbit MQ", "redis": "Redis", "nats": "NATS", "sns_sqs": "SNS SQS",
    "eventbridge": "Event Bridge", "google_pubsub": "Pub/ Sub",
}  # fmt: skip
#: Rows in a few words that say what a ✓ stands for.
LABELS = {
    "acknowledged": "published means stored",
    "two workers at once": "two workers share a topic",
    "slow worker": "a slow worker loses its lease",
    "gone worker": "what a worker leaves, another gets",
    "nack": "a nack brings it back at once",
    "attempts": "the engine counts attempts",
    "nack with delay": "a nack can ask for a delay",
    "extend": "a worker can extend its lease",
    "late ack": "a late ack is refused",
    "late ack takes nothing": "a late ack ends nobody's lease",
    "order by key": "order by key, with two workers",
    "dead letter": "the last failure goes to dead letters",
    "deduplicates": "the same id twice is dropped",
    "late subscriber": "a new group can read the past",
    "replay by position": "replay from a position",
    "replay by time": "replay from a time",
}
EMBEDDED = "memory", "file"
SERVERS = {
    "kafka": "Kafka", "kafka_share": "Kafka", "rabbitmq": "RabbitMQ", "redis": "Redis",
    "nats": "NATS",
}  # fmt: skip
EMULATORS = {
    "sns_sqs": "ministack (SNS, SQS, EventBridge)",
    "eventbridge": "ministack (SNS, SQS, EventBridge)",
    "google_pubsub": "pstest (Google Pub/Sub)",
}
REAL = tuple(name for name in SHORT if name not in EMBEDDED)


class NotRecorded(PubSubKitError):
    """There is no such row, or no such engine, among what was recorded."""


def _check(name: object, known: Iterable[str], lacks: str, listed: str) -> None:
    """Raise NotRecorded for what is no name of these: what is lacking, and where they stand."""
    if isinstance(name, str) and name in known:
        return
    close = get_close_matches(name.lower(), known, n=1) if isinstance(name, str) else []
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise NotRecorded(f"{lacks} {brief(name)}: {meant}{listed}.")


def _check_rows(*rows: object) -> None:
    for row in rows:
        _check(row, BY_NAME, "The contract has no row", "docs/engines.md lists them")


def _results(only: Sequence[str], real: bool) -> list[Result]:
    found = [each for each in recorded() if each.engine in only or not only]
    for engine in only:
        _check(engine, SHORT, "Nothing is recorded of", f"there are {', '.join(SHORT)}")
    return [each for each in found if not (real and each.engine in EMBEDDED)]


def contract(
    *rows: str, only: tuple[str, ...] = (), real: bool = False
) -> dict[str, dict[str, str]]:
    """Return the signs of these rows for each engine; `real` leaves the embedded broker out.

    Raises NotRecorded for a row that is none, and for an engine of which nothing is recorded.
    """
    _check_rows(*rows)
    if not isinstance(only, tuple | list):
        raise NotRecorded(f"only takes names of engines, as ('kafka', 'redis'), not {brief(only)}.")
    if not isinstance(real, bool):
        raise NotRecorded(f"real is True or False, not {brief(real)}.")
    results = _results(only, real)
    return {
        LABELS.get(row, row): {SHORT[each.engine]: _sign(each, row) for each in results}
        for row in rows
    }


def answers(*names: str) -> dict[str, dict[str, str]]:
    """Return the signs of these answers on each real engine, run by a process that dies.

    Raises NotRecorded for a case that is none.
    """
    for name in names:
        _check(name, CASES, "There is no case", "docs/engines.md lists them")
    found = {each.engine: each for each in answered()}
    signs = {HELD: SIGNS[HOLDS], UNSUPPORTED: SIGNS[LACKING]}
    return {
        name: {
            short: signs.get(found[engine].cases[name].verdict, SIGNS[BROKEN])
            for engine, short in SHORT.items()
            if engine in found
        }
        for name in names
    }


def _sign(result: Result, row: str) -> str:
    """Return a row's sign; where nothing is lent, a worker keeps what it has: no ack is late."""
    leased = result.rows["slow worker"].outcome == HOLDS
    return result.sign(row) if leased or not row.startswith("late ack") else SIGNS[LACKING]


def words(engine: str, row: str) -> str:
    """Return what came out of a row on an engine, in the words of the run.

    Raises NotRecorded for a row that is none, and for an engine of which nothing is recorded.
    """
    _check_rows(row)
    (result,) = _results((engine,), False)
    outcome = result.rows[row]
    return outcome.words or outcome.outcome


def versions(*only: str) -> str:
    """Return with which servers and emulators, and when, the contract was played.

    Raises NotRecorded for an engine of which nothing is recorded.
    """
    results = [each for each in _results(only, False) if each.server]
    days = " and ".join(sorted({each.date for each in results}))
    real = {SERVERS[each.engine]: each.server for each in results if each.engine in SERVERS}
    rest = {EMULATORS[each.engine]: each.server for each in results if each.engine in EMULATORS}
    said = [
        ", ".join(f"{name} {version}" for name, version in some.items()) for some in (real, rest)
    ]
    return f"Recorded {days}: {'; emulators: '.join(filter(None, said))}."


class Fate(NamedTuple):
    """What became of acknowledged messages when the leader died."""

    acks: str
    acknowledged: int
    lost: tuple[int, ...]
    pause: float
    refused: str
    versions: str
    date: str

    def __str__(self) -> str:
        if self.refused:
            return f"acks={self.acks}: none of the 50 was acked, because the followers were silent."
        return (
            f"acks={self.acks}: all were acked, and {len(self.lost)} are lost "
            f"(recorded {self.date}, {self.versions})."
        )


def lost_leader() -> list[Fate]:
    """Return what became of 50 messages that the leader alone had: with acks=1, with acks=all.

    Raises NotRecorded where nobody has recorded it.
    """
    kept = _kept("leaders")
    return [Fate(**{**kept[acks], "lost": tuple(kept[acks]["lost"])}) for acks in ("1", "all")]


def _kept(part: str) -> dict[str, Any]:
    kept: dict[str, Any] = read(part, {})
    if not kept:
        raise NotRecorded(
            f"lesson.json has no {part}: get it back with git checkout, or record it with "
            "python3 -m pubsub_kit.engines.shown lesson."
        )
    return kept


class Hashes(NamedTuple):
    """How many keys two clients put into different partitions."""

    keys: int
    partitions: int
    differ: int
    when: str

    def __str__(self) -> str:
        return (
            f"{self.differ} of {self.keys:,} keys go to two of {self.partitions} partitions "
            f"({self.when})."
        )


def two_hashes() -> Hashes:
    """Return where keys went under the hashes of librdkafka and of the Java client.

    Raises NotRecorded where nobody has recorded it.
    """
    kept = _kept("hashes")
    differ = sum(a != b for a, b in zip(kept["default"], kept["java"], strict=True))
    when = f"recorded {kept['date']}, {kept['versions']}"
    return Hashes(len(kept["keys"]), kept["partitions"], differ, when)
