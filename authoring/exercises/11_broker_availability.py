# %% [markdown]
# # Exercise 11 · Brokers that may fail
#
# Seven questions. A topic lives on three brokers. Each of them may crash, be cut off from the
# others, lose its disk, or lose power. Acked records have to stay.
#
# | you have | |
# |---|---|
# | `acks` | what a producer waits for: nothing (0), the leader (1), all replicas in sync (all) |
# | `min_insync` | how few may be in sync for a write with `acks=all` |
# | `fsync` | each replica flushes a record to its disk before it answers |
# | epoch | counts the leaders; each record has the epoch of the leader that took it |
# | high watermark | what is below it is committed: all replicas in sync have it |
#
# A verdict draws the brokers' logs, moment by moment. Stuck? Try `q.cut.hint()`.

# %% tags=["folded"]
# Imports
from pubsub_kit import exercise

q = exercise("11")

# %% [markdown]
# ## settings
#
# Choose for three topics, each on three brokers. A hop between two brokers takes 1 ms, and a flush
# 5 ms. If two faults are too many to go on, a topic may refuse writes, as long as it loses nothing.

# %%
print(q.settings)

# %% tags=["answer:settings"]
### BEGIN SOLUTION
settings = {
    "page views": "acks=1, min_insync=1",
    "orders": "acks=all, min_insync=2",
    "ledger": "acks=all, min_insync=2, fsync",
}
### END SOLUTION
### BEGIN STUB
# settings = {"page views": ..., "orders": ..., "ledger": ...}
### END STUB

q.settings.check(settings)

# %% [markdown] tags=["solution", "answer:settings"]
# ### source: NATS: Jepsen's report on NATS 2.12.1 (2025-12-08)
# **Why.** `min_insync=2` keeps a second copy of whatever was acked, and one of three brokers may be
# away. With 1, the leader may end up alone in sync, and takes the only copy with it. With 3, the
# first restart stops all writes. And `min_insync` only guards writes with `acks=all`: `acks=1` is
# answered by the leader alone.
#
# None of this is about the disk. If all brokers lose power at once, a record survives only where it
# was flushed. Jepsen lost acked writes of NATS 2.12.1 that way. For page views, `acks=0` is just as
# good.

# %% [markdown]
# ## cut
#
# A follower that finds a leader may have records that the leader lacks. `mine` and `leaders` are
# two lists: the epochs of the records in both logs, by offset. `watermark` is how far this follower
# knows the log to be committed. Return the offset from which it cuts its own log (its length: it
# cuts nothing). It keeps what both have, and nothing else. Afterwards it fetches from there on.
#
# broker-1 leads in epoch 3 and holds `[1, 2, 3]`. broker-2 led in epoch 2, took two records that
# nobody else has, and is back after 20 s. broker-3 holds `[1, 2]`, is in sync, and restarts.


# %% tags=["answer:cut"]
def cut(mine, leaders, watermark):
    ### BEGIN SOLUTION
    for offset, (own, other) in enumerate(zip(mine, leaders, strict=False)):
        if own != other:
            return offset
    return min(len(mine), len(leaders))
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.cut.check(cut)

# %% [markdown] tags=["solution", "answer:cut"]
# ### source: Kafka: KIP-101, leader epoch instead of high watermark for truncation (0.11)
# **Why.** An epoch has one leader, and that leader writes each offset once. So as far as the epochs
# agree, the records are the same. From the first difference on, the leader's are the ones that
# count.
#
# The watermark doesn't matter. It lags behind the leader's by one fetch, so what is above it may
# have been acked already. Kafka cut there until KIP-101. It doesn't compare offset by offset: a
# follower asks where the leader's last epoch ends that it knows, which is the same place.

# %% [markdown]
# ## elect
#
# The controller has noticed that the leader is silent. A candidate has `candidate.name`,
# `candidate.alive`, `candidate.in_sync`, `candidate.wiped` (it came back under its old name with an
# empty disk) and `candidate.end`, the number of records that it says it has. Return a name, or
# `None` to wait until somebody comes back. To wait while a fit broker lives is wrong. (A function
# that is `return None` and nothing else counts as not attempted.)
#
# broker-3 is away for a minute while orders arrive, and any two brokers may crash. In one world,
# each is back after 20 s with its log. In another one, it is back after a second, with its log or
# with an empty disk.


# %% tags=["answer:elect"]
def elect(candidates):
    ### BEGIN SOLUTION
    for candidate in candidates:
        if candidate.alive and candidate.in_sync and not candidate.wiped:
            return candidate.name
    return None
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.elect.check(elect)

