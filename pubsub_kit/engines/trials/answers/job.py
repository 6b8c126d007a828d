"""What a process of a trial is told on its command line, and how it finds the answer."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, NamedTuple

from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.errors import PubSubKitError, brief

LESSON_LEASE = 10.0  # seconds of the lesson: what an answer asks for when it extends
UNABLE = 3  # the exit code of a process whose engine can't do what the answer wants
ENDLESS = 4  # that of one which was lent messages far more often than there are any
MANY = 30  # such deliveries: no case needs more than eight


class JobError(PubSubKitError):
    """A process of a trial was told what can't be done."""


class Job(NamedTuple):
    """One process: its engine, the topic and the group, the answer, its store, and its end.

    `lease` and `quiet` are real seconds: how long an engine lends a message, and how long nothing
    must have come before a process takes it that nothing will. It ends sooner once each of the
    `expected` messages was acked.
    """

    url: str
    topic: str
    group: str
    question: str
    answer: str  # MODULE:NAME
    path: str  # of the store's file
    place: Place | None = None
    semantics: str = "at_least_once"
    lease: float = 1.0
    quiet: float = 3.0
    expected: tuple[str, ...] = ()
    start: str = "earliest"
    ordered: bool = False

    def text(self) -> str:
        """Return it as the one argument of a process."""
        return json.dumps(self._asdict() | {"place": self.place and [*self.place]})

    @classmethod
    def read(cls, text: str) -> Job:
        """Return the job of an argument; raises JobError for what is none."""
        try:
            fields = json.loads(text)
            place, expected = fields.pop("place"), tuple(fields.pop("expected"))
            return cls(**fields, place=place and Place(*place), expected=expected)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise JobError(f"{brief(text)} is no job of a trial ({error}).") from None

    @property
    def settings(self) -> dict[str, Any]:
        """What the group subscribes with."""
        settings: dict[str, Any] = {"start": self.start, "ack_deadline": self.lease}
        if self.ordered:
            settings["ordered"] = True
        return settings


def answer_of(name: str) -> Any:
    """Return an answer by its MODULE:NAME; raises JobError if it is not there."""
    module, _, inner = name.partition(":")
    try:
        return getattr(import_module(module), inner)
    except (ImportError, AttributeError, ValueError) as error:
        raise JobError(f"There is no answer {brief(name)} ({error}): write MODULE:NAME.") from None
