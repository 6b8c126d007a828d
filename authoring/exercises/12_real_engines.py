# %% [markdown]
# # Exercise 12 · Real engines
#
# Five questions. No engine has to run: a consumer is tried in worlds that do as the engines do, and
# what you predict is compared with what was recorded on real ones.
#
# | you have | |
# |---|---|
# | `delivery.data`, `.id` | the order, and its id |
# | `delivery.attempt` | which delivery it is; `None` if nobody counts |
# | `delivery.deadline` | when its lease ends; infinity if there is none |
# | `await delivery.ack()`, `nack(delay)` | deal with it, or give it back |
# | `db` | the one of exercise 03: `get`, `put`, `add`, `insert`, `transaction()` |
# | `await publish(topic, data, id=…)` | publish an event |
# | `clock()` | the time, in seconds |
#
# A verdict draws the run that breaks your answer. Stuck? Try `q.port.hint()`.

# %% tags=["folded"]
# Imports
from pubsub_kit import clock, exercise, publish
from pubsub_kit.incidents import incident, sample

q = exercise("12")

# %% [markdown]
# ### source: SQS: developer guide, visibility timeout, stale receipts (November 2026)
# ## port
#
# The consumer below is right on SQS: deliveries are counted there, and an ack that comes too late
# is refused. Make it right on three kinds of engine:
#
# - attempts are counted, and a late ack is refused, as here,
# - `delivery.attempt` is `None`, and an order that fails holds up what comes after it,
# - attempts are counted, and a late ack ends the lease of whoever has the order by then.
#
# Each order is billed once: its amount times the row `rate` is added to the row `billed`. One order
# has no amount. It has failed in three deliveries when it goes to `orders.dead`, and not before.
# A delivery that ended in a crash or a pause may count as failed, or not. Two workers share `db`. A
# worker may crash, and is away for 45 s; or it pauses for 30 s. A lease lasts 10 s.


# %% tags=["answer:port"]
class Billing:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        ### BEGIN SOLUTION
        try:
            amount = delivery.data["amount"] * await self.db.get("rate")
            async with self.db.transaction() as tx:
                if await tx.insert(f"done {delivery.id}"):
                    await tx.add("billed", amount)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await publish("orders.dead", delivery.data, id=delivery.id)
        await delivery.ack()
        ### END SOLUTION
        ### BEGIN STUB
        # if delivery.attempt > 3:
        #     await publish("orders.dead", delivery.data, id=delivery.id)
        # else:
        #     amount = delivery.data["amount"] * await self.db.get("rate")
        #     if clock() < delivery.deadline:  # it is still mine
        #         async with self.db.transaction() as tx:
        #             if await tx.insert(f"done {delivery.id}"):
        #                 await tx.add("billed", amount)
        # await delivery.ack()  # if it is no longer mine, the engine refuses it
        ### END STUB


q.port.check(Billing)

# %% [markdown] tags=["solution", "answer:port"]
# ### source: Redis: commands, XACK takes a group and message ids (7.0)
# ### source: NATS: JetStream, an ack is sent to the message's reply subject (2.12)
# ### source: Kafka: KIP-932, consumer groups and share groups, delivery count (4.3)
# **Why.** The handler relies on nothing that only some engines have. It counts failures in its own
# rows, since a group of Kafka counts none. And it acks on no path without the work: whoever comes
# to the ack has billed the order, found the mark of somebody who did, or set it aside. So it does
# no harm if the ack ends another's lease, as in Redis and NATS.
#
# Leaving without an ack when `clock()` has passed the deadline is right as well: the order comes
# again. The look alone proves nothing, since a worker may pause right after it. It is the
# transaction that keeps an order from being billed twice.

# %% [markdown]
# ## predict
#
# Ann gets a message and hangs for longer than its lease, if there is one. What becomes of her late
# ack on seven engines? And which of three count the attempts of a record that failed? What is right
# was recorded when we played it on their servers, and on emulators of the two cloud services.

