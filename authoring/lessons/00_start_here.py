# %% [markdown] tags=["promise"]
# # Start here
#
# In about 15 minutes you will have
#
# - published a message and watched two subscribers receive it,
# - read a picture of what happened,
# - broken the system with one lost message, and fixed it,
# - met `check()`, which tells you whether your code holds up under every fault it tries.
#
# Click into a cell and press **Shift + Enter** to run it. Run the cells in order. A cell that shows
# only a title is folded: it runs like any other, and a click on the title shows its code.

# %% tags=["folded"]
# Imports
from pubsub_kit import Broker, Violation, World, exercise, explore, publish, show

# %% [markdown]
# ## One message, two subscribers
#
# A **broker** stands between the services that publish messages and the services that subscribe to
# them. They meet at a **topic**, a named channel for one kind of message. Here `billing` and `mail`
# both subscribe to the topic `orders`. The shop that publishes there knows neither of them.

# %%
broker = Broker()
broker.topic("orders")
billing = broker.subscribe("orders", "billing")
mail = broker.subscribe("orders", "mail")
broker.publish("orders", {"item": "tea", "price": 4})

# %% [markdown]
# The broker appends each message to a **log** and replies with its position: offset 0 is the first.
# (A topic may be split into **partitions**, each with a log of its own. This one has a single
# partition, number 0; lesson 02 needs more.)
#
# Billing pulls the message, does its work, and sends an **ack**: "I'm done with this one; don't
# send it again."

# %%
for delivery in billing.pull():
    print("billing got", delivery.data)
    delivery.ack()

# %% [markdown] tags=["predict"]
# Before you run any further, commit to an answer. A guess is enough: a later cell compares it with
# what happened.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Billing has acked the order. What does mail get when it pulls?",
    {"nothing: billing used the message up": 0, "its own copy": 1},
    key="00.copy",
)

# %% tags=["run"]
for delivery in mail.pull():
    print("mail got", delivery.data)
    delivery.ack()

# %% tags=["folded"]
# What came out
show.compare("00.copy", mail.cursors[0])

# %% [markdown]
# ## The same flow as a picture
#
# That broker ran live, in this notebook. A **world** runs the same broker in virtual time, where
# you can delay messages, lose them, and crash services. In this one, billing keeps a ledger of what
# Ann has paid.


# %%
async def careless(ledger, event):
    await ledger.add("Ann paid", event.data["price"])


def shop(world, charge):
    ledger = world.store("ledger")
    world.topic("orders")
    world.consumer("billing", lambda event: charge(ledger, event), "orders", ack_deadline=2)
    world.spawn(publish("orders", {"price": 4}, id="order-1"), "shop")
    return world


# %% tags=["picture"]
show.trace(shop(World(), careless).run())

# %% [markdown]
# Read it from top to bottom. Each vertical line is a participant; `orders` is the topic, in the
# broker. Each arrow is a message, and a dot marks a durable write: Ann paid 4.

# %% [markdown] tags=["play"]
# Now drop some acks. Drag the slider right and watch what Ann gets charged. Each move reruns the
# world from the start, with the same luck: a **seed** fixes which random number each ack draws. An
# ack is lost if its number is below your share. So some moves change nothing, and the next one may
# lose several acks at once.


# %% tags=["folded"]
# A slider that drops acks
def lossy(lost):
    world = shop(World(seed=382, faults={"ack lost": lost}), careless)
    trace = world.run()
    paid = world.store("ledger").rows["Ann paid"]
    return show.trace(trace, caption=f"Ann was charged {paid} for a tea that costs 4.")


show.play(lossy, lost=show.slider(0.0, 0.8, step=0.1, label="share of acks lost"))

# %% [markdown] tags=["why"]
# Without an ack, the broker can't tell whether billing did its work or crashed before it. If the
# broker stayed silent, the order might be lost. So when the ack deadline (2 seconds here) passes,
# it redelivers. That is **at-least-once** delivery, and it means that some messages arrive twice.

