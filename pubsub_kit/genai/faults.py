"""What goes wrong with the pipeline's handlers, by its shortest run: a small world for explore().

The handlers are those of `live.py`, in the interview's world: a document or two, two workers, and
one fault. What a mistake changes is one decision of the design.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.report import searched
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.genai.pipeline import DECISIONS
from pubsub_kit.scenarios.rag_ingestion.problem import PROBLEM, propose
from pubsub_kit.scenarios.rag_ingestion.traffic import asks, changes, deletes
from pubsub_kit.world.search.explore import Exploration
from pubsub_kit.world.trace import Step, Trace

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: What is told in the words of the world and its rows, and what a reader of the picture is told.
_SAID = [
    (re.compile(r" \(attempt 2\)"), " again"),
    (re.compile(r" arrives after its deadline"), " is late"),
    (re.compile(r"\btea v(\d)"), r"tea \1"),
    (re.compile(r"publishing changes-\d+"), "sending"),  # what has no other name yet
    (re.compile(r"versions/tea"), "the version"),
    (re.compile(r"no reply to tea \d within"), "no reply in"),
]
_QUOTED = re.compile(r"'(\w+)'")
_TOLD = ("kept", "changed", "deleted", "removed")  # facts that the oracle is told
FAULTS = ("crash", "pause", "delay", "ack lost")


class Mistake(NamedTuple):
    """A decision taken wrongly, and the documents that show it."""

    decisions: Mapping[str, str]
    traffic: Callable[[Built], None]


def edited(built: Built) -> None:
    """Write tea, and two seconds later a shorter edition of it."""
    _patient(built)
    built.client(changes(built, 0.0, "tea", 1, "brew milk salt"))
    built.client(changes(built, 2.0, "tea", 2, "brew"))
    for number, at in enumerate((3.0, 60.0, 120.0), 1):
        built.client(asks(built, at, f"q{number}"))


def deleted(built: Built) -> None:
    """Write tea, and delete it two seconds later."""
    _patient(built)
    built.client(changes(built, 0.0, "tea", 1, "brew"))
    built.client(deletes(built, 2.0, "tea", 2))
    built.client(asks(built, 120.0, "q1"))


def _patient(built: Built) -> None:
    built.world.pause_for = max(built.world.pause_for, 1.5 * built.world.longest_lease)


#: Each by what a reader of the index gets to see.
MISTAKES: dict[str, Mistake] = {
    "an old version lands last": Mistake({"guard": "arrival"}, edited),
    "a deleted document returns": Mistake({"delete": "vectors"}, deleted),
    "half a document": Mistake({"index": "apart"}, edited),
    "two versions at once": Mistake({"index": "apart", "replace": "insert-delete"}, edited),
    "a document indexed twice": Mistake(
        {"index": "apart", "replace": "flip", "chunk-id": "random"}, edited
    ),
    "a text paid for twice": Mistake({"cache-key": "chunk"}, edited),
}


def broken(name: str) -> Exploration:
    """Return the search for the shortest run in which a mistake shows, at one fault at most.

    Raises PubSubKitError for a mistake that is not in `MISTAKES`.
    """
    if not isinstance(name, str) or name not in MISTAKES:
        known = ", ".join(map(repr, MISTAKES))
        raise PubSubKitError(f"there is no mistake {brief(name)}: there are {known}.")
    mistake = MISTAKES[name]
    small = replace(PROBLEM.small, traffic=mistake.traffic, faults=FAULTS, at_most=1, reads=0.0)
    found, _ = searched(replace(PROBLEM, small=small), propose({**DECISIONS, **mistake.decisions}))
    return found


def right(traffic: Callable[[Built], None] = edited, at_most: int = 1) -> Exploration:
    """Return the search with the pipeline's own decisions; `traffic` is `edited` or `deleted`.

    Raises PubSubKitError for anything else.
    """
    if traffic not in (edited, deleted):
        raise PubSubKitError(f"traffic is edited or deleted, not {brief(traffic)}.")
    small = replace(PROBLEM.small, traffic=traffic, faults=FAULTS, at_most=at_most, reads=0.0)
    return searched(replace(PROBLEM, small=small), propose(DECISIONS))[0]


# -- as a picture ----------------------------------------------------------------------------------


def drawn(found: Exploration, title: str) -> Picture:
    """Draw the run that a search found: who changed what, what was written, and what was seen.

    The embedding service, its cache, acks and the queries' own messages are left out.
    """
    from pubsub_kit import show

    if not isinstance(found, Exploration) or not isinstance(title, str):
        raise PubSubKitError("drawn() takes what broken() or right() returns, and a title.")
    wrong = found.violation
    if wrong is None:
        return show.hardest(found, title=title)
    at, names = wrong.step, _names(found.trace)
    paid = at is not None and found.trace[at].node == "embedder"
    kept = [
        n
        for n in _begun(found.trace)
        if (at is None or n <= at)
        and (_matters(found.trace[n]) or (paid and _embeds(found.trace[n])) or n == at)
    ]
    return show.spacetime(
        Trace([_in_words(found.trace[n], names) for n in kept]),
        mark=None if at is None else kept.index(at),
        expected=wrong.expected,
        actual=wrong.actual,
        title=title,
        caption=wrong.message,
    )


def _begun(trace: Trace) -> Iterator[int]:
    """Yield the numbers of all steps but the ends of what is left out: a query's handling."""
    under_way: dict[str, bool] = {}  # by node
    for n, step in enumerate(trace):
        if step.kind == "begin":
            under_way[step.node] = _matters(step)
        if step.kind != "end" or under_way.get(step.node):
            yield n


