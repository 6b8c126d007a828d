# %% [markdown]
# # Exercise 01 · A shop that survives the failures of what it calls
#
# Six questions: two estimates to warm up, then you write the shop. It calls a service, `stock`,
# which takes one item off the shelf for each request `{"id": …, "item": …}` whose id it hasn't seen
# yet. The network between the two may lose requests and replies, and a message takes 10 to 50 ms.
#
# | you have | |
# |---|---|
# | `await call("stock", order, timeout=…, retry=…, breaker=…)` | the reply, or a `CallError` |
# | `CallTimeout`, `CallRefused`, `CallFailed` | its kinds: no reply in time; refused; it raised |
# | `RetryPolicy(attempts=…, base=…, jitter=…)` | how many tries, and the wait between them |
# | `Breaker(failures=…, reset=…)` | `allows(now)`, `failed(now, since)`, `succeeded(now, since)` |
# | `since` | when that call went out: what comes of a call from before it opened is ignored |
# | `clock()`, `await sleep(seconds)` | the time in the world, and how to let it pass |
#
# Run a cell, read its verdict, change your answer and run it again. Stuck? `q.place.hint()`.

# %%
from pubsub_kit import Breaker, CallError, CallTimeout, RetryPolicy, call, clock, exercise, sleep

q = exercise("01")

# %% [markdown]
# ## tail
#
# The page of the lesson, from memory: it asks 100 servers and waits for the slowest reply. 1% of
# each server's replies are slow. What share of the pages is slow, in percent? Let Python do the
# arithmetic.

# %% tags=["answer:tail"]
### BEGIN SOLUTION
slow_pages = 100 * (1 - 0.99**100)
### END SOLUTION
### BEGIN STUB
# slow_pages = ...  # in percent
### END STUB

q.tail.check(slow_pages)

# %% [markdown] tags=["solution", "answer:tail"]
# **Why.** A page is fast only if all 100 replies are. Each is fast with probability 0.99, so
# 0.99¹⁰⁰ of the pages are fast. Adding up 100 × 1% would count a page with two slow replies twice.

# %% [markdown]
# ## chain
#
# An order needs the shop, stock and a database. Each is up 99.9% of the time, independently of the
# others. For how many minutes of a 30-day month can no order be placed?

# %% tags=["answer:chain"]
### BEGIN SOLUTION
minutes_down = (1 - 0.999**3) * 30 * 24 * 60
### END SOLUTION
### BEGIN STUB
# minutes_down = ...
### END STUB

q.chain.check(minutes_down)

# %% [markdown] tags=["solution", "answer:chain"]
# **Why.** All three have to be up at once, and they are 0.999³ of the time. The downtime is close
# to three times that of one service; while the shares are small, adding them up is a good estimate.
# A chain is weaker than its weakest link.

# %% [markdown]
# ## place
#
# Write the shop's handler. It makes stock take one tea for the order and returns `"placed"`,
# whichever one or two messages the network loses or delays. `order` is `{"id": …, "item": …}`, just
# as stock takes it. No order may take two teas, and two orders for the same tea take two. Orders
# keep coming, some of them at the same moment.


# %% tags=["answer:place"]
async def place(order):
    ### BEGIN SOLUTION
    await call("stock", order, timeout=1.0, retry=RetryPolicy(attempts=4))
    return "placed"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.place.check(place)

# %% [markdown] tags=["solution", "answer:place"]
# **Why.** Each try sends the order's own id, so stock can tell a retry from a new order and does
# nothing the second time. Without the timeout you would never notice a lost message. Two faults can
# spoil two tries, so three are enough.
#
# A loop with `try`, `call(…, timeout=1.0)` and `except CallTimeout` is just as good. A new id for
# each try is not: if only the reply was lost, it takes a second tea. Nor is the item an id, since
# the next order may be for the same one.

# %% [markdown]
# ## budget
#
# You inherited this shop. The client waits 2 seconds in all, but the shop may take more than twice
# as long to say anything. Watch it fail.


# %%
async def hasty(order):
    for _ in range(4):
        try:
            await call("stock", order, timeout=1.0)
            return "placed"
        except CallTimeout:
            await sleep(0.1)
    return "failed"


