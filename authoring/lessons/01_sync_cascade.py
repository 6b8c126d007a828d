# %% [markdown] tags=["promise"]
# # 01 · The blocking cascade
#
# In about 40 minutes you can
#
# - say what a chain of calls does to latency and to availability,
# - explain why rare slow replies make most pages slow,
# - show how timeouts and retries do work twice, and why waiting callers run out of workers,
# - bring a service back from a retry storm, and name what the cure costs,
# - say what no such cure mends.

# %%
import inspect

from pubsub_kit import Breaker, RetryPolicy, World, call, exponential, gather, show

# %% [markdown] tags=["predict"]
# ## You wait for everybody
#
# You order tea. The `shop` asks `payment`, then `stock`, and only then answers you. Each call
# **blocks**: whoever asks, waits. Before anything runs, commit to an answer.

# %%
show.predict(
    "Stock now takes 0.6 s instead of 0.2, and payment 0.1 as before. You only call the shop. "
    "How much longer do you wait?",
    ["not at all", "0.3 s: half of it hides behind payment", "0.4 s: all of it"],
    key="01.adds",
)


# %% tags=["run", "picture"]
async def in_turn(order):
    await call("payment", order)
    await call("stock", order)


async def at_once(order):
    await gather(call("payment", order), call("stock", order))


def one_order(shop, payment=0.1, stock=0.2):
    world = World(latency=0.01)
    world.service("payment", latency=payment)
    world.service("stock", latency=stock)
    world.service("shop", shop)
    world.client("you", "shop")
    return world.run()


show.trace(one_order(in_turn))

# %%
longer = one_order(in_turn, stock=0.6)[-1].time - one_order(in_turn)[-1].time
show.compare("01.adds", f"{longer:.1f} s: all of it")

# %% [markdown] tags=["play"]
# Make stock slow, and watch your own wait. Then let the shop ask both at once: now only the slower
# one counts. It costs you something: stock may put tea aside for a card that payment refuses.


# %%
def order(stock, both):
    trace = one_order(at_once if both else in_turn, stock=stock)
    return show.trace(trace, caption=f"You wait {trace[-1].time:.2f} s.")


show.play(
    order,
    stock=show.slider(0.1, 1.0, 0.2, step=0.1, label="stock takes, s"),
    both=show.toggle(label="the shop asks both at once"),
)

# %% [markdown] tags=["why"]
# Latency **adds up**, since each caller waits until the one it called is done. Availability
# **multiplies**, since your order needs every service at once, and each fails on its own. Add
# services to the chain: how soon is a small failure rate no longer small?


# %%
def placed(fails, services):
    """Return the share of 300 orders that get through a chain of services."""
    world = World(seed=1)

    async def shop(order):
        for i in range(services):
            await call(f"service {i}", order)

    for i in range(services):
        world.service(f"service {i}", fails=fails)
    world.service("shop", shop)
    world.client("you", "shop", count=300, every=0.1)
    ends = world.run().of("end", node="you")
    return sum(step.data["ok"] for step in ends) / len(ends)


# %%
def chain(fails, services):
    up = 1 - fails / 100
    shares = {"one service answers": up, "all answer, computed": up**services}
    shares["orders placed, in the world"] = placed(fails / 100, services)
    return show.bars({name: 100 * share for name, share in shares.items()}, x="percent")


fails = show.slider(0.0, 10.0, 1.0, step=0.5, label="each fails, % of calls")
show.play(chain, fails=fails, services=show.slider(1, 10, 3, label="services in the chain"))

# %% [markdown]
# ## The slowest decides
#
# A search page asks 100 servers and shows the result when it has every reply. Each server is
# quick: only one reply in a hundred takes about a second.

# %%
show.predict(
    "1% of a server's replies are slow. What share of the pages is slow?",
    ["1%: it is the same servers", "about 10%", "about 63%"],
    key="01.tail",
)

# %%
from pubsub_kit import sometimes, uniform


def page(servers, slow=1.0, pages=400):
    reply = sometimes(uniform(0.8, 1.2), slow / 100, exponential(0.02))
    luck = World(seed=1).chance
    return [max(reply(luck) for _ in range(servers)) for _ in range(pages)]


def tail(servers, slow):
    times = {"one server": page(1, slow), "the page": page(servers, slow)}
    words = f"{1 - (1 - slow / 100) ** servers:.0%} of the pages meet a slow server, computed."
    return show.latency(times, log=False, caption=words)