# %%
print(q.predict)

# %% tags=["answer:predict"]
### source: Redis: commands, XACK takes a group and message ids (7.0)
### source: NATS: JetStream, an ack is sent to the message's reply subject (2.12)
### source: RabbitMQ: documentation on consumer acknowledgements (4.2)
### source: Kafka: KIP-932, share groups: delivery count, acquisition lock (4.3)
### source: JetStream: documentation on consumers (2.12)
### source: SQS: developer guide, visibility timeout, stale receipts (November 2026)
### source: Google Pub/Sub: documentation on ack deadlines (November 2026)
### BEGIN SOLUTION
predict = {
    "a late ack on RabbitMQ": "counts: Bob never got the message",
    "a late ack on SQS": "is refused, and she is told",
    "a late ack on Redis Streams": "ends Bob's lease",
    "a late ack on a Kafka group": "is refused, and she is told",
    "a late ack on NATS JetStream": "ends Bob's lease",
    "a late ack on Google Pub/Sub": "changes nothing, and she isn't told",
    "a late ack on a Kafka share group": "is refused, and she is told",
    "an attempt on a Kafka group": "is counted by nobody",
    "an attempt on a Kafka share group": "is counted",
    "an attempt on Redis Streams": "is counted",
}
### END SOLUTION
### BEGIN STUB
# predict = {
#     "a late ack on RabbitMQ": ...,
#     "a late ack on SQS": ...,
#     "a late ack on Redis Streams": ...,
#     "a late ack on a Kafka group": ...,
#     "a late ack on NATS JetStream": ...,
#     "a late ack on Google Pub/Sub": ...,
#     "a late ack on a Kafka share group": ...,
#     "an attempt on a Kafka group": ...,
#     "an attempt on a Kafka share group": ...,
#     "an attempt on Redis Streams": ...,
# }
### END STUB

q.predict.check(predict)

# %% [markdown] tags=["solution", "answer:predict"]
# ### source: Redis: commands, XACK takes a group and message ids (7.0)
# ### source: NATS: JetStream, an ack is sent to the message's reply subject (2.12)
# ### source: RabbitMQ: documentation on consumer acknowledgements (4.2)
# ### source: Kafka: KIP-932, share groups: delivery count, acquisition lock (4.3)
# ### source: SQS: developer guide, visibility timeout, stale receipts (November 2026)
# **Why.** Ask what an ack names. In Redis and NATS it is the message, so a late one speaks for
# whoever has it. With SQS and a share group of Kafka it is one delivery. RabbitMQ lends nothing:
# the message stays with a worker whose channel is open. A classic group of Kafka has a position,
# and a position has no room for a count.

# %% [markdown]
# ## defaults
#
# Nine situations. In each, choose a setting that would have helped.

# %%
print(q.defaults)

# %% tags=["answer:defaults"]
### BEGIN SOLUTION
defaults = {
    "away": "auto.offset.reset=earliest",
    "slow": "VisibilityTimeout=60",
    "raises": "AckPolicy.NACK_ON_ERROR",
    "alone": "min.insync.replicas=2",
    "languages": "partitioner=murmur2_random",
    "confirmed": "mandatory=True",
    "exits": "flush() at the end",
    "aborted": "isolation.level=read_committed",
    "restart": "an inbox at the consumer",
}
### END SOLUTION
### BEGIN STUB
# defaults = {
#     "away": ...,
#     "slow": ...,
#     "raises": ...,
#     "alone": ...,
#     "languages": ...,
#     "confirmed": ...,
#     "exits": ...,
#     "aborted": ...,
#     "restart": ...,
# }
### END STUB

q.defaults.check(defaults)

