# %% [markdown]
# # Exercise 04 · Who says that it is done?
#
# Seven questions about acks, leases, offsets and retries. `check()` lets workers crash, stand still
# for a minute, and lose acks.
#
# | you have | |
# |---|---|
# | `delivery.attempt`, `delivery.id`, `delivery.data` | one delivery; attempts count from 1 |
# | `await delivery.ack()`, `await delivery.extend(10)` | done with it; 10 s more from now |
# | `await db.get(key, default)`, `db.put(key, value)`, `db.add(key, amount)` | rows that survive |
# | `async with db.transaction() as tx:` | all that you do by `tx`, or none of it |
# | `await sleep(5)`, `gather(…)`, `perform("count", id)` | time, side by side, an effect |
#
# Stuck? `q.worker.hint()`.

# %%
from pubsub_kit import exercise, gather, perform, sleep

q = exercise("04")

# %% [markdown]
# ## semantics
#
# Four services listen to a signup. Choose for each the cheapest semantics that meet its need:
#
# - a **welcome email** must never come twice; a missing one does no harm,
# - an **invoice** must never be missing; a repeat just overwrites it,
# - a **payment** must be neither missing nor twice,
# - of **live positions**, one more or less does not matter.

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
# **Why.** Ask which harm is worse: one too few, or one too many. If it is one too many, ack first.
# If it is one too few, ack last. If it is both, ack last and remember the ids, in one transaction
# with the effect. A live position may be either of the cheap two.
#
# "Effectively once" for all four would be right as well, and dear: a row for each event, and a
# transaction.

# %% [markdown]
# ## worker
#
# To render a film takes 25 s (of `sleep`); a lease lasts 10 s. Extend it while you work. Then put
# `delivery.attempt` into the row `"film tea"`, as the film's version, but never over a later
# attempt's: a worker may stand still for a minute. Then ack.


# %% tags=["answer:worker"]
class Worker:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        ### BEGIN SOLUTION
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)
        async with self.db.transaction() as tx:
            if await tx.get("film tea", 0) <= delivery.attempt:
                await tx.put("film tea", delivery.attempt)
        await delivery.ack()
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.worker.check(Worker)

# %% [markdown] tags=["solution", "answer:worker"]
# **Why.** Each piece of work is shorter than the lease, so the broker hears from you in time. The
# attempt is the fencing token: it grows with each delivery, and the store refuses the smaller one.
#
# Just as right: to stop when `extend()` returns False (it saves work, but proves nothing: you may
# stand still right after it), a heartbeat beside the work, `compare_and_set`, or one long
# extension. That one has a price: a crash is noticed later.

# %% [markdown]
# ## fifo
#
# "We have a FIFO queue, so each deposit is processed exactly once." Repair what came of that: add
# `event.data` to the row `"balance"`, once for each event.


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
# **Why.** The order holds, and the same message comes twice in it. The crash fell between effect
# and ack; in an SQS FIFO queue, the end of the visibility timeout does the same.
#
# The order still buys you something: a repeat comes before its successor. So the last id of each
# key is enough, in place of all of them.

# %% [markdown]
# ## commit
#
# A reader gets a batch of `(offset, event)` pairs from a log. For each it does
# `await sleep(event.data["takes"])` and `await perform("count", event.id)`, all side by side by
# `gather`. The row `"committed"` holds the next offset to read. A crash must lose nothing.


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
# **Why.** An offset stands for all before it, so it may pass nothing that is unfinished. The price:
# a crash repeats the whole batch. To commit as you go, commit the first offset that is *not* done;
# one after the other, each may be committed when it is done.
#
# A client that commits on a timer commits what it has handed out. Whether that is done by then
# depends on the client, and on you.

# %% [markdown]
# ## poison
#
# `order-1` can never be packed; `order-2` only once an outage of 5 s is over; `order-3` at once.
# One worker, 0.2 s a try. How many deliveries, and which wait between them (`"none"`, or
# `"growing"`: 1 s, 2 s, 4 s … up to 30 s)? The good orders must be packed, and `order-1` be among
# the dead letters within two minutes.

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
# **Why.** The waits make room for the outage, and for `order-3`; the limit ends the poison. Five
# tries reach 1 + 2 + 4 + 8 = 15 s, eight of them 91 s. Without waits, five tries are over in a
# second, and a good order dies of somebody else's outage.
#
# More tries ride out longer outages, and hold the poison for longer. A redrive makes that choice
# less final.

# %% [markdown]
# ## batch
#
# `self.work(event)` raises for a bad record. Work on each record of the batch, and return the list
# of the ids that failed, as AWS Lambda's partial batch response does. An exception would give the
# whole batch back.


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
# **Why.** Each record has its own `try`, so a bad one takes no other along: neither those before
# it, which would be done again, nor those behind it. Side by side by `gather` is as right.
#
# Where the order matters you do stop at the bad one, and give back all from there on. Then one
# poison message blocks its key until it is put aside.

# %% [markdown]
# ## patience
#
# A message is tried 8 times, with waits of 1 s, 2 s, 4 s … between, doubling up to a cap of 30 s,
# without jitter. How long is it from the first try to the last, if a try takes no time? Give a
# text with a unit, such as `"3 minutes"`, or a number in seconds.

# %% tags=["answer:patience"]
### BEGIN SOLUTION
patience = sum(min(30, 2**i) for i in range(7))
### END SOLUTION
### BEGIN STUB
# patience = ...
### END STUB

q.patience.check(patience)

# %% [markdown] tags=["solution", "answer:patience"]
# **Why.** Eight tries have seven waits: 1 + 2 + 4 + 8 + 16, and then 30 twice. An outage that is
# longer than this ends among the dead letters. With full jitter each wait is anywhere between zero
# and its bound, so on average it is half as long.

# %% [markdown]
# All ✓? Close the notebook and say aloud when you ack, and what a crash just before or after that
# moment costs you.
