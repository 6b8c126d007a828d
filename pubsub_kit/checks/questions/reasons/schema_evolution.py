"""Why events can't be read after a schema has changed, by what somebody believes."""

from __future__ import annotations

ROLLOUT = {
    "a registry checks by itself": "NONE accepts every change. Which mode compares anything?",
    "producers first": "The event was newer than its reader. BACKWARD promises that new readers "
    "read old events, and nothing else. Who has to upgrade first?",
    "consumers first": "The event was older than its reader. FORWARD promises that old readers "
    "read new events, and nothing else. Who has to upgrade first?",
    "the last version is enough": "The new schema was compared with the last one alone, and the "
    "replay reads older events. Which modes compare all versions?",
    "FORWARD covers a replay": "At a replay new code reads old events, and that is what BACKWARD "
    "is about. Which direction does your mode check?",
    "one sample is enough": "The sample was typical, and data needn't be. What says everything "
    "that data may hold?",
    "an optional field is safe": "Under an open schema somebody had used that name already, for a "
    "number. What keeps a name free until you need it?",
    "an open schema can grow": "Old data of an open schema may hold any name, with any type. So a "
    "careful registry refuses new fields. What would a closed one know?",
}
