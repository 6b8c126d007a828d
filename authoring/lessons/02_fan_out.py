# %% [markdown] tags=["promise"]
# # 02 · Fan-out: one signup, many readers
#
# In about 35 minutes you will be able to
#
# - say who waits for whom once there is a broker, and what the broker costs,
# - add a reader without touching the publisher, and give it the messages from before it joined,
# - tell when readers share messages and when each gets a copy,
# - keep a slow, failing or dead reader out of the others' way, and prove it,
# - say what a publisher knows when it hears "ok", and what happens when the broker is down.

# %% tags=["folded"]
# Imports
import inspect

from pubsub_kit import (
    Broker,
    CallError,
    RetryPolicy,
    Violation,
    World,
    call,
    explore,
    perform,
    publish,
    show,
    sleep,
)

# %% [markdown] tags=["predict"]
# ## Who has to wait?
#
# Your web app signs people up. It might run as FastAPI on Kubernetes; here it is a function. Email
# and analytics both have to hear about each signup. In lesson 01 the app would **call** them. Now
# it **publishes** an event to a broker, and the broker delivers it to them.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Email takes 0.3 s, analytics 0.5 s, each message 0.01 s. The app publishes, and the broker "
    "stores the event in 0.02 s. How long does Ann wait for her 'welcome'?",
    {"0.86 s: for both": 0.86, "0.54 s: for the slower one": 0.54, "0.04 s: for neither": 0.04},
    key="02.waits",
)


# %% tags=["run", "picture"]
async def calls(user):
    await call("email", user)
    await call("analytics", user)


async def publishes(user):
    await publish("signups", user["id"])


def app(signup, confirm=0.0, readers=(("email", 0.3), ("analytics", 0.5))):
    world = World(latency=0.01)
    world.topic("signups")
    for name, seconds in readers:
        if signup is calls:
            world.service(name, latency=seconds)
        else:
            world.consumer(name, lambda event: None, "signups", latency=seconds)
    world.service("app", signup, latency=confirm)  # how long the broker takes to confirm
    world.client("ann", "app", payload=lambda i: {"id": "ann"})
    return world.run()


show.trace(app(publishes, 0.02), axis="order")


# %% tags=["folded"]
# What came out
def until(kind, node, trace):
    """Return when this kind of step first happens at a node; Ann clicks at 0 s."""
    return trace.of(kind, node=node)[0].time


def wait(trace):
    return until("receive", "ann", trace)


print(f"If the app calls both readers, Ann waits {wait(app(calls)):.2f} s.")
show.compare("02.waits", round(wait(app(publishes, 0.02)), 2))

# %% [markdown] tags=["play"]
# Nothing is free. Every event goes through the broker, which has to store it before it confirms.
# Make that slow, and look at both numbers: how long Ann waits, and when her mail is out.


# %% tags=["folded"]
# A slider: how long the broker takes to confirm
def price(broker):
    by_call, by_event = app(calls), app(publishes, broker)
    bars = {
        "called: Ann waits": wait(by_call),
        "called: mail is out": until("end", "email", by_call),
        "published: Ann waits": wait(by_event),
        "published: mail is out": until("end", "email", by_event),
    }
    return show.bars(bars, x="seconds after her click")


show.play(
    price, broker=show.slider(0.0, 1.0, 0.02, step=0.02, label="the broker confirms after, s")
)

# %% [markdown] tags=["why"]
# The app waits for the **broker's** confirm, never for a reader. So "welcome" now means *accepted*,
# not *done*, and the mail goes out a little later than after a direct call.
#
# ## Add a reader without touching the app
#
# Say you start with email alone. Next month analytics wants to join, then a vector index for
# search. In lesson 01 each was a change to your code, and its outage was yours. Here is all that
# `publish` does in the broker: it names no reader. Switch the two on and off.


# %% tags=["folded"]
# What publish does, and a switch for each new reader
def wired(analytics, index):
    more = [("analytics", 0.5)] * analytics + [("vector-index", 2.0)] * index
    trace = app(publishes, 0.02, readers=[("email", 0.3), *more])
    return show.topology(trace, caption=f"Ann waits {wait(trace):.2f} s.")


