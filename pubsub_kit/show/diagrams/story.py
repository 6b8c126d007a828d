"""What a trace tells, paired up: messages with their fates, handlers with their ends, outages.

A trace is a flat list of steps. A picture needs the pairs in it: which `send` a `receive` ends,
from when to when a handler ran, how long a node was down. Positions are indexes into the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pubsub_kit.show.ink import clean, seconds
from pubsub_kit.world.trace import Step


class Message(NamedTuple):
    """One passage of a message; `fate` is arrives, duplicate, lost or open (still in flight)."""

    start: int | None
    end: int | None
    fate: str


class Span(NamedTuple):
    """Something that lasted at a node: a handler, an outage, a pause; end None: to the end."""

    node: str
    start: int
    end: int | None
    depth: int = 0


def messages(steps: Sequence[Step]) -> list[Message]:
    """Pair each send with its receives and losses, in order of their ends."""
    sent: dict[str, int] = {}
    open_: dict[int, None] = {}
    arrived: set[int] = set()
    found: list[Message] = []
    for i, step in enumerate(steps):
        if step.kind == "send":
            sent[step.message] = i
            open_[i] = None
        elif step.kind in ("receive", "lose"):
            start = sent.get(step.message) if step.message else None
            fate = "lost" if step.kind == "lose" else "duplicate" if start in arrived else "arrives"
            found.append(Message(start, i, fate))
            if start is not None:
                open_.pop(start, None)
                arrived |= {start} if step.kind == "receive" else set()
    return found + [Message(start, None, "open") for start in open_]


def handlers(steps: Sequence[Step]) -> list[Span]:
    """Pair each begin with its end (by message, else the latest begun), or with a crash."""
    running: dict[str, list[int]] = {}
    depth: dict[int, int] = {}
    found: list[Span] = []
    for i, step in enumerate(steps):
        here = running.setdefault(step.node, [])
        if step.kind == "begin":
            taken = {depth[other] for other in here}
            depth[i] = next(d for d in range(len(here) + 1) if d not in taken)
            here.append(i)
        elif step.kind == "end" and here:
            same = [b for b in here if steps[b].message == step.message]
            begun = same[0] if same else here[-1]
            here.remove(begun)
            found.append(Span(step.node, begun, i, depth[begun]))
        elif step.kind == "crash":
            found += [Span(step.node, begun, i, depth[begun]) for begun in here]
            here.clear()
    left = [begun for here in running.values() for begun in here]
    return found + [Span(steps[begun].node, begun, None, depth[begun]) for begun in left]


def outages(steps: Sequence[Step]) -> list[Span]:
    """Pair each crash with the restart that ends it."""
    down: dict[str, int] = {}
    found: list[Span] = []
    for i, step in enumerate(steps):
        if step.kind == "crash":
            down.setdefault(step.node, i)
        elif step.kind == "restart" and step.node in down:
            found.append(Span(step.node, down.pop(step.node), i))
    return found + [Span(node, start, None) for node, start in down.items()]


def pauses(steps: Sequence[Step]) -> list[Span]:
    """Pair each pause with the next step of its node, when it went on."""
    still: dict[str, int] = {}
    found: list[Span] = []
    for i, step in enumerate(steps):
        if step.node in still and step.kind not in ("receive", "lose"):
            found.append(Span(step.node, still.pop(step.node), i))
        if step.kind == "pause":
            still[step.node] = i
    return found + [Span(node, start, None) for node, start in still.items()]


def owners(step: Step) -> dict[str, str]:
    """Return what a rebalance says of each node: of the topic, the generation; else nothing."""
    if step.kind != "rebalance" or not isinstance(step.data, Mapping):
        return {}
    found = {step.node: f"generation {step.data['generation']}"}
    for name, has in step.data["owners"].items():
        what = f"partition{'s' * (len(has) > 1)} {', '.join(map(str, has))}"
        found[name] = f"owns {what}" if has else "owns nothing"
    return found


# The word of each kind, and the words by which a step's own text says as much already.
_WORDS = {
    "timeout": ("timeout", ("timeout", "timed out")),
    "retry": ("↻ retry", ("retry", "retries")),
    "pause": ("pause", ("pause", "others run")),
    "crash": ("crash", ("crash",)),
    "restart": ("↻ restart", ("restart",)),
    "breaker": ("breaker", ("breaker",)),
    "partition": ("link cut", ("cut", "partition")),
    "repair": ("link repaired", ("again", "repair")),
    "lose": ("lost", ("lost",)),
    "rebalance": ("rebalance", ()),
}


def words(step: Step, sent: str = "") -> str:
    """Return what the picture writes beside a step, given the words of its message's `send`."""
    text = clean(step.text)
    if step.kind == "send":
        return text or clean(step.message)
    if step.kind in ("effect", "read"):
        return _state(step, text)
    if step.kind == "lose" and text in (sent, f"{sent} is lost"):
        return "lost"
    if step.kind == "receive" and (no := refused(step)):
        return no
    if not step.fault and (step.kind in ("begin", "receive") or text == "done"):
        return ""
    if step.kind not in _WORDS:
        return text
    word, said = _WORDS[step.kind]
    return word if not text else text if any(s in text for s in said) else f"{word}: {text}"


def refused(step: Step) -> str:
    """Return what becomes of an ack that came too late."""
    _, no, why = clean(step.text).partition(" refused: ")
    return f"refused: {why}" if no else ""


def _state(step: Step, text: str) -> str:
    key = clean(step.data) if isinstance(step.data, str) else ""
    if not text:
        return key or step.kind
    return text if not key or key in text else f"{key} = {text}"


def sent_words(steps: Sequence[Step]) -> dict[str, str]:
    """Return the words of each message's `send`, by message key."""
    return {s.message: words(s) for s in steps if s.kind == "send" and s.message}


def sentence(step: Step, sent: str = "") -> str:
    """Return a step in words that stand alone, as the list of faults prints it."""
    node, peer, text = clean(step.node), clean(step.peer), clean(step.text)
    there, back = f"({node} → {peer})", f"({peer} → {node})"
    what = sent or text or "message"
    if step.kind == "lose":
        why = f": {text}" if text and text != sent else ""
        said = f"{text if 'lost' in text else f'{what} lost{why}'} {there}"
    elif step.kind == "receive":
        said = f"{text or what} arrives{' again' if step.fault else ''} {back}"
    elif step.kind == "send":
        said = f"{what} {there}" if step.fault else f"{what} sent {there}"
    else:
        said = f"{node}: {words(step).removeprefix('↻ ') or step.kind}" + f" {there}" * bool(peer)
    return f"{seconds(step.time)} · {said}"


def tally(steps: Sequence[Step]) -> str:
    """Return the counts of a run in one line: messages and their fates, crashes, timeouts."""
    kinds = Counter(step.kind for step in steps)
    fates = Counter(m.fate for m in messages(steps))
    parts = [_count(kinds["send"], "message")]
    notes = [
        f"{fates['lost']} lost" if fates["lost"] else "",
        f"{fates['duplicate']} duplicated" if fates["duplicate"] else "",
    ]
    if any(notes):
        parts[0] += f" ({', '.join(note for note in notes if note)})"
    for kind in ("timeout", "crash", "rebalance", "effect"):
        name = "state change" if kind == "effect" else kind
        parts += [_count(kinds[kind], name)] if kinds[kind] else []
    return ", ".join(parts)


def _count(n: int, name: str) -> str:
    plural = "es" if name.endswith("sh") else "s"
    return f"{n} {name}{'' if n == 1 else plural}"
