# %% [markdown] tags=["promise"]
# # 02 · Fan-out: one signup, many readers
#
# In about 40 minutes you can
#
# - say who waits for whom once there is a broker, and what the broker costs,
# - add a reader without touching the publisher, and give it what came before,
# - tell when readers share messages and when each gets a copy,
# - keep a slow, failing or dead reader out of the others' way, and prove it,
# - say what a publisher knows when it hears "ok", and what happens when the broker is down.

# %%
import inspect

from pubsub_kit import Broker, World, call, explore, perform, publish, show, sleep

# %% [markdown] tags=["predict"]
# ## Who has to wait?
#
# Your web app signs people up. It might run as FastAPI on Kubernetes; here it is a function. Email
# and analytics want to hear of each signup. In lesson 01 the app would **call** them. Now it
# **publishes** to a broker, which hands the news on.

# %%
show.predict(
    "Email takes 0.3 s, analytics 0.5 s, each message 0.01 s. The app publishes, and the broker "
    "keeps the event in 0.02 s. How long does Ann wait for her 'welcome'?",
    ["0.86 s: for both", "0.54 s: for the slower one", "0.04 s: for neither"],
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
    world.service("app", signup, latency=confirm)  # the app waits so long for the broker
    world.client("ann", "app", payload=lambda i: {"id": "ann"})
    return world.run()


show.trace(app(publishes, 0.02), axis="order")


# %%
def until(kind, node, trace):
    """Return when such a step first happens at a node; Ann clicks at 0 s."""
    return trace.of(kind, node=node)[0].time


def wait(trace):
    return until("receive", "ann", trace)


print(f"With calls she waits {wait(app(calls)):.2f} s.")
show.compare("02.waits", f"{wait(app(publishes, 0.02)):.2f} s: for neither")

# %% [markdown] tags=["play"]
# Nothing is free. Each event goes through the broker, which must keep it before it says so. Make
# that slow, and look at both numbers: what Ann waits, and when her mail is out.


# %%
def price(broker):
    by_call, by_event = app(calls), app(publishes, broker)
    bars = {
        "called: Ann waits": wait(by_call),
        "called: mail is out": until("end", "email", by_call),
        "published: Ann waits": wait(by_event),
        "published: mail is out": until("end", "email", by_event),
    }
    return show.bars(bars, x="seconds after her click")


show.play(price, broker=show.slider(0.0, 1.0, 0.02, step=0.02, label="the broker takes, s"))

# %% [markdown] tags=["why"]
# The app waits for the **broker's** confirm, never for a reader. So "welcome" now means *accepted*,
# not *done*, and the mail leaves later than by a direct call.
#
# ## Add a reader
#
# Next month analytics wants in, then a vector index for search. In lesson 01 that was your code and
# your outage. Here is all that `publish` does in the broker: it names no reader. Switch them on.


# %%
def wired(analytics, index):
    more = [("analytics", 0.5)] * analytics + [("vector-index", 2.0)] * index
    trace = app(publishes, 0.02, readers=[("email", 0.3), *more])
    return show.topology(trace, caption=f"Ann waits {wait(trace):.2f} s.")


print(inspect.getsource(Broker.publish_event))

show.play(
    wired, analytics=show.toggle(label="analytics"), index=show.toggle(True, label="vector index")
)

# %% [markdown]
# The event goes to the end of the topic's **log**, once. Each reader has a place of its own in it.
#
# ## Late, and dead
#
# Ann, Bob and Eve have signed up. Now the index subscribes; then Dan signs up.

# %%
show.predict(
    "The index subscribes without saying where to start. Whom does it hear of?",
    ["ann, bob, eve, dan", "dan", "nobody"],
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


show.compare("02.late", ", ".join(hears()))

# %% [markdown]
# A new group starts at `latest` unless you say otherwise, here as in Kafka. The log still has the
# rest: say `earliest`, an offset, or a moment. Where a broker keeps nothing, as core NATS, nothing
# helps.
#
# A **dead** reader is another case: its group has a place already. Let email die at second 5.


# %%
def stream(count, every):
    """Return a world in which so many people sign up, one every so many seconds."""
    world = World()
    world.topic("signups")
    for i in range(count):
        world.at(i * every, lambda: world.publish("signups", world.now))
    return world


# %%
def outage(back, takes):
    world, waiting = stream(120, 0.5), []
    group = world.consumer("email", lambda event: None, "signups", latency=takes).subscription
    for i in range(60):
        world.at(i, lambda: waiting.append((world.now, group.lag)))
    world.at(5, world.crash, "email", back - 5)
    world.run(until=60)
    marks = [(5, None, "email dies"), (back, None, "is back")]
    words = f"At most {max(n for _, n in waiting)} wait at once, {waiting[-1][1]} after a minute."
    return show.lines({"signups that wait": waiting}, x="seconds", marks=marks, caption=words)


show.play(
    outage,
    back=show.slider(6, 50, 25, label="email is back at second"),
    takes=show.slider(0.05, 0.6, 0.2, step=0.05, label="a mail takes, s"),
)

# %% [markdown]
# No signup failed meanwhile, and none is lost: they **wait in the log**. Two come each second, so
# at 0.2 s a mail, email catches up, and at 0.6 s never: a broker gives time, not capacity.
#
# ## Share or copy
#
# Somebody configures one group id for email and analytics, "readers". Guess what each gets of six
# signups. Then give each its own.


# %%
def groups(shared):
    world = stream(6, 0.0)
    for name in ("email", "analytics"):
        group = "readers" if shared else name
        world.consumer(name, lambda event: None, "signups", group=group, latency=0.1)
    trace = world.run()
    counts = {name: len(trace.of("end", node=name)) for name in ("email", "analytics")}
    return show.bars(counts, x="signups handled, of 6")


show.play(groups, shared=show.toggle(True, label="one group for both"))

# %% [markdown]
# **Groups share, subscriptions copy.** Within a group each message goes to one member: right for
# three copies of the email service, wrong for two services. The rule: one group for each *purpose*.
# RabbitMQ says queue for group; SQS and SNS say queue too.

# %% [markdown] tags=["break"]
# ## Break it: a loop
#
# Why a broker? `for s in subscribers: s(event)` notifies everybody as well. The rule:
# each mail is out within a second. `explore()` may lose a message on the way to the warehouse that
# analytics calls, or its reply.


# %%
from pubsub_kit import CallError, RetryPolicy, Violation


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
            late = f"{mails[0] - i:.0f} s" if mails else "never"
            return Violation(f"The mail to {name} is late.", None, {name: "1 s"}, {name: late})


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
# One lost message for analytics, and the *mail* is late. If analytics raised each time, nobody
# behind it would ever hear of the signup. Fix it: **a subscription each**, with its own place, acks
# and retries. Then a proof, for these signups and two lost messages; and without faults, how slow
# may analytics become before mails notice?

# %%
print(wired_as({"analytics": analytics, "email": email}))


# %%
def mails(takes, each):
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
    return show.latency({"mail is out": delays}, log=False)


show.play(
    mails,
    takes=show.slider(0.1, 3.0, 1.2, step=0.1, label="analytics takes, s"),
    each=show.toggle(label="a subscription each"),
)

# %% [markdown]
# Over a second, and the loop falls behind for good. A subscription each never notices.
#
# ## Who sorts out?
#
# Billing wants paying users only, Ann and Dan. Either it gets all and passes over the rest, or the
# broker **filters** for it. The bill is the same; what travels is not.

# %%
pays = {"ann", "dan"}
print("billing passes over:", hears(start="earliest"))
print("the broker filters: ", hears(start="earliest", filter=lambda event: event.data in pays))

# %% [markdown]
# A filter saves traffic, and puts a business rule where tests and reviews seldom look. Keep it to a
# type or a field.
#
# ## The one that everybody needs
#
# Many points of failure became one. Here the broker is a service of its own, down from second 5 on;
# somebody signs up each half second.

# %%
show.predict(
    "The app ignores errors of the broker and says 'welcome' at once. Which signups get no mail?",
    ["none: the broker sends them later", "those of these 5 s", "all from second 5 on"],
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


# %%
def outcome(ignores=True, tries=1, seconds=5):
    trace = down(ignores, tries, seconds)
    told = [step.data["latency"] for step in trace.of("end", node="users") if step.data["ok"]]
    mails = len(trace.of("effect", node="email"))
    counts = {"signups": 40, "told 'welcome'": len(told), "got a mail": mails}
    return show.bars(counts, caption=f"The longest wait for a welcome: {max(told):.1f} s.")


show.play(
    outcome,
    ignores=show.toggle(True, label="the app ignores errors"),
    tries=show.slider(1, 12, 1, label="tries"),
    seconds=show.slider(1, 10, 5, label="the broker is down for, s"),
)

# %%
show.compare("02.down", "those of these 5 s")

# %% [markdown]
# Readers only idle, and catch up. **Publishers** must choose: lose the event, refuse the user, or
# let the user wait. The outbox of lesson 05 keeps the event in the app's own database instead;
# lesson 11 runs three machines for one broker.
#
# ## What "ok" means
#
# Client libraries **buffer**: `send()` returns, and the event still sits in your process. Then
# comes a deployment.


# %%
def deployment(linger, flush):
    world, buffer, sent = World(), [], []
    for i in range(1, 101):
        world.at(i / 10, buffer.append, i)
        world.at(i * linger, lambda: sent.extend(buffer[len(sent) :]))
    world.run(until=10)  # here the process ends
    kept = len(buffer) if flush else len(sent)
    return show.bars({"send() returned": len(buffer), "the broker has": kept}, x="events")


show.play(
    deployment,
    linger=show.slider(0.1, 5.0, 1.5, step=0.1, label="the buffer is sent every, s"),
    flush=show.toggle(label="flush() before the end"),
)

# %% [markdown]
# So wait for `flush()`, or for the broker's **confirm**, before you say "welcome". And make one
# producer when the process starts. In August 2025 PagerDuty made one for each request, 4.2 million
# an hour; its Kafka gave in, and about 95% of events were rejected for 38 minutes (its report).

# %%
show.quiz(
    "RabbitMQ confirms your message. What do you know?",
    ["a reader has handled it", "it is in some queue", "the broker has taken charge of it"],
    answer="c",
    why={
        "a": "A confirm comes from the broker; readers come later, if at all.",
        "b": "If no queue is bound for it, it is confirmed too, and dropped.",
        "c": "With the mandatory flag you get back what no queue is bound for.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# Where you need the answer to go on: a price, a permission. Where there is one reader, and always
# will be. Where a team of three would run a broker for ten events a minute: a table and a loop will
# do. You also pay in understanding: no code says any more what happens after a signup.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say who waits for whom once there is a broker, and what the broker costs.
# - Add a reader without touching the publisher, and give it what came before.
# - Tell when readers share messages and when each gets a copy.
# - Keep a slow, failing or dead reader out of the others' way, and prove it.
# - Say what a publisher knows when it hears "ok", and what happens when the broker is down.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Signup sends a mail, feeds analytics and updates a vector index. It got slow, and last week a
# warehouse outage stopped signups. Redesign it."* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# Signup saves the user and publishes one event, by a producer that lives as long as the process,
# and answers after the broker's confirm. Email, analytics and the index have a group each, so
# each has its own place, retries and lag; the workers of one service share a group. The index
# starts at earliest. I alert on the age of the oldest unread message, and size each reader so
# that it can catch up. The broker is now the one thing that everybody needs: I run it replicated,
# and keep events in an outbox while it is away. The price: a welcome no longer means that the mail
# is out, and a message may come twice.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 02](../exercises/02_fan_out.ipynb), in your own copy: wire the readers,
# choose their groups, write a producer that loses nothing.