print(inspect.getsource(Broker.publish_event))

show.play(
    wired, analytics=show.toggle(label="analytics"), index=show.toggle(True, label="vector index")
)

# %% [markdown]
# The event is appended to the topic's **log**, once. Each reader has its own position in that log.
#
# ## A reader that joins late, and one that dies
#
# Ann, Bob and Eve have signed up. Now the index subscribes; then Dan signs up.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The index subscribes without saying where to start. Which signups does it get?",
    {"all four": ["ann", "bob", "eve", "dan"], "only dan's": ["dan"], "none": []},
    key="02.late",
)


# %%
def hears(**options):
    broker = Broker(clock=lambda: 0.0)
    broker.topic("signups")
    broker.publish_batch("signups", ["ann", "bob", "eve"])
    reader = broker.subscribe("signups", "reader", **options)
    broker.publish("signups", "dan")
    return [delivery.data for delivery in reader.pull(10)]


# %% tags=["folded"]
# What came out
show.compare("02.late", hears())

# %% [markdown]
# A new group starts at `latest` unless you say otherwise, here as in Kafka. The log still holds the
# rest: ask for `earliest`, an offset, or a point in time. A broker that keeps nothing, such as core
# NATS, can't give you the past.
#
# A **dead** reader is a different case: its group already has a position. Let email crash at second
# 5, while two people sign up every second.


# %%
def stream(count, every):
    """Return a world in which `count` people sign up, one every `every` seconds."""
    world = World()
    world.topic("signups")
    for i in range(count):
        world.at(i * every, lambda: world.publish("signups", world.now))
    return world


# %%
def outage(back, takes):
    """Return how many signups wait, second by second: points (second, signups)."""
    world, waiting = stream(120, 0.5), []
    group = world.consumer("email", lambda event: None, "signups", latency=takes).subscription
    for i in range(60):
        world.at(i, lambda: waiting.append((world.now, group.lag)))
    world.at(5, world.crash, "email", back - 5)
    world.run(until=60)
    return waiting


# %% tags=["folded"]
# Draw how many signups wait for email
def backlog(back, takes):
    waiting = outage(back, takes)
    marks = [(5, None, "email crashes"), (back, None, "email is back")]
    most, left = max(n for _, n in waiting), waiting[-1][1]
    words = f"At most {most} signups wait at once; after a minute, {left}."
    return show.lines({"signups that wait": waiting}, x="seconds", marks=marks, caption=words)


show.play(
    backlog,
    back=show.slider(6, 50, 25, label="email is back at second"),
    takes=show.slider(0.05, 0.6, 0.2, step=0.05, label="each mail takes, s"),
)

# %% [markdown]
# No signup failed in the meantime, and none was lost: they **wait in the log**. Two arrive each
# second. At 0.2 s a mail, email catches up; at 0.6 s it never does. A broker buys you time, not
# capacity.
#
# ## One group for all readers, or one each
#
# Somebody gives email and analytics the same group id, "readers". Guess how many of six signups
# each of them gets. Then give each its own group.


# %%
def groups(shared):
    world = stream(6, 0.0)
    for name in ("email", "analytics"):
        group = "readers" if shared else name
        world.consumer(name, lambda event: None, "signups", group=group, latency=0.1)
    trace = world.run()
    return {name: len(trace.of("end", node=name)) for name in ("email", "analytics")}


# %% tags=["folded"]
# Draw how many signups each reader handles
show.play(
    lambda shared: show.bars(groups(shared), x="signups handled, of 6"),
    shared=show.toggle(True, label="one group for both"),
)

# %% [markdown]
# **Groups share, subscriptions copy.** Within a group, each message goes to one member. That's
# right for three instances of the email service, and wrong for two different services. The rule:
# one group per *purpose*. In RabbitMQ, and with SNS and SQS, a queue plays the part of a group.

# %% [markdown] tags=["break"]
# ## Break it: one loop for all readers
#
# Why do you need a broker? `for s in subscribers: s(event)` notifies everybody too. The rule here:
# each mail is out within a second. Analytics calls a warehouse, and `explore()` may lose that call
# or its reply.


