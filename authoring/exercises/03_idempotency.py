# %% [markdown]
# # Exercise 03 · The same payment, twice
#
# Six questions. Payments arrive at least once, so some arrive twice; workers crash, or stand still
# while another one works. In the end each payment has to count once.
#
# | you have | |
# |---|---|
# | `event.id`, `event.data["account"]`, `event.data["amount"]` | one payment |
# | `await db.get(key)`, `db.put(key, value)`, `db.add(key, amount)` | rows that survive a crash |
# | `await db.insert(key, value)` | writes if there is no such row; says whether it did |
# | `async with db.transaction() as tx:` | all that you write by `tx`, or none of it |
# | `await call("bank", request, timeout=…, retry=RetryPolicy(…))` | the reply, or an error |
#
# Every `await` is a place where a crash may fall, or another worker may run. Stuck?
# `q.consumer.hint()`.

# %%
from pubsub_kit import RetryPolicy, call, exercise

q = exercise("03")

# %% [markdown]
# ## order
#
# A right consumer lies here in pieces. Put its lines into order, as a list of their numbers. Some
# lines are traps, and not needed. (A question of this form is called a Parsons problem.) To see the
# lines, print the question:

# %%
print(q.order)

# %% tags=["answer:order"]
### BEGIN SOLUTION
order = [2, 5, 7, 3, 6, 1]
### END SOLUTION
### BEGIN STUB
# order = ...  # such as [2, 5, …]
### END STUB

q.order.check(order)

# %% [markdown] tags=["solution", "answer:order"]
# **Why.** The look (line 6) comes first, and both it and the addition (line 1) are in the
# transaction. With the two the other way round, the return out of the block commits an addition
# that came too often.
#
# Line 8 in front of the transaction does no harm: it saves a transaction where the payment was
# handled long ago. But it proves nothing, since another worker may be between its own look and
# commit. Line 4 marks outside of the transaction, so a crash fits in between.

# %% [markdown]
# ## consumer
#
# Now write one yourself: add each payment's amount to the row of its account (`"ann"`, `"bob"`),
# once. Two workers run your class; a crash throws one of them away, and a new one is made. Then
# `check()` tries every schedule of up to 3 faults.


# %% tags=["answer:consumer"]
class Consumer:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        ### BEGIN SOLUTION
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["account"], event.data["amount"])
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.consumer.check(Consumer)

# %% [markdown] tags=["solution", "answer:consumer"]
# **Why.** The mark and the money are written in one commit. A crash before it leaves neither, one
# after it leaves both, and the repeat finds the mark. If two workers hold the same payment, the
# second commit fails with a `Conflict`: it goes out of `handle`, the message is nacked, comes
# again, and finds the mark.
#
# Just as right: `get` instead of `insert`, a mark that is written last, a loop that tries again
# after a `Conflict`, one row that holds all ids. Even without a mark: keep each payment as a row of
# its own, which may be written twice, and compute the balance from the rows.
#
# The price is a row for each payment, and that marks and money must share a database.

# %% [markdown]
# ## client
#
# You have the bank charge a purchase, over a network that may lose up to two requests or replies.
# The bank charges once for each id. `purchase` is `{"id": …, "amount": …}`; the bank wants the same
# form, with an id of your choice. Return `"charged"` once it is.


# %% tags=["answer:client"]
async def buy(purchase):
    ### BEGIN SOLUTION
    await call("bank", purchase, timeout=1.0, retry=RetryPolicy(attempts=4))
    return "charged"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.client.check(buy)

# %% [markdown] tags=["solution", "answer:client"]
# **Why.** The id belongs to what you want, not to the try. So each try carries the same one, and
# the bank knows a repeat when it sees one. Two lost messages spoil two tries; a third is enough.
#
# A `uuid4()` is as good, minted before the first try. Minted for each try, it turns a lost reply
# into a second charge. The amount is no id: your next purchase may cost as much.

# %% [markdown]
# ## endpoint
#
# Now you are the bank. A request is `{"key": …, "amount": …}`. Add its amount to the row
# `"charged"` once, and answer `"ok"`; a repeat hears `"ok"` again, even after a restart. The same
# key with another amount is a bug at the client: answer `"conflict"`, and charge nothing.


# %% tags=["answer:endpoint"]
class Api:
    def __init__(self, db):
        self.db = db

    async def handle(self, request):
        ### BEGIN SOLUTION
        key, amount = f"key {request['key']}", request["amount"]
        async with self.db.transaction() as tx:
            if await tx.insert(key, amount):
                await tx.add("charged", amount)
            same = await tx.get(key) == amount
        return "ok" if same else "conflict"
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.endpoint.check(Api)

# %% [markdown] tags=["solution", "answer:endpoint"]
# **Why.** The row under the key holds what the key stands for, and is written with the charge. A
# repeat finds its own amount, anything else another. The answer goes out after the commit, so "ok"
# is never said of a charge that a crash undid.
#
# A real endpoint keeps the whole request (or a hash of it) and its answer, and replays the answer.
# Stripe's API does so with status and body, and compares the parameters. To raise an exception for
# the conflict is not enough: to the client it looks like trouble, so it tries again.

# %% [markdown]
# ## window
#
# Ids can't be kept for ever. Here a payment whose ack is lost goes to the dead letters, and
# somebody redrives those on day 6. For how long does the consumer have to remember an id:
# `"2 minutes"`, `"5 minutes"`, `"1 day"` or `"8 days"`?

# %% tags=["answer:window"]
### BEGIN SOLUTION
window = "8 days"
### END SOLUTION
### BEGIN STUB
# window = ...
### END STUB

q.window.check(window)

# %% [markdown] tags=["solution", "answer:window"]
# **Why.** The window has to outlast the longest way back, and that is seldom the broker's retry. It
# is a redrive by hand, a replay, or a client that comes back after its holiday. Two minutes is what
# NATS JetStream remembers by default, five what an SQS FIFO queue does: they catch a producer that
# sends again at once, and nothing later. Stripe may drop a key after 24 hours.

# %% [markdown]
# ## memory
#
# What does that cost? At 2,000 payments a second and 40 bytes an id, how much do 8 days of ids
# take? Give a text with a unit, such as `"3 GB"`, or a number in GB.

# %% tags=["answer:memory"]
### BEGIN SOLUTION
memory = 2_000 * 86_400 * 8 * 40 / 1e9
### END SOLUTION
### BEGIN STUB
# memory = ...
### END STUB

q.memory.check(memory)

# %% [markdown] tags=["solution", "answer:memory"]
# **Why.** Payments a second, times seconds in the window, times bytes an id. It is more
# than you like to hold in memory, and little for a disk. Segment once kept about 60 billion keys in
# 1.5 TB for a window of four weeks (its engineering blog, 2017). Whoever finds it dear can shorten
# the way back instead of the memory: a redrive within a day needs a window of a day.

# %% [markdown]
# All ✓? Close the notebook and say aloud which three things make a duplicate, and which one line of
# yours makes it harmless.
