# %% [markdown]
# # Exercise 04 · Who says that it's done?
#
# Seven questions about acks, leases, offsets and retries. `check()` makes workers crash, pause for
# a minute, and lose acks.
#
# | you have | |
# |---|---|
# | `delivery.attempt`, `delivery.id`, `delivery.data` | one delivery; a replay restarts at 1 |
# | `await delivery.ack()`, `await delivery.extend(10)` | done with it; a lease of 10 s from now |
# | `await db.get(key, default)`, `db.put(key, value)` | rows that survive |
# | `await db.add(key, amount)` | adds to a row in one step, and returns the sum |
# | `async with db.transaction() as tx:` | everything that you do through `tx`, or none of it |
# | `await sleep(5)`, `gather(…)`, `perform("count", id)` | let time pass; run concurrently; act |
#
# Stuck? Try `q.worker.hint()`.

# %% tags=["folded"]
# Imports
from pubsub_kit import exercise, gather, perform, sleep

q = exercise("04")

# %% [markdown]
# ## semantics
#
# Four services listen to a signup. Choose the cheapest semantics that meet each one's need:
#
# - a **welcome email** must never be sent twice; a missing one does no harm,
# - an **invoice** must never be missing; a repeat just overwrites it,
# - a **payment** must be neither missing nor doubled,
# - with **live positions**, one more or less doesn't matter.

# %% tags=["answer:semantics"]
### BEGIN SOLUTION
semantics = {
    "welcome email": "at most once",
    "invoice": "at least once",
    "payment": "effectively once",
    "live position": "at most once",
}
### END SOLUTION
### BEGIN STUB
# semantics = {
#     "welcome email": ...,  # "at most once", "at least once" or "effectively once"
#     "invoice": ...,
#     "payment": ...,
#     "live position": ...,
# }
### END STUB

q.semantics.check(semantics)

# %% [markdown] tags=["solution", "answer:semantics"]
# **Why.** Ask which is worse: one too few, or one too many. If it's one too many, ack first. If
# it's one too few, ack last. If it's both, ack last and remember the ids, in one transaction with
# the effect. A live position may use either of the two cheap ones.
#
# "Effectively once" for all four would meet every need too, but it's expensive: a row per event,
# and a transaction.

# %% [markdown]
# ## worker
#
# Rendering a film takes 25 s (of `sleep`), and a lease lasts 10 s. Extend it while you work. Number
# each lease in the store, and put your number into the row `"film tea"`, as the film's version, but
# never over a higher one: a worker may pause for a minute. Then ack. After five minutes somebody
# replays the film, and then the row has to hold the new one. The workers' clocks differ by an hour.


# %% tags=["answer:worker"]
class Worker:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        ### BEGIN SOLUTION
        lease = await self.db.add("leases tea", 1)  # 1, 2, 3 …, whatever the attempt is
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)
        async with self.db.transaction() as tx:
            if await tx.get("film tea", 0) <= lease:
                await tx.put("film tea", lease)
        await delivery.ack()
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.worker.check(Worker)

# %% [markdown] tags=["solution", "answer:worker"]
# **Why.** Each piece of work is shorter than the lease, so the broker hears from you in time. The
# number of the lease is the fencing token: the store counts it up, so it never starts again, and
# the store rejects the smaller one. `delivery.attempt` is no token: a replay or a redrive counts
# from 1 again. Nor is a clock: a later lease may get an earlier time.
#
# Just as good: a heartbeat beside the work, `compare_and_set`, or one long extension, at the price
# of noticing a crash later. You may also stop when `extend()` returns False. That saves work, but
# it proves nothing, because you may pause right after it.

# %% [markdown]
# ## fifo
#
# "We have a FIFO queue, so each deposit is processed exactly once." Fix the code that came of this
# belief: add `event.data` to the row `"balance"`, once per event. There are two workers, and one
# may pause until its lease is over. After two attempts a deposit becomes a dead letter, and after
# five minutes somebody redrives it.


# %% tags=["answer:fifo"]
class Deposits:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        ### BEGIN SOLUTION
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("balance", event.data)
        ### END SOLUTION
        ### BEGIN STUB
        # await self.db.add("balance", event.data)  # in order, but once?
        ### END STUB


q.fifo.check(Deposits)

# %% [markdown] tags=["solution", "answer:fifo"]
# ### source: SQS: FIFO queues: a message is redelivered after its visibility timeout (2026-11)
# **Why.** The order holds, but the same message is delivered twice in it. Here a crash fell between
# the effect and the ack. In an SQS FIFO queue, a visibility timeout that runs out does the same.
#
# Does the order at least save you rows, since a repeat comes before its successor? Only without
# dead letters and pauses. A redriven deposit, or a worker that wakes up late, comes after the
# successors, so the last id of a key isn't enough.