# %%
async def email(event):
    await perform("mail", event.data)


async def analytics(event):
    await call("warehouse", event.data, timeout=5.0)


async def loop(event):
    for subscriber in (analytics, email):
        await subscriber(event)


def prompt(world):
    for i, name in enumerate(["ann", "bob"]):
        mails = [step.time for step in world.trace.of("effect") if name in step.text]
        if not mails or mails[0] > i + 1:
            took = f"{mails[0] - i:.0f} s" if mails else "never"
            words = f"{name}'s mail was not out within a second."
            return Violation(words, None, {name: "1 s"}, {name: took})


# %%
def wired_as(readers):
    def scenario(world):
        world.topic("signups")
        world.service("warehouse")
        for name, handler in readers.items():
            world.consumer(name, handler, "signups")
        for i, name in enumerate(["ann", "bob"]):
            world.at(i, world.publish, "signups", name)

    return explore(scenario, prompt, faults=["loss", "reply lost"])


show.counterexample(wired_as({"loop": loop}))

# %% [markdown] tags=["fix"]
# One message for analytics got lost, and the *mail* is late. If analytics raised an error each
# time, no reader behind it in the loop would ever hear about the signup. Fix it: give each reader
# **its own subscription**, with its own position, acks and retries. First, a proof for these
# signups and up to two lost messages. Then, without faults: how slow may analytics get before the
# mails notice?

# %%
print(wired_as({"analytics": analytics, "email": email}))


# %%
def mails(takes, each):
    """Return how many seconds after each signup its mail was out."""
    world, delays = stream(60, 1.0), []

    def mail(event):
        delays.append(world.now - event.data)

    async def analytics(event):
        await sleep(takes)
        if not each:
            mail(event)  # the loop goes on to the next

    world.consumer("analytics", analytics, "signups")
    if each:
        world.consumer("email", mail, "signups")
    world.run()
    return delays


# %% tags=["folded"]
# Draw how long the mails take
show.play(
    lambda takes, each: show.latency({"mail is out": mails(takes, each)}, log=False),
    takes=show.slider(0.1, 3.0, 1.2, step=0.1, label="analytics takes, s"),
    each=show.toggle(label="each reader has its own subscription"),
)

# %% [markdown]
# A signup comes every second. Once analytics takes longer than that, the loop falls behind for
# good. With a subscription each, the mails never notice.
#
# ## Who filters: the reader or the broker?
#
# Billing wants only the paying users, Ann and Dan. Either it receives every signup and skips the
# rest, or the broker **filters** for it. The bills come out the same; the traffic doesn't.

# %%
pays = {"ann", "dan"}
print("billing skips the rest:", hears(start="earliest"))
print("the broker filters:    ", hears(start="earliest", filter=lambda event: event.data in pays))

# %% [markdown]
# A filter saves traffic, but it puts a business rule where tests and reviews seldom look. Keep it
# to a type or a field.
#
# ## The one service that everybody needs
#
# Many points of failure have become one. Here the broker is a service of its own. It crashes at
# second 5 and is down for 5 seconds; somebody signs up every half second.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The app ignores the broker's errors and says 'welcome' at once. Which signups get no mail?",
    {"none: they are late": 0, "the 10 made while it is down": 10, "all 30 from second 5 on": 30},
    key="02.down",
)


# %%
def down(ignores, tries, seconds):
    async def signup(user):
        try:
            await call("broker", user, timeout=0.5, retry=RetryPolicy(cap=1.0, attempts=tries))
        except CallError:
            if not ignores:
                raise

    world = World(latency=0.01)
    world.topic("signups")
    world.service("broker", lambda user: publish("signups", user["id"]))
    world.consumer("email", email, "signups")
    world.service("app", signup)
    world.client("users", "app", count=40, every=0.5)
    world.at(5, world.crash, "broker", seconds)
    return world.run()