q.budget.check(hasty)

# %% [markdown]
# Repair it: your answer has to reach the client within the 2 seconds, even if stock never answers
# you (`"failed"` is an answer), and the order still has to be placed if one message is lost. Later
# orders, once stock can be reached again, are placed as before. Start with a copy of `hasty`.


# %% tags=["answer:budget"]
async def budget(order):
    ### BEGIN SOLUTION
    deadline = clock() + 1.9  # leaves a little for the way here and back
    while (left := deadline - clock()) > 0:
        try:
            await call("stock", order, timeout=min(0.6, left))
            return "placed"
        except CallTimeout:
            pass
    return "failed"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.budget.check(budget)

# %% [markdown] tags=["solution", "answer:budget"]
# **Why.** The client's patience is spent once, not once per try. So note the deadline first, and
# give each try at most the time that is left. A try may take only a part of it, so that a second
# one fits in; here three do.
#
# Two tries of 0.9 s without a loop are right too; a deadline after exactly 2 s is not, since the
# client's clock has been running since its order left. Better still, send the deadline along, so
# that stock needn't start work that nobody will wait for. The price: a slow but healthy stock now
# gets more calls, because you give up on it sooner.

# %% [markdown]
# ## layers
#
# Three layers sit above a database, which is down for a second while 40 orders are under way. Which
# layers retry (4 tries each), and is the wait between tries `"fixed"` or `"random"`? No order may
# call the database more than 4 times, no more than 20 calls may reach it within 50 ms, and no more
# than 8 orders may fail.

# %% tags=["answer:layers"]
### BEGIN SOLUTION
layers = {"client": "no", "shop": "no", "stock": "yes", "waiting": "random"}
### END SOLUTION
### BEGIN STUB
# # "yes" or "no" for each layer; "fixed" or "random" for the waiting
# layers = {"client": ..., "shop": ..., "stock": ..., "waiting": ...}
### END STUB

q.layers.check(layers)

# %% [markdown] tags=["solution", "answer:layers"]
# **Why.** If several layers retry, their tries multiply: up to 4 × 4 × 4 at the database. One layer
# is enough, and any of the three will do. The layer right above the trouble knows best what failed,
# and throws away the least work. A fixed wait keeps everyone who failed together in step; a random
# one spreads them out.

# %% [markdown]
# ## recover
#
# 60 orders a second come in. Stock has 5 workers and takes 50 ms per call on average, so it can
# handle 100 calls a second. From 4 s to 9 s it takes ten times as long. Write the shop so that at
# least 95% of the orders are placed before that, and again from 20 s on: that leaves 11 s to
# recover. Each client waits up to 2 s for an answer. The shop answers `"placed"` once stock has
# taken the tea, and never before. A tea may be ordered again, by a new order. A class with
# `handle(order)` can keep state from one order to the next: a `Breaker`, for example.


# %% tags=["answer:recover"]
class Shop:
    ### BEGIN SOLUTION
    def __init__(self):
        self.breaker = Breaker(failures=5, reset=1.0)

    async def handle(self, order):
        policy = RetryPolicy(attempts=2)
        try:
            await call("stock", order, timeout=0.5, retry=policy, breaker=self.breaker)
        except CallError:
            return "failed"
        return "placed"

    ### END SOLUTION
    ### BEGIN STUB
    # def __init__(self):
    #     ...  # what the shop keeps
    #
    # async def handle(self, order):
    #     ...  # your code
    #
    ### END STUB


q.recover.check(Shop)

# %% [markdown] tags=["solution", "answer:recover"]
# **Why.** While the breaker is open, stock gets next to nothing and drains its queue. Then the one
# call that is let through succeeds and closes the breaker. Without it, each order that times out
# comes back, and the load stays above what stock can handle.
#
# One call with a timeout and no retry recovers too, since it adds no load: the cheapest cure, if
# you can afford to lose the odd order. So does a retry budget, which allows retries for a small
# share of the calls only. The price of a breaker: it refuses good orders while it is open.

# %% [markdown]
# All ✓? Close the notebook and say aloud what a blocking call costs. Recalling something teaches
# you more than reading it again (Karpicke and Roediger, 2007).
