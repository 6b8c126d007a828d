"""What a migration to a new model must keep: who answers, what the rows hold, the way back.

All of it is read off the trace: each write of an index, and of the row that says which one answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pubsub_kit.scenarios.genai_pipeline.migration import HISTORY, ROLLBACK, UNTIL, Change
from pubsub_kit.scenarios.plain import crashes, moment, shown
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

PATIENCE = 1.5  # seconds in which a live change is embedded twice, and twice again


def no_downtime(world: World) -> Violation | None:
    """Queries, writes, the switch and the rollback were right; what is worst comes first."""
    run = _Run(world)
    asked = sorted(run.answers(), key=lambda wrong: wrong.belief == "reads the model twice")
    checks = (iter(asked), run.back_in_time(), run.at_the_switch(), run.at_rest())
    return next((wrong for check in checks for wrong in check), None)


class _Run:
    """A run that has ended: what was written, and which model answered from which step on."""

    def __init__(self, world: World) -> None:
        self.trace, self.seen = world.trace, vars(world)["migration"]
        self.log: list[tuple[float, Change]] = self.seen.log
        self.writes = list[tuple[int, str, str, Any, Any]]()  # step, index, document, old, new row
        self.pointers: list[tuple[int, Any]] = [(-1, "m1")]
        for n, step in enumerate(world.trace):
            if step.kind == "effect":
                store, before, after = step.data
                if store == "indexes":
                    self.writes += [(n, *key.split(), before[key], after[key]) for key in after]
                elif store == "db" and "model" in after:
                    self.pointers.append((n, after["model"]))

    def pointer(self, step: int) -> Any:
        """Return which model answers at a step."""
        return [model for n, model in self.pointers if n <= step][-1]

    def answers(self) -> Iterator[Violation]:
        """Find a query that meets two models, or whose answer isn't that of the row's model."""
        for since, end, searches, said in self.seen.answers:
            step = searches[-1].step if searches else end - 1
            at = f"The query at {moment(self.trace[step])}"
            named = {self.pointer(since), *(m for n, m in self.pointers if since < n < end)}
            row, names = " and then ".join(sorted(map(str, named))), {s.model for s in searches}
            for index, vector, _, met, step in searches:
                alien = next((each.model for each in met if each.model != index), "")
                if alien:
                    words = f"{at} searches index {index}, and meets a vector by {alien} in it."
                    belief = "re-embeds in place" if index == "m1" else "copies the vectors"
                    yield self.wrong(words, step, belief, f"vectors in {index}", index, alien)
                elif vector.model != index:
                    words = f"{at} was embedded by {vector.model}, and searched index {index}."
                    belief = "reads the model twice" if len(named) > 1 else "one model for all"
                    yield self.wrong(words, step, belief, "embedded by", index, vector.model)
            given = sorted(said) if isinstance(said, list | tuple | set) else said
            taken = {search.model for search in searches if search.hits == given}
            if taken and not taken & named:
                words = f"{at} was answered from {' and '.join(taken)}, and the row said {row}."
                yield self.wrong(words, step, "the row decides", "answer from", row, *taken)
            elif not taken and len(names) > 1:
                words = f"{at} was answered from m1 and m2 together."
                yield self.wrong(
                    words, step, "two models in one answer", "answer from", row, "both"
                )
            elif not taken:
                words = f"{at} was answered with {shown(said, 40)}, which no search had found."
                yield self.wrong(
                    words, step, "not what was found", "answer", "hits", shown(said, 20)
                )

    def back_in_time(self) -> Iterator[Violation]:
        """Find a row that goes back to an older version, or comes back, or is gone too early."""
        deleted = {change.doc: at for at, change in self.log if not change.text}
        gone: dict[str, float] = {}
        for at, key in reversed(self.seen.gone):
            if at >= deleted.get(key.split()[1], UNTIL):
                gone[key] = at
        for n, index, doc, before, after in self.writes:
            now, who, at = self.trace[n].time, self.trace[n].node, moment(self.trace[n])
            if not after:
                if before and now < deleted.get(doc, UNTIL) and index in ("m1", self.pointer(n)):
                    answers = index == self.pointer(n)
                    words = f"At {at} {who} deletes {doc} from {index}, "
                    words += "which answers." if answers else "to which a rollback leads."
                    belief = "deletes, then inserts" if answers else "drops the old one"
                    yield self.wrong(words, n, belief, f"{index} {doc}", "a row", "no row")
                continue
            key, new, old = f"{index} {doc}", after["version"], before["version"] if before else 0
            writes = f"At {at} {who} writes version {new} of {doc} into {index}"
            belief = "overwrites newer" if who == "backfill" else "a late copy overwrites"
            if not after["vector"]:
                gone.setdefault(key, now)
            elif gone.get(key, now) < now:
                words = f"{doc} was deleted from {index} at {gone[key]:g} s. {writes}."
                belief = belief if before else "a deletion leaves no trace"
                yield self.wrong(words, n, belief, key, "deleted", f"v{new}")
            if new < old:
                words = f"{writes}, in the place of version {old}."
                yield self.wrong(words, n, belief, key, f"v{old}", f"v{new}")
            if who == "live" and new == 1:
                words = f"{writes}, which is history: the change in hand waits for it."
                yield self.wrong(words, n, "one lane", "live writes", "live changes", "history")

    def at_the_switch(self) -> Iterator[Violation]:
        """Find what m2 lacks of history when it begins to answer."""
        switch = next((n for n, model in self.pointers if model != "m1"), len(self.trace))
        if switch == len(self.trace):
            words = f"At {ROLLBACK:g} s the row 'model' still says m1."
            last = [(offset, found) for _, offset, found in self.seen.reads][-3:]
            belief, again = "never switches", last[1:] == last[:-1] and len(last) == 3
            if again and last[0][1]:
                belief, words = (
                    "never ends",
                    f"{words} The last reads all begin at offset {last[0][0]}.",
                )
            yield self.wrong(words, switch - 1, belief, "model", "m2", "m1")
            return
        reads = [(offset, found) for n, offset, found in self.seen.reads if n < switch]
        read, crash = {at for _, found in reads for at in found}, self.trace.of("crash")
        crashed = any(step.node == "backfill" for step in crash)
        for change, fault in self.lacks("m2", HISTORY, switch):
            words = f"At {moment(self.trace[switch])} the row 'model' changes to m2, and {fault}."
            later = (self.trace[n].node for n, index, doc, *_ in self.writes
                     if n > switch and (index, doc) == ("m2", change.doc))  # fmt: skip
            if not reads:
                belief = "switches first"
            elif change.offset not in read and min(reads)[0] <= change.offset:
                belief, words = "nearly there", f"{words} Change {change.offset} wasn't read yet."
            elif "backfill" in later and not crashed:
                belief, words = "nearly there", f"{words} The backfill writes it later."
            else:
                belief = "resumes past its work" if crashed else "read and not written"
                words += " The backfill had gone past it."
            yield self.wrong(words, switch, belief, f"m2 {change.doc}", "v1", "no row")

        yield from self.held_back(switch)

    def held_back(self, switch: int) -> Iterator[Violation]:
        """Find a live change that no fault delayed, and that m1 gets only after the switch."""
        now = self.trace[switch].time
        for at, change in self.log[len(HISTORY) :] if not self.trace.faults() else ():
            mine = [n for n, index, doc, _, row in self.writes if (index, doc) == ("m1", change.doc)
                    and row and row["version"] == change.version]  # fmt: skip
            if mine and mine[0] > switch and at + PATIENCE <= now:
                words = f"The change of {change.doc} to version {change.version} came at {at:g} s. "
                words += (
                    f"live writes it into m1 at {moment(self.trace[mine[0]])}, after the switch."
                )
                what = f"m1 {change.doc}"
                yield self.wrong(words, mine[0], "one lane", what, "at once", "held back")

    def at_rest(self) -> Iterator[Violation]:
        """Find what is missing before the rollback, or after it."""
        every, last = [change for _, change in self.log], len(self.trace) - 1
        back = next(n for n, step in enumerate(self.trace) if step.node == "operator")
        for index, step in ("m2", back - 1), ("m1", last):
            at = f"At {ROLLBACK:g} s, before" if index == "m2" else f"At {UNTIL:g} s, after"
            at += " the rollback to m1,"
            if (said := self.pointer(step)) != index:
                words = f"{at} the row 'model' says {shown(said, 20)}."
                yield self.wrong(words, step, "moves the row again", "model", index, str(said))
            for change, fault in self.lacks(index, every, step):
                belief = "one index is enough" if index == "m2" else "the old one is done"
                what, wanted = f"{index} {change.doc}", f"v{change.version}"
                yield self.wrong(f"{at} {fault}.", step, belief, what, wanted, "not there")

    def lacks(
        self, index: str, changes: Sequence[Change], step: int
    ) -> Iterator[tuple[Change, str]]:
        """Yield each document that an index has otherwise than these changes say, and how."""
        rows: dict[str, Any] = {
            f"m1 {c.doc}": {"version": c.version, "vector": c.text} for c in HISTORY
        }
        rows |= {f"{name} {doc}": row for n, name, doc, _, row in self.writes if n <= step}
        there = [change for at, change in self.log if at <= self.trace[step].time]
        deleted = {change.doc for change in there if not change.text}
        for change in {change.doc: change for change in changes}.values():
            doc, row = change.doc, rows.get(f"{index} {change.doc}") or {"vector": None}
            if doc in deleted and not row["vector"]:
                continue
            if not change.text and row["version"] < change.version:
                yield change, f"{index} still has {doc}, which was deleted"
            elif change.text and not (row["vector"] and row["version"] >= change.version):
                has = f"version {row['version']} of" if row["vector"] else "nothing of"
                yield change, f"{index} has {has} {doc}, and the log has version {change.version}"

    def wrong(
        self, words: str, step: int, belief: str, what: str, wanted: str, found: str
    ) -> Violation:
        """Return what is wrong, with the crashes of the run."""
        words += crashes(self.trace)
        return Violation(words, step, {what: wanted}, {what: found}, belief)
