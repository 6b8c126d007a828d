"""The hardest run that was survived, and how a search tells how far it is."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.show import PictureError
from pubsub_kit.world.chance import Schedule, parse
from pubsub_kit.world.search.explore import explore, replay
from pubsub_kit.world.search.kept import fault_count, fault_kinds
from pubsub_kit.world.world import World
from tests.world.payments import FAULTS, Naive, Transactional, charged_once, paying


def test_the_hardest_run_has_the_most_faults_of_the_most_kinds_and_the_longest_trace() -> None:
    ranks: dict[str, Any] = {}
    orders: dict[str, Any] = {}

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        kinds = fault_kinds(world.chance.faults)
        ranks[world.chance.code] = (len(kinds), len(set(kinds)), len(world.trace))
        orders[world.chance.code] = world.chance.order

    found = explore(paying(Transactional), oracle, faults=FAULTS, max_faults=2)
    best = max(ranks.values())
    assert ranks[found.hardest] == best
    alike = [code for code, rank in ranks.items() if rank == best]
    assert found.hardest == min(alike, key=lambda code: orders[code])
    assert best[:2] == (2, 2)


def test_it_is_run_once_more_and_drawn() -> None:
    found = explore(paying(Transactional), charged_once, faults=FAULTS, max_faults=2)
    picture = show.hardest(found)
    assert picture.title == f"The hardest run that it survives, schedule {found.hardest}"
    assert picture.text.count("fault ") == fault_count(parse(found.hardest)) == 2
    again = replay(paying(Transactional), found.hardest, faults=FAULTS)
    assert found.rerun is not None
    assert found.rerun(found.hardest).trace.text() == again.trace.text()


@pytest.mark.parametrize("bounds", [{}, {"max_schedules": 5}, {"faults": ["reply lost"]}])
def test_only_what_holds_has_a_hardest_run(bounds: dict[str, Any]) -> None:
    answer = Transactional if bounds else Naive
    found = explore(paying(answer), charged_once, **{"faults": FAULTS, **bounds})
    assert (found.outcome == "holds", found.hardest) == (False, "")
    with pytest.raises(PictureError, match="Only a search that holds has a hardest run"):
        show.hardest(found)


def test_a_run_that_was_merged_is_no_candidate() -> None:
    """It ended early, so nobody has seen how it would have gone on."""
    whole: set[str] = set()

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        whole.add(world.chance.code)

    found = explore(paying(Transactional), oracle, faults=FAULTS, max_faults=2, merge=True)
    assert found.merged
    assert found.hardest in whole


def test_a_search_tells_how_far_it_is_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands in: every schedule takes a tenth of a second, so each third is told."""
    ticks = iter(range(100_000))
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks) / 10)
    told: list[tuple[int, int]] = []
    found = explore(
        paying(Transactional),
        charged_once,
        faults=FAULTS,
        max_faults=2,
        seconds=10_000.0,
        progress=lambda schedules, faults: told.append((schedules, faults)),
    )
    assert len(told) == (found.schedules + found.redundant) // 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert [faults for _, faults in told] == sorted(faults for _, faults in told)
    assert {faults for _, faults in told} == {1, 2}