show.play(
    tail,
    servers=show.slider(1, 100, 100, label="servers that a page asks"),
    slow=show.slider(0.1, 5.0, 1.0, step=0.1, label="slow replies, %"),
)

# %%
show.compare("01.tail", f"about {1 - 0.99**100:.0%}")

# %% [markdown]
# A page is quick only if all 100 replies are: 0.99 to the power of 100. So a server's rare slow
# reply becomes the usual page (Dean and Barroso, *The Tail at Scale*, 2013). Asking a second
# server when the first is late helps, and costs extra calls.

# %% [markdown]
# ## A timeout is not a failure
#
# So you lose patience: after 0.5 s the shop gives up on stock, and tries again. Today stock takes
# 0.6 s.

# %%
show.predict(
    "The shop waits 0.5 s and makes two tries; stock takes 0.6 s. One tea was ordered. "
    "How many leave the shelf?",
    ["0: both tries time out", "1", "2"],
    key="01.teas",
)


# %%
def impatient(stock=0.6, timeout=0.5, attempts=2):
    world = World(seed=1, latency=0.02)
    shelf = world.store("shelf")

    async def shop(order):
        await call("stock", order, timeout=timeout, retry=RetryPolicy(attempts=attempts))

    world.service("stock", lambda order: shelf.add("teas taken", 1), latency=stock)
    world.service("shop", shop)
    world.client("you", "shop")
    return world.run()


show.compare("01.teas", str(len(impatient().of("effect"))))


# %%
def tries(stock, timeout, attempts):
    trace = impatient(stock, timeout, attempts)
    wanted, taken = {"teas taken": 1}, {"teas taken": len(trace.of("effect"))}
    told = trace.of("end", node="you")[0].text
    return show.trace(trace, expected=wanted, actual=taken, caption=f"You are told: {told}")


show.play(
    tries,
    stock=show.slider(0.1, 1.5, 0.6, step=0.1, label="stock takes, s"),
    timeout=show.slider(0.1, 2.0, 0.5, step=0.1, label="the shop's timeout, s"),
    attempts=show.slider(1, 4, 2, label="tries"),
)

# %% [markdown]
# A timeout tells you that no reply came. Whether the work was done, nobody on your side can know.
# Retry only what may be done twice, or send an id by which stock can tell a second try from a
# second order. Tries multiply as well: where each of three layers makes 4, the lowest gets 4³ = 64
# calls (Google, *Site Reliability Engineering*, ch. 22).

# %% [markdown]
# ## Whoever waits holds a worker
#
# The shop has 8 workers. Readers only look at pages; buyers need stock, which has become slow.
# Look at the readers: they wait for a service that they never use. How many workers bring them
# back? How quick would stock have to be?


# %%
def pool(workers, stock):
    world = World(seed=1)

    async def shop(request):
        if request["id"].startswith("order"):
            await call("stock", request)

    world.service("stock", latency=stock)
    world.service("shop", shop, workers=workers, latency=0.005)
    world.client("buyers", "shop", rate=20, count=200)
    world.client("readers", "shop", rate=20, count=200, payload=lambda i: {"id": f"page-{i}"})
    words = f"20 buyers a second for {stock:.2f} s each: they fill {20 * stock:.0f} workers."
    return show.latency(world.run(), caption=words)


show.play(
    pool,
    workers=show.slider(1, 20, 8, label="workers in the shop"),
    stock=show.slider(0.1, 1.0, 0.5, step=0.05, label="stock takes, s"),
)

# %% [markdown] tags=["break"]
# ## Break it: three bad seconds
#
# Stock can do 40 calls a second, and gets 20 orders. At second 4 it becomes ten times slower; at
# second 7 it is as quick as ever. The shop makes up to 3 tries.

# %%
show.predict(
    "Stock is healthy again from second 7 on. What share of the orders from second 14 on succeeds?",
    ["nearly all: the cause is gone", "about half", "none"],
    key="01.storm",
)


# %%
def storm(attempts=3, timeout=0.5, workers=2, breaker=None):
    world = World(seed=1)

    async def shop(order):
        policy = RetryPolicy(attempts=attempts)
        await call("stock", order, timeout=timeout, retry=policy, breaker=breaker)

    world.service("stock", workers=workers, latency=exponential(0.05))
    world.service("shop", shop)
    world.at(4, world.slow, "stock", 10)
    world.at(7, world.slow, "stock", 1)
    world.client("you", "shop", rate=20, count=400)
    return world.run(until=20)


