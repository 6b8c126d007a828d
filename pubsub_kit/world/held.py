"""A task that is held back, and what is known of it and of those who overtake it."""

from __future__ import annotations

from simpy import Event as Moment

from pubsub_kit.world.deeds import ANY, Deed
from pubsub_kit.world.tasks import Task


class Held:
    """A task that is held back before a deed, until when at most, and what others do meanwhile."""

    __slots__ = (
        "alone",
        "asked",
        "before",
        "deed",
        "deeds",
        "latest",
        "meanwhile",
        "met",
        "moment",
        "news",
        "since",
        "task",
    )

    def __init__(self, task: Task, deed: Deed, latest: float, moment: Moment, now: float) -> None:
        self.task, self.deed, self.latest, self.moment = task, deed, latest, moment
        self.asked = now  # when it could last have gone on
        self.meanwhile: list[Deed] = []  # what others have done
        self.since = 0  # how much of it before then
        self.news = False  # there is more of it since somebody asked
        self.met = False  # one of them ever met its deed
        self.before = False  # that, but for the latest of them
        self.deeds: list[Deed] = []  # what it does itself when it goes on
        self.alone = True  # and does without another one that goes on in between

    @property
    def whole(self) -> bool:
        """Whether its deeds are known, and are all that it has done since it went on."""
        return self.alone and self.task.closing and self.deed is not ANY
