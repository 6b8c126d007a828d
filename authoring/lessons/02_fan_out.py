# %% [markdown] tags=["promise"]
# # 02 · Fan-out: one signup, many readers
#
# In about 40 minutes you will be able to
#
# - say who waits for whom once there is a broker, and what the broker costs,
# - add a reader without touching the publisher, and give it the messages from before it joined,
# - tell when readers share messages, own partitions, or get a copy each,
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
# Your web app signs people up. Email and analytics both have to hear about each signup. In lesson
# 01 the app would **call** them. Now it **publishes** an event to a broker, waits until the broker
# has **confirmed** that it is stored, and answers. The broker delivers the event to both.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Email takes 0.3 s, analytics 0.5 s, each message 0.01 s. The app publishes, and the broker "
    "stores the event in 0.02 s. How long does Ann wait for her 'welcome'?",
    {"0.86 s: for both": 0.86, "0.56 s: for the slower one": 0.56, "0.06 s: for neither": 0.06},
    key="02.waits",
)


# %% tags=["run", "picture"]
async def calls(user):
    await call("email", user)
    await call("analytics", user)


async def publishes(user):
    await call("broker", user)  # returns when the broker confirms


def app(signup, confirm=0.0, readers=(("email", 0.3), ("analytics", 0.5))):
    world = World(latency=0.01)
    world.topic("signups")
    for name, seconds in readers:
        if signup is calls:
            world.service(name, latency=seconds)
        else:
            world.consumer(name, lambda event: None, "signups", latency=seconds)
    if signup is publishes:  # it stores the event, in the topic, before it confirms
        world.service("broker", lambda user: publish("signups", user["id"]), latency=confirm)
    world.service("app", signup)
    world.client("ann", "app", payload=lambda i: {"id": "ann"})
    return world.run()


NODES = ["ann", "app", "broker", "signups", "email", "analytics"]


show.trace(app(publishes, 0.02), axis="order", nodes=NODES)


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
# The broker confirms (`reply ann`), Ann gets her reply, and only then is the mail out. `signups` is
# the broker's topic. Make storing slow: how long does Ann wait, and when is her mail out?


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
# not *done*, and the mail goes out a little later than after a direct call. Until a reader has
# caught up, it shows an older state than the app: **eventual consistency**.

# %% [markdown]
# ## Add a reader without touching the app
#
# Email comes first. Next month analytics wants to join, then an index for search. In lesson 01 each
# was a change to your code, and its outage was yours. Here is all that `publish` does in the
# broker: it names no reader. Switch the two on and off.


# %% tags=["folded"]
# What publish does, and a switch for each new reader
def wired(analytics, index):
    more = [("analytics", 0.5)] * analytics + [("index", 2.0)] * index
    trace = app(publishes, 0.02, readers=[("email", 0.3), *more])
    return show.topology(trace, caption=f"Ann waits {wait(trace):.2f} s.")


print(inspect.getsource(Broker.publish_event))

show.play(wired, analytics=show.toggle(label="analytics"), index=show.toggle(True, label="index"))

# %% [markdown]
# The event is appended to the topic's **log**, once. Each reader has its own position in it.
#
# ## A reader that joins late, and one that dies
#
# Ann, Bob and Eve have signed up. Now the index subscribes. Its position starts at `latest`, the
# end of the log, unless it asks for another. Then Dan signs up.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The index doesn't say where to start. Which signups does it get?",
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
# ### source: Kafka: consumer configs, auto.offset.reset, default latest (4.3)
# ### source: NATS: docs.nats.io, Core NATS, "ephemeral": no storage, at most once (2026-11)
# `latest` is Kafka's default too. The log still holds the rest: ask for `earliest`, an offset, or a
# point in time. A broker that keeps nothing, such as core NATS, can't give you the past.
#
# A **dead** reader is different: its group has a position. Let email crash at second
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
# No signup was lost: they **wait in the log**. At 0.2 s a mail, email catches up; at 0.6 s it never
# does. A broker buys you time, not capacity.
#
# ## One group for all readers, or one each
#
# Somebody gives email and analytics the same group id, "readers". How many of six signups does each
# get? Then give each its own group.


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
# ### source: RabbitMQ: docs, Queues: consumers of one queue share its messages (4.3)
# ### source: SNS: Developer Guide, "Fanout to Amazon SQS queues" (2026-11)
# ### source: SQS: Developer Guide, consumers of one queue share its messages (2026-11)
# **Groups share, subscriptions copy.** Within a group, each message goes to one member. That's
# right for three instances of email, and wrong for two services. The rule: one group per *purpose*.
# In RabbitMQ, and with SNS and SQS, a queue plays the part of a group.

