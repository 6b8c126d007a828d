"""Eight ledgers, a mid's, a senior's, a staff's and five with a belief, rank as the rubric says."""

from __future__ import annotations

from functools import cache

import pytest

from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.scenarios.payment_ledger.problem import PROBLEM, propose

STAFF = {"name": "staff"}
SENIOR = {"name": "senior", "path": "queued", "balance": "entries", "kept": "entries' store"}
MID = {"name": "mid", "kept": "store of its own"}
BELIEFS = {
    "charged twice": {"unknown": "retry"},
    "a timeout is a no": {"unknown": "fail", "path": "sync"},
    "payload not compared": {"payload": "ignored"},
    "nobody comes back": {"reconciled": "no"},
    "charged and not posted": {"kept": "store of its own", "balance": "mutable"},
}


@cache
def made(name: str) -> Report:
    known = {"staff": STAFF, "senior": SENIOR, "mid": MID} | BELIEFS
    return run(PROBLEM, propose({"name": name, **known[name]}))