# %% [markdown] tags=["solution", "answer:elect"]
# ### source: Kafka: KIP-966, Eligible Leader Replicas: unclean shutdown (4.1)
# **Why.** Only a replica in sync is sure to have every acked record, and only if its disk still has
# it. If there is none, waiting loses nothing: the others bring their logs back. An **unclean
# election** goes on at once, and the returning brokers cut their logs to the new leader's.
#
# Among those that are fit, any will do; the longest log saves the others some fetching. The length
# alone proves nothing, since an old leader may have records that were never committed. Kafka takes
# a broker that shut down uncleanly out of the in-sync set (KIP-966).

# %% [markdown]
# ## zombie
#
# Prices of seat A1 arrive in one partition: 10, then 12, then 11. Two workers are members of its
# group. A worker that pauses for 30 s loses its partition after 10, and then wakes up with an old
# message in its hand. The row `A1` shows each price in its turn, and ends with the latest one: a
# number, or a dict with `"price"`.
#
# You have `delivery.data["price"]`, `delivery.offset`, `delivery.generation` and
# `await delivery.ack()`. If the broker refuses the ack, nothing is raised, and `ack()` returns
# `False`. `db` is the one of exercise 03, with `get`, `put`, `transaction()` and
# `compare_and_set(key, old, new)`.


# %% tags=["answer:zombie"]
class Prices:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        ### BEGIN SOLUTION
        price, generation = delivery.data["price"], delivery.generation
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"generation": 0})
            if row["generation"] <= generation:
                await tx.put("A1", {"price": price, "generation": generation})
        await delivery.ack()
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.zombie.check(Prices)

# %% [markdown] tags=["solution", "answer:zombie"]
# **Why.** The broker refuses the zombie's commit, because its generation is over. The database
# knows nothing of generations, so it has to be told: each write brings its number, and the store
# refuses any that is older than the one in the row. That number is a **fencing token**.
#
# The offset does as well, since the prices of a seat come in order. A look outside of the
# transaction doesn't: the worker may pause right after it. And taking a write back is one more
# write by a zombie.

# %% [markdown]
# ## client
#
# An order is published with `acks=all`, and for a second no ack comes. The order may be lost, or
# its ack, or the leader is restarting. Each order has to be in the log once. What does the
# producer's client do: `"gives up"`, `"sends it again"` or `"sends it again, under the same
# number"`?

# %% tags=["answer:client"]
### BEGIN SOLUTION
client = "sends it again, under the same number"
### END SOLUTION
### BEGIN STUB
# client = ...
### END STUB

q.client.check(client)

# %% [markdown] tags=["solution", "answer:client"]
# ### source: Kafka: producer configs, enable.idempotence, true by default in Java (4.3)
# **Why.** Silence says neither yes nor no. Giving up may lose the order, and sending it again may
# write it twice. With a number for each record, the leader recognises the second one. Java's client
# for Kafka does that by default, and calls it an idempotent producer. Its numbers end with its
# session: what you publish again after a restart is a new record.

# %% [markdown]
# ## quorum
#
# Give a number.

# %%
print(q.quorum)

# %% tags=["answer:quorum"]
### BEGIN SOLUTION
quorum = 7
### END SOLUTION
### BEGIN STUB
# quorum = ...
### END STUB

q.quorum.check(quorum)

# %% [markdown] tags=["solution", "answer:quorum"]
# ### source: Kafka: design, Replication: f + 1 replicas tolerate f failures (4.3)
# **Why.** With 3 down, what is left must be more than half of all: 4 of 7. In general a majority
# needs 2f + 1 copies for f failures, where an in-sync set, as in Kafka, needs f + 1. It can do that
# because somebody else, a controller, says who is in sync; that controller is a majority itself.

# %% [markdown]
# ## audit
#
# Now judge the judge. `rows` say how a run ended: `rows["acked"]` has the ids that were acked,
# `rows["failed"]` those whose producer gave up, `rows["log"]` the ids in the log, and
# `rows["read"]` is a list of lists, by offset: all ids that were ever read there. Three promises:
#
# - every acked record is in the log,
# - an offset shows the same record to every reader,
# - with at most one fault, no producer gives up.
#
# `len(trace.faults())` counts the faults. Two producers publish an order each, and brokers crash
# within 20 s. `check()` runs two systems that are right and eight that are wrong. Return `None` if
# the run is right, or a text that says what is wrong.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    if lost := [id for id in rows["acked"] if id not in rows["log"]]:
        return f"{lost} acked and lost"
    if any(len(set(ids)) > 1 for ids in rows["read"]):
        return "an offset shows two records"
    if rows["failed"] and len(trace.faults()) <= 1:
        return f"{rows['failed']} given up after one fault at most"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** The first two promises are safety: nothing bad happens, whatever goes wrong. The third is
# availability, and it has to say up to how many faults. Leave it out, and a system that never acks
# is perfect. Ask for it always, and you condemn a system that refuses writes because it would lose
# them.

# %% [markdown]
# All ✓? Close the notebook and say aloud what `acks=all` waits for, and why that may be one broker.
