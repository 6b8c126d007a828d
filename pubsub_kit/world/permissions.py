"""Who may publish to a topic of the world, and who may subscribe to it.

A topic without a list is open to everybody, as in most brokers until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pubsub_kit.errors import PubSubKitError, brief

Verb = Literal["publish to", "subscribe to"]


class NotAllowed(PubSubKitError):
    """Somebody published or subscribed to a topic that does not list them; nothing was done."""


class Permissions:
    """For each topic, the names that may publish and those that may subscribe."""

    def __init__(self) -> None:
        self.lists: dict[tuple[Verb, str], tuple[str, ...]] = {}

    @staticmethod
    def named(names: Iterable[str] | None) -> tuple[str, ...] | None:
        """Return a list of names as it is kept; raises NotAllowed for what is none."""
        listed = (names,) if isinstance(names, str) else names
        if listed is None:
            return None
        if not isinstance(listed, list | tuple | set | frozenset) or not all(
            isinstance(name, str) for name in listed
        ):
            raise NotAllowed(f"publishers= and subscribers= take names, not {brief(names)}")
        return tuple(sorted(listed)) if isinstance(listed, set | frozenset) else tuple(listed)

    def allow(self, verb: Verb, topic: str, names: Iterable[str] | None) -> None:
        """Let nobody but these do it from now on; with None, everybody may."""
        self.lists.pop((verb, topic), None)
        if names is not None:
            self.lists[verb, topic] = self.named(names) or ()

    def check(self, verb: Verb, topic: str, name: str) -> None:
        """Raise NotAllowed, in a sentence that says who may, unless this one may."""
        allowed = self.lists.get((verb, topic))
        if allowed is not None and name not in allowed:
            may = ", ".join(allowed) or "nobody"
            raise NotAllowed(f"{name} may not {verb} {topic!r}: {may} may")
