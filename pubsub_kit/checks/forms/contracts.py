"""The contracts of a log and of a broker as judges: what each proves, and how it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pubsub_kit.checks.contract import leases, log_rows, reasons, rows
from pubsub_kit.checks.contract.case import Case
from pubsub_kit.checks.contract.log_case import Damage, LogCase
from pubsub_kit.checks.forms.contracted import Contracted
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

_LOG = (
    "This is not a proof for other records or sizes. Of a file larger than 600 bytes, evenly "
    "spread bytes were tried, and of one of SQLite's those of your data. Two processes at once, "
    "a full disk, and data that a power cut takes before fsync() are not covered."
)
_BROKER = (
    "Each row is one short scene, so this is a sample and no proof. It says nothing of a restart, "
    "the order of a key, nack, dead letters, replay, threads or speed."
)


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a trial of a broker: you at the left, then its topics, then the workers."""
    topics = [step.peer for step in world.trace.of("send", node="you")]
    lanes = dict.fromkeys(["you", *topics, *world.trace.nodes()])
    return drawn(world, violation, title, lanes)


def with_bytes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the file that was damaged last in a trial; if none was, the trial as a diagram."""
    damaged = [step.data for step in world.trace if isinstance(step.data, Damage)]
    if not damaged:
        return drawn(world, violation, title)
    from pubsub_kit.show.diagrams.hexdump import hexdump

    damage, wrong = damaged[-1], violation or Violation("")
    names = [(n if n == "head" else f"record {n}", end) for n, end in damage.ends]
    return hexdump(
        damage.before,
        parts=names,
        at=damage.at,
        new=damage.new,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message,
        title=title,
    )


#: Holds a log on real files to its contract.
LOG = Contracted(
    log_rows.LOG_ROWS,
    LogCase,
    list(reasons.LOG),
    f"{len(log_rows.LOG_ROWS)} rows, which the kit's own log keeps too: among them a crash "
    f"after every byte that is written, and a change of every byte of four records. {_LOG}",
    draws=with_bytes,
)
#: Holds a broker to the core rows of its contract.
BROKER = Contracted(
    [*rows.CORE, *leases.LEASES],
    Case,
    list(reasons.BROKER),
    f"{len(rows.CORE) + len(leases.LEASES)} rows of the contract that the kit's own broker keeps. "
    f"{_BROKER}",
    draws=in_lanes,
)
