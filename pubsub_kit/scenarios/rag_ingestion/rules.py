"""What retrieval must keep: one version and one model in an answer, all of it, nothing deleted."""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.build import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.world.search.explore import Violation

GONE = 60.0  # seconds from a deletion to the last answer that may show the document
FRESH = 300.0  # seconds from a change to the last answer that may miss it
BETWEEN = " · "  # texts of what was seen


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
        for answer in built.of("got"):
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
    done = built.of("done", f"{seen.facts['doc']} {seen.facts['versions']}")
    return f", made current at {done[-1].time:g} s" if done else ""


def _two_models(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        asked, models = seen.facts["asked"], seen.facts["models"]
        if models != asked:
            words = (
                f"At {seen.time:g} s a query is embedded by {asked}, and compared with vectors of "
                f"{seen.facts['doc']} by {models}: distances across models mean nothing."
            )
            return Violation(words, _step(built, seen), asked, models, "vectors of two models")
    return None


def _two_versions(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        versions = seen.facts["versions"]
        if " " in versions:
            words = (
                f"At {seen.time:g} s a query sees chunks of {seen.facts['doc']} from the versions {versions} "
                f"side by side: {seen.facts['texts']}."
            )
            return Violation(words, _step(built, seen), "one version", versions, "two versions")
    return None


def _went_back(built: Built) -> Violation | None:
    for seen in built.of("seen"):
        doc, version = seen.facts["doc"], int(seen.facts["versions"])
        made = [r for v in _versions(built, doc) for r in built.of("done", f"{doc} {v}")]
        earlier = sorted(r for r in made if r.time <= seen.time)
        if earlier and earlier[-1].id == f"{doc} {version}":
            newer = [r for r in earlier if int(r.id.split()[-1]) > version]
            if newer:
                words = (
                    f"{newer[-1].id} was made current at {newer[-1].time:g} s, and {doc} "
                    f"{version} after it, at {earlier[-1].time:g} s. At {seen.time:g} s a query "
                    f"sees version {version}."
                )
                wanted = f"version {newer[-1].id.split()[-1]}"
                at = _step(built, seen)
                return Violation(words, at, wanted, _said(seen), "the last writer wins")
    return None


def _partly(built: Built) -> Violation | None:
    whole: dict[str, float] = {}  # by document, when it was first seen so
    for answer in built.of("got"):
        for doc in sorted({record.facts["doc"] for record in built.of("changed")}):
            if any(record.time <= answer.time for record in built.of("deleted", doc)):
                continue
            seen = _seen(built, answer, doc)
            if seen is None and doc in whole:
                words = (
                    f"A query at {whole[doc]:g} s sees {doc}. At {answer.time:g} s a query finds "
                    "nothing of it."
                )
                return Violation(words, _step(built, answer), "all of it", "nothing", "a gap")
            if seen is None:
                continue
            version, found = seen.facts["versions"], seen.facts["texts"].split(BETWEEN)
            wanted = _texts(built, doc, version)
            if sorted(found) == sorted(wanted):
                whole.setdefault(doc, answer.time)
            elif doc in whole or _made(built, doc, version, answer.time):
                return _differs(built, seen, wanted, found)
    return None


def _differs(built: Built, seen: Record, wanted: list[str], found: list[str]) -> Violation:
    doc, version, at = seen.facts["doc"], seen.facts["versions"], _step(built, seen)
    twice = next((text for text in found if found.count(text) > wanted.count(text)), None)
    if twice is not None:
        words = (
            f"At {seen.time:g} s a query sees the chunk {twice!r} of {doc}, version {version}, "
            f"{found.count(twice)} times instead of {wanted.count(twice)}."
        )
        return Violation(words, at, wanted, found, "indexed twice")
    lost = next(text for text in wanted if found.count(text) < wanted.count(text))
    words = f"At {seen.time:g} s a query misses the chunk {lost!r} of {doc}, version {version}"
    others = [r.facts["doc"] for r in built.of("changed") if lost in _cut(built, r)]
    other = next((each for each in others if each != doc), None)
    if other is not None and not any(r.time < seen.time for r in built.world.trace.faults()):
        words += f": {other} has the same text, and the two share one row."
        return Violation(words, at, wanted, found, "documents share a chunk")
    return Violation(f"{words}: it shows a part.", at, wanted, found, "a gap")


# -- at rest ---------------------------------------------------------------------------------------


def _outdated(built: Built) -> Violation | None:
    for answer in built.of("got"):
        for change in built.of("changed"):
            doc, version = change.facts["doc"], change.facts["version"]
            if built.of("deleted", doc) or answer.time < change.time + FRESH:
                continue
            seen = _seen(built, answer, doc)
            if seen is None or int(seen.facts["versions"]) < version:
                what = _said(seen) if seen else "nothing"
                words = (
                    f"Version {version} of {doc} is there at {change.time:g} s. A query at "
                    f"{answer.time:g} s still sees {what} of it."
                )
                wanted = f"version {version}"
                return Violation(words, _step(built, answer), wanted, what, "never seen")
    if built.of("got"):
        return None
    words = "Nobody's query was ever answered."
    return Violation(words, len(built.world.trace) - 1, "an answer", "none", "no answer")


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
    embedded = [(r, text) for r in built.of("embedded") for text in r.facts["texts"]]
    for kept in built.of("kept"):
        for text in kept.facts["texts"]:
            again = [r for r, t in embedded if (r.id, t) == (kept.id, text) and r.time > kept.time]
            if len(again) > excused:
                words = (
                    f"The vector of {text!r} by {kept.id} was kept at {kept.time:g} s. At "
                    f"{again[0].time:g} s the same text is embedded again, and paid for again."
                )
                step, found = _step(built, again[0]), len(again) + 1
                return Violation(words, step, 1, found, "embedded again")
    return None


# -- facts -----------------------------------------------------------------------------------------


def _seen(built: Built, answer: Record, doc: str) -> Record | None:
    seen = (r for r in built.of("seen") if r.facts["doc"] == doc)
    return next((r for r in seen if r.facts["query"] == answer.id), None)


def _said(seen: Record) -> str:
    return f"version {seen.facts['versions']}"


def _made(built: Built, doc: str, version: str, until: float) -> bool:
    return any(record.time <= until for record in built.of("done", f"{doc} {version}"))


def _versions(built: Built, doc: str) -> list[int]:
    return [r.facts["version"] for r in built.of("changed") if r.facts["doc"] == doc]


def _texts(built: Built, doc: str, version: str) -> list[str]:
    changed = built.of("changed", f"{doc} {version}")
    return _cut(built, changed[0]) if changed else []


def _cut(built: Built, changed: Record) -> list[str]:
    """Return the chunks of a version, by the chunker of the design."""
    kind: Any = built.design.steps or built.problem.steps
    return list(kind.split(changed.facts["text"]))


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
