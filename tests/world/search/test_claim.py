"""What a search says that it has proven: no more than was run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.search.claim import WIDE
from pubsub_kit.world.search.explore import Exploration, Scenario, Violation, explore
from pubsub_kit.world.search.sampled import Sampled
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World
from tests.world.payments import FAULTS, Naive, Transactional, charged_once, paying

MEDIAN = "Every latency takes its median; "
REST = MEDIAN + "other faults, more faults or other timings are not covered."
KINDS = "duplicate, crash, preempt, ack lost"


def said(found: Exploration) -> str:
    """The claim on one line."""
    assert max(map(len, found.claim.splitlines())) <= WIDE
    return found.claim.replace("\n", " ")


def right(**bounds: Any) -> Exploration:
    return explore(paying(Transactional), charged_once, faults=FAULTS, **bounds)


def nothing_wrong(_: World) -> Violation | None:
    return None


def mailing(seconds: float) -> Scenario:
    """A worker that sends a mail after so many seconds."""

    async def handle(event: Event) -> None:
        await sleep(seconds)
        await perform("mail", event.id)

    def scenario(world: World) -> None:
        world.topic("t")
        world.consumer("worker", lambda: handle, "t", ack_deadline=50.0)
        world.publish("t", id="go")

    return scenario


def test_what_holds_names_its_faults_and_how_many() -> None:
    held = f"No schedule with up to 2 faults of these kinds breaks it: {KINDS}. {REST}"
    assert said(right(max_faults=2)) == held


def test_one_fault_of_one_kind() -> None:
    found = explore(paying(Transactional), charged_once, faults=["crash"], max_faults=1)
    assert said(found).startswith("No schedule with up to 1 fault of this kind breaks it: crash. ")


@pytest.mark.parametrize("bounds", [{"max_faults": 0}, {"faults": ()}])
def test_without_faults_it_claims_nothing_about_them(bounds: dict[str, Any]) -> None:
    found = explore(paying(Transactional), charged_once, **{"faults": FAULTS, **bounds})
    assert said(found) == (
        f"The run without faults does not break it. {MEDIAN}no fault and no other timing was tried."
    )


def test_what_was_merged_says_what_that_takes_for_granted() -> None:
    found = right(merge=True)
    assert found.merged
    assert said(found).endswith(
        "Runs that reached the same state were merged, so this is proven only if the rule looks at "
        "nothing but stores and effects."
    )


def test_a_run_that_was_not_over_is_told() -> None:
    found = explore(mailing(30.0), nothing_wrong, until=20.0)
    assert (found.outcome, found.unended) == ("holds", 1)
    assert said(found).endswith(" 1 run was not over at 20 s; what comes later is not covered.")
    assert explore(mailing(10.0), nothing_wrong, until=20.0).unended == 0


def test_a_search_that_was_cut_off_claims_what_it_completed() -> None:
    found = right(max_faults=3, max_schedules=100)
    assert said(found) == (
        f"No schedule with up to 1 fault of these kinds breaks it: {KINDS}. The search stopped "
        "after 100 schedules, so nothing is proven about more than 1 fault. "
        f"{MEDIAN}other faults or other timings are not covered."
    )


def test_a_search_that_was_cut_off_at_once_claims_nothing() -> None:
    nothing = "Nothing is proven: the search stopped after 0 schedules."
    assert said(right(seconds=-1.0)) == nothing


def test_a_fault_that_never_had_a_chance_is_no_part_of_the_claim() -> None:
    found = explore(mailing(1.0), nothing_wrong, faults=["crash", "reply lost"])
    assert said(found) == (
        "Nothing is proven about reply lost, which never had a chance to happen. No schedule with "
        f"up to 2 faults of this kind breaks it: crash. {REST}"
    )
    found = explore(mailing(1.0), nothing_wrong, faults=["loss", "reply lost"])
    assert said(found) == (
        "Nothing is proven about loss and reply lost, which never had a chance to happen. The run "
        f"without faults does not break it. {REST}"
    )


def test_a_race_out_of_reach_is_no_part_of_the_claim() -> None:
    race = "two tasks of shop race for rows of 'db'"
    found = Exploration("not exercised", max_faults=2, fired=Counter(crash=3), race=race)
    assert said(found) == (
        f"Nothing is proven about the order of tasks that were only spawned: {race}. No schedule "
        f"with up to 2 faults of this kind breaks it: crash. {REST}"
    )


def test_a_sample_proves_nothing_about_the_rest() -> None:
    found = right(strategy=Sampled(seed=7, runs=50))
    assert found.outcome == "not found"
    assert said(found).startswith("Of 50 random schedules with up to 2 faults, none breaks it: ")
    assert "A sample proves nothing about the schedules that it did not draw." in said(found)


def test_a_failure_is_proof_and_says_what_fewer_faults_do() -> None:
    found = explore(paying(Naive), charged_once, faults=FAULTS)
    assert said(found) == (
        "The run under schedule 4c breaks it, and one run is proof enough. The run without faults "
        "does not break it."
    )
    found = explore(paying(Naive), lambda world: Violation("always", 0), faults=FAULTS)
    assert said(found) == "The run without faults breaks it, and one run is proof enough."