# %% [markdown] tags=["solution", "answer:defaults"]
# ### source: Kafka: consumer configs, auto.offset.reset; topic configs, retention.ms (4.3)
# ### source: SQS: developer guide, visibility timeout of 30 seconds (November 2026)
# **Why.** Each default fits somebody else. In Kafka, `latest` fits a dashboard, and skips what a
# search index needs; keeping records for 14 days helps as well here. In SQS, 30 s fit most
# handlers, and a FIFO queue hands a message out again all the same. Where a word such as *acked*,
# *confirmed* or *produced* stands, ask: by whom, and what has happened by then?

# %% [markdown]
# ## incident
#
# A shop sells tickets, and two workers mail them. The next cell prints their log. Judge it: for
# each oracle, does it hold, is it broken, or is that undecidable from this log? The oracles:
#
# | | it is broken if |
# |---|---|
# | lost | a group neither acks a message nor sets it aside, for longer than a lease |
# | doubled effect | a message changes the same thing twice |
# | redelivered though acked | a message comes again after an ack in time |
# | late ack | an ack counts though the message is with another worker by then |
# | out of order | of one key, a later message is handled before an earlier one |
# | stuck | a message is delivered three times, and never acked |

# %%
print(sample("tickets").read_text())

# %% tags=["answer:incident"]
### BEGIN SOLUTION
verdicts = {
    "lost": "holds",
    "doubled effect": "broken",
    "redelivered though acked": "holds",
    "late ack": "undecidable",
    "out of order": "broken",
    "stuck": "holds",
}
### END SOLUTION
### BEGIN STUB
# verdicts = {
#     "lost": ...,
#     "doubled effect": ...,
#     "redelivered though acked": ...,
#     "late ack": ...,
#     "out of order": ...,
#     "stuck": ...,
# }
### END STUB

q.incident.check(verdicts)

# %% [markdown] tags=["solution", "answer:incident"]
# **Why.** mailer-1 overslept, and ticket-1 was mailed twice. ticket-3 is Ann's as well, and went
# out before it. Of the late ack, the log says that it was sent, and not whether the broker took it:
# one more field, `refused`, would decide that. ticket-4 failed twice and was set aside, so it is
# neither lost nor stuck.
#
# That `late ack` is undecidable is a finding too: log what the broker answers.

# %% [markdown]
# ## audit
#
# Now judge the judge. `rows["log"]` is the log of a run, a list of dicts. `what` is `published`,
# `delivered`, `acked`, `nacked`, `effect`, `crashed` or `restarted`. Each has `at`, `message`,
# `worker`, `topic`, `target` and `refused`, empty where it doesn't apply.
#
# An order is lost if an ack of it counted, and by the end it is neither billed (an effect whose
# target is `billed`) nor published to `orders.dead`. `check()` runs six systems that are right and
# six that are wrong, on engines of all three kinds. Return `None` if the run is right, or a text
# that says what is lost.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    acked, safe = set(), set()
    for line in rows["log"]:
        if line["what"] == "acked" and not line["refused"]:
            acked.add(line["message"])
        if line["target"] == "billed" or line["topic"] == "orders.dead":
            safe.add(line["message"])
    if acked - safe:
        return f"{sorted(acked - safe)} acked and lost"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is lost
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** The rule goes by the message, and not by the worker: who acks need not be who billed. An
# ack that was refused ends nothing, so it proves nothing. And a mark that says `done` is what a
# handler believes; the bill is what happened.

# %% [markdown]
# ### source: OpenTelemetry: semantic conventions for messaging, in development (1.44)
# ## Bring your own incident
#
# Export a log of your own system: JSON lines as above, or spans of OpenTelemetry. `at`, `what` and
# `message` are enough to begin with, and each finding names the field that would tell more. Put its
# path in place of the sample. Nothing leaves your machine.

# %%
mine = incident(sample("late_ack"))  # incident("path/to/your.jsonl", lease=30)
mine.draw()

# %%
mine.judged()

# %% [markdown]
# And the smallest run of the kit's world that does the same. It may have another cause than yours:
# it shows one that suffices.

# %%
mine.explained()

# %% [markdown]
# All ✓? Close the notebook and say aloud what your consumer may rely on, whatever the engine.
