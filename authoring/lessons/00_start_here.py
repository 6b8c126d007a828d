# %% [markdown] tags=["promise"]
# # Start here
#
# In ten minutes you will have
#
# - published a message, and seen two subscribers get it,
# - read a picture of what happened,
# - broken it with one lost message, and mended it,
# - met `check()`, which tells you whether your own code survives.
#
# Click into a cell and press **Shift + Enter** to run it. Run the cells in order.

# %%
from pubsub_kit import Broker, Violation, World, exercise, explore, publish, show

# %% [markdown]
# ## One message, two subscribers
#
# A **broker** stands between those who publish and those who subscribe. They meet at a **topic**, a
# name for one kind of message. `billing` and `mail` both subscribe to the topic `orders`; the shop
# that publishes there knows neither of them.

# %%
broker = Broker()
broker.topic("orders")
billing = broker.subscribe("orders", "billing")
mail = broker.subscribe("orders", "mail")
broker.publish("orders", {"item": "tea", "price": 4})

# %% [markdown]
# The broker keeps messages in a **log**, one after another, and answers with the place of this one:
# offset 0 is the first. Billing pulls the message, does its work, and sends an **ack**: "done,
# don't send it again".

# %%
for delivery in billing.pull():
    print("billing got", delivery.data)
    delivery.ack()

# %% [markdown] tags=["predict"]
# Before you go on, commit to an answer. A guess is enough; the next cell compares it.

# %%
show.predict(
    "Billing has acked the order. What does mail get, now that it looks?",
    ["nothing: the message is used up", "its own copy"],
    key="00.copy",
)

# %% tags=["run"]
for delivery in mail.pull():
    print("mail got", delivery.data)
    delivery.ack()

show.compare("00.copy", "its own copy")

# %% [markdown]
# ## The same, as a picture
#
# That broker ran live. A **world** runs the same broker in virtual time, where you can slow things
# down, lose messages and crash machines. Here, billing writes to a ledger what Ann has paid.


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
# Read it from top to bottom. Each line down is someone who takes part, each arrow is a message,
# and the dot is a change that lasts: Ann paid 4.

# %% [markdown] tags=["play"]
# Now lose some acks. Move the slider to the right, slowly, and watch what Ann pays. Each move runs
# the world again, from the start.


# %%
def lossy(lost):
    world = shop(World(seed=11, faults={"ack lost": lost}), careless)
    trace = world.run()
    paid = world.store("ledger").rows["Ann paid"]
    return show.trace(trace, caption=f"Ann paid {paid} for a tea of 4.")


show.play(lossy, lost=show.slider(0.0, 0.9, step=0.1, label="share of acks lost"))

# %% [markdown] tags=["why"]
# Without an ack, the broker can't tell whether billing did its work or crashed before it. To keep
# silent might lose the order, so it sends it again once the ack deadline, here 2 seconds, has
# passed. That is **at-least-once** delivery.

# %% [markdown] tags=["break"]
# ## Break it on purpose
#
# A slider finds a failure if you are lucky. `explore()` needs no luck: it tries every way in which
# acks can get lost, first none, then one, then two, and stops at the first that breaks your rule.
# The rule here: Ann pays 4.


# %%
def pays_once(world):
    paid = world.store("ledger").rows.get("Ann paid", 0)
    if paid != 4:
        return Violation(f"Ann paid {paid}.", expected={"Ann paid": 4}, actual={"Ann paid": paid})


found = explore(lambda world: shop(world, careless), pays_once, faults=["ack lost"])
show.counterexample(found)

# %% [markdown] tags=["fix"]
# ## Fix it
#
# You can't keep acks from getting lost. You can make the second delivery harmless: write the
# message's id and the money in **one transaction**, and do nothing if the id is there already.


# %%
async def careful(ledger, event):
    async with ledger.transaction() as tx:
        if await tx.insert(event.id):
            await tx.add("Ann paid", event.data["price"])


print(explore(lambda world: shop(world, careful), pays_once, faults=["ack lost", "crash"]))

# %% [markdown]
# "Holds" is more than "passed once": every schedule with up to two lost acks or crashes was tried.
# Of three at once, or of other faults, it says nothing.

# %% [markdown] tags=["when-not"]
# **What it costs:** one more row for each message, kept for as long as the message may come again.
# And it works only because id and money lie in the same database. A mail can't be sent in a
# transaction: that is what lesson 03 is about.

# %% [markdown]
# ## Exercises that answer
#
# Each exercise is a set of questions. You write an answer, `check()` puts it to the test. This is
# one of exercise 01; the dots stand for an answer that nobody has begun.

# %%
q = exercise("01")
q.tail.check(...)

# %% [markdown]
# "Not attempted" is not "wrong". Here is a wrong answer, and a common one: the verdict says why it
# is wrong, and gives a hint.

# %%
q.tail.check("1 %")

# %%
q.tail.hint()

# %%
q.tail.check(100 * (1 - 0.99**100))

# %% [markdown]
# For code, a wrong answer is shown as the picture above was: the shortest run that breaks it, and
# a code that replays it. `q.tail.solution()` shows an answer with its reasons, `q.tail.reset()`
# gives you the question as it was. `check()` never shows the answer.

# %% [markdown]
# **Your own copy.** `python3 -m pubsub_kit lab` puts a copy of each exercise into the folder
# `my_work` and never writes to it again, so an update can't touch what you wrote. Your progress is
# an event log in there; `python3 -m pubsub_kit progress` prints where you stand.

# %% [markdown]
# **What the kit is not:** a broker for production, or a benchmark of one. A world is a model. It
# shows what can happen, and why; how often it happens to you, only your own systems can say.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Publish a message, and let two subscribers each get it.
# - Read a picture of what happened.
# - Break it with one lost message, and mend it.
# - Ask `check()` whether your own code survives.

# %% [markdown] tags=["next"]
# **Next:** [01, the blocking cascade](01_sync_cascade.ipynb): what goes wrong where services call
# each other and wait, and why people put a broker between them.
