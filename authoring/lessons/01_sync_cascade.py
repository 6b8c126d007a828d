# %% [markdown] tags=["promise"]
# # 01 · The blocking cascade
#
# In about 35 minutes you will be able to
#
# - say what a chain of calls does to latency and to availability,
# - explain why a few slow replies make most pages slow,
# - show how timeouts and retries repeat work, and why waiting callers use up all workers,
# - bring a service back from a retry storm, and name what the cure costs,
# - say what none of these cures fixes.

# %% tags=["folded"]
# Imports
import inspect

from pubsub_kit import Breaker, CallTimeout, RetryPolicy, World, call, exponential, gather, show

# %% [markdown] tags=["predict"]
# ## Calls that block
#
# You order tea. The `shop` calls `payment`, then `stock`, and only then answers you. Each call
# **blocks**: the caller waits for the reply. Before anything runs, commit to an answer.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Stock now takes 0.6 s instead of 0.2 s; payment still takes 0.1 s. You only call the shop. "
    "How much longer do you wait?",
    {"not at all": 0.0, "0.3 s: 0.1 s overlaps with payment": 0.3, "0.4 s: all of it": 0.4},
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

# %% tags=["folded"]
# What came out
longer = one_order(in_turn, stock=0.6)[-1].time - one_order(in_turn)[-1].time
show.compare("01.adds", round(longer, 1))

# %% [markdown] tags=["play"]
# Slow stock down and watch your own wait. Then let the shop call both services at once: now only
# the slower one counts. That has a cost: stock may set tea aside for a card that payment declines.


# %% tags=["folded"]
# Two controls: how slow stock is, and how the shop calls
def order(stock, both):
    trace = one_order(at_once if both else in_turn, stock=stock)
    return show.trace(trace, caption=f"You wait {trace[-1].time:.2f} s.")


show.play(
    order,
    stock=show.slider(0.1, 1.0, 0.2, step=0.1, label="stock takes, s"),
    both=show.toggle(label="the shop calls both at once"),
)

# %% [markdown] tags=["why"]
# Latency **adds up**: each caller waits until the service it called has finished. Availability
# **multiplies**: your order needs every service at the same time, and each one fails independently.
# Below, each service fails 1% of its calls. How long may the chain get before you mind?


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


# %% tags=["folded"]
# Draw how many orders fail, computed and simulated
def chain(fails, services):
    lost = 100 * (1 - placed(fails / 100, services))
    curve = [(n, 100 * (1 - (1 - fails / 100) ** n)) for n in range(1, 11)]
    marks = [(services, lost, f"simulated: {lost:.1f}%"), (None, fails, "one service alone")]
    words = f"A chain of {services}: {lost:.1f}% of 300 simulated orders fail; the formula says "
    return show.lines(
        {"computed": curve},
        x="services in the chain",
        y="% of orders that fail",
        marks=marks,
        caption=f"{words}{curve[services - 1][1]:.1f}%.",
    )


show.play(
    chain,
    fails=show.slider(0.0, 10.0, 1.0, step=0.5, label="each service fails, % of calls"),
    services=show.slider(1, 10, 3, label="services in the chain"),
)

# %% [markdown]
# ## A page that needs 100 replies
#
# A search page asks 100 servers and shows nothing until it has every reply. Each server is fast:
# only one reply in a hundred takes about a second.
#
# Charts of latency mark two values. **p50** is the median: half of the requests took less. **p99**
# is what 99 of 100 requests stayed below.

# %% tags=["folded"]
# Your prediction
show.predict(
    "1% of each server's replies are slow. What share of the pages is slow?",
    {"about 1%, as for one server": 0, "about 10%": 10, "about 60%": 60},
    key="01.tail",
)


# %%
from pubsub_kit import sometimes, uniform


