"""What retrieval must keep: one version and one model in an answer, all of it, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator

from pubsub_kit.designs.build import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.world.search.explore import Violation

GONE = 60.0  # seconds from a deletion to the last answer that may show the document


def answers_are_true(built: Built) -> Violation | None:
    """Return what is wrong after a run, the worst first: what was seen, then what is at rest."""
    for check in _CHECKS:
        if (wrong := check(built)) is not None:
            return wrong
    return None


# -- what queries saw ------------------------------------------------------------------------------


def _returned(built: Built) -> Violation | None:
    for asked in built.of("deleted"):
        empty = None
        for answer in built.of("answered"):
            seen = _seen(built, answer, asked.id)
            if answer.time <= asked.time:
                continue
            if seen is None:
                empty = answer
            elif empty is not None or answer.time > asked.time + GONE:
                since = f", and was gone at {empty.time:g} s" if empty else ""
                words = (
                    f"{asked.id} was deleted at {asked.time:g} s{since}. At {answer.time:g} s a "
                    f"query sees version {seen.facts['versions']} of it{_writer(built, seen)}."
                )
                return Violation(words, _step(built, seen), "gone", _said(seen), "deleted returns")
    return None


def _writer(built: Built, seen: Record) -> str:
    """Say when a version became current for the last time, if it was noted."""
    done = built.of("done", f"{seen.id} {seen.facts['versions']}")
    return f", made current at {done[-1].time:g} s" if done else ""


def _two_models(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        asked, models = seen.facts["asked"], seen.facts["models"]
        if models != asked:
            words = (
                f"At {seen.time:g} s a query is embedded by {asked}, and compared with vectors of "
                f"{seen.id} by {models}: distances across models mean nothing."
            )
            return Violation(words, _step(built, seen), asked, models, "vectors of two models")
    return None


def _two_versions(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        versions = seen.facts["versions"]
        if " " in versions:
            words = (
                f"At {seen.time:g} s a query sees chunks of {seen.id} from the versions {versions} "
                f"side by side: {seen.facts['texts']}."
            )
            return Violation(words, _step(built, seen), "one version", versions, "two versions")
    return None


def _went_back(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        version = int(seen.facts["versions"])
        made = [r for v in _versions(built, seen.id) for r in built.of("done", f"{seen.id} {v}")]
        earlier = sorted(r for r in made if r.time <= seen.time)
        if earlier and earlier[-1].id == f"{seen.id} {version}":
            newer = [r for r in earlier if int(r.id.split()[-1]) > version]
            if newer:
                words = (
                    f"{newer[-1].id} was made current at {newer[-1].time:g} s, and {seen.id} "
                    f"{version} after it, at {earlier[-1].time:g} s. At {seen.time:g} s a query "
                    f"sees version {version}."
                )
                wanted = f"version {newer[-1].id.split()[-1]}"
                at = _step(built, seen)
                return Violation(words, at, wanted, _said(seen), "the last writer wins")
    return None


def _partly(built: Built) -> Violation | None:
    for answer in built.of("answered"):
        for doc, since in _visible(built, answer):
            seen = _seen(built, answer, doc)
            if seen is None:
                words = (
                    f"{doc} has been in the index since {since:g} s. A query at {answer.time:g} s "
                    "finds nothing of it."
                )
                return Violation(words, _step(built, answer), "all of it", "nothing", "a gap")
            wanted = _texts(built, doc, seen.facts["versions"])
            found = seen.facts["texts"].split()
            if sorted(found) != sorted(wanted):
                return _differs(built, seen, wanted, found)
    return None


def _differs(built: Built, seen: Record, wanted: list[str], found: list[str]) -> Violation:
    doc, version, at = seen.id, seen.facts["versions"], _step(built, seen)
    twice = next((text for text in found if found.count(text) > wanted.count(text)), None)
    if twice is not None:
        words = (
            f"At {seen.time:g} s a query sees the chunk {twice!r} of {doc}, version {version}, "
            f"{found.count(twice)} times."
        )
        return Violation(words, at, wanted, found, "indexed twice")
    lost = next(text for text in wanted if found.count(text) < wanted.count(text))
    words = f"At {seen.time:g} s a query misses the chunk {lost!r} of {doc}, version {version}"
    others = [r.facts["doc"] for r in built.of("changed") if lost in r.facts["texts"].split()]
    other = next((each for each in others if each != doc), None)
    if other is not None and not any(r.time < seen.time for r in built.world.trace.faults()):
        words += f": {other} has the same text, and the two share one row."
        return Violation(words, at, wanted, found, "documents share a chunk")
    return Violation(f"{words}: it shows a part.", at, wanted, found, "a gap")


# -- at rest ---------------------------------------------------------------------------------------


def _outdated(built: Built) -> Violation | None:
    last = max(built.of("answered"), key=lambda record: record.time, default=None)
    if last is None:
        words = "Nobody's query was ever answered."
        return Violation(words, len(built.world.trace) - 1, "an answer", "none", "no answer")
    for doc in sorted({record.facts["doc"] for record in built.of("changed")}):
        newest = max(_versions(built, doc))
        seen = _seen(built, last, doc)
        if built.of("deleted", doc) or (seen and seen.facts["versions"] == str(newest)):
            continue
        what = f"version {seen.facts['versions']}" if seen else "nothing"
        writer = _writer(built, seen) if seen else ""
        words = (
            f"At rest, at {last.time:g} s, queries see {what} of {doc}{writer}. Its latest is "
            f"version {newest}."
        )
        belief = "the last writer wins" if seen else "never seen"
        return Violation(words, _step(built, last), f"version {newest}", what, belief)
    return None


def _text_left(built: Built) -> Violation | None:
    for asked in built.of("deleted"):
        left = [key for key, row in built.rows("chunks").items() if row["doc"] == asked.id]
        if left:
            words = (
                f"{asked.id} was deleted at {asked.time:g} s. At rest its text is still in the "
                f"index, in the rows {', '.join(left)}."
            )
            last = len(built.world.trace) - 1
            return Violation(words, last, "no row", left, "hidden is not deleted")
    return None


def _again(built: Built) -> Violation | None:
    """Find a text embedded again when its vector was already kept, oftener than faults excuse."""
    excused = len(list(built.world.trace.faults()))
    for kept in built.of("kept"):
        again = [r for r in built.of("embedded", kept.id) if r.time > kept.time]
        if len(again) > excused:
            words = (
                f"The vector of {kept.id} was kept at {kept.time:g} s. At {again[0].time:g} s the "
                "same text is embedded again, and paid for again."
            )
            return Violation(words, _step(built, again[0]), 1, len(again) + 1, "embedded again")
    return None


# -- facts -----------------------------------------------------------------------------------------


def _seen(built: Built, answer: Record, doc: str) -> Record | None:
    return next((r for r in built.of("seen", doc) if r.facts["query"] == answer.id), None)


def _said(seen: Record) -> str:
    return f"version {seen.facts['versions']}"


def _visible(built: Built, answer: Record) -> Iterator[tuple[str, float]]:
    """Name each document that was whole before an answer and not deleted then, and since when."""
    for doc in sorted({record.facts["doc"] for record in built.of("changed")}):
        made = [r.time for v in _versions(built, doc) for r in built.of("done", f"{doc} {v}")]
        deleted = [record.time for record in built.of("deleted", doc)]
        if made and min(made) < answer.time and not any(t <= answer.time for t in deleted):
            yield doc, min(made)


def _versions(built: Built, doc: str) -> list[int]:
    return [r.facts["version"] for r in built.of("changed") if r.facts["doc"] == doc]


def _texts(built: Built, doc: str, version: str) -> list[str]:
    changed = built.of("changed", f"{doc} {version}")
    return changed[0].facts["texts"].split() if changed else []


def _step(built: Built, record: Record) -> int:
    return min(record.step, len(built.world.trace) - 1)


_CHECKS = (
    _returned, _two_models, _two_versions, _went_back, _partly, _outdated, _text_left, _again
)  # fmt: skip


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    befell = faults(built.world.trace)
    if not befell:
        return f"Nothing has failed here, and still: {wrong.message} Which decision makes it so?"
    return f"{befell} {_ASKED.get(wrong.belief, 'What does a query see, and when?')}"


_ASKED = {
    "deleted returns": "What tells a late worker that the document is gone, and for how long?",
    "vectors of two models": "Which model's vectors may a query meet meanwhile?",
    "two versions": "Which version may a query see until all of it is written?",
    "a gap": "What does a query see between the old chunks and the new?",
    "indexed twice": "The work is done a second time. Which id do its chunks have then?",
    "the last writer wins": "Two versions are written. What decides which one is seen?",
    "hidden is not deleted": "Who deletes what a late worker wrote, and when?",
    "embedded again": "What do you look up before you pay for a vector?",
    "never seen": "The change was accepted. Who comes back to it?",
}
