"""Exercise 08: an account, a view, two screens, an upcaster, a snapshot, and an oracle of views."""

from __future__ import annotations

from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.audited import Audited
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions.reasons import event_sourcing_cqrs as beliefs
from pubsub_kit.checks.systems import event_sourcing_cqrs as on_trial
from pubsub_kit.checks.systems import event_sourcing_oracles as oracles
from pubsub_kit.checks.systems import event_sourcing_probes as probes
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.event_sourcing_cqrs import accounts, screens, snapshots, upcasts, views

QUESTIONS: list[Question] = [
    Code(
        "aggregate",
        "Write a class Account(log) with handle(command). It reads the stream, decides, and "
        "appends an event at the version that it has read; it answers 'ok' or 'refused'. Two "
        "branches run it at once, commands come again, and it may crash: up to 2 faults a run.",
        judged_by=Explored(
            accounts.accounts,
            accounts.decided_on_what_was,
            accounts.FAULTS,
            max_faults=2,
            diagnose=accounts.diagnose,
            draws=accounts.in_lanes,
        ),
        lessons=beliefs.ACCOUNT,
        hints=beliefs.ACCOUNT_HINTS,
    ),
    Code(
        "projection",
        "Write a class View(db) with handle(event). It keeps the rows 'ann', 'cy' and 'position': "
        "after each write, the balances are those of the first 'position' events. Up to 2 times "
        "an event comes twice, an ack gets lost, or the worker crashes.",
        judged_by=Explored(
            views.view, views.honest, views.FAULTS, max_faults=2, diagnose=probes.why_dishonest
        ),
        lessons=beliefs.VIEW,
        hints=beliefs.VIEW_HINTS,
    ),
    Choose(
        "screens",
        "A view lags half a second behind. Choose what ann's screen shows after her withdrawal, "
        "and what keeps two people from opening accounts under one email.",
        options=screens.OPTIONS,
        judged_by=Explored(screens.screens, screens.true_screens, screens.FAULTS, max_faults=2),
        lessons=beliefs.SCREENS,
        hints=beliefs.SCREENS_HINTS,
    ),
    Code(
        "upcast",
        "Write upcast(event). It returns each event of money as its second version, {'v': 2, "
        "'type', 'cents', 'currency', 'rate'}, and any other event as it is.",
        judged_by=Explored(
            upcasts.upcasts, upcasts.one_meaning, (), 0, until=1e6, diagnose=probes.why_read
        ),
        lessons=beliefs.UPCAST,
        hints=beliefs.UPCAST_HINTS,
    ),
    Parsons(
        "snapshot",
        "Put lines in order: load(log, db, code) returns what a replay of ann's stream by this "
        "version of the code would give, and reads only events that are new. Some lines are traps.",
        lines=[
            "        version += 1",
            "    saved = await db.get('ann') or [0, 0]",
            "    await db.put(f'ann {code}', [version, balance])",
            "    for event in await log.read('ann', after=version):",
            "    return balance",
            "    version, balance = saved",
            "    await db.put('ann', [version, balance])",
            "async def load(log, db, code):",
            "        balance = apply(balance, event, code)",
            "    saved = await db.get(f'ann {code}') or [0, 0]",
            "    for event in await log.read('ann'):",
            "    saved = [0, 0]",
        ],
        defines="load",
        names={"apply": snapshots.apply},
        judged_by=Explored(
            snapshots.snapshots, snapshots.as_from_the_start, (), 0, diagnose=probes.why_loaded
        ),
        lessons=beliefs.SNAPSHOT,
        hints=beliefs.SNAPSHOT_HINTS,
    ),
    Audit(
        "audit",
        "Write oracle(rows, trace). rows['log'] are the events, and rows['seen'] what somebody "
        "saw of the view after each write. Return None if the view was honest and reached the "
        "end, or a text that says what is wrong. It must spare every right view, and fail every "
        "wrong one.",
        judged_by=Audited(
            views.first_events,
            on_trial.rows,
            views.honest,
            views.FAULTS[1:],
            on_trial.SUSPECTS,
            drawn,
            oracles.overlooked,
            mistaken=oracles.mistaken,
        ),
        lessons=beliefs.AUDIT,
        hints=beliefs.AUDIT_HINTS,
    ),
]