def page(servers, slow=1.0, pages=400):
    """Return how long each page waits for its slowest server, in seconds."""
    reply = sometimes(uniform(0.8, 1.2), slow / 100, exponential(0.02))
    luck = World(seed=1).chance
    return [max(reply(luck) for _ in range(servers)) for _ in range(pages)]


# %% tags=["folded"]
# Draw how long one server takes, and how long the page does
def tail(servers, slow):
    times = {"one server": page(1, slow), "the page": page(servers, slow)}
    words = f"Computed: {1 - (1 - slow / 100) ** servers:.0%} of the pages meet a slow server."
    return show.latency(times, log=False, caption=words)


show.play(
    tail,
    servers=show.slider(1, 100, 100, label="servers that a page asks"),
    slow=show.slider(0.1, 5.0, 1.0, step=0.1, label="slow replies, %"),
)

# %% tags=["folded"]
# What came out, to the nearest ten percent
slow_pages = [seconds for seconds in page(100) if seconds > 0.8]
show.compare("01.tail", round(100 * len(slow_pages) / 400, -1))

# %% [markdown]
# A page is fast only if all 100 replies are fast, and the probability of that is 0.99 to the power
# of 100. So a server's rare case becomes the page's usual case (Dean and Barroso, *The Tail at
# Scale*, 2013). Asking a second server when the first one is late helps, and costs extra calls.

# %% [markdown]
# ## Timeouts and retries
#
# Stock takes 0.6 s today, but the shop's timeout is 0.5 s. So the shop gives up and tries once
# more.

# %% tags=["folded"]
# Your prediction
show.predict(
    "You order one tea. The shop makes two tries with a timeout of 0.5 s; stock takes 0.6 s. "
    "How many teas leave the shelf?",
    {"0: both tries time out": 0, "1": 1, "2": 2},
    key="01.teas",
)


# %%
def impatient(stock=0.6, timeout=0.5, attempts=2):
    world = World(seed=1, latency=0.02)
    shelf = world.store("shelf")
    policy = RetryPolicy(attempts=attempts)

    async def shop(order):
        try:
            await call("stock", order, timeout=timeout, retry=policy)
        except CallTimeout:
            raise RuntimeError("no tea") from None

    world.service("stock", lambda order: shelf.add("teas taken", 1), latency=stock)
    world.service("shop", shop)
    world.client("you", "shop", payload=lambda i: {"id": "tea"})
    return world.run()


# %% tags=["folded"]
# What came out
teas = len(impatient().of("effect"))
show.compare("01.teas", teas)


# %% tags=["folded"]
# Three sliders: stock, the shop's timeout, and its tries
def tries(stock, timeout, attempts):
    trace = impatient(stock, timeout, attempts)
    wanted, taken = {"teas taken": 1}, {"teas taken": len(trace.of("effect"))}
    told = trace.of("end", node="you")[0].text
    return show.trace(trace, expected=wanted, actual=taken, caption=f"What you hear: {told}.")


show.play(
    tries,
    stock=show.slider(0.1, 1.5, 0.6, step=0.1, label="stock takes, s"),
    timeout=show.slider(0.1, 2.0, 0.5, step=0.1, label="the shop's timeout, s"),
    attempts=show.slider(1, 4, 2, label="tries"),
)

# %% [markdown]
# A timeout says only that no reply came in time; your side can't know whether the work was done.
# Retry only operations that are safe to repeat, or send an id so that stock can tell a retry from a
# new order. Tries multiply, too. If each of three layers makes up to 4, the lowest can get 4³ = 64
# calls (Google, *Site Reliability Engineering*, ch. 22).

# %% [markdown]
# A retry can also bring back **stale data**. Ann sets the price of tea to 3, hears nothing, and
# tries again a second later. In between, Bob sets it to 4. Setting a price is safe to repeat. Is
# this retry harmless?