# %% [markdown]
# ## Share the messages, or own partitions
#
# Run email twice, in one group. In a **shared** group, either member may get any signup. But a
# topic may be split into **partitions**, each a log of its own. In a **partitioned** group, each
# partition belongs to one member.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Six signups, two members, one partition. How many does each handle, in a shared group and in "
    "a partitioned one?",
    {
        "3 and 3 in both": [[3, 3], [3, 3]],
        "3 and 3 if shared, 6 and 0 if partitioned": [[3, 3], [6, 0]],
        "6 and 0 in both": [[6, 0], [6, 0]],
    },
    key="02.split",
)


# %%
async def email(event):
    await perform("mail", event.data)


def members(kind, partitions=1, change=None):
    world = World()
    world.topic("signups", partitions)
    group = world.consumer("email", email, "signups", workers=2, assignment=kind, latency=1.0)
    for user in ("ann", "bob", "eve", "dan", "ida", "joe"):
        world.publish("signups", user, key=user, id=user)
    if change is not None:
        world.at(1.5, change, world, group)
    return world.run()


# %% tags=["folded"]
# A slider: the number of partitions
def split(trace):
    return [len(trace.of("end", node=f"email-{n}")) for n in (1, 2)]


def divided(partitions):
    both = {kind: split(members(kind, partitions)) for kind in ("shared", "partitioned")}
    bars = {f"{kind}: email-{i + 1}": both[kind][i] for kind in both for i in (0, 1)}
    return show.bars(bars, x="signups handled, of 6")


shares = [split(members(kind)) for kind in ("shared", "partitioned")]
show.play(divided, partitions=show.slider(1, 6, 1, label="partitions"))

# %% tags=["folded"]
# What came out
show.compare("02.split", shares)

# %% [markdown]
# With one partition, the second member is a spare. With more, the key picks one: `hash(key) %
# partitions`. So a user's events reach one member, in order. Six keys spread unevenly: five
# partitions give 5 and 1.
#
# Take two partitions. At 1.5 s you scale down: email-1 **leaves** while it is at work. Its
# partition moves, in a **rebalance**, which starts a new **generation**. An ack from an older one
# is **stale**, and refused.

# %% tags=["folded"]
# Your prediction
show.predict(
    "email-1 leaves in the middle of a signup. How many mails go out for the six signups?",
    {"five: one is lost": 5, "six: one each": 6, "seven: somebody gets two": 7},
    key="02.leaves",
)


# %%
def leaves(world, group):
    group.leave("email-1")


def crashes(world, group):
    world.crash("email-1")


scaled_down = members("partitioned", 2, leaves)
show.trace(scaled_down, axis="order")

# %% tags=["folded"]
# What came out
mails_out = len(scaled_down.of("effect"))
show.compare("02.leaves", mails_out)

# %% tags=["folded"]
# A switch: email-1 crashes instead
changes = {"it leaves": leaves, "it crashes": crashes}
show.play(
    lambda how: show.trace(members("partitioned", 2, changes[how]), axis="order"),
    how=show.choice(list(changes), "it crashes", label="email-1"),
)

# %% [markdown]
# ### source: Kafka: upgrade notes: consumer groups and production-ready share groups (4.2)
# ### source: Kafka: consumer configs, session.timeout.ms, default 45 s (4.0)
# ### source: SQS: Developer Guide, consumers of one queue share its messages (2026-11)
# ### source: RabbitMQ: docs, Queues: consumers of one queue share its messages (4.3)
# The new owner repeats what wasn't acked; lesson 03 copes with the second mail. After a crash, the
# partition waits until the member's heartbeats have been missing for the **session timeout**: 10 s
# here, 45 s in Kafka.
#
# - **Partitioned**, as Kafka's consumer groups: order by key, but a slow message holds up its
#   partition.
# - **Shared**, as SQS, RabbitMQ's queues and, since 4.2, Kafka's share groups: any number of
#   members, no order.

# %% [markdown]
# ## Readers come and go
#
# Somebody signs up every second, from 0 s to 5 s. Which signups get a mail, and when?

# %%
world, mailed_at = stream(6, 1.0), {}
group = world.consumer("email", lambda event: mailed_at.update({event.data: world.now}), "signups")
world.at(1.5, group.pause)  # it keeps its position
world.at(3.5, group.resume)
world.at(4.5, group.unsubscribe)  # and now it has none
world.run()
for signup, mailed in mailed_at.items():
    print(f"signed up at {signup:.0f} s, mail at {mailed:.1f} s")

# %% [markdown] tags=["break"]
# ## Break it: one loop for all readers
#
# `for s in subscribers: s(event)` notifies everybody too. The rule here: each mail is out within a
# second. Analytics calls a warehouse, and `explore()` may lose that call or its reply. Then the
# handler raises, which sends a **nack**: "not done, redeliver it".


