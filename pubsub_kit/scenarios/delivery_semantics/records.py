"""The world and the oracle of exercise 04's batch: a bad record among good ones, in three batches.

One record is bad, and one fails at first and succeeds at the next attempt. Whatever a batch's
answer gives back is in the next batch, beside new records. The trace has a note of each batch, of
each record that failed, and of what came back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.scenarios.plain import plain, short
from pubsub_kit.world.handlers import instantiate, settle
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

GOOD, BAD, LATER = "good", "bad", "fails once"
RECORDS = dict(zip([f"record-{n}" for n in range(1, 7)], (GOOD, BAD, LATER, GOOD, GOOD, GOOD),
                   strict=True))  # fmt: skip
NEW = (3, 2, 1)  # how many new records each batch has
NODE, WORK = "worker", "work on"


def batch(world: World, answer: Any) -> None:
    """Three batches of records; what the answer gives back is in the next one.

    `handle(batch)` gets a list of events and returns the ids that failed (as AWS Lambda's partial
    batch response does; None is none); an exception fails the whole batch. `work(event)` raises for
    the bad one, and for another one at its first attempt.
    """
    events = {id: world.event("records", data, id=id) for id, data in RECORDS.items()}
    failed_once, errors = set[str](), list[tuple[Exception, str]]()

    async def work(event: Any) -> None:
        await perform(WORK, event.id)
        if event.data == BAD or (event.data == LATER and event.id not in failed_once):
            failed_once.add(event.id)
            world.note("note", NODE, text=f"{event.id} fails", data=("failed", event.id))
            errors.append((ValueError("cannot read this record"), event.id))
            raise errors[-1][0]

    async def source() -> None:
        handle, _ = instantiate(lambda: answer(work))
        fresh, back = iter(RECORDS), list[str]()
        for new in NEW:
            ids = [*back, *(next(fresh) for _ in range(new))]
            world.note("note", NODE, text=f"gets {', '.join(ids)}", data=("batch", *ids))
            returned = await _given_back(world, handle, [events[id] for id in ids], errors)
            if returned is None:
                return
            back = returned
            await sleep(1.0)

    world.spawn(source(), NODE)


async def _given_back(
    world: World, handle: Any, records: list[Any], errors: Sequence[tuple[Exception, str]]
) -> list[str] | None:
    """Return the ids to retry, or None if the handler raised: then the run is over.

    `errors` are those of the records, which nothing should let through.
    """
    ids = [event.id for event in records]
    try:
        failed = await settle(handle(list(records)))
    except Exception as error:
        name, why = type(error).__name__, world.heard(error)
        whose = next((id for known, id in errors if known is error), "")
        text = f"handle(batch) raised {name}: {', '.join(ids)} come back"
        world.note("note", NODE, text=text, data=("raised", name, why, whose))
        return None
    known = isinstance(failed, list | tuple | set | frozenset | None)
    if not known or not all(type(id) is str and id in RECORDS for id in failed or ()):
        given = short(str(plain(failed)))
        raise WorldError(f"handle(batch) returns a list of ids, such as {ids[:1]}, not {given}")
    back = sorted(failed or ())
    said = ", ".join(back) or ("None" if failed is None else "no id")
    kind = "nothing" if failed is None else "returned"
    world.note("note", NODE, text=f"handle(batch) returned {said}", data=(kind, *back))
    return [id for id in ids if id in back]


@dataclass
class Round:
    """One batch: its ids, what was worked on, what failed, and what came back."""

    ids: tuple[str, ...]
    begin: int
    worked: list[tuple[int, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ended: int | None = None
    raised: str = ""  # the name of the error
    why: str = ""
    whose: str = ""  # the record that the error is of, unless it is the answer's own
    nothing: bool = False  # it returned None
    back: tuple[str, ...] = ()

    @property
    def times(self) -> Counter[str]:
        """How often each record was worked on."""
        return Counter(id for _, id in self.worked)

    @property
    def failed(self) -> set[str]:
        """The records whose last attempt failed."""
        return {id for id in self.failures if self.times[id] == self.failures.count(id)}


def rounds(trace: Trace) -> list[Round]:
    """Return the batches of a run."""
    found: list[Round] = []
    for i, step in enumerate(trace):
        if step.kind == "effect" and found and step.text.startswith(WORK):
            id = step.text.removeprefix(f"{WORK} ").partition(" (")[0]
            found[-1].worked.append((i, id))
        elif step.kind == "note" and isinstance(step.data, tuple) and step.data:
            kind, *ids = step.data
            if kind == "batch":
                found.append(Round(tuple(ids), i))
            elif kind == "failed":
                found[-1].failures.append(ids[0])
            else:
                found[-1].ended = i
                if kind == "raised":
                    found[-1].raised, found[-1].why, found[-1].whose = ids
                found[-1].nothing = kind == "nothing"
                found[-1].back = tuple(ids) if kind == "returned" else ()
    return found


def what_failed_comes_back(world: World) -> Violation | None:
    """In each batch every record is worked on, once, and exactly those that failed come back."""
    all_failed: set[str] = set()
    for number, each in enumerate(rounds(world.trace)):
        if each.ended is None:
            return None  # it never ended, and the search says so
        if (wrong := _wrong(each, all_failed)) is not None:
            words = ("first", "second", "third")[number]
            return _said(each, words, *wrong)
        all_failed |= each.failed
    return None


def _wrong(each: Round, earlier: set[str]) -> tuple[str, str] | None:
    """Return what is wrong with a batch, and the belief that shows; None if nothing is."""
    times, back = each.times, set(each.back)
    idle = [id for id in each.ids if not times[id]]
    good = [id for id in each.ids if times[id] and id not in each.failed]
    if each.raised and each.failures:
        failed = _list(list(dict.fromkeys(each.failures)))
        if each.whose:
            words = f"let the {each.raised} of {each.whose} through, so all came back"
            return words, "one for all"
        return (
            f"raised {each.raised}, since {failed} had failed: so all came back",
            "raises for all",
        )
    if each.raised:
        return f"raised {each.raised}: {each.why}, so all came back", ""
    if len(idle) == len(each.ids):
        return "worked on nothing", "works on nothing"
    if idle:
        stopped = each.worked[-1][1] in each.failed and each.ids[-len(idle) :] == tuple(idle)
        why = f", after {each.worked[-1][1]} had failed" if stopped else ""
        belief = "stops at the bad one" if stopped else "leaves a record out"
        return f"never worked on {_list(idle)}{why}", belief
    return _reported(each, back, good, earlier) or _too_often(good, times)


def _reported(
    each: Round, back: set[str], good: list[str], earlier: set[str]
) -> tuple[str, str] | None:
    wrongly = [id for id in good if id in back]
    foreign = sorted(back - set(each.ids))
    if wrongly and back == set(good) and each.failed:
        words = f"returned {_list(wrongly)}, which went well, and not {_list(sorted(each.failed))}"
        return words, "returns the good ones"
    if foreign or (wrongly and set(wrongly) <= earlier):
        words = f"returned {_list(foreign or wrongly)}, which had failed in an earlier batch"
        return f"{words}, and not in this one", "remembers earlier failures"
    if wrongly:
        return f"returned {_list(wrongly)}, which went well", "returns what is done"
    if each.nothing and each.failed:
        words = f"worked on {_list(sorted(each.failed))}, which failed, and returned None"
        return f"{words}: so nobody tries again, and no dead letter tells of it", "returns nothing"
    if lost := sorted(each.failed - back):
        words = f"worked on {_list(lost)}, which failed, and did not return {_them(lost)}"
        return f"{words}: so nobody tries again, and no dead letter tells of it", "swallows"
    return None


def _too_often(good: list[str], times: Counter[str]) -> tuple[str, str] | None:
    twice = next((id for id in good if times[id] > 1 and RECORDS[id] == GOOD), None)
    if twice is None:
        return None
    return f"worked on {twice} {times[twice]} times, which is good", "works on it twice"


def _said(each: Round, which: str, words: str, belief: str) -> Violation:
    names = {"one for all": "one bad record fails the batch", "swallows": "swallows the error"}
    wanted = {"failed": _list(sorted(each.failed)) or "none"}
    found = {"returned": "an error" if each.raised else _list(each.back) or "none"}
    message = f"In the {which} batch ({_list(each.ids)}) your code {words}."
    return Violation(message, each.ended, wanted, found, names.get(belief, belief))


def _list(ids: Any) -> str:
    return " and ".join(ids) if len(ids) < 3 else f"{', '.join(ids[:-1])} and {ids[-1]}"


def _them(ids: list[str]) -> str:
    return "it" if len(ids) == 1 else "them"