# %%
def repriced():
    world = World(latency=0.02)
    prices = world.store("prices")
    policy = RetryPolicy(base=1.0, jitter=None, attempts=2)

    def sets(price):
        change = {"id": f"price {price}", "price": price}
        return call("stock", change, timeout=0.5, retry=policy)

    world.service("stock", lambda change: prices.put("tea", change["price"]), latency=0.1)
    world.slow("stock", 6)
    world.at(0.8, world.slow, "stock", 1)
    world.spawn(sets(3), "ann")
    world.at(1.0, lambda: world.spawn(sets(4), "bob"))
    order = ["bob", "ann", "stock"]
    return show.trace(world.run(), expected={"tea": 4}, actual=prices.rows, nodes=order)


repriced()

# %% [markdown]
# The same call, made twice with something else in between, undid Bob's change. So number the
# changes, and let stock refuse an older one: lessons 04 and 05 do that.

# %% [markdown]
# ## A waiting caller holds a worker
#
# The shop has 8 workers. Each second brings 20 readers, who only look at pages, and 20 buyers, who
# also need stock, which has become slow. Watch the readers: they wait for a service that they never
# use. How many workers would bring them back? How fast would stock have to be? Work it out from the
# two numbers below the picture, then try it.


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
    return world.run()


# %% tags=["folded"]
# Draw how long readers and buyers wait
def waits(workers, stock):
    return show.latency(pool(workers, stock), caption=f"20 buyers a second, {stock:.2f} s each.")


show.play(
    waits,
    workers=show.slider(1, 20, 8, label="workers in the shop"),
    stock=show.slider(0.1, 1.0, 0.5, step=0.05, label="stock takes, s"),
)

# %% [markdown]
# Workers in use = arrivals a second × seconds that each one is held (**Little's law**). Here that's
# 20 × 0.5 = 10 for the buyers alone. With 8, the queue grows; with 12, or with stock at 0.35 s,
# readers hardly wait. Right at the limit they still do, because buyers don't arrive evenly.

# %% [markdown] tags=["break"]
# ## Break it: three bad seconds
#
# Stock can handle 40 calls a second, and it gets 20 orders a second. At second 4 it becomes ten
# times slower; at second 7 it is as fast as before. The shop tries each order up to 3 times.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Stock is back at full speed from second 7 on. What share of orders succeeds after second 14?",
    {"nearly all: the cause is gone": 1.0, "about half": 0.5, "none": 0.0},
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


# %% tags=["folded"]
# Draw the calls to stock, and the orders that succeed
def late(trace):
    ended = [step.data["ok"] for step in trace.of("end", node="you") if step.time > 14]
    return sum(ended) / len(ended)


def weather(trace):
    answered = [step for step in trace.of("end", node="you") if step.data["ok"]]
    calls = [step for step in trace.of("send") if step.peer == "stock"]
    marks = {"stock slows down": 4, "stock is back at full speed": 7}
    words = f"After second 14, {late(trace):.0%} of the orders succeed."
    series = {"calls to stock": calls, "orders that succeed": answered}
    return show.rates(series, marks=marks, caption=words)


show.play(
    lambda attempts, timeout, workers: weather(storm(attempts, timeout, workers)),
    attempts=show.slider(1, 4, 3, label="tries"),
    timeout=show.slider(0.1, 3.0, 0.5, step=0.1, label="the shop's timeout, s"),
    workers=show.slider(1, 8, 2, label="workers in stock"),
)

# %% tags=["folded"]
# What came out
show.compare("01.storm", round(late(storm()), 1))

# %% [markdown]
# An order that times out is tried up to 3 times, so 20 orders a second become as many as 60 calls.
# Stock's two workers, at 0.05 s a call, can do 40. They work for callers who have given up, and the
# overload outlives its cause: a **metastable failure** (Bronson and others, HotOS 2021). Such
# retries, a **retry storm**, played a part in [AWS's outage of December
# 2021](https://aws.amazon.com/message/12721/). Go back to the sliders and rescue stock in three
# ways, with one slider each.

