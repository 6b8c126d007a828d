"""The world of exercise 13's `migrate`: a new embedding model, without downtime.

Index m1 has the documents of the log, and answers. Three processes run the learner's class: one
takes live changes, one backfills m2 from the log, one answers queries. The row "model" says which
index answers, and long after the switch an operator writes m1 into it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.genai_pipeline.sights import up_to_it
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.tasks import wait
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "pause")
PAGE = 2  # changes in one read of the log
EMBEDS = 0.3  # seconds that a vector takes
BEGINS, CALM, ROLLBACK, UNTIL = 0.6, 4.5, 300.0, 400.0  # seconds; after CALM no fault befalls
DEPLOYED = 100.0  # when the process that takes live changes is a new one (seconds)
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


class Found(NamedTuple):
    """A search of an index: by which vector, what it returned, and the vectors that it met."""

    model: str
    vector: Vector
    hits: list[tuple[float, str]]
    met: list[Vector]
    step: int


HISTORY = (Change(0, "d", 1, "on d"), Change(1, "d", 2, None),
           *(Change(n, doc, 1, f"on {doc}") for n, doc in enumerate("bac", 2)))  # fmt: skip
BUSY = {0.5: ("b", 2), 1.3: ("c", -2), 3.4: ("b", -3), 210.0: ("a", 2)}
QUIET = {210.0: ("a", 2), 220.0: ("b", -2)}  # version by seconds; a negative one is a deletion


class Migration:
    """One run: its log, what was read and asked of it, and what was told to the learner's code."""

    def __init__(self, world: World, later: Mapping[float, tuple[str, int]]) -> None:
        self.world, self.rows = world, world.store("indexes")
        self.log = [(-1.0, change) for change in HISTORY]
        for n, (at, (doc, version)) in enumerate(later.items(), len(HISTORY)):
            text = f"on {doc}, again" if version > 0 else None
            self.log.append((at, Change(n, doc, abs(version), text)))
        self.reads = list[tuple[int, int, list[int]]]()  # the step, the offset, what was found
        self.gone = list[tuple[float, str]]()  # when which row was deleted, if by delete()
        self.found = list[Found]()  # of the query in hand
        self.answers = list[tuple[int, int, list[Found], Any]]()  # from which step to which
        for change in HISTORY:
            vector = Vector("m1", change.text) if change.text else None
            row = {"version": change.version, "vector": vector}
            self.rows.rows[f"m1 {change.doc}"] = row

    def note(self, words: str) -> None:
        """Write into the trace what the code that runs now has done."""
        self.world.note("note", self.world.current().node.name, text=words)

    def there(self) -> list[Change]:
        """Return what is in the log."""
        return [change for at, change in self.log if at <= self.world.now]


class Log:
    """The log of changes as the learner has it."""

    def __init__(self, run: Migration) -> None:
        self._run = run

    async def read(self, offset: int = 0) -> list[Change]:
        """Return up to two changes, from an offset on."""
        world, run = self._run.world, self._run
        await world.point(f"reading the log from {shown(offset, 20)}", ("read", "log", ()))
        found = [change for change in run.there() if change.offset >= offset][:PAGE]
        which = [change.offset for change in found]
        run.reads.append((len(world.trace), offset, which))
        run.note(f"reads {' and '.join(map(str, which)) or 'nothing new'}")
        return found

    async def end(self) -> int:
        """Return the offset that the next change will get."""
        await self._run.world.point("asking where the log ends", ("read", "log", ()))
        return len(self._run.there())


