"""How several brokers stand at a moment of a run, and which moments of it are worth a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pubsub_kit.world.trace import Step, Trace


class Strip(NamedTuple):
    """One replica: its state, its log as (epoch, id) pairs, and its high watermark."""

    name: str
    state: str
    in_sync: bool
    watermark: int
    log: tuple[tuple[int, str], ...]


class Standing(NamedTuple):
    """All replicas at one moment; `lost` are acked records that no leader will ever hand out."""

    step: int
    time: float
    words: str
    faults: tuple[int, ...]  # the numbers of the faults since the moment before
    leader: str
    epoch: int
    strips: tuple[Strip, ...]
    acked: tuple[str, ...]
    lost: tuple[str, ...]


def standings(trace: Trace) -> list[Standing]:
    """Return how the replicas stand at each moment that the trace tells of, in order."""
    found, numbers, count = [], [], 0
    for i, step in enumerate(trace):
        if step.fault:
            count += 1
            numbers.append(count)
        if step.kind == "replicas" and isinstance(step.data, dict):
            found.append(_standing(i, step, tuple(numbers)))
            numbers = []
    return found


def _standing(index: int, step: Step, faults: tuple[int, ...]) -> Standing:
    data: dict[str, Any] = step.data
    strips = tuple(
        Strip(name, state, synced, mark, tuple((record[0], record[1]) for record in log))
        for name, state, synced, mark, _, log in data["nodes"]
    )
    leads = [strip for strip in strips if strip.name == data["leader"]]
    holders = leads or [strip for strip in strips if strip.state != "down"]
    if leads and leads[0].state == "down":  # it may still come back, or be replaced
        holders = list(strips)
    kept = {id for strip in holders for _, id in strip.log}
    lost = tuple(id for id in data["acked"] if id not in kept)
    return Standing(
        index, step.time, step.text, faults, data["leader"], data["epoch"], strips,
        data["acked"], lost,
    )  # fmt: skip


def chosen(found: Sequence[Standing], most: int) -> list[Standing]:
    """Return the moments that tell the story, at most so many: faults, leaders, acks and losses."""
    ranks = {i: _rank(found[i - 1] if i else None, each) for i, each in enumerate(found)}
    ranks[0] = min(ranks[0], 2)
    for id in {id for each in found for id in each.lost}:  # a loss is none without its ack
        ranks[next(i for i, each in enumerate(found) if id in each.acked)] = 0
    ranks[len(found) - 1] = -1
    best = sorted(ranks, key=lambda i: (ranks[i], i))[:most]
    return [found[i] for i in sorted(best) if ranks[i] < 9]


def _rank(before: Standing | None, now: Standing) -> int:
    """Return how much a moment matters: 0 most, 9 if nothing has changed."""
    if before is None:
        return 2
    if now.lost != before.lost:
        return 0
    if now.faults:
        return 1
    if now.leader != before.leader or now.epoch != before.epoch:
        return 2
    if now.acked != before.acked:
        return 3
    if [strip.log for strip in now.strips] != [strip.log for strip in before.strips]:
        return 4
    return 5 if now.strips != before.strips else 9
