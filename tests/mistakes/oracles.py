"""Oracles for the questions `audit` of exercises 03 and 05, wrong ones and unusual right ones."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from tests.mistakes import Mistake, Right

Rows = dict[str, Any]
OWED = {"ann": 20, "bob": 5}

# --- payments: right ------------------------------------------------------------------------------


def compares_the_two_rows(rows: Rows, trace: Trace) -> str | None:
    for name, owed in OWED.items():
        if rows.get(name, 0) != owed:
            return f"{name} has {rows.get(name, 0)}, not {owed}"
    return None


def by_conservation(rows: Rows, trace: Trace) -> list[str]:
    """Total, and whose."""
    ann, bob = rows.get("ann", 0), rows.get("bob", 0)
    wrong = []
    if ann + bob != 25:
        wrong.append(f"{ann + bob} was booked, and 25 was paid")
    if ann != 4 * bob:
        wrong.append("ann has not four times what bob has")
    return wrong


def replays_the_effects(rows: Rows, trace: Trace) -> str:
    """Follows each write of the trace, and looks at no row."""
    held: Rows = {}
    for step in trace.of("effect"):
        held.update(step.data[2])
    return ", ".join(f"{n} ends with {held.get(n)}" for n in OWED if held.get(n) != OWED[n])


def counts_effects(rows: Rows, trace: Trace) -> Violation | None:
    """Adds up by how much each write changed a balance."""
    changed: Counter[str] = Counter()
    for step in trace.of("effect"):
        _, before, after = step.data
        for name in OWED:
            if name in after:
                changed[name] += after[name] - (before[name] or 0)
    return None if changed == OWED else Violation(f"changed by {dict(changed)}", len(trace) - 1)


class Model:
    """Runs the payments through a model of two lines; a method, which uses assert."""

    def is_like(self, rows: Rows, trace: Trace) -> None:
        model: Counter[str] = Counter()
        for account, amount in (("ann", 10), ("ann", 10), ("bob", 5)):
            model[account] += amount
        assert {name: rows.get(name, 0) for name in model} == model, "not what the model has"


def changes_what_it_is_given(rows: Rows, trace: Trace) -> str | None:
    said = compares_the_two_rows(rows, trace)
    for step in trace.of("effect"):
        step.data[2].clear()
    rows.clear()
    trace.steps.clear()
    return said


# --- payments: wrong ------------------------------------------------------------------------------


def never_complains(rows: Rows, trace: Trace) -> str | None:
    return "no trace" if not trace else None


def always_complains(rows: Rows, trace: Trace) -> str:
    return "odd" if rows else "empty"


def says_ok(rows: Rows, trace: Trace) -> str:
    return "wrong" if rows.get("ann") not in (20, 69) else "ok"


def returns_none(rows: Rows, trace: Trace) -> str | None:
    return None


def compares_every_row(rows: Rows, trace: Trace) -> str | None:
    return None if rows == OWED else f"the rows are {sorted(rows)}"


def looks_at_the_calm_run_only(rows: Rows, trace: Trace) -> str | None:
    return None if trace.faults() else compares_the_two_rows(rows, trace)


def condemns_a_crash(rows: Rows, trace: Trace) -> str | None:
    crashes = trace.of("crash")
    return f"{crashes[0].node} crashed" if crashes else compares_the_two_rows(rows, trace)


def compares_lists_in_order(rows: Rows, trace: Trace) -> str | None:
    begun = [step.text.partition(" ")[0] for step in trace.of("begin")]
    return None if begun == sorted(set(begun)) else f"the payments came as {begun}"


def raises_where_a_row_is_missing(rows: Rows, trace: Trace) -> str | None:
    return None if rows["ann"] == 20 and rows["bob"] == 5 else "the balances are wrong"


def finds_only_what_is_too_much(rows: Rows, trace: Trace) -> str | None:
    return "too much" if any(rows.get(n, 0) > owed for n, owed in OWED.items()) else None


def finds_only_what_is_too_little(rows: Rows, trace: Trace) -> str | None:
    return "too little" if any(rows.get(n, 0) < owed for n, owed in OWED.items()) else None


def adds_up_the_accounts(rows: Rows, trace: Trace) -> str | None:
    return None if rows.get("ann", 0) + rows.get("bob", 0) == 25 else "not 25 in all"


def counts_writes(rows: Rows, trace: Trace) -> str | None:
    writes = [step for step in trace.of("effect") if "ann" in step.data[2]]
    return None if len(writes) == 2 else f"ann was written {len(writes)} times"


def wants_marks(rows: Rows, trace: Trace) -> str | None:
    marks = [row for row in rows if row.startswith("seen ")]
    return compares_the_two_rows(rows, trace) if len(marks) == 3 else f"{len(marks)} marks"


def expects_other_sums(rows: Rows, trace: Trace) -> str | None:
    return None if (rows.get("ann"), rows.get("bob")) == (10, 5) else "wrong"


def looks_at_ann_only(rows: Rows, trace: Trace) -> str | None:
    return None if rows.get("ann", 0) == 20 else "ann is wrong"


def looks_at_bob_only(rows: Rows, trace: Trace) -> str | None:
    return None if rows.get("bob", 0) == 5 else "bob is wrong"


def wants_both_to_be_wrong(rows: Rows, trace: Trace) -> str | None:
    return "wrong" if all(rows.get(name, 0) != owed for name, owed in OWED.items()) else None


def finds_only_too_much_of_bob(rows: Rows, trace: Trace) -> str | None:
    return "wrong" if rows.get("ann", 0) != 20 or rows.get("bob", 0) > 5 else None


def finds_only_too_little_of_bob(rows: Rows, trace: Trace) -> str | None:
    return "wrong" if rows.get("ann", 0) != 20 or rows.get("bob", 0) < 5 else None


def a_crash_excuses_everything(rows: Rows, trace: Trace) -> str | None:
    return None if trace.of("crash") else compares_the_two_rows(rows, trace)


def swallows_a_missing_row(rows: Rows, trace: Trace) -> str | None:
    with suppress(KeyError):
        return "wrong" if rows["ann"] != 20 or rows["bob"] != 5 else None
    return None


def expects_what_is_missing(rows: Rows, trace: Trace) -> str | None:
    return "wrong" if any(rows.get(name, owed) != owed for name, owed in OWED.items()) else None


def looks_whether_there_are_rows(rows: Rows, trace: Trace) -> str | None:
    return None if OWED.keys() <= rows.keys() else "a row is missing"


PAYMENT_MISTAKES = [
    Mistake("audit", returns_none, "never complains", faults=0),
    Mistake("audit", expects_other_sums, "other sums", faults=0),
    Mistake("audit", looks_at_ann_only, "one account is no matter", faults=0),
    Mistake("audit", looks_at_bob_only, "one account is no matter", faults=0),
    Mistake("audit", wants_both_to_be_wrong, "one is not enough", faults=0),
    Mistake("audit", finds_only_too_much_of_bob, "a loss is no harm", faults=0),
    Mistake("audit", finds_only_too_little_of_bob, "a double is no harm", faults=1),
    Mistake("audit", a_crash_excuses_everything, "a fault is an excuse", faults=1),
    Mistake("audit", swallows_a_missing_row, "a missing row is no harm", faults=0),
    Mistake("audit", expects_what_is_missing, "a missing row is no harm", faults=0),
    Mistake("audit", looks_whether_there_are_rows, "any sum will do", faults=0),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_ok, "a text means right", faults=0),
    Mistake("audit", returns_none, "never complains", faults=0),
    Mistake("audit", compares_every_row, "every row counts", faults=0),
    Mistake("audit", looks_at_the_calm_run_only, "only the calm run counts", faults=1),
    Mistake("audit", condemns_a_crash, "a fault is a violation", faults=1),
    Mistake("audit", compares_lists_in_order, "a fault is a violation", faults=1),
    Mistake("audit", raises_where_a_row_is_missing, "raises", faults=0),
    Mistake("audit", finds_only_what_is_too_much, "a loss is no harm", faults=0),
    Mistake("audit", finds_only_what_is_too_little, "a double is no harm", faults=1),
    Mistake("audit", adds_up_the_accounts, "the total is enough", faults=0),
    Mistake("audit", counts_writes, "one way to be right", faults=1),
    Mistake("audit", wants_marks, "one way to be right", faults=0),
]
PAYMENT_RIGHT = [
    Right("audit", compares_the_two_rows),
    Right("audit", by_conservation),
    Right("audit", replays_the_effects),
    Right("audit", counts_effects),
    Right("audit", Model().is_like),
    Right("audit", changes_what_it_is_given),
]

# --- transfers: right -----------------------------------------------------------------------------

DONE, NOTHING = (69, 30, 1), (100, 0, 0)


def _balances(rows: Rows) -> tuple[Any, ...]:
    return rows["ann"], rows["bob"], rows["bank"]


def two_states(rows: Rows, trace: Trace) -> str | None:
    """All of the first transfer or nothing, and the client was told which."""
    if _balances(rows) not in (DONE, NOTHING):
        return f"a part of a transfer is left: {_balances(rows)}"
    done = _balances(rows) == DONE
    if rows["t-1"] is not done and rows["t-1"] != "unknown":
        return f"t-1: done is {done}, and the client heard {rows['t-1']}"
    if rows["t-2"] is True:
        return "the client was told that t-2 is done"
    return "t-1 was not done" if not done and not trace.faults() else None


def by_conservation_of_money(rows: Rows, trace: Trace) -> str | None:
    """100 in all, a fee for each transfer that was done, and bob has what was sent."""
    if sum(_balances(rows)) != 100:
        return f"{sum(_balances(rows))} in all, not 100"
    if rows["bank"] not in (0, 1) or rows["bob"] != 30 * rows["bank"]:
        return "fee and amount do not belong together"
    heard = [rows["t-1"], rows["t-2"]]
    fine = {True: rows["bank"] == 1, False: rows["bank"] == 0, "unknown": True}[heard[0]]
    if not fine or heard[1] is True:
        return f"the client heard {heard}"
    return None if rows["bank"] or trace.faults() else "nothing was done"


def replays_the_accounts(rows: Rows, trace: Trace) -> str | None:
    """Rebuilds the balances from the effects, and judges those."""
    held = {"ann": 100, "bob": 0, "bank": 0}
    for step in trace.of("effect"):
        store, _, after = step.data
        if store in held and "balance" in after:
            held[store] = after["balance"]
    return two_states({**rows, **held}, trace)


def compares_with_a_model(rows: Rows, trace: Trace) -> Violation | None:
    """Every state and every pair of answers that a right service can end with."""
    model = [(DONE, (True, "unknown")), (NOTHING, (False, "unknown"))]
    allowed = [(state, one, two) for state, heard in model for one in heard
               for two in (False, "unknown")]  # fmt: skip
    if not trace.faults():
        allowed = [(DONE, True, False)]
    found = (_balances(rows), rows["t-1"], rows["t-2"])
    return None if found in allowed else Violation(f"the model has no {found}")


# --- transfers: wrong -----------------------------------------------------------------------------


def adds_up_the_money(rows: Rows, trace: Trace) -> str | None:
    return None if sum(_balances(rows)) == 100 else f"{sum(_balances(rows))} in all"


def looks_at_the_money_only(rows: Rows, trace: Trace) -> str | None:
    return None if _balances(rows) in (DONE, NOTHING) else "a part is left"


def allows_doing_nothing(rows: Rows, trace: Trace) -> str | None:
    return two_states(rows, Trace([step._replace(fault=True) for step in trace]))


def wants_the_transfer_done_whatever_happens(rows: Rows, trace: Trace) -> str | None:
    fine = _balances(rows) == DONE and rows["t-1"] is True and rows["t-2"] is False
    return None if fine else f"t-1 was not done: {_balances(rows)}"


def wants_bob_to_be_paid_last(rows: Rows, trace: Trace) -> str | None:
    paid = [s.node for s in trace.of("effect") if "balance" in s.data[2]]
    return "bob was paid first" if paid[:1] == ["bob"] else two_states(rows, trace)


def forgets_the_bank(rows: Rows, trace: Trace) -> str | None:
    fine = (rows["ann"], rows["bob"]) in ((69, 30), (100, 0))
    return None if fine else f"ann has {rows['ann']}, and bob {rows['bob']}"


def calm_transfers_only(rows: Rows, trace: Trace) -> str | None:
    return None if trace.faults() else two_states(rows, trace)


def forgets_bob(rows: Rows, trace: Trace) -> str | None:
    return two_states({**rows, "bob": 30 if rows["bank"] == 1 else 0}, trace)


def forgets_ann(rows: Rows, trace: Trace) -> str | None:
    return two_states({**rows, "ann": 69 if rows["bank"] == 1 else 100}, trace)


def adds_up_after_a_fault(rows: Rows, trace: Trace) -> str | None:
    """Any split will do after a fault, as long as nothing is missing."""
    if not trace.faults() or _balances(rows) in (DONE, NOTHING):
        return two_states(rows, trace)
    lie = rows["t-1"] is not True or rows["t-2"] is True
    return "a lie" if lie and rows["t-1"] != "unknown" else adds_up_the_money(rows, trace)


def believes_every_yes(rows: Rows, trace: Trace) -> str | None:
    yes = rows["t-1"] is True and _balances(rows) == NOTHING
    return two_states({**rows, "t-1": "unknown"} if yes and trace.faults() else rows, trace)


def believes_all_after_a_fault(rows: Rows, trace: Trace) -> str | None:
    heard = {"t-1": "unknown", "t-2": "unknown"} if trace.faults() else {}
    return two_states({**rows, **heard}, trace)


def believes_t1_after_a_fault(rows: Rows, trace: Trace) -> str | None:
    return two_states({**rows, **({"t-1": "unknown"} if trace.faults() else {})}, trace)


def believes_t2_after_a_fault(rows: Rows, trace: Trace) -> str | None:
    return two_states({**rows, **({"t-2": "unknown"} if trace.faults() else {})}, trace)


def excuses_crashes_only(rows: Rows, trace: Trace) -> str | None:
    not_done = _balances(rows) == NOTHING and not trace.of("crash")
    return "not done" if not_done else two_states(rows, trace)


def takes_unknown_for_a_yes(rows: Rows, trace: Trace) -> str | None:
    return two_states({**rows, "t-1": bool(rows["t-1"]), "t-2": bool(rows["t-2"])}, trace)


def wants_a_crash_for_unknown(rows: Rows, trace: Trace) -> str | None:
    silent = "unknown" in (rows["t-1"], rows["t-2"])
    return "no answer" if silent and not trace.of("crash") else two_states(rows, trace)


def wants_t2_to_be_false(rows: Rows, trace: Trace) -> str | None:
    return "a lie about t-2" if rows["t-2"] is not False else two_states(rows, trace)


TRANSFER_MISTAKES = [
    Mistake("audit", forgets_bob, "a part is no harm", faults=0),
    Mistake("audit", forgets_ann, "a part is no harm", faults=0),
    Mistake("audit", adds_up_after_a_fault, "the total is enough", faults=1),
    Mistake("audit", believes_every_yes, "a yes is never a lie", faults=1),
    Mistake("audit", believes_all_after_a_fault, "a fault excuses a lie", faults=1),
    Mistake("audit", believes_t1_after_a_fault, "a fault excuses a lie", faults=1),
    Mistake("audit", believes_t2_after_a_fault, "a fault excuses a lie", faults=1),
    Mistake("audit", excuses_crashes_only, "only a crash excuses", faults=1),
    Mistake("audit", takes_unknown_for_a_yes, "'unknown' is a lie", faults=1),
    Mistake("audit", wants_a_crash_for_unknown, "'unknown' is a lie", faults=1),
    Mistake("audit", wants_t2_to_be_false, "'unknown' is a lie", faults=1),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_ok, "a text means right", faults=0),
    Mistake("audit", returns_none, "never complains", faults=0),
    Mistake("audit", calm_transfers_only, "only the calm run counts", faults=1),
    Mistake("audit", wants_the_transfer_done_whatever_happens, "a fault is a violation", faults=1),
    Mistake("audit", wants_bob_to_be_paid_last, "one way to be right", faults=0),
    Mistake("audit", adds_up_the_money, "the total is enough", faults=0),
    Mistake("audit", forgets_the_bank, "a part is no harm", faults=0),
    Mistake("audit", looks_at_the_money_only, "what the client hears is no matter", faults=0),
    Mistake("audit", allows_doing_nothing, "doing nothing is right", faults=0),
]
TRANSFER_RIGHT = [
    Right("audit", two_states),
    Right("audit", by_conservation_of_money),
    Right("audit", replays_the_accounts),
    Right("audit", compares_with_a_model),
]
