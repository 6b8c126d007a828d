# %% [markdown]
# # Exercise 03 · The same payment, twice
#
# Seven questions. Payments are delivered at least once, so some arrive twice. Workers crash, or
# pause while another one runs. In the end each payment has to count once.
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
# Just as good: `get` and `put` instead of `insert` (but only in serializable transactions, as these
# are: at READ COMMITTED you need the unique key of `insert`), a mark that is written last, a loop
# that tries again after a `Conflict`, or one row that holds all the ids. You can even do without a
# mark: keep each payment as its own row, which may be written twice, and compute the balance from
# the rows.
#
# The price is a row per payment, and the marks and the money must share a database.

# %% [markdown]
# ## client
#
# You ask a bank to charge for a purchase, over a network that may lose up to two requests or
# replies; a message takes 10 to 50 ms each way. Somebody else buys at the same moment, through the
# same code on another computer. The bank charges once per id. `purchase` is
# `{"id": …, "amount": …}`, and the bank takes such a request too, with an id of your choice. Return
# `"charged"` once the bank has done so.


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
# a lost reply into a second charge. The amount can't serve as an id, since your next purchase may
# cost the same. Nor can the time, since somebody else may buy at the same moment.

# %% [markdown]
# ## endpoint
#
# Now you are the bank. A request is `{"key": …, "amount": …}`. Add its amount to the row
# `"charged"` once, and answer `"ok"`. A repeat is answered `"ok"` again, even after a restart. The
# same key with another amount is a bug in the client: answer `"conflict"`, and charge nothing; the
# first request is still good, and is answered `"ok"` as before. Several customers ask at once, and
# one of them may send the same request twice at the same moment. Never answer `"ok"` before the
# charge is in the database. If `handle` raises, the client asks again.
#
# A verdict lists the answers by request: `first` and `twin` are that pair, under key `k-1`;
# `second` and `third` are other customers. After a restart, a client called `later` sends `again`
# and `once more`, two repeats of `first`; in between, `more` and `less` ask for 99 and 5 under
# `k-1`. At last, `another` asks for 99 under `k-2`.


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
# ### source: Stripe: "Idempotent requests": v1 replays status and body (API v1, 2026-11)
# **Why.** The row under the key says what the key stands for, and is written together with the
# charge. A repeat finds its own amount there; any other request finds a different one. The answer
# goes out after the commit, so you never say "ok" about a charge that a crash undid.
#
# A real endpoint keeps the whole request (or a hash of it) with its answer, and replays the answer.
# Stripe's API v1 does that with status and body, and it compares the parameters. Raising an
# exception for the conflict isn't enough: the client takes it for a failure, and retries.

# %% [markdown]
# ## window
#
# You can't keep ids for ever. Here a payment whose ack is lost goes to the dead-letter topic, where
# messages are set aside that were given up on. On day 6 somebody sends it back to its topic (a
# redrive). How long does the consumer have to remember an id:
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
# ### source: JetStream: duplicate_window, 2 minutes by default (nats-server 2.14.6)
# ### source: NATS: as JetStream (nats-server 2.14.6)
# ### source: SQS: FIFO queues, deduplication interval of 5 minutes (2026-11)
# ### source: Stripe: "Idempotent requests": keys may go after 24 h (API v1, 2026-11)
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
# ### source: Segment: "Delivering billions of messages exactly once" (2017-06-29)
# **Why.** Payments per second, times seconds in the window, times bytes per id. That is more than
# you'd like to hold in memory, and little for a disk. Segment once kept about 60 billion keys in
# 1.5 TB for a window of four weeks (its engineering blog, 2017). If that is too expensive, shorten
# the way back first: if every redrive happens within a day, a little more than a day is enough.

# %% [markdown]
# ## audit
#
# Now judge the judge. Every check in this exercise has an *oracle*: a function that looks at a run
# when it is over, and says whether it was right. Write one for the payments. `rows` are the rows of
# the database at the end of the run, such as `{"ann": 20, "seen pay-1": True}`. `trace` is the list
# of its steps, each with a `time`, a `node` (who), a `kind` such as `"effect"` (a durable write) or
# `"crash"`, and a `text`. Return `None` if the run is right, or a text that says what is wrong.
#
# (An `assert` that fails says that something is wrong, too, and so does a list of texts.)
#
# Two payments of 10 are ann's, and one of 5 is bob's. `check()` runs five consumers that are right
# and fifteen that are wrong, under every schedule of up to 2 faults. Your oracle must spare the
# right ones in every run, and catch each wrong one in at least one.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    for account, owed in (("ann", 20), ("bob", 5)):
        if rows.get(account, 0) != owed:
            return f"{account} ends with {rows.get(account, 0)} instead of {owed}"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** It compares what the rule is about, account by account, and nothing else. The names of
# the marks, the number of writes and the order of deliveries are each consumer's own affair. A
# crash is no violation either: it's the test. And a payment that is missing is as wrong as one that
# counts twice, so it takes `!=`. In the worst run there is no row at all, hence `get`.
#
# Just as good: add up the changes that the trace's effects made, or replay them in a model and
# compare the two. A total of 25 isn't enough, because one consumer books bob's payment on ann.

# %% [markdown]
# All ✓? Close the notebook and say aloud which three things cause a duplicate, and which line of
# yours makes it harmless.
