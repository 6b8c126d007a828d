"""A member: one worker of a partitioned group, and alone in reading the partitions that it owns.

        join ──► in the group ──── leave ───────────────────► left
                  ▲        │ └──── another joins by its name ─► fenced
             pull │        │ session_timeout without a sign of life
                  └─ expelled

A sign of life is a heartbeat, a pull, a commit, or an ack, nack or extend that counts. An expelled
member has lost its partitions, and may be the last to know: its acks are refused. When it pulls, it
joins again. One that has left or is fenced can't pull any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.settings import Settings, SubscriptionError
from pubsub_kit.broker.starts import Start
from pubsub_kit.errors import brief

Standing = Literal["in", "expelled", "left", "fenced"]
CHARGES: dict[Standing, str] = {
    "expelled": "the worker missed its heartbeat",
    "fenced": "another worker joined in its worker's place",
}


class Coordinator(Protocol):
    """What a member asks of its group; Kafka calls the broker in this role the coordinator."""

    clock: Callable[[], float]
    settings: Settings

    def pull_for(self, member: Member, n: int) -> list[Delivery]:
        """Hand out messages of the member's partitions."""

    def refresh(self, member: Member) -> bool:
        """Start the member's session anew, if it is in the group; return whether it is."""

    def commit_for(self, member: Member, generation: int | None) -> bool:
        """Ack all that the member holds."""

    def part_with(self, member: Member) -> None:
        """Let the member leave."""

    def owned_by(self, member: Member) -> list[int]:
        """Return the member's partitions."""

    def hold_back(self, member: Member, partitions: tuple[int, ...], stop: bool) -> None:
        """Stop handing out from partitions of the member, or start again."""

    def replay(self, start: Start) -> None:
        """Move the group to a start."""

    def wakeup_of(self, member: Member) -> float | None:
        """Return when there may be something for the member."""


class Member:
    """One worker of a partitioned group, made by `Subscription.join`; a Consumer can drive it."""

    def __init__(self, group: Coordinator, name: str) -> None:
        self.group, self.name, self.clock = group, name, group.clock
        self.standing: Standing = "expelled"  # until its group lets it in
        self.last_generation = 0  # the latest one that it was part of
        self.session = -math.inf  # when it ends (the broker's clock, seconds), unless it `beats`
        self.beats = False  # a driver sends heartbeats for it all the time, without a call
        self.paused: set[int] = set()
        self.turn = 0  # the partition to look at first

    def __repr__(self) -> str:
        return f"<Member {self.name} {self.standing} generation={self.last_generation}>"

    @property
    def partitions(self) -> list[int]:
        """The partitions that it owns now, in order; none if it is idle, or not in the group."""
        return self.group.owned_by(self)

    @property
    def generation(self) -> int:
        """The group's generation, which each rebalance raises; the last it had, if it is out."""
        self.group.owned_by(self)  # which notices a session that has ended
        return self.last_generation

    @property
    def ends(self) -> float:
        """When its session ends unless it gives a sign of life (seconds); inf while it `beats`."""
        return math.inf if self.beats else self.session

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` messages of its partitions, each partition in order; a sign of life.

        It never holds more than `max_outstanding`. If it was expelled, it joins again first. Raises
        SubscriptionError if it has left, if another worker joined by its name, or if the group is
        gone.
        """
        return self.group.pull_for(self, n)

    def heartbeat(self) -> bool:
        """Say that it is alive; False, and nothing changes, if it is not in the group (any more).

        A worker that needs longer than `session_timeout` for one message must do this meanwhile.
        """
        return self.group.refresh(self)

    def commit(self, generation: int | None = None) -> bool:
        """Ack all that it holds; False, and nothing happens, if it is not in the group (any more).

        Given the generation in which you pulled, it also refuses if there was a rebalance since.
        """
        if generation is not None and generation.__class__ is not int:
            raise SubscriptionError(
                f"commit takes a generation, a number, not {brief(generation)}."
            )
        return self.group.commit_for(self, generation)

    def leave(self) -> None:
        """Leave the group: its partitions go to the others, who repeat what it has not acked."""
        self.group.part_with(self)

    close = leave  # as every engine calls it

    def replay(self, start: Start) -> None:
        """Move the whole group to a start: see `Subscription.replay`."""
        self.group.replay(start)

    def pause(self, *partitions: int) -> None:
        """Get nothing new from these partitions (by default all of its own) until `resume`.

        It stays in the group as long as it pulls. A partition that it loses is no longer paused.
        Raises SubscriptionError for a partition that it does not own.
        """
        self.group.hold_back(self, partitions, True)

    def resume(self, *partitions: int) -> None:
        """Undo `pause`, for these partitions or for all of its own."""
        self.group.hold_back(self, partitions, False)

    def next_wakeup(self) -> float | None:
        """Return the time at which a redelivery is due or somebody's session ends, or None.

        Its own session counts too: it must pull or send a heartbeat before that.
        """
        return self.group.wakeup_of(self)
