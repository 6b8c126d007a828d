"""The world and the oracle of exercise 13's `migrate`: a new embedding model, without downtime.

Index m1 has the documents of the log, and answers. Three processes run the learner's class: one
takes live changes, one backfills m2 from the log, one answers queries. What has gone wrong is read
off the trace: each write of an index, and the write of the row "model", which says who answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import crashes, moment, shown
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.tasks import wait
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "pause")
PAGE = 2  # changes in one read of the log
EMBEDS = 0.3  # seconds that a vector takes
BEGINS, CALM, ROLLBACK, UNTIL = 1.2, 4.5, 300.0, 400.0  # seconds; after CALM no fault befalls
QUERIES = (2.45, 250.0, 350.0)  # seconds


class Change(NamedTuple):
    """A change in the log; without a text it is a deletion."""

    offset: int
    doc: str
    version: int
    text: str | None


class Vector(NamedTuple):
    """What a model makes of a text: no two models' vectors can be compared."""

    model: str
    text: str


HISTORY = tuple(Change(n, doc, 1, f"on {doc}") for n, doc in enumerate("bac"))
BUSY = {0.5: ("b", 2), 1.3: ("c", 0), 5.0: ("b", 3), 210.0: ("a", 2)}
QUIET = {210.0: ("a", 2)}  # version by seconds; 0: a deletion, version 2


class _World:
    """One run: its log, what was read and asked of it, and what was told to the learner's code."""

    def __init__(self, world: World, later: Mapping[float, tuple[str, int]]) -> None:
        self.world, self.rows = world, world.store("indexes")
        made = enumerate(later.items(), len(HISTORY))
        texts = ((at, n, doc, v or 2, f"on {doc}, again" if v else None)
                 for n, (at, (doc, v)) in made)  # fmt: skip
        self.log = [(-1.0, change) for change in HISTORY]
        self.log += [(at, Change(n, doc, v, text)) for at, n, doc, v, text in texts]
        self.reads = list[tuple[int, int, list[int]]]()  # the step, the offset, what was found
        self.gone = dict[str, float]()  # when a row was deleted, if by delete()
        self.found = list[
            tuple[str, Vector, list[tuple[float, str]], list[Vector]]
        ]()  # of the query in hand
        self.wrong = list[Violation]()  # with what a query was answered
        for change in HISTORY:
            row = {"version": 1, "vector": Vector("m1", str(change.text))}
            self.rows.rows[f"m1 {change.doc}"] = row

    def pointers(self) -> list[tuple[int, Any]]:
        """Return which model answers from which step on."""
        effects = ((n, s.data) for n, s in enumerate(self.world.trace) if s.kind == "effect")
        rows = [(n, data[2]) for n, data in effects if data[0] == "db"]
        return [(-1, "m1"), *((n, row["model"]) for n, row in rows if "model" in row)]

    def there(self) -> list[Change]:
        return [change for at, change in self.log if at <= self.world.now]


class Log:
    """The log of changes as the learner has it."""

    def __init__(self, run: _World) -> None:
        self._run = run

    async def read(self, offset: int = 0) -> list[Change]:
        """Return up to two changes, from an offset on."""
        world, run = self._run.world, self._run
        await world.point(f"reading the log from {shown(offset, 20)}", ("read", "log", ()))
        found = [change for change in run.there() if change.offset >= offset][:PAGE]
        node, which = world.current().node.name, [change.offset for change in found]
        run.reads.append((len(world.trace), offset, which))
        words = " and ".join(map(str, which)) or "nothing new"
        world.note("note", node, text=f"reads {words}")
        return found

    async def end(self) -> int:
        """Return the offset that the next change will get."""
        await self._run.world.point("asking where the log ends", ("read", "log", ()))
        return len(self._run.there())


