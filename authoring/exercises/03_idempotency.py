# %% [markdown]
# # Exercise 03 · The same payment, twice
#
# Six questions. Payments are delivered at least once, so some arrive twice. Workers crash, or pause
# while another one runs. In the end each payment has to count once.
#
# | you have | |
# |---|---|
# | `event.id`, `event.data["account"]`, `event.data["amount"]` | one payment |
# | `await db.get(key)`, `db.put(key, value)`, `db.add(key, amount)` | rows that survive a crash |
# | `await db.insert(key, value)` | writes only if there is no such row; says whether it wrote |
# | `async with db.transaction() as tx:` | everything that you write through `tx`, or none of it |
# | `await call("bank", request, timeout=…, retry=RetryPolicy(…))` | the reply, or an error |
#
# At every `await`, a worker may crash, or another one may run first. Stuck? Try
# `q.consumer.hint()`.

# %% tags=["folded"]
# Imports
from pubsub_kit import RetryPolicy, call, exercise

q = exercise("03")

# %% [markdown]
# ## order
#
# Here is a correct consumer, in pieces. Put its lines in order, as a list of their numbers. Some
# lines are traps, and you don't need them. (This kind of question is called a Parsons problem.)
# Print the question to see the lines:

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
# **Why.** The look (line 6) comes first, and both it and the addition (line 1) are inside the
# transaction. If you swap the two, the return leaves the block normally, so the second addition is
# committed too.
#
# Line 8 before the transaction does no harm: it saves a transaction when the payment was handled
# long ago. But it proves nothing, because another worker may be between its own look and its
# commit. Line 4 marks outside the transaction, so a crash can fall in between.

# %% [markdown]
# ## consumer
#
# Now write one yourself. It adds each payment's amount to the row of its account (`"ann"`,
# `"bob"`), once. Two workers run your class. When one crashes, its object is thrown away, and the
# restart makes a new one. `check()` tries every schedule of up to 3 faults.


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
# **Why.** One commit writes both the mark and the money. A crash before it leaves neither. A crash
# after it leaves both, and the repeat finds the mark. If two workers hold the same payment, the
# second commit fails with a `Conflict`. It leaves `handle` as an exception, so the message is
# nacked and redelivered, and then the mark is found.
#
# Just as good: `get` instead of `insert`, a mark that is written last, a loop that tries again
# after a `Conflict`, or one row that holds all the ids. You can even do without a mark: keep each
# payment as its own row, which may be written twice, and compute the balance from the rows.
#
# The price is a row per payment, and the marks and the money must share a database.

# %% [markdown]
# ## client
#
# You ask a bank to charge for a purchase, over a network that may lose up to two requests or
# replies. The bank charges once per id. `purchase` is `{"id": …, "amount": …}`, and the bank takes
# a request of the same form, with an id of your choice. Return `"charged"` once the bank has done
# so.


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
# **Why.** One id per intent, not per attempt. Every attempt carries the same id, so the bank
# recognises a repeat. Two lost messages spoil two attempts; the third gets through.
#
# A `uuid4()` is just as good if you create it before the first attempt. A new one per attempt turns
# a lost reply into a second charge. The amount can't serve as an id: your next purchase may cost
# the same.

# %% [markdown]
# ## endpoint
#
# Now you are the bank. A request is `{"key": …, "amount": …}`. Add its amount to the row
# `"charged"` once, and answer `"ok"`. A repeat is answered `"ok"` again, even after a restart. The
# same key with another amount is a bug in the client: answer `"conflict"`, and charge nothing.


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
# **Why.** The row under the key says what the key stands for, and is written together with the
# charge. A repeat finds its own amount there; any other request finds a different one. The answer
# goes out after the commit, so you never say "ok" about a charge that a crash undid.
#
# A real endpoint keeps the whole request (or a hash of it) with its answer, and replays the answer.
# Stripe's API does that with status and body, and it compares the parameters. Raising an exception
# for the conflict isn't enough: the client takes it for a failure, and retries.

# %% [markdown]
# ## window
#
# You can't keep ids for ever. Here a payment whose ack is lost goes to the dead-letter topic, and
# somebody redrives that on day 6. How long does the consumer have to remember an id:
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
# **Why.** The window has to outlast the longest way back, and that is rarely the broker's retry.
# It's a redrive by hand, a replay, or a client that was offline for days. NATS JetStream remembers
# ids for two minutes by default, and an SQS FIFO queue for five: that catches a producer that
# resends soon, and nothing later. Stripe may drop a key after 24 hours.

# %% [markdown]
# ## memory
#
# What does that cost? At 2,000 payments a second and 40 bytes per id, how much space do 8 days of
# ids take? Give a text with a unit, such as `"3 GB"`, or a number in GB.

# %% tags=["answer:memory"]
### BEGIN SOLUTION
memory = 2_000 * 86_400 * 8 * 40 / 1e9
### END SOLUTION
### BEGIN STUB
# memory = ...
### END STUB

q.memory.check(memory)

# %% [markdown] tags=["solution", "answer:memory"]
# **Why.** Payments per second, times seconds in the window, times bytes per id. That is more than
# you'd like to hold in memory, and little for a disk. Segment once kept about 60 billion keys in
# 1.5 TB for a window of four weeks (its engineering blog, 2017). If that is too expensive, shorten
# the way back first: if every redrive happens within a day, a little more than a day is enough.

# %% [markdown]
# All ✓? Close the notebook and say aloud which three things cause a duplicate, and which line of
# yours makes it harmless.