# %%
def weather(trace):
    ended = trace.of("end", node="you")
    late = [step.data["ok"] for step in ended if step.time > 14]
    series = {
        "calls to stock": [step for step in trace.of("send") if step.peer == "stock"],
        "orders answered": [step for step in ended if step.data["ok"]],
    }
    marks = {"stock slows down": 4, "stock is well again": 7}
    words = f"From second 14 on, {sum(late) / len(late):.0%} of the orders succeed."
    return show.rates(series, marks=marks, caption=words)


show.play(
    lambda attempts, timeout, workers: weather(storm(attempts, timeout, workers)),
    attempts=show.slider(1, 4, 3, label="tries"),
    timeout=show.slider(0.1, 3.0, 0.5, step=0.1, label="the shop's timeout, s"),
    workers=show.slider(1, 8, 2, label="workers in stock"),
)

# %%
show.compare("01.storm", "none")

# %% [markdown]
# An order that times out is tried 3 times, so 20 orders become 60 calls a second, and 2 workers at
# 0.05 s do 40. They work for callers who have gone. The overload outlives its cause: a **metastable
# failure** (Bronson and others, OSDI 2022). Retry surges played a part at AWS in December 2021
# ([its report](https://aws.amazon.com/message/12721/)). Go back, and save stock in three ways, with
# one slider each.

# %% [markdown] tags=["fix"]
# ## Fix it: stop asking
#
# Fewer tries, more workers or more patience: who moves that slider at night? `RetryPolicy` already
# bounds the tries, and spreads them at random so that those who failed together don't return
# together. A **circuit breaker** goes further. After some failures in a row it refuses calls;
# after a while it lets one through, to see.

# %%
print(inspect.getsource(Breaker.allows), inspect.getsource(Breaker.failed), sep="\n")

# %%
show.play(
    lambda failures, reset: weather(storm(breaker=Breaker(failures, reset))),
    failures=show.slider(1, 20, 5, label="failures that open it"),
    reset=show.slider(0.5, 10.0, 1.0, step=0.5, label="seconds until it tries again"),
)

# %% [markdown]
# Still three tries, yet stock comes back: for a moment nobody asks, and its queue drains. The
# price: an open breaker refuses good orders as well. Let it wait 10 s, and it keeps stock from you
# for longer than the trouble did.

# %%
show.quiz(
    "Stock is overloaded and calls time out. Which change makes it worse?",
    ["fewer tries", "a shorter timeout and one more try", "a queue that refuses what won't fit"],
    answer="b",
    why={
        "a": "Fewer tries are fewer calls: that is relief.",
        "b": "Stock still does the work that you gave up on, and now gets more of it.",
        "c": "A refusal costs stock nothing, and the caller knows at once.",
    },
)

# %% [markdown]
# ## What no cure here mends
#
# Marketing wants every buyer in the newsletter. So you edit the shop, and from now on an order
# needs one service more. Tonight the newsletter is down, and no order is placed. The shop must
# know everyone who wants to hear of an order: **tight coupling**. In the next lesson it publishes
# "ordered", and does not know who listens.


# %%
async def shop(order):
    await call("payment", order)
    await call("stock", order)
    await call("newsletter", order)  # marketing's wish, in your code


world = World()
for name in ("payment", "stock", "newsletter"):
    world.service(name, latency=0.1)
world.service("shop", shop)
world.crash("newsletter")
world.client("you", "shop", count=20, every=1.0)
show.topology(world.run())

# %% [markdown] tags=["when-not"]
# ## When to call and wait all the same
#
# Where you can't go on without the answer: a price, a permission, whether the card was accepted. A
# call is simple, and you know at once how it ended. Each cure has a price: a retry is load, a
# breaker refuses good orders and has numbers to tune, a short timeout throws work away.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say what a chain of calls does to latency and to availability.
# - Explain why rare slow replies make most pages slow.
# - Show how timeouts and retries do work twice, and why waiting callers run out of workers.
# - Bring a service back from a retry storm, and name what the cure costs.
# - Say what no such cure mends: the caller knows everyone it calls.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"One of your services was slow for ten seconds last night. Checkout, which calls it, was down for
# an hour. How can that be, and what do you change first?"* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# Its callers timed out and tried again, so it got several calls for each order, more than it can
# do even when healthy. It worked on requests that nobody waited for. So first I cut the load:
# fewer tries, in one layer only, random waits, a breaker, a bounded queue. Then I make tries
# harmless with an id for each order. Then I ask which calls need an answer now, and publish the
# rest as events.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 01](../exercises/01_sync_cascade.ipynb), in your own copy. You write a shop
# that survives what it calls, and `check()` looks for the run that breaks it.
