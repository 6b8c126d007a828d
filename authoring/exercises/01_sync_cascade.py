# %% [markdown]
# # Exercise 01 · A shop that survives what it calls
#
# Six questions: two estimates to warm up, then you write the shop. It has a neighbour, `stock`,
# which takes one item off the shelf for each request `{"id": …, "item": …}` whose id it has not
# seen yet. The network between the two may lose requests and replies.
#
# | you have | |
# |---|---|
# | `await call("stock", order, timeout=…, retry=…, breaker=…)` | the reply, or a `CallError` |
# | `CallTimeout`, `CallRefused`, `CallFailed` | its kinds: no reply in time; refused; it raised |
# | `RetryPolicy(attempts=…, base=…, jitter=…)` | how often to try, and how long to wait between |
# | `Breaker(failures=…, reset=…)` | `allows(now)`, `failed(now)`, `succeeded(now)` |
# | `clock()`, `await sleep(seconds)` | the time in the world, and how to let it pass |
#
# Run a cell, read its verdict, change the answer, run it again. Stuck? `q.place.hint()`.

# %%
from pubsub_kit import Breaker, CallError, CallTimeout, RetryPolicy, call, clock, exercise, sleep

q = exercise("01")

# %% [markdown]
# ## tail
#
# A page asks 100 servers and waits for the slowest reply. Of each server's replies 1% are slow.
# What share of the pages is slow, in percent? Let Python do the sum.

# %% tags=["answer:tail"]
### BEGIN SOLUTION
slow_pages = 100 * (1 - 0.99**100)
### END SOLUTION
### BEGIN STUB
# slow_pages = ...  # in percent
### END STUB

q.tail.check(slow_pages)

# %% [markdown] tags=["solution", "answer:tail"]
# **Why.** A page is quick only if all 100 replies are, and each is with probability 0.99, so
# 0.99¹⁰⁰ of the pages are quick. To add up 100 × 1% counts a page with two slow replies twice.

# %% [markdown]
# ## chain
#
# An order needs the shop, stock and a database. Each is up 99.9% of the time, each on its own. For
# how many minutes of a month of 30 days can no order be placed?

# %% tags=["answer:chain"]
### BEGIN SOLUTION
minutes_down = (1 - 0.999**3) * 30 * 24 * 60
### END SOLUTION
### BEGIN STUB
# minutes_down = ...
### END STUB

q.chain.check(minutes_down)

# %% [markdown] tags=["solution", "answer:chain"]
# **Why.** All three must be up at once: 0.999³ of the time. That is close to three times one
# service's share, which does as an estimate while the shares are small. A chain is weaker than its
# weakest link.

# %% [markdown]
# ## place
#
# Write the shop's handler: have stock take one tea for the order, and return `"placed"`, whatever
# one or two messages the network loses or delays. `order` is `{"id": …, "item": …}`, just as stock
# wants it. No order may take two teas.


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
# **Why.** Each try sends the order's own id, so stock can tell a second try from a second order,
# and does nothing the second time. The timeout is what makes a lost message noticed at all. Two
# faults can spoil two tries, so three are enough.
#
# A loop with `try`, `call(…, timeout=1.0)` and `except CallTimeout` is as good. A new id for each
# try is not: where only the reply was lost, it takes a second tea.

# %% [markdown]
# ## budget
#
# This shop came with the building. The client waits 2 seconds in all, but the shop may take twice
# as long to say anything. See how it fails.


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
# Repair it: answer within the 2 seconds even if stock never does (`"failed"` is an answer), and
# still place the order if one message is lost. Begin with a copy of `hasty`.


# %% tags=["answer:budget"]
async def budget(order):
    ### BEGIN SOLUTION
    deadline = clock() + 1.9  # leaves a little for the way back
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
# **Why.** Patience is spent once, not once for each try. So note the deadline first, and give each
# try at most what is left. A try may take only a part of it, so that a second one fits in: here
# three do.
#
# Two tries of 0.9 s without a loop are right too. Better still is to send the deadline along, so
# that stock need not begin what nobody will wait for. The price: a slow but healthy stock now gets
# more calls, since you give up on it sooner.

# %% [markdown]
# ## layers
#
# Three layers stand above a database, which is down for a second while 40 orders are under way. Who
# retries (4 tries each), and is the wait between `"fixed"` or `"random"`? No order may knock more
# than 4 times, no more than 20 calls arrive within 50 ms, and no more than 8 orders fail.

# %% tags=["answer:layers"]
### BEGIN SOLUTION
layers = {"client": "no", "shop": "no", "stock": "yes", "waiting": "random"}
### END SOLUTION
### BEGIN STUB
# layers = {"client": ..., "shop": ..., "stock": ..., "waiting": ...}  # "yes" or "no", and how
### END STUB

q.layers.check(layers)

# %% [markdown] tags=["solution", "answer:layers"]
# **Why.** Where several layers retry, their tries multiply: up to 4 × 4 × 4 at the database. One
# layer is enough, and each of the three will do. The one right above the trouble knows best what
# failed and throws away the least work. A fixed wait keeps together all who failed together; a
# random one spreads them.

# %% [markdown]
# ## recover
#
# For five seconds stock takes ten times as long, while 60 orders a second come in. Write the shop
# so that, once this is over, at least 95% of the orders succeed again. A class with `handle(order)`
# can keep something from one order to the next: a `Breaker`, say.


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
# **Why.** While the breaker is open, stock gets next to nothing and works off its queue; then the
# one try that is let through succeeds, and closes it. Without it, each order that times out comes
# back, and the load stays above what stock can do.
#
# One call with a timeout and no retry recovers too, since it adds no load: the cheapest cure, if
# you can bear to lose the odd order. So does a retry budget, which allows retries for a small share
# of the calls only. The price of a breaker: it refuses good orders while it is open.

# %% [markdown]
# All ✓? Close the notebook and say aloud what a blocking call costs. To recall something teaches
# you more than to read it again (Karpicke and Roediger, 2007).
