"""Feedback: what people click on moves the same question, asked again, towards what they chose.

    query.logged    {id, question, shown: [docs, best first], model}     ┐
    result.clicked  {query, doc}                                         ├─► boosts, by projection
    document.removed {doc}                                               ┘

    the question's vector  +  0.6 × the clicked chunk's vector,  then of length 1 again

Nothing is trained. A *boost* is a count: of how many answers to this question, by this model, was
this document clicked? The vectors are looked up when the question is asked again, so a click never
outlives the text that it was on. Of a document's chunks, the one nearest to the question counts.

The state is a set of facts, and a boost is what follows from them. So events may come in any order
and any number of times: a click before its query, or the same click twice, comes to the same. A
replay from offset 0 makes the same boosts, since it makes the same facts.

What it costs: what was shown first is clicked more, whether or not it is best, and what is clicked
moves further up. And only the same question gains, but for its case, its spaces and its stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pubsub_kit.broker.topic import Topic
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.threads import new_lock

Vector = NDArray[np.float32]
#: From a document to its chunks' vectors, in the model that is asked; none if it is deleted.
Chunks = Callable[[str], Iterable[Any]]

QUERY, CLICK, REMOVED = "query.logged", "result.clicked", "document.removed"
PULL = 0.6  # how far a click moves a question's vector: enough to lift a second hit to the first


class FeedbackError(PubSubKitError):
    """An event that is no feedback, or vectors of two models in one sum."""


class Query(NamedTuple):
    """A question that was answered: what was shown, best first, by which model, and when."""

    question: str
    shown: tuple[str, ...]
    model: str
    time: float


class Feedback:
    """A read model of clicks: `apply` each event, then `moved` answers for a question.

    Threads can share it. It lives in memory: after a restart, `catch_up` reads the topics again.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._queries: dict[str, Query] = {}
        self._asked: dict[tuple[str, str], set[str]] = {}  # by model and question: the queries' ids
        self._clicked: dict[str, set[str]] = {}  # by a query's id: the documents
        self._removed: dict[str, float] = {}  # by document: when it was last deleted
        self._positions: dict[tuple[str, int], int] = {}  # by topic and partition: what is next
        self.skipped: list[str] = []  # what was wrong with events that catch_up met

    # -- from the log ------------------------------------------------------------------------------

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Return the feedback that these events make, in whatever order they come."""
        made = cls()
        events = list(events) if isinstance(events, Iterable) else [None]
        if not all(isinstance(event, Event) for event in events):
            raise FeedbackError("Feedback.of() takes events, as a log has them.")
        for event in events:
            made.apply(event)
        return made

    def handle(self, delivery: Any) -> None:
        """Apply a delivery's event: a consumer's handler."""
        self.apply(delivery.event)

    def apply(self, event: Event) -> None:
        """Take note of an event; one of another type changes nothing, nor does a repeated one.

        Raises FeedbackError for an event that lacks what its type needs, and changes nothing then.
        """
        if event.type not in (QUERY, CLICK, REMOVED):
            return
        data = event.data if isinstance(event.data, Mapping) else {}
        with self._lock:
            if event.type == QUERY:
                self._ask(_text(event, data, "id"), _query(event, data))
            elif event.type == CLICK:
                query, doc = _text(event, data, "query"), _text(event, data, "doc")
                self._clicked.setdefault(query, set()).add(doc)
            else:
                doc = _text(event, data, "doc")
                self._removed[doc] = max(event.time, self._removed.get(doc, event.time))

    def _ask(self, id: str, query: Query) -> None:
        query = self._queries.setdefault(id, query)
        self._asked.setdefault((query.model, same(query.question)), set()).add(id)

    def catch_up(self, *topics: Topic) -> None:
        """Apply what is new in the kit's topics, from their first events on.

        An event that lacks something is skipped, and noted in `skipped`: it will never be better.
        """
        with self._lock:
            for topic in topics:
                for partition in range(topic.partitions):
                    self._read(topic, partition)

    def _read(self, topic: Topic, partition: int) -> None:
        place = topic.name, partition
        at = self._positions.get(place, topic.log.start(partition))
        while events := topic.log.read(partition, at):
            for offset, event in events:
                try:
                    self.apply(event)
                except FeedbackError as error:
                    self.skipped.append(str(error))
                self._positions[place] = at = offset + 1

    def knows(self, query: str) -> bool:
        """Return whether an answer with this id was logged."""
        return isinstance(query, str) and query in self._queries

    # -- to a question -----------------------------------------------------------------------------

    def boosts(self, question: str, model: str) -> dict[str, int]:
        """Return for each document how many answers to a question, by a model, it was clicked in.

        A document that an answer did not show has none of it, nor one deleted since that answer.
        """
        counts: dict[str, int] = {}
        with self._lock:
            for id in self._asked.get((model, same(question)), ()):
                query = self._queries[id]
                for doc in self._clicked.get(id, set()) & {*query.shown}:
                    if doc not in self._removed or self._removed[doc] < query.time:
                        counts[doc] = counts.get(doc, 0) + 1
        return dict(sorted(counts.items()))

    def state(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return all boosts, by model, question and document: equal for the same facts."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for model, question in sorted(self._asked):
            if boosts := self.boosts(question, model):
                found.setdefault(model, {})[question] = boosts
        return found

    def moved(self, question: str, vector: Vector, model: str, chunks: Chunks) -> Vector:
        """Return a question's vector of length 1, moved towards what was clicked; shape (width,).

        Without a boost it is the vector as given. Documents share the pull by their boosts. Raises
        FeedbackError if a chunk's vector has another width: it is another model's.
        """
        pulls = [
            (boost, found)
            for doc, boost in self.boosts(question, model).items()
            if (found := _nearest(doc, vector, chunks(doc))) is not None
        ]
        if not pulls:
            return vector
        pull = sum(boost * found for boost, found in pulls) / sum(boost for boost, _ in pulls)
        moved = vector + PULL * np.asarray(pull)
        length = np.linalg.norm(moved)
        return np.asarray(moved / length, np.float32) if length > 0 else vector


def same(question: str) -> str:
    """Return what two spellings of one question share: no capitals, single spaces, no end mark."""
    return " ".join(question.casefold().split()).rstrip(" ?!.")


def _nearest(doc: str, vector: Vector, chunks: Iterable[Any]) -> Vector | None:
    """Return the one of a document's vectors that is nearest to a question; None if it has none."""
    rows = [np.asarray(row, np.float32) for row in chunks]
    for row in rows:
        if row.shape != vector.shape:
            raise FeedbackError(
                f"A chunk of {brief(doc)} has {row.size} numbers, and the question {vector.size}: "
                "look chunks up in the index of the model that embedded the question."
            )
    return max(rows, key=lambda row: float(row @ vector), default=None)


def _query(event: Event, data: Mapping[str, Any]) -> Query:
    shown = data.get("shown")
    if not isinstance(shown, list | tuple) or not all(isinstance(doc, str) for doc in shown):
        raise _lacking(event, "shown", "a list of documents")
    question, model = _text(event, data, "question"), _text(event, data, "model")
    return Query(question, tuple(shown), model, event.time)


def _text(event: Event, data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value:
        raise _lacking(event, field, "a text")
    return value


def _lacking(event: Event, field: str, wanted: str) -> FeedbackError:
    return FeedbackError(
        f"Event {brief(event.id)} of type {event.type} needs {field!r}, {wanted}, and has "
        f"{brief(event.data)}."
    )
