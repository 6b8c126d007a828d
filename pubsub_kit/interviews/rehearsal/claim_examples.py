"""A claim to show when one is asked for: of the question that is rehearsed, not of another one."""

from __future__ import annotations

USUAL = "no double charge under crash, ack lost up to 2"
_EXAMPLES = {
    "twitter-feed": "no tweet twice under crash up to 2",
    "instagram-feed": "no post twice under crash up to 2",
    "notification-system": "nobody is told twice under crash, reply lost up to 2",
    "chat": "no message lost under crash, ack lost up to 2",
    "ride-dispatch": "no car with two riders under pause up to 2",
    "payment-ledger": "no double charge under crash, reply lost up to 2",
    "order-saga": "no order paid twice under crash, reply lost up to 2",
    "ad-clicks": "no click counted twice under crash up to 2",
    "ci-cd": "no older version live after a newer one under pause up to 2",
    "trading": "no number twice under crash up to 2",
    "rag-ingestion": "no deleted document returns under crash, reorder up to 2",
    "game-rewind": "no shot at a dead player under delay up to 2",
    "webhooks": "no event lost under crash, reply lost up to 2",
    "collaborative-docs": "no operation twice under crash, reply lost up to 2",
    "logs-and-metrics": "no alert lost under crash up to 2",
    "flash-sale": "nobody is charged without an item under crash up to 2",
    "scheduler": "no job twice under crash, pause up to 2",
    "cdc-search-index": "no deleted row found under crash, reorder up to 2",
}


def example(question_id: str) -> str:
    """Return a claim about this question, as one is written; the usual one for a new question."""
    return _EXAMPLES.get(question_id, USUAL)
