"""Exercise 13, second half: a new embedding model, who is notified, and what it all takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.forms.severally import Severally
from pubsub_kit.checks.forms.stub import is_stub
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.systems import genai_downtime as downtime
from pubsub_kit.scenarios.genai_pipeline import effects, migration


@dataclass
class Estimates(Estimate):
    """Several quantities by name; the first one that is wrong is told."""

    parts: Mapping[str, Estimate] = field(default_factory=dict)

    def judge(self, answer: Any) -> Judgement:
        """Compare one after the other; raises AnswerError for an answer without their names."""
        if not isinstance(answer, Mapping) or {*answer} != {*self.parts}:
            names = ", ".join(f"{name!r}: …" for name in self.parts)
            raise AnswerError(f"give a dict with a quantity for each name: {{{names}}}")
        if missing := [name for name in self.parts if is_stub(answer[name])]:
            raise AnswerError(f"estimate {' and '.join(map(repr, missing))} too")
        judged = {name: part.judge(answer[name]) for name, part in self.parts.items()}
        for name, each in judged.items():
            if each.violation:
                wrong = replace(each.violation, message=f"{name}: {each.violation.message}")
                return replace(each, violation=wrong)
        said = [f"{name}, {each.summary[7:]}" for name, each in judged.items()]
        return Judgement("holds", f"holds: {' '.join(said)}", claim=each.claim)


_BUSY = Explored(
    *(migration.migrating, downtime.no_downtime, migration.FAULTS),
    until=migration.UNTIL,
    draws=migration.draw,
)
_QUIET = replace(
    _BUSY, stage=partial(migration.migrating, later=migration.QUIET), faults=(), max_faults=0
)
_DAYS = 10e6 * 20 * 300 / 2e6 / 1440  # for the whole corpus, at 2M tokens a minute
MIGRATE = Code(
    "migrate",
    "Write a class Search(log, indexes, db) with live(change), backfill() and query(text), which "
    "moves from index m1 to m2 without downtime. The row 'model' says which index answers. A "
    "deleted document never returns, no row goes back to an older version, no query compares "
    "vectors of two models, and writing m1 into 'model' later rolls back without loss.",
    judged_by=Severally({"while documents change": _BUSY, "on a quiet night": _QUIET}),
    lessons={
        "never ends": "One of your loops goes round and round. From which offset does it read "
        "the next time, and what ends it?",
        "switches first": "m2 answered before the backfill had written to it, so documents were "
        "missing. What must be true of m2 before the row changes?",
        "nearly there": "What was still unread is missing from every answer. Nobody writes to a "
        "document that doesn't change, except the backfill. What lag is small enough?",
        "one index is enough": "That change was written to m1, and never to m2. The backfill can't "
        "bring what comes after its end. Where does each live change go, and from when on?",
        "the old one is done": "Until m1 is retired, a rollback may lead there. It lacks a live "
        "change. For how long does a live change go to both?",
        "re-embeds in place": "One index held vectors of two models, and distances between them "
        "mean nothing. Where can the new vectors be, so that no query meets them?",
        "copies the vectors": "A vector of the old model means nothing to the new one. Which index "
        "has to embed what is written to m2?",
        "one lane": "A live change waited until history was embedded. That takes weeks. What "
        "does live() need from the backfill?",
        "overwrites newer": "The backfill brings what was true once, and m2 had heard something "
        "newer. Who decides which of two versions stays?",
        "a late copy overwrites": "An older change can come after a newer one: it was redelivered, "
        "or held up. What does a write have to compare, in the same step?",
        "a deletion leaves no trace": "The row was gone, its version too, so an old version looked "
        "new. What must stay of a deleted document?",
        "deletes, then inserts": "Between the two writes a query finds nothing, and a crash leaves "
        "it so. Which single write replaces a row?",
        "drops the old one": "Rolling back is one write only as long as the old index is there. "
        "Who decides, and when, that nobody will go back?",
        "reads the model twice": "The switch came between two reads of the row: the query was "
        "embedded by one model, and searched the other's index. How often may a query read it?",
        "one model for all": "The index changed, and the query's vector didn't. Which "
        "model has to embed a query?",
        "two models in one answer": "Distances in m1 and in m2 are numbers on different scales, so "
        "one list of both has no order. How many indexes may an answer come from?",
        "the row decides": "The row 'model' is what a switch and a rollback change, and your query "
        "didn't go by it. What does the query have to read first?",
        "not what was found": "A query returns the hits of the one search that it needs. What does "
        "your query() return?",
        "resumes past its work": "The position said that the change was done, and the crash came "
        "before m2 had it. Which of the two may come first?",
        "read and not written": "The backfill went past that change, and m2 never got it. Which "
        "changes of the log does it have to write?",
        "never switches": "All of history may be in m2, and nobody asks it. What has to happen "
        "once there is nothing more to read?",
        "moves the row again": "The row changed once more, and no operator had asked for it. "
        "How often does a migration switch?",
    },
    hints={
        "never ends": ["Read on behind the last change that you have, until there is none."],
        "switches first": ["Switch after the last page has been written."],
        "one index is enough": ["live() writes to both indexes, from its first call on."],
        "re-embeds in place": ["Write to indexes['m2'] what indexes['m2'] has embedded."],
        "one lane": ["live() writes the change that it is given, and nothing else."],
        "overwrites newer": ["Which write compares versions in the same step?"],
        "a deletion leaves no trace": ["put_newer() with None as a vector keeps the version."],
        "two models in one answer": ["Search the index that the row names, and no other."],
        "not what was found": ["return what search() returned."],
        "resumes past its work": ["Store the position after the write that it speaks of."],
        "never switches": ["await self.db.put('model', 'm2') is the switch."],
        "moves the row again": ["Let backfill() return after the switch."],
        "": [
            "Live changes go to both indexes. The backfill reads from its position until nothing "
            "is left, and then switches.",
            "Every write of both lanes is the same put_newer().",
        ],
    },
)
NOTIFY = Choose(
    "notify",
    "An agent is to act once on each version that can be found. Choose when it is told, the id of "
    "that message, what the agent does with an id, and how a backfill runs a month later. Anybody "
    "may crash, and any message may come twice.",
    options=effects.OPTIONS,
    judged_by=Explored(
        *(effects.notifying, effects.heard_once, effects.FAULTS),
        until=effects.UNTIL,
        draws=effects.draw,
    ),
    lessons={
        "accepted is found": "Accepted isn't searchable: no chunk was in the index yet. After "
        "which write can the agent find the version?",
        "told if new": "The crash fell between the write and the message. On the redelivery the "
        "version was no longer new, so nobody was told. What remembers that somebody must be?",
        "a new id each time": "The retry told it again under another id, so the agent couldn't "
        "know. Which id do both attempts make?",
        "one id for a document": "The agent dropped the second version as a repeat of the first. "
        "What makes two messages the same?",
        "each message is news": "Delivery is at least once, and no sender can change that. Who can "
        "tell a repeat from news?",
        "a replay is quiet": "The backfill ran the same code, effects and all, a month later. No "
        "choice here remembers an id for that long. What may a replay do, and what not?",
    },
    hints={
        "accepted is found": [
            "The agent is told after the write, or of what was committed with it."
        ],
        "told if new": ["Either tell after every attempt, or write down in the same commit whom."],
        "a new id each time": ["The id has to follow from what happened, and not from the try."],
        "one id for a document": ["Which id differs for version 2?"],
        "each message is news": ["The agent has to remember ids."],
        "a replay is quiet": ["Give the backfill a lane that only writes."],
        "": ["Follow one version: who tells, after which write, and what if that comes twice?"],
    },
)
_ESTIMATED: dict[str, tuple[float, str, str, dict[str, float]]] = {
    "vectors": (10e6 * 20 * 4096 / 1e9, "GB", "200M vectors of 4,096 bytes.", {
        "a vector a document": 10e6 * 4096 / 1e9,
        "bits, not bytes": 10e6 * 20 * 4096 * 8 / 1e9,
        "a number is a byte": 10e6 * 20 * 1024 / 1e9,
        "GiB, not GB": 10e6 * 20 * 4096 / 2**30,
    }),
    "alone": (_DAYS, "day", "60B tokens at 2M a minute.", {
        "a chunk a document": _DAYS / 20,
        "a token a chunk": _DAYS / 300,
        "a quota a second": _DAYS / 60,
        "hours, not days": _DAYS * 24,
    }),
    "beside": (_DAYS / 0.58, "day", "58% of the quota is left for it.", {
        "live changes are free": _DAYS,
        "42% longer": _DAYS * 1.42,
        "the others' share": _DAYS / 0.42,
        "a share of the time": _DAYS * 0.42,
        "less takes less": _DAYS * 0.58,
    }),
    "hashed": (_DAYS / (1 - 0.42 * 4 / 20), "day", "Live changes take 8.4%: 13 days are saved.", {
        "hashing helps no backfill": _DAYS / 0.58,
        "hashing makes them free": _DAYS,
        "the new model knows them": _DAYS / 5,
        "a fifth of all": _DAYS / 0.58 / 5,
        "what is saved": _DAYS / 0.58 - _DAYS / (1 - 0.42 * 4 / 20),
        "the part that changed": _DAYS / (1 - 0.42 * 16 / 20),
    }),
}  # fmt: skip


def _part(name: str) -> Estimate:
    value, unit, shows, wrong = _ESTIMATED[name]
    known = {belief: partial(float, each) for belief, each in wrong.items()}
    return Estimate(
        name, "", value=partial(float, value), unit=unit, tolerance=0.05, wrong=known, shows=shows
    )


ESTIMATE = Estimates(
    "estimate",
    "10M documents of 20 chunks, 300 tokens a chunk; a vector has 1,024 numbers of 4 bytes; the "
    "quota is 2M tokens a minute. Estimate the GB of all vectors; the days of re-embedding alone, "
    "and beside live changes that take 42% of the quota; and those days once live changes skip "
    "unchanged chunks, of which we assume 16 in 20.",
    parts={name: _part(name) for name in _ESTIMATED},
    lessons={
        "a vector a document": "That is one vector for each document. How many chunks has it got?",
        "bits, not bytes": "That is in bits. How many bytes has one number?",
        "a number is a byte": "That is one byte for each number. How many has it got?",
        "GiB, not GB": "You divided by 2³⁰. How many bytes has a GB?",
        "a chunk a document": "That is one chunk of each document. How many are there?",
        "a token a chunk": "That is one token of each chunk. How many has it got?",
        "a quota a second": "That is 2M tokens a second. What is the quota's unit?",
        "hours, not days": "That is the number of hours. Which unit did you give?",
        "less takes less": "That is 58% of the time, so faster than alone. What takes longer, with "
        "the whole quota or with a part?",
        "live changes are free": "That is the time with the whole quota. What is left of it?",
        "42% longer": "You added 42% to the time. What is 1 divided by 0.58?",
        "the others' share": "Live changes have those 42%. What share is left for the backfill?",
        "a share of the time": "That is 42% of the time, so faster than alone. How fast is it with "
        "58% of the quota?",
        "hashing makes them free": "Live changes still embed 4 chunks in 20. What share is that?",
        "a fifth of all": "You took a fifth of the time. Which of the two kinds of work gets less?",
        "what is saved": "That is what hashing saves. How long does the backfill take then?",
        "hashing helps no backfill": "Live changes take less of the quota now. Who gets the rest?",
        "the new model knows them": "To the new model every chunk of history is new, so the "
        "backfill embeds all of them. Whose work gets less by hashing?",
        "the part that changed": "16 of 20 are skipped, and you left those 16 in. How many chunks "
        "of a change have to be embedded?",
    },
    hints={
        "": [
            "Write each one as a product, with its units: chunks, tokens a chunk, tokens a minute.",
            "With a share s of the quota, it takes 1/s times as long.",
        ]
    },
)
QUESTIONS: list[Question] = [MIGRATE, NOTIFY, ESTIMATE]
