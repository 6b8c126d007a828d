"""The signup service: one way waits for its services and fails with them, the other does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.genai.service import (
    WORK,
    Served,
    ServiceError,
    Services,
    band,
    latencies,
    signup_app,
    wait_until_drained,
)
from pubsub_kit.genai.service.signup import TOPIC

ANN = {"name": "Ann", "email": "ann@example.com"}
NONE_LEFT = dict.fromkeys(WORK, 0)


def each_did(*ids: str) -> dict[str, list[str]]:
    return {name: [*ids] for name in WORK}


class Shop:
    """A signup service in service: its broker, its services and a client."""

    def __init__(self, work: dict[str, float] | None = None) -> None:
        self.broker, self.services = Broker(), Services(work or dict.fromkeys(WORK, 1.0))
        self.served = Served(signup_app(self.broker, self.services))

    def post(self, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.served.client.post(path, **{"json": ANN, "headers": headers, **more})

    def events(self) -> list[str]:
        return [event.id for _, event in self.broker.topics[TOPIC].log.read(0, 0)]

    def done(self) -> dict[str, list[str]]:
        return {name: [*ids] for name, ids in self.services.done.items()}


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.served.stop()
    assert made.served.errors == []


# --- where all is well ----------------------------------------------------------------------------


def test_the_blocking_way_has_done_it_all_when_it_answers(shop: Shop) -> None:
    reply = shop.post("/signup/blocking", "a-1")
    assert (reply.status_code, reply.json()) == (201, {"id": "a-1", "done": [*WORK]})
    assert shop.done() == each_did("a-1")
    assert shop.events() == []


def test_the_evented_way_answers_202_and_the_work_follows(shop: Shop) -> None:
    reply = shop.post("/signup", "a-1")
    assert (reply.status_code, reply.json()) == (202, {"id": "a-1", "status": "accepted"})
    assert wait_until_drained(shop.served.url) == NONE_LEFT
    assert shop.done() == each_did("a-1")


def test_without_a_key_each_signup_is_another_event(shop: Shop) -> None:
    ids = [shop.post("/signup").json()["id"] for _ in range(2)]
    assert len({*ids}) == 2
    assert shop.events() == ids


# --- a service is down ----------------------------------------------------------------------------


def test_one_service_that_is_down_fails_the_blocking_way_halfway(shop: Shop) -> None:
    shop.services.take_down("analytics")
    reply = shop.post("/signup/blocking", "a-1")
    assert reply.status_code == 503
    assert reply.json()["detail"] == "analytics is down. Done before: welcome-email."
    assert shop.done() == {"welcome-email": ["a-1"], "analytics": [], "vector-index": []}


def test_events_wait_for_a_service_that_is_down_and_drain_once_it_is_up(shop: Shop) -> None:
    shop.services.take_down("analytics")
    replies = [shop.post("/signup", f"a-{n}").status_code for n in range(3)]
    assert replies == [202, 202, 202]
    with pytest.raises(ServiceError, match=r"still wait: .*'analytics': 3, 'vector-index': 0"):
        wait_until_drained(shop.served.url, 2.0)
    assert shop.done()["analytics"] == []
    shop.services.bring_up("analytics")
    assert wait_until_drained(shop.served.url) == NONE_LEFT
    assert sorted(shop.done()["analytics"]) == ["a-0", "a-1", "a-2"]


def test_what_waits_is_still_there_after_a_restart(tmp_path: Path) -> None:
    services = Services(dict.fromkeys(WORK, 1.0))
    services.take_down("analytics")
    with Broker(tmp_path) as broker, Served(signup_app(broker, services)) as served:
        assert served.client.post("/signup", json=ANN, headers={"Idempotency-Key": "a-1"})
    services.bring_up("analytics")
    with Broker(tmp_path) as broker, Served(signup_app(broker, services)) as served:
        assert wait_until_drained(served.url) == NONE_LEFT
        again = served.client.post("/signup", json=ANN, headers={"Idempotency-Key": "a-1"})
        assert again.status_code == 202
        assert broker.topics[TOPIC].log.count(0) == 1
    assert {name: [*ids] for name, ids in services.done.items()} == each_did("a-1")


def test_a_broker_that_is_closed_is_a_503_with_its_sentence(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    with Served(signup_app(broker)) as served:
        broker.close()
        replies = served.client.post("/signup", json=ANN), served.client.get("/backlog")
        assert [reply.status_code for reply in replies] == [503, 503]
        assert "closed" in replies[0].json()["detail"]


# --- the same request again -----------------------------------------------------------------------


def test_a_repeated_key_is_one_event(shop: Shop) -> None:
    replies = [shop.post("/signup", "a-1").json() for _ in range(3)]
    assert replies == [{"id": "a-1", "status": "accepted"}] * 3
    assert shop.events() == ["a-1"]


def test_a_key_that_comes_with_another_signup_is_refused(shop: Shop) -> None:
    shop.post("/signup", "a-1")
    reply = shop.post("/signup", "a-1", json={**ANN, "name": "Bob"})
    assert reply.status_code == 422
    assert reply.json()["detail"] == "This Idempotency-Key came with another signup before."
    assert shop.events() == ["a-1"]


def test_a_redelivered_event_is_worked_on_once(shop: Shop) -> None:
    shop.post("/signup", "a-1")
    wait_until_drained(shop.served.url)
    for group in WORK:
        shop.broker.subscriptions[TOPIC, group].seek(offset=0)
    wait_until_drained(shop.served.url)
    assert shop.done() == each_did("a-1")


# --- bad requests ---------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/signup", "/signup/blocking"])
@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("{", 422, "The body is not valid JSON."),
        ("", 422, "Send the body as a JSON object with the fields that this path needs."),
        ("[]", 422, "Send the body as a JSON object with the fields that this path needs."),
        ("null", 422, "Send the body as a JSON object with the fields that this path needs."),
        ('{"name": "Ann"}', 422, "'email' is missing."),
        ('{"name": "", "email": "a@b"}', 422, "'name' is empty."),
        ('{"name": 5, "email": "a@b"}', 422, "'name' must be a text."),
        ('{"name": "\\u0000", "email": "a@b"}', 422,
         "'name' can't be used: it holds a NUL character."),
        ('{"name": "\\ud800", "email": "a@b"}', 422,
         "'name' holds half a surrogate pair, which is no text."),
        ('{"name": "Ann", "email": "ann"}', 422,
         "'email' can't be used: an address looks like ann@example.com."),
        ('{"name": ' + "1" * 6000 + "}", 400, "There was an error parsing the body"),
        ("[" * 100_000, 400, "There was an error parsing the body"),
        (b"\x80 \x81", 400, "There was an error parsing the body"),
    ],
)  # fmt: skip
def test_a_bad_signup_is_refused_in_a_sentence(
    shop: Shop, path: str, content: str | bytes, status: int, words: str
) -> None:
    reply = shop.served.client.post(path, content=content, headers=JSON)
    assert (reply.status_code, reply.json()) == (status, {"detail": words})
    assert shop.events() == []


def test_a_form_is_told_to_be_json(shop: Shop) -> None:
    reply = shop.served.client.post("/signup", data=ANN)
    assert reply.status_code == 415
    assert reply.json()["detail"] == "Send the body as JSON, with Content-Type: application/json."


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(shop: Shop, announced: bool) -> None:
    body = json.dumps({**ANN, "name": "x" * 3_000_000}).encode()
    parts: Any = body if announced else iter([body[:1_500_000], body[1_500_000:]])
    reply = shop.served.client.post("/signup", content=parts, headers=JSON)
    assert reply.status_code == 413
    assert reply.json()["detail"] == "The body is larger than 1,000,000 bytes: send less."


@pytest.mark.parametrize(("key", "words"), [("", "is empty"), ("k" * 101, "can't be used")])
def test_a_key_that_can_be_none_is_refused(shop: Shop, key: str, words: str) -> None:
    reply = shop.post("/signup", key)
    assert reply.status_code == 422
    assert words in reply.json()["detail"]


@pytest.mark.parametrize("broker", [None, "memory://", Broker])
def test_what_is_no_broker_is_refused(broker: Any) -> None:
    with pytest.raises(ServiceError, match="takes the kit's Broker"):
        signup_app(broker)


@pytest.mark.parametrize("name", ["fax", "", None, []])
def test_a_service_that_there_is_not_is_named(name: Any) -> None:
    with pytest.raises(ServiceError, match="there are welcome-email, analytics, vector-index"):
        Services().take_down(name)


# --- how long it takes ----------------------------------------------------------------------------


def test_the_blocking_way_takes_as_long_as_its_services_together() -> None:
    shop = Shop(dict.fromkeys(WORK, 70.0))
    with shop.served:
        found = latencies(shop.served.url, 2)
        assert [*found] == ["blocking", "evented"]
        assert band(found["blocking"]) == "over 200 ms"  # three sleeps of 70 ms can't be less
        assert len(shop.events()) == 3


def test_a_signup_that_fails_is_no_measurement(shop: Shop) -> None:
    shop.services.take_down("vector-index")
    with pytest.raises(
        ServiceError, match=r"/signup/blocking answered 503: .*vector-index is down"
    ):
        latencies(shop.served.url, 1)


@pytest.mark.parametrize("n", [0, -1, 10**9, 1.5, True, None, "20"])
def test_a_number_of_requests_that_can_not_be_is_refused(n: Any) -> None:
    with pytest.raises(ServiceError, match="n is a number of requests from 1 to 1000"):
        latencies("http://127.0.0.1:9", n)


def test_each_time_has_a_band() -> None:
    times = (0, 1.7, 49.9, 50, 200, 200.1, 1e9)
    low, middle, high = "under 50 ms", "50–200 ms", "over 200 ms"
    assert [band(ms) for ms in times] == [low, low, low, middle, middle, high, high]
    for ms in (-1, float("nan"), "1", None):
        with pytest.raises(ServiceError, match="A time is a number of ms"):
            band(ms)  # type: ignore[arg-type]