class Index:
    """An index: a row for each document, with a version, and a vector or a deletion."""

    def __init__(self, run: _World, model: str) -> None:
        self._run, self.model = run, model

    async def embed(self, text: str | None) -> Vector | None:
        """Return the vector of a text by this index's model; of None, None."""
        await wait(self._run.world.env.timeout(EMBEDS))
        return None if text is None else Vector(self.model, text)

    async def version(self, doc: str) -> int:
        """Return the version of a document's row, deleted or not; 0 if there is none."""
        row = await self._run.rows.get(f"{self.model} {doc}")
        return row["version"] if row else 0

    async def put(self, doc: str, version: int, vector: Vector | None) -> None:
        """Write a document's row, whatever was there; without a vector, it is deleted."""
        await self._run.rows.put(f"{self.model} {doc}", _row(version, vector))

    async def put_newer(self, doc: str, version: int, vector: Vector | None) -> bool:
        """As `put`, unless the row has this version or a newer one; return whether it wrote."""
        key, rows, row = f"{self.model} {doc}", self._run.rows, _row(version, vector)
        await self._run.world.point(f"writing {key}", ("write", rows.name, (key,)))
        newer = bool(rows.rows.get(key, {"version": 0})["version"] < version)
        rows._write({key: row}) if newer else rows._wrote_nothing()
        return newer

    async def delete(self, doc: str) -> None:
        """Delete a document's row, its version with it."""
        await self._run.rows.delete(f"{self.model} {doc}")
        self._run.gone.setdefault(f"{self.model} {doc}", self._run.world.now)

    async def drop(self) -> None:
        """Delete every row of the index."""
        for key in await self._run.rows.scan(f"{self.model} "):
            await self._run.rows.delete(key)

    async def search(self, vector: Vector) -> list[tuple[float, str]]:
        """Return (distance, document) for the nearest vectors: here, for all."""
        found = await self._run.rows.scan(f"{self.model} ")
        rows = {key.split()[1]: row["vector"] for key, row in found.items() if row["vector"]}
        _row(1, vector)
        hits = [(n / (3 + (self.model == "m2")), doc) for n, doc in enumerate(rows, 1)]
        self._run.found.append((self.model, vector, hits, [*rows.values()]))
        return [*hits]


def _row(version: int, vector: Vector | None) -> dict[str, Any]:
    if not isinstance(vector, Vector | None) or type(version) is not int:
        given = shown(vector if isinstance(version, int) else version, 40)
        raise PubSubKitError(f"an index takes a version, and what its embed() gives, not {given}")
    return {"version": version, "vector": vector}


def migrating(world: World, answer: Callable[..., Any], later: Any = BUSY) -> None:
    """The log, two indexes, and the learner's class in three processes."""
    run = _World(world, later)
    vars(world)["migration"] = run
    db = world.store("db", {"model": "m1"})
    world.topic("changes")

    def made() -> Any:
        return answer(Log(run), {name: Index(run, name) for name in ("m1", "m2")}, db)

    class Live:
        def __init__(self) -> None:
            self.made = made()

        async def handle(self, event: Any) -> None:
            await self.made.live(run.log[event.data["offset"]][1])

    async def backfill() -> None:
        await sleep(max(BEGINS - world.now, 0.0))
        await made().backfill()

    async def asks() -> None:
        mine = made()
        for at in QUERIES:
            if at > world.now:
                await sleep(at - world.now)
                before = len(world.trace)
                run.found.clear()
                _answered(run, before, await mine.query("tea"))

    world.consumer("live", Live, "changes", ack_deadline=10.0)
    world.service("backfill", lambda: Unasked(backfill))
    world.service("queries", lambda: Unasked(asks))
    for at, change in run.log[len(HISTORY) :]:
        name = f"{change.doc} v{change.version}" if change.text else f"{change.doc} deleted"
        world.at(at, partial(world.publish, "changes", {"offset": change.offset}, id=name))
    world.at(CALM, second_act.follows, world)
    back = partial(db.put, "model", "m1")
    world.at(ROLLBACK, lambda: world.spawn(back(), "operator"))