# %% [markdown]
# ## commit
#
# A reader gets a batch of `(offset, event)` pairs from a log. For each pair it awaits
# `sleep(event.data["takes"])` and then `perform("count", event.id)`, all pairs concurrently, with
# `gather`. The row `"committed"` holds the next offset to read, where the next batch begins. A
# crash must lose nothing.


# %% tags=["answer:commit"]
class Reader:
    def __init__(self, db):
        self.db = db

    async def handle(self, batch):
        ### BEGIN SOLUTION
        async def count(event):
            await sleep(event.data["takes"])
            await perform("count", event.id)

        await gather(*(count(event) for _, event in batch))
        await self.db.put("committed", batch[-1][0] + 1)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.commit.check(Reader)

# %% [markdown] tags=["solution", "answer:commit"]
# **Why.** An offset stands for everything before it, so it must not pass anything unfinished. The
# price: a crash repeats the whole batch. To commit as you go, commit the first offset that is *not*
# done. Working on one event after the other, you could commit after each, but it takes longer.
#
# A client that commits on a timer commits what it has handed to you. Whether that's done by then
# depends on the client, and on you.

# %% [markdown]
# ## poison
#
# `order-1` can never be packed, `order-2` only once an outage of 5 s is over, `order-3` at once.
# There is one worker, and an attempt takes 0.2 s. How many deliveries do you allow, and which wait
# between them (`"none"`, or `"growing"`: 1 s, 2 s, 4 s … up to 30 s)? Both good orders must be
# packed, and `order-1` must be a dead letter within two minutes.

# %% tags=["answer:poison"]
### BEGIN SOLUTION
poison = {"deliveries": "5", "wait between": "growing"}
### END SOLUTION
### BEGIN STUB
# poison = {
#     "deliveries": ...,  # "1", "5", "8" or "no limit"
#     "wait between": ...,  # "none" or "growing"
# }
### END STUB

q.poison.check(poison)

# %% [markdown] tags=["solution", "answer:poison"]
# **Why.** The waits outlast the outage, and let `order-3` through. The limit puts the poison
# message aside. Five attempts span 1 + 2 + 4 + 8 = 15 s, and eight span 91 s. Without waits, five
# attempts are over in about a second, and a good order dies of somebody else's outage.
#
# More attempts ride out longer outages, but they keep the poison message for longer. A redrive
# makes that choice less final.

# %% [markdown]
# ### source: AWS Lambda: Developer Guide, SQS event source, ReportBatchItemFailures (2026-11)
# ## batch
#
# `await self.work(event)` raises for a bad record. Work on each record of the batch, and return a
# list of the ids that failed, as in AWS Lambda's partial batch response: they are in the next batch
# again. An exception would give the whole batch back.


# %% tags=["answer:batch"]
class Batch:
    def __init__(self, work):
        self.work = work

    async def handle(self, batch):
        ### BEGIN SOLUTION
        failed = []
        for event in batch:
            try:
                await self.work(event)
            except Exception:
                failed.append(event.id)
        return failed
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.batch.check(Batch)

# %% [markdown] tags=["solution", "answer:batch"]
# **Why.** Each record has its own `try`, so a bad one drags no other down: neither those before it,
# which would be done again, nor those after it. Running them concurrently with `gather` is just as
# good.
#
# Where the order matters, you do stop at the bad one, and give back everything from there on. Then
# one poison message blocks its key until it is put aside.

# %% [markdown]
# ## patience
#
# A message is tried 8 times. The waits between are 1 s, 2 s, 4 s …, doubling up to a cap of 30 s,
# without jitter. How long is it from the first attempt to the last, if an attempt takes no time?
# Give a text with units, such as `"3 minutes 20 s"`, or a number in seconds.

# %% tags=["answer:patience"]
### BEGIN SOLUTION
patience = sum(min(30, 2**i) for i in range(7))
### END SOLUTION
### BEGIN STUB
# patience = ...
### END STUB

q.patience.check(patience)

# %% [markdown] tags=["solution", "answer:patience"]
# **Why.** There are seven waits between eight attempts: 1 + 2 + 4 + 8 + 16, and then 30 twice. If
# an outage lasts longer than that, its messages become dead letters. With full jitter each wait is
# anywhere between zero and its bound, so on average it is half as long.

# %% [markdown]
# All ✓? Close the notebook and say aloud when you ack, and what a crash just before or after that
# moment costs you.
