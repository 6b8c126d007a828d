"""Exercise 10: a trace that goes on, a safe replay, somebody forgotten, and a schema's rollout."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions import audits
from pubsub_kit.checks.questions.reasons import living_with_events as reasons
from pubsub_kit.checks.questions.reasons.hashed_numbers import PHONE
from pubsub_kit.checks.questions.reasons.schema_evolution import ROLLOUT
from pubsub_kit.scenarios.living_with_events import packing, replays, schemas, secrets

_ROWS = "What have all rows about one person in common?"

QUESTIONS: list[Question] = [
    Code(
        "trace",
        "Write a class Packing(tracing) with handle(events). Packing a batch takes 1.5 s. Then "
        "publish each event on 'packed', under its id, with a context that leads back to its own "
        "trace, and write its id to the log. The service may crash, or a publish may be repeated.",
        judged_by=Explored(
            packing.packing, packing.reachable, packing.FAULTS, 1, until=60.0, draws=packing.draw
        ),
        lessons=reasons.TRACE,
        hints={
            "context follows by itself": ["Which context does the block of your span get?"],
            "passes it on unopened": ["What begins a span, and gives you its context?"],
            "sends the old context": ["What does span() give to its block, as a context?"],
            "a trace of its own": ["Where do you tell a span what caused it?"],
            "a trace is one tree": ["links= takes a list: how many causes does your span have?"],
            "one context for all": ["Which span's context goes with this order?"],
            "the span is not the work": ["Which lines of yours take time?"],
            "a span that never ends": ["Use span() in a with block: its end ends the span."],
            "no log line": ["What does each line of your log name?"],
            "": ["One span for the batch, linked to each event's extensions, around the work."],
        },
    ),
    Code(
        "replay",
        "Write a class Invoices(db) with handle(event). Add dollars × rate to the row 'view total' "
        "and have each order mailed once. On day 30 somebody deletes all rows that begin with "
        "'view ', and replays the log through your code: the view must come out as before, and "
        "nobody is mailed again. Up to 2 crashes, duplicates or lost replies.",
        judged_by=Explored(
            replays.invoices,
            replays.replay_safe,
            replays.FAULTS,
            until=replays.UNTIL,
            diagnose=replays.diagnose,
        ),
        lessons=reasons.REPLAY,
        hints={
            "replay is free": ["What tells your code, on day 30, that the mail was sent?"],
            "the answer will be the same": ["Keep the rate in a row that the replay leaves."],
            "the mark outlives the view": ["Where do the total and its mark have to stand?"],
            "marked, and not mailed": ["Which of the two may be done twice, and do no harm?"],
            "marked, and not counted": ["One transaction holds the total and its mark."],
            "a timeout means done": ["Don't catch CallTimeout, or raise it again."],
            "waits for ever": ["What does call() do after a timeout, and what without one?"],
            "returns early": ["Which steps does your mark of the total speak of?"],
            "counts twice": ["What does the first attempt leave that the second one can see?"],
            "old means replayed": ["What do you know about an order for certain, old or new?"],
            "one gate for all": ["How many orders can share one gate?"],
            "taken for another": ["Two orders may have the same price. What is each one's own?"],
            "mails nothing": ["mail wants the order's id, and the call a timeout."],
            "mails under another id": ["event.id is what mail knows an order by."],
            "no total": ["Print the total and the rate after each order."],
            "": ["Three rows an order: its rate and its mail outlive the view, its mark does not."],
        },
    ),
    Code(
        "forget",
        "Write a class Privacy(keys, views, backups) with handle(event), which forgets "
        "event.data['who']: afterwards no store and no restored backup yields their address, phone "
        "number or its hash. Everybody else and the totals stay. Up to 2 crashes or pauses (30 s).",
        judged_by=Explored(
            secrets.forgetting_both,
            secrets.forgotten,
            secrets.FAULTS,
            until=secrets.UNTIL,
            draws=secrets.draw,
        ),
        lessons=reasons.FORGET,
        hints={
            "key deleted, person forgotten": ["Who has decrypted her data already, and wrote it?"],
            "the index is left": [_ROWS],
            "the dead letter is left": [_ROWS],
            "a hash is anonymous": [_ROWS],
            "the key is back": ["Which row keeps the restore from bringing back a key?"],
            "the key is kept": ["Without which row can't the log be read?"],
            "the view is up to date": ["The key first: without it the projector writes nothing."],
            "returns early": ["Which steps may be done twice, and do no harm?"],
            "forgets others too": ["How do you tell a row about this person from all the others?"],
            "": ["List as forgotten, delete the key, then delete each row about them."],
        },
    ),
    Estimate(
        "phone",
        "A phone number of 7 digits is replaced by its SHA-256. One core computes 1.2 million "
        "hashes a second. How long does it take to hash every number there is?",
        value=lambda: 1e7 / 1.2e6,
        unit="second",
        wrong={
            "a million numbers": lambda: 1e6 / 1.2e6,
            "nine digits to choose from": lambda: 9**7 / 1.2e6,
            "the hash is what is searched": lambda: 2.0**256 / 1.2e6,
            "no number begins with 0": lambda: 9e6 / 1.2e6,
            "upside down": lambda: 1.2e6 / 1e7,
            "numbers, not seconds": lambda: 1e7,
        },
        lessons=PHONE,
        hints={"": ["How many numbers have 7 digits?", "numbers ÷ hashes per second"]},
        shows="10⁷ numbers ÷ 1.2 × 10⁶ a second: a hash hides nothing that can be listed.",
    ),
    Choose(
        "rollout",
        "A team needs the field gift, and proposes four more changes. Choose the registry's mode, "
        "who upgrades first, whether the schema is open, and how versions are checked. Every "
        "reader must be able to read every event, live and when the log is replayed.",
        options=schemas.OPTIONS,
        judged_by=Explored(
            schemas.rollout, schemas.everybody_reads, schemas.FAULTS, until=60.0, draws=schemas.draw
        ),
        lessons=ROLLOUT,
        hints={
            "a registry checks by itself": ["Which modes compare anything at all?"],
            "producers first": ["Who is sure to read the other's events, in this mode?"],
            "consumers first": ["Who is sure to read the other's events, in this mode?"],
            "the last version is enough": ["How old is the oldest event of a replay?"],
            "FORWARD covers a replay": ["At a replay, the reader is newer than the writer."],
            "one sample is enough": ["Compare the schemas: they say all that data may be."],
            "an optional field is safe": ["Who may have used that name before?"],
            "an open schema can grow": ["A closed schema keeps its unused names free."],
            "": ["Name the writer and the reader of an event, with their versions."],
        },
    ),
    audits.FORGOTTEN,
]
