"""Exercise 13: an index and its deletions, and an oracle of them; the rest in genai_migration."""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.enumerated import Enumerated
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.trials import RunAudit, Trial
from pubsub_kit.checks.questions import genai_migration
from pubsub_kit.checks.questions.reasons import genai_pipeline as reasons
from pubsub_kit.checks.systems import genai_on_trial as trial
from pubsub_kit.checks.systems import genai_probes as probes
from pubsub_kit.scenarios.genai_pipeline import deletions, indexing
from pubsub_kit.scenarios.genai_pipeline.sights import draw
from pubsub_kit.world.search.violation import Violation

TRIAL = Trial(trial.SUSPECTS, trial.runs, trial.returned, trial.shown, "– | –", trial.last_step)


def _why_wrong(oracle: Any, wrong: Violation) -> str:
    return TRIAL.blind(oracle, wrong) or trial.why_spared(oracle, wrong)


QUESTIONS: list[Question] = [
    Code(
        "upsert",
        "Write a class Index(db, embed) with handle(event), for events with 'doc', 'version' and "
        "'chunks'. At any time, the rows that begin with 'chunk ' have all chunks of one version "
        "of each document, and no others; in the end, of the newest. Two workers run it: up to 2 "
        "times an event is late or comes twice, an ack is lost, or a worker crashes or is "
        "overtaken.",
        judged_by=Explored(
            indexing.index,
            indexing.whole_and_newest,
            indexing.FAULTS,
            diagnose=probes.why_indexed,
            draws=draw,
        ),
        lessons=reasons.UPSERT,
        hints=reasons.UPSERT_HINTS,
    ),
    Code(
        "tombstone",
        "Repair Index(db) with handle(event) and purge(now), so that a deleted document stays "
        "deleted. Its text leaves all rows, and older versions don't bring it back, though they "
        "may be replayed for a week. A newer version does. After that week a purge leaves nothing "
        "of it.",
        judged_by=Explored(
            deletions.deleting,
            deletions.gone_for_good,
            deletions.FAULTS,
            until=deletions.UNTIL,
            diagnose=probes.why_back,
            draws=draw,
        ),
        lessons=reasons.TOMBSTONE,
        hints=reasons.TOMBSTONE_HINTS,
    ),
    *genai_migration.QUESTIONS,
    RunAudit(
        "audit",
        "Write oracle(run) for deletions. A run is a list of steps: step.at (seconds), step.did "
        "('write', 'delete', 'purge' or 'look'), step.doc, step.version, and step.old and step.new,"
        " the version of each document that a reader sees in two indexes. More than 60 s after a "
        "deletion nobody may see its version or a lower one. Return None if the run is right, or "
        "what is wrong.",
        judged_by=Enumerated(trial.SUSPECTS.copy, TRIAL.run, trial.TRIED, trial.draw, _why_wrong),
        lessons=reasons.AUDIT,
        hints=reasons.AUDIT_HINTS,
    ),
]
