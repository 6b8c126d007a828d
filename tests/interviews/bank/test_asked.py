"""What candidates ask in their own words leads to the answer that they are after.

How a rehearsal compares is its own business; this looks for the listed words as whole words, and
takes the answer with most of them.
"""

from __future__ import annotations

import re

import pytest

from pubsub_kit.interviews.bank.question import Clarification, load

ASKED = {
    "twitter-feed": {
        "Is the timeline chronological, or is there some ranking?": "order",
        "What latency do we aim for until a follower sees a tweet?": "freshness",
        "How many active users do we have?": "scale",
        "And tweets per day?": "scale",
        "What about celebrity accounts?": "largest account",
        "How many followers can one account have at most, who is the biggest?": "largest account",
        "Can people delete a tweet?": "deletion",
        "How many deliveries a second can our fleet make?": "capacity",
        "How long is a timeline, do people scroll far?": "length",
    },
    "instagram-feed": {
        "Is the feed ranked by relevance?": "ranking",
        "What's the traffic, how many posts per day?": "scale",
        "How many followers does the largest account have?": "followers",
        "What happens when I block somebody?": "blocks",
        "What if a photo is deleted?": "deletion",
        "How fresh must it be?": "freshness",
        "How many workers do we have?": "workers",
    },
    "notification-system": {
        "How many notifications do we send per day?": "volume",
        "What's the QPS?": "volume",
        "Are some notifications more urgent, like a login code?": "urgency",
        "What is the latency requirement?": "urgency",
        "May somebody get the same notification twice?": "duplicates",
        "Should we respect quiet hours in the user's time zone?": "quiet hours and caps",
        "Is there a cap, so that it isn't spam?": "quiet hours and caps",
        "Can users unsubscribe?": "preferences",
        "Do we run our own gateway, or use a third party such as Twilio?": "providers",
        "Does marketing send campaigns to everyone? A campaign to all users?": "campaigns",
    },
    "chat": {
        "Do messages have to be in the same order for all?": "order",
        "How many messages per day?": "scale",
        "How large can a group be?": "groups",
        "What about offline phones that reconnect?": "devices",
        "Can a message be lost, or shown twice?": "duplicates",
    },
    "ride-dispatch": {
        "How many drivers and rides per day?": "scale",
        "How often does a car send its GPS position?": "positions",
        "How long may a driver take to accept an offer?": "offers",
        "Can two riders get the same driver?": "conflict",
    },
    "payment-ledger": {
        "What's the payment volume at peak?": "volume",
        "What if the processor doesn't answer, after a timeout?": "processor",
        "Should requests be idempotent, in case clients retry?": "retries",
        "Does the balance have to be consistent at once?": "balance",
        "How do we handle a refund or a chargeback?": "mistakes",
        "Are there several currencies?": "currencies",
        "Do we need double-entry bookkeeping?": "entries",
    },
    "order-saga": {
        "How many orders per day?": "scale",
        "How long is a reservation held?": "hold",
        "What if the payment is declined, or comes late?": "payment",
        "Can we use a distributed transaction, 2PC?": "consistency",
    },
    "ad-clicks": {
        "How many clicks per day?": "scale",
        "Are the clicks billed?": "money",
        "Do we expect duplicates?": "duplicates",
        "Is there skew, one very popular ad?": "hot ads",
        "Is the dashboard real-time?": "freshness",
    },
    "ci-cd": {
        "How many jobs per hour?": "scale",
        "Should a newer push cancel the older one?": "superseded",
        "Can two deployments to production run at the same time?": "deploys",
        "Do people watch logs live?": "logs",
        "What if a runner dies?": "runners",
    },
    "trading": {
        "What does fairness mean here?": "fairness",
        "How many messages per second?": "scale",
        "What about slow clients? A slow consumer?": "slow clients",
        "How is a gap filled, is the feed UDP?": "gaps",
        "How fast must a failover be?": "failover",
    },
    "rag-ingestion": {
        "How large is the corpus, how many documents?": "corpus",
        "How often do documents change?": "changes",
        "What about the right to be forgotten?": "deletion",
        "Will we re-embed with a new embedding model?": "new model",
        "Who may see which document, are there permissions or an ACL?": "rights",
        "Is there a rate limit on the embedding API?": "quota",
        "Can versions arrive out of order?": "order",
    },
    "game-rewind": {
        "How many players per match?": "scale",
        "What is the tick rate?": "ticks",
        "How far back may we rewind?": "history",
        "What ping do players have?": "delay",
        "Do we trust the client, can they cheat?": "fairness",
    },
    "webhooks": {
        "How many tenants and events per day?": "scale",
        "How long do we retry before we give up?": "retries",
        "What's the timeout for a slow endpoint?": "timeout",
        "Is order guaranteed, or can events be out of order?": "order",
        "Do receivers have to dedup?": "duplicates",
    },
    "collaborative-docs": {
        "How many editors and documents?": "scale",
        "Can people edit offline, on a train?": "offline",
        "What if two type at the same place, who wins the conflict?": "conflict",
        "How fast do we see each other's cursor?": "latency",
    },
    "logs-and-metrics": {
        "How many hosts and series?": "scale",
        "Which labels do we allow, what cardinality?": "labels",
        "May we drop or lose some, with sampling?": "loss",
        "How fast must an alert page somebody?": "alerts",
        "May an agent slow down the application?": "applications",
    },
    "flash-sale": {
        "How many people will come?": "scale",
        "How many items are in stock?": "stock",
        "How long do people wait before they reload?": "patience",
        "Must it be fair, first come first served?": "fairness",
        "When do we charge, is there a hold on the payment?": "payment",
    },
    "scheduler": {
        "How many timers are there?": "scale",
        "How precise must it be?": "precision",
        "What about missed runs after an outage, do we skip them?": "missed",
        "May a job run twice, are they idempotent?": "twice",
        "How long does a job run? What is its duration?": "duration",
    },
    "cdc-search-index": {
        "How many rows, and how many changes?": "scale",
        "Do we need a backfill, an initial snapshot?": "initial load",
        "Are rows deleted for real, or is it a soft delete?": "deletes",
        "How stale may the index be, what lag is fine?": "freshness",
        "Do rows have a version?": "order",
        "For how long is the log kept?": "retention",
    },
}
CASES = [(id, text, topic) for id, asked in ASKED.items() for text, topic in asked.items()]


def found(clarification: Clarification, text: str) -> tuple[int, int]:
    """Return how many of its words a text has, and how long these are together."""
    hits = [ask for ask in clarification.asks if re.search(rf"\b{re.escape(ask)}\b", text.lower())]
    return len(hits), sum(map(len, hits))


@pytest.mark.parametrize(("id", "text", "topic"), CASES, ids=[f"{i}: {t}" for i, t, _ in CASES])
def test_a_question_in_ones_own_words_finds_its_answer(id: str, text: str, topic: str) -> None:
    best = max(load(id).clarifications, key=lambda one: found(one, text))
    assert found(best, text) > (0, 0), "nothing hears this"
    assert best.topic == topic
