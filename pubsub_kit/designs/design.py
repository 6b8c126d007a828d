"""A design as data: components, wires between them, and decisions; and its form in JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from pubsub_kit.designs.components import (
    KINDS,
    Cache,
    Component,
    DesignError,
    Group,
    Store,
    Topic,
    Wire,
    name,
)
from pubsub_kit.designs.steps import Steps
from pubsub_kit.errors import brief


@dataclass(frozen=True)
class Design:
    """Components, wires and decisions; `steps` is a class of your own that overrides some steps.

    Raises DesignError where two parts share a name, or a wire or a group leads nowhere.
    """

    name: str
    components: tuple[Component, ...]
    wires: tuple[Wire, ...] = ()
    decisions: Mapping[str, Any] = field(default_factory=dict)
    steps: type[Steps] | None = None

    def __post_init__(self) -> None:
        name("a design's name", self.name)
        _each("components", self.components, tuple(KINDS.values()))
        _each("wires", self.wires, (Wire,))
        if not isinstance(self.decisions, Mapping):
            raise DesignError(
                f"decisions are a dictionary of names and options, not {brief(self.decisions)}"
            )
        mine = self.steps
        if mine is not None and not (isinstance(mine, type) and issubclass(mine, Steps)):
            raise DesignError(f"steps is a class derived from the question's, not {brief(mine)}")
        for each in ("components", "wires"):
            object.__setattr__(self, each, tuple(getattr(self, each)))
        self._check_names()

    def _check_names(self) -> None:
        counts = Counter(part.name for part in self.components)
        names, twice = list(counts), next((each for each, n in counts.items() if n > 1), None)
        if twice is not None:
            raise DesignError(f"two components are called {twice!r}: give each its own name")
        for wire in self.wires:
            for end in (wire.start, wire.end):
                if end not in counts:
                    raise DesignError(
                        f"the wire {wire.start} → {wire.end} needs a component {end!r}: "
                        f"{_near(end, names)}"
                    )
        topics = {part.name: part for part in self.components if isinstance(part, Topic)}
        for part in self.components:
            if isinstance(part, Group) and part.topic not in topics:
                raise DesignError(
                    f"the group {part.name!r} reads the topic {part.topic!r}, which is not among "
                    f"the components: {_near(part.topic, list(topics))}"
                )

    def part(self, name: str) -> Component:
        """Return a component by its name; raises DesignError if there is none."""
        for each in self.components if isinstance(name, str) else ():
            if each.name == name:
                return each
        raise DesignError(
            f"there is no component {brief(name)}: {_near(name, [c.name for c in self.components])}"
        )

    def holder(self, role: str) -> Store | Cache | None:
        """Return the store or cache that holds a role, if one does."""
        kept = (part for part in self.components if isinstance(part, (Store, Cache)))
        return next((part for part in kept if role in part.holds), None)

    def but(self, name: str, **changes: Any) -> Design:
        """Return the design with one component changed; raises DesignError if it can't be."""
        old = self.part(name)
        known = [each.name for each in fields(old)]
        for given in changes:
            if given not in known:
                raise DesignError(f"{name!r} has no {given!r}: {_near(given, known)}")
        new = replace(old, **changes)
        parts = tuple(new if part is old else part for part in self.components)
        return replace(self, components=parts)

    def deciding(self, **decisions: Any) -> Design:
        """Return the design with some decisions made otherwise."""
        return replace(self, decisions={**self.decisions, **decisions})

    def to_json(self) -> str:
        """Return the design as JSON; a class of your own is named, and does not come back.

        Raises DesignError for a decision that JSON can't hold.
        """
        parts = [{"kind": type(c).__name__.lower(), **asdict(c)} for c in self.components]
        said: dict[str, Any] = {"name": self.name, "components": parts}
        said["wires"] = [asdict(wire) for wire in self.wires]
        said["decisions"] = dict(self.decisions)
        if self.steps is not None:
            said["steps"] = self.steps.__name__
        try:
            return json.dumps(said, default=brief)
        except (TypeError, ValueError, RecursionError):  # keys that are no names; a loop
            raise DesignError(
                f"the decisions {brief(said['decisions'])} can't be written as JSON: use names and "
                "options"
            ) from None


def from_json(text: str) -> Design:
    """Return the design that `Design.to_json` wrote; raises DesignError for anything else."""
    try:
        said = json.loads(text)
        parts = tuple(_part(each) for each in said["components"])
        wires = tuple(Wire(**each) for each in said["wires"])
        return Design(said["name"], parts, wires, said["decisions"])
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, DesignError):
            raise
        raise DesignError(
            f"{brief(text)} is no design as Design.to_json() writes it: {error}"
        ) from None


def _part(said: dict[str, Any]) -> Component:
    given = dict(said)
    return KINDS[given.pop("kind")](**given)


def _each(what: str, values: Any, kinds: tuple[type, ...]) -> None:
    listed = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(values, list | tuple):
        raise DesignError(f"{what} is a tuple of {listed}, not {brief(values)}")
    for value in values:
        if not isinstance(value, kinds):
            raise DesignError(f"{what} has {brief(value)}: each is a {listed}")


def _near(given: object, known: list[str]) -> str:
    near = get_close_matches(given[:80], known, 1) if isinstance(given, str) else []
    return f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known) or 'none'}"