# %% [markdown] tags=["fix"]
# ## Fix it: stop calling for a while
#
# Fewer tries, more workers, a longer timeout: who moves that slider at night? `RetryPolicy` limits
# the tries, and adds jitter so that callers who failed together don't return together. A **circuit
# breaker** goes further. After several failures in a row it **opens** and refuses calls. After a
# while it lets one call through as a test: it's **half-open**. A success closes it; a failure opens
# it again. (Below, `opened` is the time of that; `trying` means a test is under way.)

# %% tags=["folded"]
# The breaker's states, and how it decides on a call
print(inspect.getmodule(Breaker).__doc__)
print(inspect.getsource(Breaker.allows))

# %% tags=["folded"]
# The same three bad seconds, with a breaker in the shop
show.play(
    lambda failures, reset: weather(storm(breaker=Breaker(failures, reset))),
    failures=show.slider(1, 20, 10, label="failures that open it"),
    reset=show.slider(0.5, 10.0, 1.0, step=0.5, label="seconds until it tries again"),
)

# %% [markdown]
# The shop still makes up to three tries, yet stock comes back: for a moment nobody calls it, and
# its queue drains. The price: an open breaker also refuses orders that would have succeeded. Make
# it wait 10 s, and it keeps you from stock for longer than the trouble did.

# %% tags=["folded"]
# A question for you
show.quiz(
    "Stock is overloaded and calls time out. Which change makes it worse?",
    [
        "fewer tries",
        "a shorter timeout and one more try",
        "a bounded queue that rejects what doesn't fit",
    ],
    answer="b",
    why={
        "a": "Fewer tries mean fewer calls, which is a relief for stock.",
        "b": "Stock still does the work that you gave up on, and now it gets more of it.",
        "c": "Rejecting a call costs stock almost nothing, and the caller knows at once.",
    },
)

# %% [markdown]
# ## What none of these cures fixes: tight coupling
#
# Marketing wants every buyer to get the newsletter. So you edit the shop, and from now on an order
# needs one more service. Tonight the newsletter is down, and nobody can order tea. The shop has to
# know every service that wants to hear about an order: that is **tight coupling**. In the next
# lesson the shop publishes "ordered" and doesn't know who listens.


# %%
async def shop(order):
    await call("payment", order)
    await call("stock", order)
    await call("newsletter", order)  # marketing's request, in your code


world = World()
for name in ("payment", "stock", "newsletter"):
    world.service(name, latency=0.1)
world.service("shop", shop)
world.crash("newsletter")
world.client("you", "shop", count=20, every=1.0)
show.topology(world.run())

# %% [markdown] tags=["when-not"]
# ## When to call and wait anyway
#
# Call and wait where you can't go on without the answer: a price, a permission, whether the card
# was accepted. A call is simple, and its reply tells you at once how it ended. Every cure above has
# a price too. A retry adds load, a breaker refuses good orders and has settings to tune, and a
# short timeout throws away work that was nearly done.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say what a chain of calls does to latency and to availability.
# - Explain why a few slow replies make most pages slow.
# - Show how timeouts and retries repeat work, and why waiting callers use up all workers.
# - Bring a service back from a retry storm, and name what the cure costs.
# - Say what none of these cures fixes: the caller has to know everyone it calls.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"One of your services was slow for ten seconds last night. Checkout, which calls it, was down for
# an hour. How can that be, and what do you change first?"* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# The callers timed out and retried, so the service got several calls for each order: more than it
# can handle even when it's healthy. It spent its time on requests that nobody was waiting for. So
# first I cut the load: fewer tries, retries in one layer only, jitter, a circuit breaker, a bounded
# queue. Then I make retries harmless with one id per order. Then I ask which calls need an answer
# now, and publish the rest as events.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 01](../exercises/01_sync_cascade.ipynb), in your own copy. You write a shop
# that survives the failures of what it calls, and `check()` looks for the run that breaks it.