def _answered(run: _World, before: int, said: Any) -> None:
    """Judge what a query was answered with, by the indexes that it searched."""
    world, step = run.world, len(run.world.trace)
    pointed = {_pointer(run, before), *(model for n, model in run.pointers() if n > before)}
    at, names = f"The query at {round(world.now, 3):g} s", sorted({each[0] for each in run.found})
    world.note("note", "queries", text=f"answers from {' and '.join(names) or 'nothing'}")
    for index, vector, _, rows in run.found:
        if alien := next((row for row in rows if row.model != index), None):
            words = f"{at} meets a vector by {alien.model} beside others in index {index}."
            return _wrong(run, words, step, "re-embeds in place", index, alien.model)
        if vector.model != index:
            words = f"{at} was embedded by {vector.model}, and compared with vectors by {index}."
            belief = "reads the model twice" if len(pointed) > 1 else "one model for all queries"
            return _wrong(run, words, step, belief, index, vector.model)
    given = sorted(said) if isinstance(said, list | tuple | set) else said
    taken = {index for index, _, found, _ in run.found if found == given}
    row = " and then ".join(map(str, sorted(pointed)))
    if taken and not taken & pointed:
        words = f"{at} was answered from {' and '.join(taken)}, and the row 'model' said {row}."
        _wrong(run, words, step, "the row decides", row, *taken)
    elif not taken and len(names) > 1:
        words = f"{at} was answered from m1 and m2 together."
        _wrong(run, words, step, "two models in one answer", row, "m1 and m2")
    elif not taken:
        words = f"{at} was answered with {shown(said, 40)}, which is not what a search had found."
        _wrong(run, words, step, "not what was found")


def _wrong(run: _World, words: str, step: int, belief: str, *states: str) -> None:
    wanted, found = ({"vectors by": state} for state in states) if states else (None, None)
    run.wrong.append(Violation(words, step, wanted, found, belief))


def _pointer(run: _World, step: int) -> Any:
    """Return which model answers at a step."""
    return [model for n, model in run.pointers() if n <= step][-1]


def no_downtime(world: World) -> Violation | None:
    """What was answered, written, switched and rolled back is right; the worst comes first."""
    run: _World = vars(world)["migration"]
    asked = sorted(run.wrong, key=lambda wrong: wrong.belief == "reads the model twice")
    checks = (iter(asked), _back_in_time(run), _at_the_switch(run), _at_rest(run))
    return next((wrong for check in checks for wrong in check), None)


def _writes(run: _World) -> Iterator[tuple[int, str, str, Any, Any]]:
    """Yield each write of an index: its step, the index, the document, the row before and after."""
    for n, step in enumerate(run.world.trace):
        if step.kind == "effect" and step.data[0] == "indexes":
            for key, after in step.data[2].items():
                yield (n, *key.split(), step.data[1][key], after)


def _back_in_time(run: _World) -> Iterator[Violation]:
    """Find a row that goes back to an older version, or comes back, or is gone and was needed."""
    world, gone = run.world, {**run.gone}
    deleted = {change.doc for change in run.there() if not change.text}
    for n, index, doc, before, after in _writes(run):
        step, key, at = world.trace[n], f"{index} {doc}", moment(world.trace[n])
        if after and not after["vector"]:
            gone.setdefault(key, step.time)
        elif after and doc in deleted and gone.get(key, step.time) < step.time:
            words = (
                f"{doc} was deleted from {index} at {gone[key]:g} s. At {at} {step.node} writes "
            )
            words += f"version {after['version']} of it there.{crashes(world.trace)}"
            belief = "overwrites newer" if before else "a deletion leaves no trace"
            yield _violation(words, n, belief, f"{key} deleted", f"{key} v{after['version']}")
        if before and after and after["version"] < before["version"]:
            words = (
                f"At {at} {step.node} puts version {after['version']} of {doc} into {index}, in "
            )
            words += f"the place of version {before['version']}.{crashes(world.trace)}"
            belief = "overwrites newer" if step.node == "backfill" else "a late copy overwrites"
            yield _violation(words, n, belief, f"v{before['version']}", f"v{after['version']}")
        if before and not after and doc not in deleted and index in ("m1", _pointer(run, n)):
            answers = index == _pointer(run, n)
            words = f"At {at} {step.node} deletes {doc} from {index}, "
            words += "which answers." if answers else "to which a rollback leads."
            belief = "deletes, then inserts" if answers else "drops the old one"
            yield _violation(words, n, belief, f"{key}", "no row")


