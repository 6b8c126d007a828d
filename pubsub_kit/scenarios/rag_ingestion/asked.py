"""What the interviewer asks after a run that broke an ingestion, by what it shows."""

from __future__ import annotations

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.told import question
from pubsub_kit.world.search.explore import Violation


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    asks = _ASKED.get(wrong.belief, "What does a query see, and when?")
    return question(built.world, wrong, asks)


_ASKED = {
    "deleted returns": "What tells a late worker that the document is gone, and for how long?",
    "vectors of two models": "Which model's vectors may a query meet meanwhile?",
    "two versions": "Which version may a query see until all of it is written?",
    "a gap": "What does a query see between the old chunks and the new?",
    "indexed twice": "The work is done a second time. Which id do its chunks have then?",
    "last writer wins": "Two versions are written. What decides which one is seen?",
    "hidden is not deleted": "Who deletes what a late worker wrote, and when?",
    "embedded again": "What do you look up before you pay for a vector?",
    "current and deleted": "Which chunks may be deleted, by heads that were read when?",
    "never switched": "What does the switch wait for, and who brings it?",
    "current and empty": "What makes a version current before all its chunks are there to stay?",
    "switched too early": "What must be in the new index before it answers?",
    "no dual writes": "A change comes during the backfill. Which indexes is it written to?",
    "a chunk without a vector": "Who comes back to a vector that was claimed and never made?",
    "another text's vector": "How do you know which vector belongs to which text?",
    "marked before the effect": "The retry came, and was skipped. When is a change marked as done?",
    "never seen": "The change was accepted. Who comes back to it?",
}
