"""Assignment: which member of a group owns which partition.

    6 partitions    a joins     b joins     c joins     b leaves
    a               0 1 2 3 4 5  0 1 2       0 1         0 1 3
    b                            3 4 5       3 4
    c                                        2 5         2 5 4

The strategy is called sticky: every member keeps what it has as far as a fair share allows, and
only the rest moves. Range and round robin look at names and numbers alone, so they are shorter to
write, but a single join may move almost everything. Here the broker assigns. In Kafka's classic
protocol the members do, and with an eager assignor all of them stop at each rebalance.
"""

from __future__ import annotations

from collections.abc import Sequence


def sticky(members: Sequence[str], owners: Sequence[str | None]) -> list[str | None]:
    """Return the new owner of each partition, given the members in the order of their joining.

    `owners` has the present owner of each partition, who may be gone, or None. Shares differ by at
    most one partition, as few partitions as possible change hands, and equal arguments give equal
    answers. Without members nobody owns anything.
    """
    if not members:
        return [None] * len(owners)
    kept: list[str | None] = [None] * len(owners)
    shares = _shares(members, owners)
    for partition, owner in enumerate(owners):
        if owner is not None and shares.get(owner, 0):
            kept[partition] = owner
            shares[owner] -= 1
    waiting = [member for member in members for _ in range(shares[member])]
    return [owner if owner is not None else waiting.pop(0) for owner in kept]


def _shares(members: Sequence[str], owners: Sequence[str | None]) -> dict[str, int]:
    """Return how many partitions each member gets: the larger shares go to who has most now."""
    least, larger = divmod(len(owners), len(members))
    has_most = sorted(
        members, key=lambda member: -owners.count(member)
    )  # stable: then who was first
    return {m: least + (m in has_most[:larger]) for m in members}
