"""The process of exercise 05's relay: a shop that takes two orders, and relays what it has saved.

It relays when it starts, as after each restart, then takes the orders that no client has asked for
yet, and relays twice more. A client asks once: what the shop has saved is what counts.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pubsub_kit.engines.trials.answers.job import Job, answer_of
from pubsub_kit.engines.trials.answers.journal import Journal
from pubsub_kit.engines.trials.answers.real import RealWorld
from pubsub_kit.engines.trials.answers.rules import order
from pubsub_kit.patterns.sqlite_store import SqliteStore
from pubsub_kit.scenarios.out_of_order_transfers.untold import ORDERS
from pubsub_kit.world.handlers import instantiate


def serve(job: Job, engine: Any, world: RealWorld, db: SqliteStore, journal: Journal) -> None:
    """Relay, take the orders, and relay twice more."""
    answer = answer_of(job.answer)
    handle, made = instantiate(lambda: answer(db))
    world.do(made.relay)
    for id in [id for id in ORDERS if id not in journal.all("asked")]:
        journal.write("asked", id)
        world.do(partial(handle, order(id)))
        journal.write("answered", id)
    for _ in range(2):
        world.do(made.relay)
