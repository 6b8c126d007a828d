"""The lessons use the terms that a learner will meet elsewhere, each where its idea is taught."""

from __future__ import annotations

import re

import pytest

from pubsub_kit.workbook.build import KIT

TERMS = {
    "01_sync_cascade": ("stale data", "tight coupling", "retry storm", "metastable failure"),
    "02_fan_out": ("fire and forget", "eventual consistency", "IoT", "CI/CD", "Trading", "CDN"),
    "03_idempotency": ("serializable", "READ COMMITTED", "unique constraint"),
    "04_delivery_semantics": ("fire and forget", "fencing token", "poison message"),
    "05_out_of_order_transfers": ("eventual consistency", "atomic, not isolated", "compensate"),
    "07_event_log_and_replay": ("offset", "projection", "rollback", "compaction", "tombstone"),
    "08_event_sourcing_cqrs": ("optimistic concurrency", "projection", "upcaster", "snapshot"),
    "09_time_travel": ("blob", "reducer", "pure", "event loop", "interpolation", "branch"),
    "10_living_with_events": ("span", "crypto-shredding", "schema registry", "strangler"),
    "14_interview_rehearsal": ("Brier score", "calibrated", "blast radius", "unknown"),
}


@pytest.mark.parametrize(
    ("lesson", "term"), [(lesson, term) for lesson, terms in TERMS.items() for term in terms]
)
def test_a_lesson_uses_its_terms_in_prose(lesson: str, term: str) -> None:
    source = (KIT / "authoring" / "lessons" / f"{lesson}.py").read_text(encoding="utf-8")
    cells = re.split(r"^# %%", source, flags=re.MULTILINE)
    prose = " ".join(cell for cell in cells if cell.startswith(" [markdown]"))
    assert term in re.sub(r"[\s#*]+", " ", prose)
