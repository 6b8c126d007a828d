"""Where two runs part: the first step at which they differ, and which steps show what came of it.

Two steps are the same if they happen at the same moment, in the same place, and say the same. The
keys of messages are left out, since they only pair up steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pubsub_kit.show.diagrams import story
from pubsub_kit.show.ink import clean, seconds
from pubsub_kit.world.trace import Step

_SAME = 1e-9  # seconds
_VERBS = {"effect": "writes", "read": "reads"}
_LEAD, _TAIL, _NEAR = 6, 8, 3  # steps shown before the parting, after it, around other steps
_MOST_FAULTS = 2  # before the parting


def parting(
    before: Sequence[Step], after: Sequence[Step], shared: frozenset[str] | None = None
) -> int | None:
    """Return the index of the first step at which two runs differ, or None if they are the same.

    One run may be over there. Of a write, only `shared` rows are compared, if they are given.
    """
    for i, (one, other) in enumerate(zip(before, after, strict=False)):
        if _what(one, shared) != _what(other, shared) or abs(one.time - other.time) > _SAME:
            return i
    shorter = min(len(before), len(after))
    return shorter if shorter < max(len(before), len(after)) else None


def _what(step: Step, shared: frozenset[str] | None) -> tuple[Any, ...]:
    said: Any = step.text
    if shared is not None and (rows := _rows(step)) is not None:
        said = {name: row for name, row in rows.items() if name in shared}
    return step.kind, step.node, step.peer, said, step.fault


def _rows(step: Step) -> Mapping[str, Any] | None:
    """Return the rows that a write leaves, if its data tells."""
    return step.data[2] if step.kind == "effect" and isinstance(step.data, tuple) else None


def shared_rows(before: Iterable[Step], after: Iterable[Step]) -> frozenset[str]:
    """Return the names of the rows that both runs write."""
    one, other = ({n for step in steps for n in _rows(step) or ()} for steps in (before, after))
    return frozenset(one & other)


def told(step: Step | None, steps: Sequence[Step]) -> str:
    """Return in words what a run does at the parting; None stands for a run that is over."""
    if step is None:
        return "nothing more"
    sent = story.sent_words(steps).get(step.message, "")
    node, text = clean(step.node), clean(step.text)
    if step.kind == "begin":
        said = f"{node} begins {text}"
    elif step.kind in _VERBS:
        said = f"{node} {_VERBS[step.kind]} {story.words(step)}"
    elif step.kind == "end":
        said = f"{node} {text if text.startswith('failed') else 'is done with ' + (sent or 'it')}"
    else:
        return story.sentence(step, sent)
    return f"{seconds(step.time)} · {said}"


def window(
    runs: Sequence[Sequence[Step]],
    parts: int | None,
    marks: Sequence[Sequence[int]],
    limit: int,
) -> list[list[int]]:
    """Return which steps of each run are shown, at most `limit`: all, or those that matter.

    These are the parting, the marks and the faults before it, each with what is around it; then
    what follows the parting. What both runs share is shown in both, or in neither.
    """
    anchor = parts or 0
    kept = [_shown(steps, anchor, own, limit) for steps, own in zip(runs, marks, strict=True)]
    common = set.intersection(*kept)
    return [sorted(i for i in keep if i >= anchor or i in common) for keep in kept]


def _shown(steps: Sequence[Step], anchor: int, marks: Sequence[int], limit: int) -> set[int]:
    if len(steps) <= limit:
        return set(range(len(steps)))
    faults = [i for i in range(anchor - 1, -1, -1) if steps[i].fault]
    wanted = _around(anchor, _LEAD, _TAIL)
    for i in (*marks, *faults[:_MOST_FAULTS]):
        wanted += _around(i, _NEAR, _NEAR)
    wanted += [*range(anchor, len(steps)), *range(anchor - 1, -1, -1)]
    inside = dict.fromkeys(i for i in wanted if 0 <= i < len(steps))
    return set([*inside][:limit])


def _around(i: int, lead: int, tail: int) -> list[int]:
    """Return a step and those around it, the nearest first."""
    return sorted(range(i - lead, i + tail + 1), key=lambda j: abs(j - i))


def cut(keep: Sequence[int], count: int) -> str:
    """Say which steps of a run are shown, where not all of them are."""
    if len(keep) in (0, count):
        return ""
    firsts = [i for n, i in enumerate(keep) if n == 0 or keep[n - 1] != i - 1]
    lasts = [*(keep[keep.index(i) - 1] for i in firsts[1:]), keep[-1]]
    spans = [f"{first + 1} to {last + 1}" for first, last in zip(firsts, lasts, strict=True)]
    shown = " and ".join(filter(None, (", ".join(spans[:-1]), spans[-1])))
    return f"steps {shown} of {count:,} shown"