# %% tags=["folded"]
# Draw who was told 'welcome', and who got a mail
def outcome(ignores=True, tries=1, seconds=5):
    trace = down(ignores, tries, seconds)
    told = [step.data["latency"] for step in trace.of("end", node="users") if step.data["ok"]]
    mailed = len(trace.of("effect", node="email"))
    counts = {"signups": 40, "told 'welcome'": len(told), "got a mail": mailed}
    return show.bars(counts, caption=f"The longest wait for a 'welcome': {max(told):.1f} s.")


show.play(
    outcome,
    ignores=show.toggle(True, label="the app ignores the errors"),
    tries=show.slider(1, 12, 1, label="tries"),
    seconds=show.slider(1, 10, 5, label="the broker is down, s"),
)

# %% tags=["folded"]
# What came out
mailed = len(down(True, 1, 5).of("effect", node="email"))
show.compare("02.down", 40 - mailed)

# %% [markdown]
# Readers just wait for the broker, and then catch up. **Publishers** have to choose: lose the
# event, refuse the user, or make the user wait. The outbox of lesson 05 keeps the event in the
# app's own database instead. A replicated broker is down less often: lesson 11, in preparation.
#
# ## What a publisher knows when it hears "ok"
#
# Client libraries **buffer**: `send()` returns while the event is still in your process. Then a
# deployment stops the process.


# %%
def deployment(linger, flush):
    """Return what send() returned for, and what the broker has, when the process ends."""
    world, buffer, sent = World(), [], []
    for i in range(1, 101):
        world.at(i / 10, buffer.append, i)
        world.at(i * linger, lambda: sent.extend(buffer[len(sent) :]))
    world.run(until=10)  # here the process ends
    return len(buffer), len(buffer if flush else sent)


# %% tags=["folded"]
# Draw what was sent, and what arrived
def arrived(linger, flush):
    buffered, kept = deployment(linger, flush)
    return show.bars({"send() returned": buffered, "the broker has": kept}, x="events")


show.play(
    arrived,
    linger=show.slider(0.1, 5.0, 1.5, step=0.1, label="the buffer is sent every, s"),
    flush=show.toggle(label="flush() before the process ends"),
)

# %% [markdown]
# So wait for `flush()`, or for the broker's **confirm**, before you say "welcome". And create one
# producer when the process starts. In August 2025 PagerDuty created one per request, 4.2 million an
# hour. Its Kafka cluster couldn't cope, and about 95% of events were rejected for 38 minutes
# (PagerDuty's report).

# %% tags=["folded"]
# A question for you
show.quiz(
    "RabbitMQ confirms your message. What do you know?",
    ["a reader has handled it", "it is in a queue", "the broker has taken responsibility for it"],
    answer="c",
    why={
        "a": "The confirm comes from the broker. Readers come later, if at all.",
        "b": "If no queue is bound for the message, it is confirmed all the same, and dropped.",
        "c": "Set the mandatory flag, and a message that no queue is bound for comes back to you.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to use a broker
#
# Skip it when you can't go on without the answer: a price, a permission. Skip it when there is one
# reader, and always will be. Skip it when a team of three would run a broker for ten events a
# minute: a table and a loop will do. You also pay in understanding: no single piece of code says
# any more what happens after a signup.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say who waits for whom once there is a broker, and what the broker costs.
# - Add a reader without touching the publisher, and give it the messages from before it joined.
# - Tell when readers share messages and when each gets a copy.
# - Keep a slow, failing or dead reader out of the others' way, and prove it.
# - Say what a publisher knows when it hears "ok", and what happens when the broker is down.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Signup sends a mail, feeds analytics and updates a vector index. It has become slow, and last
# week a warehouse outage stopped signups. Redesign it."* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# Signup saves the user, publishes one event, and answers after the broker's confirm. One producer
# lives as long as the process. Email, analytics and the index have a group each, so each has its
# own position, retries and lag; the instances of one service share a group. The index starts at
# earliest. I alert on the age of the oldest unread message, and give each reader enough capacity to
# catch up. The broker is now the one thing that everybody needs, so I run it replicated, and keep
# events in an outbox while it is down. The price: "welcome" no longer means that the mail is out,
# and a message may arrive twice.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 02](../exercises/02_fan_out.ipynb), in your own copy: wire up the readers,
# choose their groups, and write a producer that loses nothing.