# %%
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
# One message for analytics got lost, and the *mail* is late. Fix it: give each reader **its own
# subscription**, with its own position, acks and retries. Then, without faults: how slow may
# analytics get before the mails notice?

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
# Once analytics takes over a second, the loop falls behind for good. With a subscription each, the
# mails never notice.
#
# ## Who filters: the reader or the broker?
#
# Billing wants only the paying users, Ann and Dan. Either it receives every signup and skips the
# rest, or the broker **filters** for it.

# %%
pays = {"ann", "dan"}
print("billing skips the rest:", hears(start="earliest"))
print("the broker filters:    ", hears(start="earliest", filter=lambda event: event.data in pays))

# %% [markdown]
# A filter saves traffic, but it puts a business rule where tests and reviews seldom look.
#
# ## The one service that everybody needs
#
# Many points of failure have become one. Here the broker is down from second 5 to 10, while
# somebody signs up every half second.

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
# app's own database instead.

# %% [markdown]
# ## What a publisher knows when it hears "ok"
#
# If you publish and wait for no answer, that's **fire and forget**: nobody knows what became of the
# event. And client libraries **buffer**: `send()` returns while the event is still in your process.
# Then a deployment stops the process.


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
    words = f"Last sent at {10 // linger * linger:.1f} s; the process ends at 10 s."
    bars = {"send() returned": buffered, "the broker has": kept}
    return show.bars(bars, x="events", caption=words)


show.play(
    arrived,
    linger=show.slider(0.3, 4.8, 1.5, step=0.3, label="the buffer is sent every, s"),
    flush=show.toggle(label="flush() before the process ends"),
)

# %% [markdown]
# ### source: Kafka: KafkaProducer's javadoc: send() is asynchronous, flush() waits (4.3)
# ### source: PagerDuty: engineering blog, "August 28 Kafka Outages" (2025-09-04)
# So wait for `flush()`, or for the broker's **confirm**, before you say "welcome". And create one
# producer when the process starts. In August 2025 PagerDuty created one per request, 4.2 million an
# hour. Its Kafka cluster couldn't cope, and rejected about 95% of events for 38 minutes (its
# report).

# %% tags=["folded"]
# A question for you
### source: RabbitMQ: docs, Consumer Acknowledgements and Publisher Confirms (4.3)
show.quiz(
    "In RabbitMQ, an exchange copies each message to the queues that are bound to it, if any. "
    "RabbitMQ confirms your message. What do you know?",
    ["a reader has handled it", "it is in a queue", "the broker has taken responsibility for it"],
    answer="c",
    why={
        "a": "The confirm comes from the broker. Readers come later, if at all.",
        "b": "If no queue is bound for it, it is confirmed all the same, and dropped.",
        "c": "Set the mandatory flag, and a message that reaches no queue comes back to you.",
    },
)

# %% [markdown]
# ## Where pub/sub fits
#
# - **IoT:** a freezer publishes −18 °C every ten seconds. The next reading replaces a lost one, so
#   fire and forget will do.
# - **CI/CD:** one push starts builds, scans and a chat message. Deployments take turns.
# - **Trading:** every desk subscribes to prices. To buy, it makes a call: it needs the answer.
# - **A CDN:** its caches hold copies near the users, and hear which ones to drop.

# %% [markdown] tags=["when-not"]
# ## When not to use a broker
#
# Skip it when you can't go on without the answer: a price, a permission. Skip it when there is one
# reader, and always will be. Skip it for ten events a minute: a table and a loop will do. You also
# pay in understanding: no one piece of code says what a signup does.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say who waits for whom once there is a broker, and what the broker costs.
# - Add a reader without touching the publisher, and give it the messages from before it joined.
# - Tell when readers share messages, own partitions, or get a copy each.
# - Keep a slow, failing or dead reader out of the others' way, and prove it.
# - Say what a publisher knows when it hears "ok", and what happens when the broker is down.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Signup sends a mail, feeds analytics and updates a search index. It has become slow, and last
# week a warehouse outage stopped signups. Redesign it."* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# Signup saves the user, publishes one event, and answers after the broker's confirm. One producer
# lives as long as the process. Email, analytics and the index have a group each, with its own
# position, retries and lag; the instances of one service share one. The index starts at earliest. I
# alert on the age of the oldest unread message. Everybody needs the broker now, so I run it
# replicated, and keep events in an outbox while it is down. The price: "welcome" no longer means
# that the mail is out, and a message may arrive twice.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 02](../exercises/02_fan_out.ipynb), in your own copy: wire up the readers,
# choose their groups, and write a producer that loses nothing.