# %% [markdown] tags=["break"]
# ## Break it on purpose
#
# A slider finds a failure if you're lucky. `explore()` doesn't need luck. It tries every way in
# which acks can get lost: first none, then one, then two. It stops at the smallest number of losses
# that breaks your rule, and shows you the shortest such run. The rule here: Ann pays 4.


# %%
def pays_once(world):
    paid = world.store("ledger").rows.get("Ann paid", 0)
    if paid != 4:
        words = f"Ann was charged {paid} instead of 4."
        return Violation(words, expected={"Ann paid": 4}, actual={"Ann paid": paid})


found = explore(lambda world: shop(world, careless), pays_once, faults=["ack lost"])
show.counterexample(found)

# %% [markdown]
# The title ends with a **schedule code**. The moments at which a fault could strike are numbered
# from 0; in `0a`, the first of them lost an ack (`a`). In `1c`, there would be a crash (`c`) at the
# second. The code replays this very run.

# %% [markdown] tags=["fix"]
# ## Fix it
#
# You can't stop acks from getting lost. You can make the second delivery harmless: write the
# message's id and the charge in **one transaction**, and do nothing if the id is already there.


# %%
async def careful(ledger, event):
    async with ledger.transaction() as tx:
        if await tx.insert(event.id):
            await tx.add("Ann paid", event.data["price"])


held = explore(lambda world: shop(world, careful), pays_once, faults=["ack lost", "crash"])
print(held)

# %% [markdown]
# **What "holds" means.** You named two faults, lost acks and crashes, and `explore()` tried every
# schedule with up to two of them in a run. That says more than "passed once". What it doesn't say
# matters as much, so each search spells out its **claim**. One thing a search never varies is
# **latency**, the time that a message or a service takes: each one gets its median. Half of the
# values that it could have are lower.

# %%
print(held.claim)

# %% [markdown] tags=["when-not"]
# **What it costs:** one more row per message, kept for as long as the message may be redelivered.
# It also works only because the id and the charge live in the same database. You can't roll back an
# email; lesson 03 comes back to that.

# %% [markdown]
# ## Exercises that answer back
#
# Each exercise is a set of questions. You write an answer, and `check()` tests it. Here is one from
# exercise 06, about a feed like Twitter's. The three dots stand for an answer that nobody has
# started, and `demo=True` says that this is a demonstration, which doesn't count as your progress.

# %%
q = exercise("06", demo=True)
q.deliveries.check(...)

# %% [markdown]
# "Not attempted" isn't "wrong". Here is a wrong answer, and a common one: 400 million times 75. The
# verdict says why it's wrong and gives you a hint.

# %%
q.deliveries.check("30 billion")

# %% [markdown]
# Still stuck? Ask for the next hint, then try again.

# %%
q.deliveries.hint()

# %%
q.deliveries.check(400e6 / 86_400 * 75)

# %% [markdown]
# If your answer is code and it is wrong, the verdict is a picture like the one above: the shortest
# run that breaks it, with a schedule code that replays it. `check()` never shows the answer.
# `q.deliveries.solution()` does, with its reasons, and `q.deliveries.reset()` gives you the
# original question back.

# %% [markdown]
# **Your own copies.** `python3 -m pubsub_kit lab` puts a copy of each lesson into the folder
# `my_lessons` and of each exercise into `my_work`. It never overwrites what you wrote there. Your
# progress is an event log in `my_work`; `python3 -m pubsub_kit progress` prints where you stand.

# %% [markdown]
# **What the kit is not:** a production broker, or a benchmark of one. A world is a model. It shows
# what can happen, and why. Only your own systems can tell you how often it happens to you.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Publish a message and watch two subscribers receive it.
# - Read a picture of what happened.
# - Break the system with one lost message, and fix it.
# - Ask `check()` whether your code holds up under every fault it tries.

# %% [markdown] tags=["next"]
# **Next:** [01, the blocking cascade](01_sync_cascade.ipynb). You'll see what goes wrong when
# services call each other and wait, and why people put a broker between them.
