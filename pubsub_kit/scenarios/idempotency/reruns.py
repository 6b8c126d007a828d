"""What an answer that failed does in runs of its own: some beliefs show in no single run.

What memory alone knows, a crash has to tell; and where nothing was booked, a run in which every
mark is there already tells a test that is the wrong way round from one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pubsub_kit.scenarios.idempotency import endpoint
from pubsub_kit.scenarios.idempotency.asks import KEYS
from pubsub_kit.scenarios.idempotency.evidence import Evidence
from pubsub_kit.scenarios.idempotency.looks import Watched
from pubsub_kit.scenarios.idempotency.payments import OWED, PAYMENTS, payments, shop
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Exploration, run_once
from pubsub_kit.world.world import World

_UNSURE = ("no dedup", "books nothing", "the body is an id", "")
_UNLIKE = {"pay-1": ("ann", 8), "pay-2": ("ann", 12), "pay-3": ("bob", 5)}


def diagnose_dedup(answer: Any, found: Exploration) -> str:
    """Tell what a consumer that failed believes, or return "" if its run has told.

    With one worker and no crash, an in-memory set does its work; having none does not. With a crash
    between the two deliveries, only a durable memory does. And what takes two payments of the same
    amount for one does not mistake them if their amounts differ.
    """
    wrong = found.violation
    if wrong is None or wrong.belief not in _UNSURE:
        return ""
    if wrong.belief == "the body is an id":
        return "" if found.trace.faults() or not _harm(answer, due=_UNLIKE) else "one mark for all"
    if wrong.belief == "books nothing":
        stage = _one_worker(answer)
        return "the wrong way round" if _books_repeats(stage, found.world, OWED) else ""
    if wrong.belief == "":
        alike = not found.trace.faults() and not _harm(answer, due=_UNLIKE)
        return "the body is an id" if alike else ""
    if _harm(answer, twice=True):
        return "no dedup"
    return "an in-memory set is enough" if _harm(answer, twice=True, crash=True) else ""


def diagnose_endpoint(answer: Any, found: Exploration) -> str:
    """Tell what an endpoint that failed believes, or return "" if its run has told.

    Without the restart, comparing with an amount in memory is enough; and one that charged nothing
    may test the wrong way round.
    """
    wrong = found.violation
    if wrong is not None and wrong.belief == "same key, new payload" and found.code == "-":
        return "the amount is in memory" if _right_without_restart(answer) else ""
    if wrong is None or wrong.belief != "charges nothing":
        return ""

    def stage(world: World) -> None:
        endpoint.endpoint(world, answer)

    inverted = _books_repeats(stage, found.world, ("charged",))
    return "the wrong way round" if inverted else ""


def _right_without_restart(answer: Any) -> bool:
    """Say whether an endpoint keeps its keys as long as nothing restarts it."""

    def scenario(world: World) -> None:
        endpoint.endpoint(world, answer, restart=False)

    world, stuck = run_once(scenario, Schedule(), (), 100.0, 3_000)
    right = stuck is None and endpoint.key_is_kept(world) is None
    world.end_tasks()
    return right


def _one_worker(answer: Any) -> Callable[[World], None]:
    def stage(world: World) -> None:
        payments(world, answer, workers=1)

    return stage


def _books_repeats(stage: Callable[[World], None], failed: World | None, sums: Any) -> bool:
    """Say whether a sum is written once the marks that were looked for in vain are all there."""
    if failed is None:
        return False
    run = _evidence(failed, sums)
    vain = {key for deed in run.deeds if deed.kind == "look"
            for key, value in run.marks(deed).items() if value is None}  # fmt: skip

    def scenario(world: World) -> None:
        stage(world)
        world.stores["db"].rows.update(dict.fromkeys(vain, KEYS["k-1"]))

    world, _ = run_once(scenario, Schedule(), (), 100.0, 3_000)
    again = _evidence(world, sums)
    world.end_tasks()
    return bool(vain) and any(again.books(deed) for deed in again.deeds)


def _evidence(world: World, sums: Any) -> Evidence:
    db = world.stores["db"]
    assert isinstance(db, Watched)
    return Evidence(world.trace, db.deeds, sums)


def _unbalanced(world: World) -> bool:
    rows = world.stores["db"].rows
    return any(rows.get(name, 0) != owed for name, owed in OWED.items())


def _harm(
    answer: Any,
    due: Mapping[str, tuple[str, int]] = PAYMENTS,
    twice: bool = False,
    crash: bool = False,
) -> bool:
    """Say whether the books are wrong after payments that reach one worker, perhaps twice."""

    def scenario(world: World) -> None:
        payments(world, answer, workers=1, due=due)
        if crash:
            world.at(1.0, world.crash, "billing", 1.0)
        if twice:
            world.at(5.0, lambda: world.spawn(shop(due), "shop"))

    world, stuck = run_once(scenario, Schedule(), (), 100.0, 3_000)
    harm = stuck is not None or _unbalanced(world)
    world.end_tasks()
    return harm