def _matters(step: Step) -> bool:
    """Return whether a step has to do with what was changed, written or seen."""
    if "embedder" in (step.node, step.peer) or step.text.startswith(_TOLD):
        return False
    if step.text.startswith("ack "):
        return bool(step.fault)
    if step.kind == "effect":
        return any(not key.startswith("embeddings/") for key in step.data[2])
    if "client" in (step.node, step.peer):
        return (
            step.text.startswith("tea")
            or "changes" in (step.node, step.peer)
            or step.kind == "timeout"
        )
    return not step.text.startswith("q")


def _embeds(step: Step) -> bool:
    return step.node == "embedder" and step.text.startswith("embedded")


def _names(trace: Trace) -> dict[str, str]:
    """Return what to call each message, by the edition or deletion that it is, and each chunk."""
    names, asked = {}, {"client": "tea deleted"}
    for step in trace:
        if step.kind == "begin":
            asked[step.node] = step.text
        elif step.kind == "send" and step.peer == "changes" and step.node in ("api", "client"):
            names[step.text] = asked[step.node]
        elif step.kind == "effect":
            names |= {key: row["text"] for key, row in _chunks(step.data[2])}
    return names


def _in_words(step: Step, names: Mapping[str, str]) -> Step:
    if step.kind == "effect":
        return step._replace(text=_written(*step.data[1:]))
    if step.kind == "note" and step.text.startswith("seen "):
        what, _, rest = step.text.removeprefix("seen ").partition(": ")
        return step._replace(text=f"a query sees {what}: {rest.split(',')[0]}")
    if _embeds(step):
        return step._replace(text=f"embeds {' · '.join(_QUOTED.findall(step.text))}")
    text = step.text
    for given, name in names.items():
        text = text.replace(given, name)
    for plain, said in _SAID:
        text = plain.sub(said, text)
    return step._replace(text=text)


def _chunks(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, row) for key, row in rows.items() if key.startswith("chunks/") and row]


def _written(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say what a write did to the chunks and the head of tea, in a few words."""
    new, old = ([row for _, row in _chunks(rows)] for rows in (after, before))
    if head := after.get("versions/tea"):
        return f"tea {head['version']} is current"
    if "versions/tea" in after:
        return "tea is deleted"
    if new:
        return f"writes {' · '.join(row['text'] for row in new)}"
    return f"deletes {' · '.join(row['text'] for row in old)}"