def _at_the_switch(run: _World) -> Iterator[Violation]:
    """Find what m2 lacks of history when it begins to answer."""
    trace = run.world.trace
    switch = next((n for n, model in run.pointers() if model != "m1"), len(trace))
    if switch == len(trace):
        words = f"At {ROLLBACK:g} s the row 'model' still says m1."
        yield _violation(words, switch - 1, "never switches", "m2", "m1")
        return
    reads = [(offset, found) for n, offset, found in run.reads if n < switch]
    read = {at for _, found in reads for at in found}
    for change, fault in _lacks(run, "m2", HISTORY, switch):
        words = f"At {moment(trace[switch])} the row 'model' changes to m2, and {fault}."
        mine = (n for n, index, doc, *_ in _writes(run) if (index, doc) == ("m2", change.doc))
        fills = any(trace[n].node == "backfill" for n in mine if n > switch)
        if not reads:
            belief = "switches first"
        elif change.offset not in read and min(offset for offset, _ in reads) <= change.offset:
            belief, words = "nearly there", f"{words} Change {change.offset} wasn't read yet."
        elif fills and not trace.of("crash", node="backfill"):
            belief, words = "nearly there", f"{words} The backfill writes it later."
        else:
            crashed = trace.of("crash", node="backfill")
            belief = "resumes past its work" if crashed else "read and not written"
            words += f" The backfill had gone past it.{crashes(trace)}"
        yield _violation(words, switch, belief, f"{change.doc} v{change.version}", "not in m2")


def _at_rest(run: _World) -> Iterator[Violation]:
    """Find what is missing before the rollback, or after it."""
    every, trace = [change for _, change in run.log], run.world.trace
    back = next(n for n, step in enumerate(trace) if step.node == "operator")
    for index, step in ("m2", back - 1), ("m1", len(trace) - 1):
        at = f"At {ROLLBACK:g} s, before" if index == "m2" else f"At {UNTIL:g} s, after"
        if (said := _pointer(run, step)) != index:
            words = f"{at} the rollback to m1, the row 'model' says {shown(said, 20)}."
            yield _violation(words, step, "moves the row again", index, str(said))
        for change, fault in _lacks(run, index, every, step):
            belief = "one index is enough" if index == "m2" else "the old one is done"
            words = f"{at} the rollback to m1, {fault}."
            yield _violation(words, step, belief, f"{change.doc} v{change.version}", "not there")


def _lacks(
    run: _World, index: str, changes: Sequence[Change], step: int
) -> Iterator[tuple[Change, str]]:
    """Yield each document that an index doesn't have as these changes have left it, and how."""
    rows: dict[str, Any] = {f"m1 {c.doc}": {"version": 1, "vector": True} for c in HISTORY}
    rows |= {f"{name} {doc}": after for n, name, doc, _, after in _writes(run) if n <= step}
    there = [change for at, change in run.log if at <= run.world.trace[step].time]
    for change in {change.doc: change for change in changes}.values():
        row = rows.get(f"{index} {change.doc}") or {"version": 0, "vector": None}
        deleted = any(c.doc == change.doc and not c.text for c in there)
        if deleted and not row["vector"]:
            continue
        if change.text is None and row["version"] < change.version:
            yield change, f"{index} still has {change.doc}, which was deleted"
        elif change.text and not (row["vector"] and row["version"] >= change.version):
            has = f"version {row['version']}" if row["vector"] else "nothing"
            yield change, f"{index} has {has} of {change.doc}, not version {change.version}"


def _violation(words: str, step: int, belief: str, wanted: Any, found: Any) -> Violation:
    return Violation(words, step, {"wanted": wanted}, {"found": found}, belief)


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    ((key, row),) = after.items()
    if key == "model":
        return f"model = {row}"
    if not isinstance(row, dict) or "vector" not in row:
        return f"{key} = {shown(row, 16)}" if row is not None else f"{key} is gone"
    return f"{key} v{row['version']}" if row["vector"] else f"{key} deleted"


LANES = ("changes", "live", "backfill", "queries", "operator")
draw = partial(drawn, lanes=LANES, says=_says, limit=60)
