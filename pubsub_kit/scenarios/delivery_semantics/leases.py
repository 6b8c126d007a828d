"""The worlds of a job that takes longer than its lease: lesson 04's, and exercise 04's worker.

Two workers, and a film to render. A worker may pause past its lease and come back, so the store has
to refuse it, by a number that grows with each lease. A delivery's attempt is no such number: it
begins at 1 again when a message is replayed or redriven, and here the film is replayed. Nor is a
clock: no two of them agree. What is wrong in a run of the exercise, `films.py` finds.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.idempotency.looks import watched
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World

LEASE, JOB, STANDSTILL, REPLAYED = 10.0, 25.0, 60.0, 300.0  # seconds
FILM, ID = "film tea", "film-1"
FAST, AHEAD = "render-1", 3600.0  # this worker's clock is so many seconds fast


def worker(world: World, answer: Any, replays: bool = False) -> None:
    """Two workers, one film of 25 s to render, a lease of 10 s; the answer acks by itself.

    If it `replays`, the film is wanted once more, after 300 s: its attempts begin at 1 again.
    """
    _workers(world, answer, world.store("db"))
    if replays:
        world.at(REPLAYED, _replay, world)


def worker_twice(world: World, answer: Any) -> None:
    """As `worker`; the film is wanted once more when it is done, and the clocks differ."""
    _workers(world, answer, watched(world))
    world.node(FAST).skew = AHEAD
    world.at(REPLAYED, _replay_if_done, world)


def _workers(world: World, answer: Any, db: Store) -> None:
    world.pause_for = STANDSTILL
    world.topic("films")
    world.consumer(
        "render",
        lambda: answer(db),
        "films",
        workers=2,
        start="earliest",
        semantics="manual",
        ack_deadline=LEASE,
    )
    world.publish("films", {"film": "tea"}, id=ID)


def _replay_if_done(world: World) -> None:
    second_act.follows(world)
    if not world.broker.subscriptions["films", "render"].lag:
        _replay(world)


def _replay(world: World) -> None:
    world.broker.subscriptions["films", "render"].seek(offset=0)
    world.note("note", "films", text="replayed: film-1 is wanted again")
    world.wake("films")
