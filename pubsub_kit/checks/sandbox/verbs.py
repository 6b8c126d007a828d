"""What a learner means by a name that an object of the kit doesn't have: one of another library's.

`delivery.acknowledge()`, `db.read(…)` and `event.body` each get the name that the kit has for it.
Where nobody can tell what is meant, a sentence lists what there is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Known(NamedTuple):
    """How a sentence names an object, what it has, and which other words stand for that."""

    words: str
    has: Sequence[str]
    others: Mapping[str, str]


def _each(names: Mapping[str, str]) -> dict[str, str]:
    """Return what each name of a line of them stands for: {"a b": "c"} is {"a": "c", "b": "c"}."""
    return {other: name for line, name in names.items() for other in line.split()}


_MESSAGE = {
    "value values body payload message msg content contents json record text": "data",
    "message_id messageid msg_id uid uuid event_id receipt_handle delivery_tag": "id",
}
_DELIVERY = Known(
    "a delivery",
    ("id", "data", "key", "attempt", "deadline", "ack()", "nack()", "extend()"),
    _each({
        **_MESSAGE,
        "acknowledge acked ack_sync ack_message basic_ack commit commit_sync commit_offsets xack "
        "accept complete confirm done delete delete_message settle success finish": "ack()",
        "nak reject release requeue abandon basic_nack basic_reject nacked negative_acknowledge "
        "retry fail give_back rollback put_back": "nack()",
        "extend_lease renew renew_lock heartbeat touch in_progress modify_ack_deadline "
        "change_visibility": "extend()",
        "attempts delivery_count deliveries delivery_attempt num_delivered redelivered retries "
        "receive_count redelivery_count tries": "attempt",
        "lease lease_end lease_until expires expires_at ends deadline_at timeout visible_at "
        "visibility_timeout ack_deadline": "deadline",
    }),
)  # fmt: skip
_STORE = Known(
    "a store",
    ("get()", "put()", "add()", "insert()", "delete()", "compare_and_set()", "transaction()"),
    _each({
        "read fetch load find select lookup query fetchone": "get()",
        "set write save update upsert replace": "put()",
        "incr increment inc increase plus append incrby": "add()",
        "setnx put_if_absent insert_if_absent create add_if_absent setdefault": "insert()",
        "remove pop drop discard": "delete()",
        "cas compare_and_swap compare_set compareandset": "compare_and_set()",
        "begin begin_transaction start_transaction tx txn atomic session commit rollback lock "
        "execute": "transaction()",
    }),
)  # fmt: skip
_TRANSACTION = Known(
    "a transaction",
    ("get()", "put()", "add()", "insert()", "delete()"),
    {name: verb for name, verb in _STORE.others.items() if verb != "transaction()"},
)
_EVENT = Known("an event", ("id", "data", "key", "type", "source", "time"), _each(_MESSAGE))
_WORKER = Known(
    "a worker",
    ("pull()", "ack_batch()", "replay()", "next_wakeup()", "close()"),
    _each({
        "receive fetch poll consume next get read take basic_get receive_message": "pull()",
        "rewind reset": "replay()",
        "stop leave shutdown disconnect unsubscribe": "close()",
        "acknowledge commit reject basic_ack": "ack() or nack() of the delivery",
    }),
)  # fmt: skip
_ENGINE = Known(
    "an engine",
    ("topic()", "publish()", "publish_batch()", "subscribe()", "close()"),
    _each({
        "send produce emit basic_publish xadd send_message put": "publish()",
        "send_batch publish_many publish_all": "publish_batch()",
        "create_topic queue declare queue_declare": "topic()",
        "consume consumer worker join listen": "subscribe()",
        "receive fetch poll pull get read": "pull() of a worker, which subscribe() returns",
        "acknowledge ack commit": "ack() of the delivery",
        "stop shutdown disconnect": "close()",
    }),
)  # fmt: skip
#: By the name of the class, or of one that it is derived from.
_KNOWN = {
    "Hand": _DELIVERY, "Delivery": _DELIVERY, "Lent": _DELIVERY, "Event": _EVENT,
    "Store": _STORE, "Transaction": _TRANSACTION,
    "EngineWorker": _WORKER, "Subscription": _WORKER, "Partitioned": _WORKER,
    "Adapter": _ENGINE, "Broker": _ENGINE,
}  # fmt: skip
_TAKEN = {"receive", "fetch", "poll", "pull", "consume", "next", "read", "get", "subscribe"}
_SENDS = {"publish", "send", "emit", "produce", "dead_letter", "deadletter", "to_dead_letter",
          "term", "terminate", "park", "forward"}  # fmt: skip
_ENDS = {"commit", "rollback", "abort", "end", "close"}


def meant(error: BaseException) -> str:
    """Return what is meant by an attribute that the kit's or a dict's object lacks, or ""."""
    name, owner = getattr(error, "name", None), getattr(error, "obj", None)
    if not isinstance(error, AttributeError) or not isinstance(name, str) or owner is None:
        return ""
    if type(owner) is dict:
        return f"a dict has no {name!r}: write [{name!r}]" if name in owner else ""
    known = _known(type(owner))
    return "" if known is None else _sentence(known, name, owner)


def _known(cls: type) -> Known | None:
    ours = (base for base in cls.__mro__ if base.__module__.startswith("pubsub_kit."))
    return next((_KNOWN[base.__name__] for base in ours if base.__name__ in _KNOWN), None)


def _sentence(known: Known, name: str, owner: Any) -> str:
    lacks = f"{known.words} has no {name!r}"
    low = name.lower()
    if known in (_DELIVERY, _EVENT):
        data = getattr(owner, "data", None)
        if type(data) is dict and name in data:
            return f"{lacks}: write data[{name!r}]"
        if low in _TAKEN:
            return f"{lacks}: the engine has handed it out already, and data is what is in it"
        if low in _SENDS:
            return f"{lacks}: publish(topic, data, id=…) is a function of its own"
    if known is _TRANSACTION and low in _ENDS:
        return f"{lacks}: it commits where its `async with` ends, and an exception undoes it"
    plain = {verb.rstrip("()"): verb for verb in known.has}
    verb = known.others.get(low, "") or plain.get(low, "")
    close = difflib.get_close_matches(low, [*plain, *known.others], n=1, cutoff=0.75)
    if not verb and close:
        verb = plain.get(close[0], "") or known.others[close[0]]
    return f"{lacks}: did you mean {verb}?" if verb else f"{lacks}: it has {', '.join(known.has)}"
