# %% [markdown]
# # Exercise 02 · One signup, many readers
#
# Five questions. People sign up; email, analytics, billing and an index all need to hear about it.
# No reader may slow, break or starve another, and no signup may vanish on its way to the broker.
#
# | you have | |
# |---|---|
# | `world.consumer(name, handler, "signups", group=…, start=…, workers=…)` | subscribes a handler |
# | `start="latest"` (the default) or `"earliest"` | where a new group starts to read |
# | `connect()` | makes a producer, which connects to the broker |
# | `producer.send(data)`, `await producer.flush()` | fills its buffer; waits until it is empty |
#
# Stuck? `q.wire.hint()`.

# %%
from pubsub_kit import exercise

q = exercise("02")

# %% [markdown]
# ## groups
#
# To warm up: everybody here reads `signups`. Each new user gets one mail. Each web server keeps a
# list of all users in its memory. Billing handles paying users only. Who shares a group, and who
# filters? Print the question to see your options:

# %%
print(q.groups)

# %% tags=["answer:groups"]
### BEGIN SOLUTION
groups = {
    "two email workers": "one group",
    "caches of two web servers": "a group each",
    "billing, for paying users": "a filter at the broker",
}
### END SOLUTION
### BEGIN STUB
# groups = {
#     "two email workers": ...,
#     "caches of two web servers": ...,
#     "billing, for paying users": ...,
# }
### END STUB

q.groups.check(groups)

# %% [markdown] tags=["solution", "answer:groups"]
# ### source: Kafka: consumer configs, group.id (4.3)
# ### source: RabbitMQ: docs, Queues: consumers of one queue share its messages (4.3)
# **Why.** A mail is *work*: it should be done once, so the workers share a group. To a cache, a
# signup is *news*: every cache needs it, so each has its own group. In Kafka, consumers with the
# same `group.id` divide the partitions; in RabbitMQ, consumers of one queue share its messages.
#
# Billing may also have its `if` in the handler. A filter saves the traffic for users who don't pay;
# an `if` keeps the rule in billing's code, next to its tests.

# %% [markdown]
# ## wire
#
# `readers` maps names to handlers. Subscribe them all to `"signups"`. Your function is called
# twice: first for email and analytics, then for the index, at 100 s, when everybody has signed up.
# The index wants the whole history. Analytics is slow, and its warehouse is sometimes down. Even
# so, each mail has to go out within 2 s, and only once.


# %% tags=["answer:wire"]
def wire(world, readers):
    ### BEGIN SOLUTION
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start="earliest")
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.wire.check(wire)

# %% [markdown] tags=["solution", "answer:wire"]
# ### source: Kafka: consumer configs, auto.offset.reset, default latest (4.3)
# **Why.** Each reader has its own subscription, with its own position in the log, acks and retries.
# So a slow or failing reader holds up nobody else. A new group starts at `latest` by default, as in
# Kafka, so the index has to ask for `earliest`; `Offset(0)` or `At(0)` would do as well.
#
# A loop or a `gather` over all handlers makes one delivery out of two. The slower handler decides
# when it ends, and if one fails, both get the message again. The price of separate subscriptions:
# one more group to monitor per reader.

# %% [markdown]
# ## producer
#
# Now you publish. Your class is created each time the web service starts, with a function
# `connect()` that makes a producer. One connection is enough for each start of the process: connect
# once. `handle(name)` has to send the name, once for each request, and return `"ok"`. Every name
# that got an "ok" has to be on the topic for good, even if the process crashes or is redeployed, or
# the broker is away for a while. If the broker doesn't confirm within a second, `flush()` raises
# `PublishTimeout`, and keeps the event in the buffer. Whoever hears an error, or anything but "ok",
# asks again.


# %% tags=["answer:producer"]
class Signup:
    def __init__(self, connect):
        ### BEGIN SOLUTION
        self.producer = connect()
        ### END SOLUTION
        ### BEGIN STUB
        # self.connect = connect
        ### END STUB

    async def handle(self, name):
        ### BEGIN SOLUTION
        self.producer.send(name)
        await self.producer.flush()
        return "ok"
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.producer.check(Signup)

# %% [markdown] tags=["solution", "answer:producer"]
# ### source: PagerDuty: engineering blog, "August 28 Kafka Outages" (2025-09-04)
# **Why.** `send` only fills a buffer. After `flush` the broker has the event, and only then is "ok"
# true. If `flush` raises, the exception says so to the client, which asks again, as it does after
# any other answer. An `except` that answers "ok" would be a lie, and another `send` a second event.
# One producer serves all requests of the process. One producer per request loses nothing either,
# but it wears the broker out, as PagerDuty's report of August 2025 shows.
#
# The price is a wait for the broker in each request. Busy services flush for many requests
# together, and answer them all after that.

# %% [markdown]
# ## confirm
#
# You publish two messages to an exchange: a signup, which a queue is bound for, and a refund, which
# no queue is bound for yet. Neither may vanish, whichever two messages the network loses. What does
# the publisher wait for, and what does it do if no answer comes?

# %%
print(q.confirm)

# %% tags=["answer:confirm"]
### BEGIN SOLUTION
confirm = {
    "the publisher waits": "for a confirm, or for the message to come back",
    "if no answer comes, it": "resends at once",
}
### END SOLUTION
### BEGIN STUB
# confirm = {
#     "the publisher waits": ...,
#     "if no answer comes, it": ...,
# }
### END STUB

q.confirm.check(confirm)

# %% [markdown] tags=["solution", "answer:confirm"]
# ### source: RabbitMQ: docs, Consumer Acknowledgements and Publisher Confirms (4.3)
# **Why.** A confirm says that the broker has taken responsibility. But RabbitMQ also confirms a
# message that it has no queue for, and drops it; the mandatory flag makes it come back to you.
# Silence tells you nothing: the message may be lost, or its confirm. So resend it with the same id,
# and let readers drop the duplicate. Waiting a minute first is just as safe, and kinder to a broker
# in trouble.

# %% [markdown]
# ## catch_up
#
# The index handles 20 signups a second. For 10 minutes, 50 arrive each second; after that, 5. How
# long after the burst has it caught up? Answer with a text that has a unit, such as `"3 min"`, or
# with a number of seconds.

# %% tags=["answer:catch_up"]
### BEGIN SOLUTION
catch_up = (50 - 20) * 600 / (20 - 5)
### END SOLUTION
### BEGIN STUB
# catch_up = ...
### END STUB

q.catch_up.check(catch_up)

# %% [markdown] tags=["solution", "answer:catch_up"]
# **Why.** During the burst, 50 − 20 signups are left over each second, for 600 s. Afterwards the
# backlog shrinks by 20 − 5 a second, since new signups still arrive. A reader that is only just
# fast enough never catches up: spare capacity is what drains a backlog.

# %% [markdown]
# All ✓? Say aloud when two readers share a group and when they don't, and what you know once a
# broker has confirmed.
