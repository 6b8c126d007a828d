"""Exercise 09: git's trees, what runs first, undo, a reducer, a fair hit, an oracle for undo."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.enumerated import Enumerated
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.trials import RunAudit, Trial
from pubsub_kit.checks.questions.reasons import time_travel as reasons
from pubsub_kit.checks.systems import time_travel_slips as slips
from pubsub_kit.checks.systems import undo_on_trial as trial
from pubsub_kit.scenarios.strips import strip
from pubsub_kit.scenarios.time_travel import clicks, folders, hits, orders, undo

TRIAL = Trial(trial.SUSPECTS, trial.runs, trial.differs, trial.shown, "–, –", trial.last_step)
QUESTIONS: list[Question] = [
    Estimate(
        "stored",
        "A file of 1,000 lines of 40 bytes gets 50 commits. The first one adds it, and each of "
        "the others changes one line. How many bytes of file contents has git stored, before it "
        "compresses or packs anything?",
        value=lambda: 50 * 1_000 * 40 / 1e6,
        unit="MB",
        wrong={
            "git stores diffs": lambda: (1_000 * 40 + 49 * 40) / 1e6,
            "the last version alone": lambda: 1_000 * 40 / 1e6,
            "a version too few": lambda: 49 * 1_000 * 40 / 1e6,
            "a version too many": lambda: 51 * 1_000 * 40 / 1e6,
        },
        tolerance=0.01,
        lessons=reasons.STORED,
        hints={"": ["What does a blob hold?", "versions × lines × bytes per line"]},
        shows="50 versions × 1,000 lines × 40 bytes: each commit has a blob with the whole file.",
    ),
    Code(
        "tree",
        "Write tree_id(folder), which returns git's id of a folder as 40 hex digits. folder maps "
        "names to bytes (a file) or to another such dict (a folder). object_id(kind, body) hashes "
        "an object as git does.",
        judged_by=Enumerated(
            folders.cases, folders.run, "folders of up to 4 entries", strip, slips.of_trees
        ),
        lessons=reasons.TREE,
        hints=reasons.TREE_HINTS,
    ),
    Choose(
        "order",
        "What runs first? For the lesson's main.cjs, main.mjs and asyncio, choose what each "
        "prints, without 'main'; for replay, how you order commits if clocks may be wrong.",
        options=orders.OPTIONS,
        judged_by=Enumerated(orders.cases, orders.run, "programs", strip),
        lessons=reasons.ORDER,
        hints=reasons.ORDER_HINTS,
    ),
    Code(
        "undo",
        "Write a class History(state) with do(change), undo() and redo(), and the current state "
        "as its attribute state. change(state) returns a new state; it may look at a clock. With "
        "nothing to undo or redo, nothing changes.",
        judged_by=Enumerated(undo.cases, undo.run, "sequences of up to 6 commands", strip),
        lessons=reasons.UNDO,
        hints=reasons.UNDO_HINTS,
    ),
    Code(
        "reducer",
        "Repair Game(clock, die). clicked(button) runs once per click, and returns an event that "
        "JSON can store. reduce(state, event) makes the next state, and runs again whenever the "
        "slider moves. 'roll' adds what the die shows at the click to state['rolls'], 'clear' "
        "empties it; state['at'] is the time of the last click.",
        judged_by=Enumerated(
            clicks.cases, clicks.run, "journeys through up to 3 clicks, and one more", strip
        ),
        lessons=reasons.REDUCER,
        hints=reasons.REDUCER_HINTS,
    ),
    Code(
        "hit",
        "Write hit(now, target, shot), which returns True or False. target(t) is where the target "
        "stood at time t; shot has 'aim', 'latency', 'interpolation' and the client's own 'tick'. "
        "Up to 16 units beside is a hit. The tick counts if it is within 0.2 s of now - latency. "
        "Whatever the time, go back at most 1 s.",
        judged_by=Enumerated(hits.cases, hits.run, "shots", hits.arena, slips.of_shots),
        lessons=reasons.HIT,
        hints=reasons.HIT_HINTS,
    ),
    RunAudit(
        "audit",
        "Write oracle(run) for undo in a document that ann and bob share; each has a line of their "
        "own. A run is a list of edits: edit.who, edit.did ('do', 'undo' or 'redo'), edit.before "
        "and edit.after, the lines by person. A do adds a new letter to a line. Return None if "
        "the run is right, or what is wrong. It must spare every right system, and fail every "
        "wrong one.",
        judged_by=Enumerated(trial.SUSPECTS.copy, TRIAL.run, trial.TRIED, strip, TRIAL.blind),
        lessons=reasons.AUDIT,
        hints=reasons.AUDIT_HINTS,
    ),
]
