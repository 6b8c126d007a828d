"""Steps: what the parts of a design do, each a coroutine of one message; and how they reach others.

    class Ledger(Steps):
        async def accept(self, data):
            return await self.send("charge", data)

`send` follows the design's wires. If this part performs the step itself, it is a plain call in the
same process. If a wire leads to a service that does, it is a call over the network, with its reply.
If a wire leads to a topic whose group does, it is a message, and the reply is None. So the same
steps run in a blocking design and in an evented one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.designs.components import DesignError, Wire
from pubsub_kit.designs.rows import Rows, Together
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.verbs import call


class Route(NamedTuple):
    """How a step is reached: "here", "call" with a service, or "publish" with a topic and key."""

    how: str
    target: str = ""
    wire: Wire | None = None
    key: str = ""


def key_of(route: Route, data: Mapping[str, Any]) -> str | None:
    """Return a message's key on the topic that it goes to; None if that keeps no order.

    Raises DesignError where the message has no such field.
    """
    if not route.key:
        return None
    if not data.get(route.key):
        fields = ", ".join(map(str, data)) or "no field"
        raise DesignError(
            f"the topic {route.target!r} is keyed by {route.key!r}, and a message to it has "
            f"{fields}: key the topic by one of these, or by ''"
        )
    return str(data[route.key])


class Place(Protocol):
    """Where steps run: one component of a design, in one world."""

    name: str

    @property
    def decisions(self) -> Mapping[str, Any]:
        """The design's decisions, defaults included."""

    @property
    def routes(self) -> Mapping[str, Route]:
        """How each step is reached."""

    @property
    def outside(self) -> dict[str, Any]:
        """What providers and people remember, whatever crashes."""

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""

    def rows(self, role: str) -> Rows:
        """Return the rows of a role."""

    def record(self, kind: str, id: str, **facts: Any) -> None:
        """Note what the run is measured by."""

    async def perform(self, step: str, data: Any) -> Any:
        """Do a step here."""


class Steps:
    """What a component does; each public coroutine is a step of one message, a dictionary."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def decisions(self) -> Mapping[str, Any]:
        """The design's decisions, with the question's defaults for those that were not made."""
        return self.place.decisions

    async def send(self, step: str, data: Mapping[str, Any], id: str | None = None) -> Any:
        """Have a step done, here or elsewhere; return its reply, None where it is a message.

        `id` becomes the event's id. Raises CallError, PublishTimeout, or what the step raises.
        """
        route = self.place.routes.get(step)
        if route is None:
            raise DesignError(
                f"nothing that {self.place.name!r} is wired to performs {step!r}: add a wire to a "
                "service, or to a topic whose group does"
            )
        if route.how == "here":
            return await self.place.perform(step, data)
        message = {**data, "step": step}
        if route.how == "publish":
            await publish(route.target, message, key=key_of(route, data), id=id)
            return None
        wire = route.wire
        assert wire is not None
        retry = RetryPolicy(base=1.0, jitter=None, attempts=wire.retries + 1)
        return await call(route.target, message, timeout=wire.timeout, retry=retry)

    def reaches(self, step: str) -> str:
        """Return how a step is reached from here: "here", "call", "publish"; "" if it is not."""
        route = self.place.routes.get(step)
        return route.how if route else ""

    def rows(self, role: str) -> Rows:
        """Return the rows of a role, in whichever store or cache of the design holds it."""
        return self.place.rows(role)

    def keeps(self, role: str) -> bool:
        """Return whether the design keeps a role that it need not keep."""
        try:
            self.place.rows(role)
        except DesignError:
            return False
        return True

    def together(self, *roles: str) -> Together:
        """Return what writes several roles at once, in one transaction if one store holds them."""
        return Together({role: self.place.rows(role) for role in roles})

    def record(self, kind: str, id: str, **facts: Any) -> None:
        """Note a fact by which the run is judged and measured: it is outside of all memory."""
        self.place.record(kind, id, **facts)