class Index:
    """An index: a row for each document, with a version, and a vector or a deletion."""

    def __init__(self, run: Migration, model: str) -> None:
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
        await self._run.rows.put(f"{self.model} {doc}", self._row(doc, version, vector))

    async def put_newer(self, doc: str, version: int, vector: Vector | None) -> bool:
        """As `put`, unless the row has this version or a newer one; return whether it wrote."""
        key, rows, row = f"{self.model} {doc}", self._run.rows, self._row(doc, version, vector)
        await self._run.world.point(f"writing {key}", ("write", rows.name, (key,)))
        newer = bool(rows.rows.get(key, {"version": 0})["version"] < version)
        if newer:
            rows._write({key: row})
        else:
            rows._wrote_nothing()
            self._run.note(f"{key} stays as it is")
        return newer

    def _row(self, doc: str, version: int, vector: Vector | None) -> dict[str, Any]:
        text = vector.text if isinstance(vector, Vector) else vector
        there = {(change.doc, change.version, change.text) for change in self._run.there()}
        if (doc, version, text) not in there or isinstance(vector, str):
            given = ", ".join(shown(each, 20) for each in (doc, version, vector))
            raise PubSubKitError(
                f"a row holds a change's doc, its version, and its text as embed() returns it, and "
                f"not {given}"
            )
        return {"version": version, "vector": vector}

    async def delete(self, doc: str) -> None:
        """Delete a document's row, its version with it."""
        await self._run.rows.delete(f"{self.model} {doc}")
        self._run.gone.append((self._run.world.now, f"{self.model} {doc}"))

    async def search(self, vector: Vector) -> list[tuple[float, str]]:
        """Return (distance, document) for the nearest vectors: here, for all."""
        found = await self._run.rows.scan(f"{self.model} ")
        if not isinstance(vector, Vector):
            raise PubSubKitError(f"search() takes what embed() returns, not {shown(vector, 40)}")
        rows = {key.split()[1]: row["vector"] for key, row in found.items() if row["vector"]}
        hits = [(n / len(rows) / int(self.model[1]), doc) for n, doc in enumerate(rows, 1)]
        step = len(self._run.world.trace)
        self._run.found.append(Found(self.model, vector, hits, [*rows.values()], step))
        self._run.note(f"searches {self.model} by {vector.model}")
        return [*hits]


def migrating(world: World, answer: Callable[..., Any], later: Any = BUSY) -> None:
    """The log, two indexes, and the learner's class in three processes."""
    run = Migration(world, later)
    vars(world)["migration"] = run
    db = world.store("db", {"model": "m1"})
    world.topic("changes")

    def made() -> Any:
        return answer(Log(run), {name: Index(run, name) for name in ("m1", "m2")}, db)

    async def live(mine: Any, event: Any) -> None:
        await mine.live(run.log[event.data["offset"]][1])

    async def backfill() -> None:
        await sleep(max(BEGINS - world.now, 0.0))
        await made().backfill()

    async def asks() -> None:
        mine = made()
        for at in QUERIES:
            if at > world.now:
                await sleep(at - world.now)
                since, run.found = len(world.trace), []
                said = await mine.query("tea")
                run.answers.append((since, len(world.trace), run.found, said))

    group = world.consumer("live", lambda: partial(live, made()), "changes", ack_deadline=10.0)
    world.service("backfill", lambda: Unasked(backfill))
    world.service("queries", lambda: Unasked(asks))
    for at, change in run.log[len(HISTORY) :]:
        name = f"{change.doc} {f'v{change.version}' if change.text else 'deleted'}"
        world.at(at, partial(world.publish, "changes", {"offset": change.offset}, id=name))
    world.at(CALM, second_act.follows, world)
    world.at(DEPLOYED, world.note, "note", "live", "", "", "a new version is deployed")
    for deployed in (group.leave, group.hire):
        world.at(DEPLOYED, deployed, "live")
    world.at(ROLLBACK, lambda: world.spawn(db.put("model", "m1"), "operator"))


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_said(row)}" for key, row in after.items())


def _said(row: Any) -> str:
    if isinstance(row, dict) and "vector" in row:
        return f"v{row['version']}" if row["vector"] else "deleted"
    return "is gone" if row is None else f"= {shown(row, 16)}"


draw = partial(up_to_it, lanes=("changes", "live", "backfill", "queries", "operator"), says=_says)
