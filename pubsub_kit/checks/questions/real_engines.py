"""Exercise 12: a consumer to port, predictions, defaults, an incident, and an oracle for a log."""

from __future__ import annotations

from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.audited import Audited
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.decided import Decided
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.severally import Severally
from pubsub_kit.checks.questions import real_engines_hints as hints
from pubsub_kit.checks.systems import engine_losses as losses
from pubsub_kit.checks.systems import ported_orders as ported
from pubsub_kit.checks.systems import ported_reasons
from pubsub_kit.checks.systems import recorded_engines as recorded
from pubsub_kit.checks.systems import tickets_judged as tickets
from pubsub_kit.scenarios.real_engines import defaults, kinds

# source: Kafka: consumer and topic configs, producer configs (4.3)
# source: RabbitMQ: documentation on publisher confirms and the mandatory flag (4.2)
# source: SQS: developer guide, visibility timeout, FIFO queues, redrive policy (November 2026)
# source: NATS: JetStream documentation, consumers (2.12)
# source: Redis: commands, XACK (7.0)
# source: Pub/Sub: documentation on ack deadlines (November 2026)
# source: FastStream: documentation on acknowledgement, AckPolicy (0.7.8)

_UNTIL = 200.0  # virtual seconds: what fails and comes again for ever has done so often enough
_PARTS = {
    "on leases": kinds.LEASES, "without a count": kinds.PARTITIONS, "acks by name": kinds.NAMES,
}  # fmt: skip


def _ported(kind: str) -> Explored:
    return Explored(
        kinds.stage(kind),
        ported.right(kind),
        kinds.FAULTS,
        until=_UNTIL,
        forgives=ported.forgives,
        draws=kinds.draw,
    )


QUESTIONS: list[Question] = [
    Code(
        "port",
        "Write a class Billing(db) with handle(delivery) that is right on three kinds of engine. "
        "It adds delivery.data['amount'] times the row 'rate' to the row 'billed', once for each "
        "order, and awaits delivery.ack(). An order without an amount is set aside once it has "
        "failed in three deliveries: await publish('orders.dead', delivery.data, id=delivery.id). "
        "A delivery that ended in a crash or a pause may count as failed, or not. "
        "delivery.attempt may be None; a late ack may be refused, or may end the lease of "
        "whoever has the order by then. Two workers share db; each may crash, or pause for 30 s.",
        judged_by=Severally({name: _ported(kind) for name, kind in _PARTS.items()}),
        lessons=ported_reasons.WHY,
        hints=hints.PORT,
    ),
    Choose(
        "predict",
        "Ann gets a message and hangs for longer than its lease, if there is one. Bob gets the "
        "message, if he does. Then Ann acks. What becomes of her ack on each engine? And is a "
        "record's next attempt counted, after it failed?",
        options=recorded.OPTIONS,
        judged_by=Decided(
            recorded.stage,
            recorded.as_recorded,
            right=f"all {len(recorded.OPTIONS)} predictions are as recorded",
            wrong="a prediction is not what was recorded",
            claim="Your predictions were compared with what was recorded, one after another, up "
            "to the first that differs. No engine was asked again; other versions and settings "
            "of one are not covered.",
            shows="what was recorded",
            draws=recorded.draw,
        ),
        lessons=recorded.WHY,
        hints=hints.PREDICT,
    ),
    Choose(
        "defaults",
        "Nine situations, and the setting that helps in each. away: a Kafka group was away for 10 "
        "days, its topic keeps records for 7, and the group skipped all that was still there. "
        "slow: a handler takes 40 s on SQS, and orders are billed twice. raises: a framework over "
        "Kafka acks first, and what made the handler raise is gone. alone: acks=all, one replica "
        "of three in sync, and an acked order is lost. languages: Java and Python publish, and a "
        "key's order is lost. confirmed: RabbitMQ confirmed an order that is in no queue. exits: "
        "a script in Python calls produce() and exits, and the order never arrives. aborted: a "
        "reader in Java acts on an aborted order. restart: a producer on Kafka restarts, resends "
        "its last order, and it is billed twice.",
        options=defaults.OPTIONS,
        judged_by=Decided(
            defaults.stage,
            defaults.the_setting_helps,
            right=f"each setting helps in its situation, in all {len(defaults.OPTIONS)}",
            wrong="a setting does not help in its situation",
            claim="Each setting was put into a model of its situation, one after another, up "
            "to the first that does not help. The models follow the documentation that the "
            "exercise names; no engine took part, and other situations are not covered.",
        ),
        lessons=defaults.WHY,
        hints=hints.DEFAULTS,
    ),
    Choose(
        "incident",
        "A shop's log of 25 lines: print(sample('tickets').read_text()). Judge it yourself. For "
        "each oracle: does it hold, is it broken, or is that undecidable from this log?",
        options=dict.fromkeys(tickets.ORACLES, tickets.VERDICTS),
        judged_by=Decided(
            tickets.stage,
            tickets.as_found,
            right=f"all {len(tickets.ORACLES)} verdicts are what the log proves",
            wrong="a verdict is not what the log proves",
            claim="Your verdicts were compared with what each rule finds in these lines, one after "
            "another, up to the first that differs. Other logs are not covered.",
            shows="the log",
            draws=tickets.draw,
        ),
        lessons=tickets.WHY,
        hints=hints.INCIDENT,
    ),
    Audit(
        "audit",
        "Write oracle(rows, trace). rows['log'] has the lines of a log, a dict each: 'what' is "
        "published, delivered, acked, nacked, effect, crashed or restarted; 'message', 'worker' "
        "and 'at' say of what, whose and when. An ack may be 'refused', an effect has a 'target', "
        "and a publication a 'topic'. Return None if no order is lost, or a text that says which. "
        "An order is lost if an ack of it counted, and by the end it is neither billed (an effect "
        "with the target 'billed') nor published to 'orders.dead'.",
        judged_by=Audited(
            losses.stage,
            losses.rows,
            losses.truth,
            losses.FAULTS,
            losses.SUSPECTS,
            kinds.draw,
            instead=losses.spared_with,
            until=_UNTIL,
        ),
        lessons=losses.WHY,
        hints=hints.AUDIT,
    ),
]
