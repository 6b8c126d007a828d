"""A signup, twice: one that waits for three services, and one that publishes an event.

    POST /signup/blocking   client ─► app ─► welcome-email ─► analytics ─► vector-index ─► 201
    POST /signup            client ─► app ─► broker ─► 202
                                               ├─► welcome-email     each in its own group,
                                               ├─► analytics         in the background, as often
                                               └─► vector-index      as it takes

202 says "accepted": the work is not done yet, but the event is in the log, and will be. What it
costs: nobody tells the client that the work failed, and for a moment the index lacks the new user.

An Idempotency-Key becomes the event's id, and a key that the log has seen is not published again.
So a client that heard nothing may send the same request again. The keys are read from the log when
the app is made, which holds as long as the log does; real services forget them after a day or so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError, brief, said
from pubsub_kit.genai.service.installed import ServiceError
from pubsub_kit.genai.service.sentences import Email, Line, answer, speak_plainly
from pubsub_kit.genai.service.work import ServiceDown, Services
from pubsub_kit.log.ids import fresh_id
from pubsub_kit.log.threads import new_lock

TOPIC = "user.signed_up"
#: A service that is down is asked again, twice a second at most, for as long as it takes.
RETRY = RetryPolicy(base=0.05, cap=0.5)

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=100)]


class Signup(BaseModel):
    """What somebody who signs up sends."""

    name: Line
    email: Email


class Accepted:
    """The signups that the topic holds, by id: what has been published once is not again."""

    def __init__(self, broker: Broker) -> None:
        self.broker, self.lock = broker, new_lock()
        self.known: dict[str, Any] = {}
        log = broker.topic(TOPIC).log
        for partition in range(log.partitions):
            at = log.start(partition)
            while events := log.read(partition, at):
                self.known |= {event.id: event.data for _, event in events}
                at = events[-1][0] + 1

    def publish(self, id: str, data: dict[str, Any]) -> bool:
        """Publish a signup unless its id is known; return whether what is known is the same."""
        with self.lock:
            if id not in self.known:
                self.broker.publish(TOPIC, data, key=data["email"], id=id)
                self.known[id] = data
            return bool(self.known[id] == data)


def signup_app(broker: Broker, services: Services | None = None) -> FastAPI:
    """Return an app with POST /signup, POST /signup/blocking and GET /backlog.

    Its three consumers run for as long as it is served. A new group begins with what is published
    from now on: who signed up long ago gets no welcome. Raises ServiceError without a broker.
    """
    if not isinstance(broker, Broker):
        raise ServiceError(f"signup_app() takes the kit's Broker, not {brief(broker)}.")
    chosen = Services() if services is None else services
    accepted = Accepted(broker)
    groups = {name: broker.subscribe(TOPIC, name, retry=RETRY) for name in chosen.work}

    @asynccontextmanager
    async def consuming(_: FastAPI) -> AsyncIterator[None]:
        consumers = [Consumer(groups[name], _work(chosen, name)) for name in groups]
        tasks = [asyncio.create_task(consumer.run()) for consumer in consumers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(title="Signup", lifespan=consuming)
    speak_plainly(app)

    @app.exception_handler(PubSubKitError)
    async def unable(request: Request, error: PubSubKitError) -> JSONResponse:
        return answer(503, said(error))

    @app.post("/signup/blocking", status_code=201)
    async def blocking(signup: Signup, key: Key = None) -> dict[str, Any]:
        id, done = key or fresh_id(), list[str]()
        for name in chosen.work:
            try:
                await chosen.call(name, id, signup.email)
            except ServiceDown as down:
                before = f" Done before: {', '.join(done)}." if done else ""
                raise HTTPException(503, f"{down}{before}") from None
            done.append(name)
        return {"id": id, "done": done}

    @app.post("/signup", status_code=202)
    def evented(signup: Signup, key: Key = None) -> dict[str, Any]:
        id = key or fresh_id()
        if not accepted.publish(id, signup.model_dump()):
            raise HTTPException(422, "This Idempotency-Key came with another signup before.")
        return {"id": id, "status": "accepted"}

    @app.get("/backlog")
    def backlog() -> dict[str, int]:
        return {name: group.lag for name, group in groups.items()}

    return app


def _work(services: Services, name: str) -> Callable[[Delivery], Awaitable[None]]:
    """Return a service's handler: it raises while the service is down, so the event waits."""

    async def handle(delivery: Delivery) -> None:
        await services.call(name, delivery.event.id, delivery.event.data["email"])

    return handle
