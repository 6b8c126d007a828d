"""How far a worker of a consumer group has come in a partition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pubsub_kit.engines.kafka_progress import Progress
from pubsub_kit.engines.worker import Lent

EMBEDDED = True  # no server is needed


def lent_up_to(count: int) -> tuple[Progress, list[Lent]]:
    progress = Progress()
    held = [cast(Lent, SimpleNamespace(revoked=False)) for _ in range(count)]
    for offset, lent in enumerate(held):
        progress.hand(offset, lent)
    return progress, held


def finished(progress: Progress, *offsets: int) -> list[int]:
    marks = []
    for offset in offsets:
        marks.append(progress.mark(offset))
        progress.finish(offset)
    return marks


def test_the_mark_goes_up_as_far_as_there_is_no_gap() -> None:
    progress, _ = lent_up_to(5)
    assert finished(progress, 0, 2, 3, 1, 4) == [1, 1, 1, 4, 5]
    assert progress.done == set()


def test_a_rewind_takes_back_what_came_later() -> None:
    progress, held = lent_up_to(4)
    progress.rewind(2)
    assert [lent.revoked for lent in held] == [False, False, True, True]
    assert finished(progress, 0, 1) == [1, 2]


def test_what_was_acked_above_a_gap_is_not_handed_out_again_after_a_rewind() -> None:
    progress, _ = lent_up_to(4)
    finished(progress, 0, 2)
    progress.rewind(1)
    assert [offset for offset in (1, 2, 3) if not progress.seen(offset)] == [1, 3]
    progress, _ = lent_up_to(3)
    finished(progress, 2)
    progress.rewind(1)
    progress.hand(1, cast(Any, SimpleNamespace(revoked=False)))
    assert finished(progress, 1, 0) == [0, 3]
    assert progress.seen(2)


def test_offsets_may_have_gaps_of_their_own() -> None:
    progress = Progress()
    for offset in (3, 7, 20):  # compacted, or markers of transactions
        progress.hand(offset, cast(Any, SimpleNamespace(revoked=False)))
    assert finished(progress, 3, 20, 7) == [7, 7, 21]


def test_it_counts_what_it_handed_out() -> None:
    progress, held = lent_up_to(1)
    progress.rewind(0)
    progress.hand(0, held[0])
    assert progress.tries(0) == 2
    progress.finish(0)
    assert progress.tries(0) == 0
