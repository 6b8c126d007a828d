"""An agent that is told of each indexed document, and tells whoever watches a question.

    document.indexed {doc, version} ──► for each watch: is the document in the question's top hits?
                                            └─ yes, and not told yet ──► a notice

It is a rule-based consumer: it asks the index and compares, and no language model decides anything.
A model might word the notice, or judge whether the text answers; when to act would be the same.

Once for each watch, document and version: a redelivered event finds its notices told, an older
version finds that a newer one is known, and an event of another lane than the live one (a replay,
a backfill for a new model) tells nobody. A notice is noted after it was sent, so a crash between
repeats it, under the same id: whoever receives notices drops an id that they have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.threads import new_lock

LANE, LIVE = "lane", "live"  # an event's extension that says which lane it came by

#: From a question and `k` to the documents of its `k` best hits, best first.
Top = Callable[[str, int], Sequence[str]]


class AgentError(PubSubKitError):
    """A watch or an event that the agent can't use."""


class Notice(NamedTuple):
    """A watched question has a new version of a document among its best hits."""

    watch: str
    question: str
    doc: str
    version: int
    rank: int  # from 1

    @property
    def id(self) -> str:
        """The notice's id, the same however often it is sent: watch/doc/version."""
        return "/".join(quote(str(part), safe="") for part in (self.watch, self.doc, self.version))


class RuleBasedAgent:
    """Watches questions: `handle` is its handler, `notify` is called with each Notice.

    `top(question, k)` asks the index, without logging a query: an agent's question is no feedback.
    `told` are the ids of notices that were sent before a restart, such as those in their topic.
    """

    def __init__(
        self, top: Top, notify: Callable[[Notice], object], *, k: int = 3, told: Iterable[str] = ()
    ) -> None:
        if not callable(top) or not callable(notify):
            raise AgentError("An agent needs two functions: top(question, k), and notify(notice).")
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise AgentError(f"k is a number of hits from 1 up, not {brief(k)}.")
        self.top, self.notify, self.k = top, notify, k
        self.told = {*told}
        self.watches: dict[str, str] = {}
        self._newest: dict[str, int] = {}  # by document: the highest version it was told of
        self._lock = new_lock()

    def watch(self, name: str, question: str) -> None:
        """Watch a question from now on; raises AgentError if the name watches another one."""
        for what, text in (("name", name), ("question", question)):
            if not isinstance(text, str) or not text.strip():
                raise AgentError(f"A watch's {what} is a text, not {brief(text)}.")
        with self._lock:
            if self.watches.setdefault(name, question) != question:
                raise AgentError(
                    f"{brief(name)} watches another question: {brief(self.watches[name])}."
                )

    def unwatch(self, name: str) -> None:
        """Watch a question no more."""
        with self._lock:
            self.watches.pop(name, None)

    def handle(self, delivery: Any) -> None:
        """Handle a delivery of `document.indexed`: a consumer's handler."""
        self.apply(delivery.event)

    def apply(self, event: Event, lane: str | None = None) -> list[Notice]:
        """Tell who watches a question that the document now answers; return the notices sent.

        The lane is the event's own unless it is given. Raises AgentError for an event without a
        document and a version, and whatever `top` and `notify` raise: what was told stays told.
        """
        doc, version = _indexed(event)
        with self._lock:
            newest = max(version, self._newest.get(doc, version))
            self._newest[doc] = newest
            if version < newest or (lane or event.extensions.get(LANE, LIVE)) != LIVE:
                return []
            return [notice for notice in self._due(doc, version) if self._tell(notice)]

    def _due(self, doc: str, version: int) -> Iterable[Notice]:
        """Yield a notice for each watch that has the document in its top hits."""
        for name, question in [*self.watches.items()]:
            docs = [*dict.fromkeys(self.top(question, self.k))][: self.k]
            if doc in docs:
                yield Notice(name, question, doc, version, docs.index(doc) + 1)

    def _tell(self, notice: Notice) -> bool:
        if notice.id in self.told:
            return False
        self.notify(notice)
        self.told.add(notice.id)
        return True


def _indexed(event: Event) -> tuple[str, int]:
    """Return the document and the version that an event is about."""
    data = event.data if isinstance(event.data, Mapping) else {}
    doc, version = data.get("doc"), data.get("version")
    if not (isinstance(doc, str) and doc):
        raise AgentError(f"Event {brief(event.id)} names no document: {brief(event.data)}.")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise AgentError(f"Event {brief(event.id)} has no version from 1 up: {brief(event.data)}.")
    return doc, version
