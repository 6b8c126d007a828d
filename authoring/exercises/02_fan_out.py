# %% [markdown]
# # Exercise 02 · One signup, many readers
#
# Five questions. People sign up, and email, analytics, billing and an index want to hear of it. No
# reader may slow, break or starve another, and no signup may vanish on its way to the broker.
#
# | you have | |
# |---|---|
# | `world.consumer(name, handler, "signups", group=…, start=…, workers=…)` | subscribes a handler |
# | `start="latest"` (the default) or `"earliest"` | where a new group begins |
# | `connect()` | makes a producer, which connects to the broker |
# | `producer.send(data)`, `await producer.flush()` | into its buffer; until the broker has it all |
#
# Stuck? `q.wire.hint()`.

# %%
from pubsub_kit import exercise

q = exercise("02")

# %% [markdown]
# ## groups
#
# To warm up: everybody here reads `signups`. Each new user gets one
# mail. Each web server keeps a list of all users in its memory. Billing handles only those who pay.
# Print the question to see what there is to choose:

# %%
print(q.groups)

# %% tags=["answer:groups"]
### BEGIN SOLUTION
groups = {
    "two email workers": "one group",
    "caches of two web servers": "a group each",
    "billing, for who pays": "a filter at the broker",
}
### END SOLUTION
### BEGIN STUB
# groups = {
#     "two email workers": ...,
#     "caches of two web servers": ...,
#     "billing, for who pays": ...,
# }
### END STUB

q.groups.check(groups)

# %% [markdown] tags=["solution", "answer:groups"]
# **Why.** A mail is *work*: it is to be done once, so the workers share a group. A change is *news*
# to a cache: each must have it, so each has a group. Kafka's consumers with one `group.id` share;
# RabbitMQ's share where they read one queue.
#
# Billing may also have its `if` in the handler. A filter saves the traffic of those who don't pay;
# an `if` keeps the rule in billing's code, where its tests are.

# %% [markdown]
# ## wire
#
# `readers` maps names to handlers. Subscribe them all to `"signups"`. Your function is called
# twice: at first for email and analytics, and after 100 s, when everybody has signed up, for the
# index. It wants the whole history. Analytics are slow, and their warehouse is down at times; all
# the same a mail has to be out within 2 s, and once.


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
# **Why.** Each reader has a subscription of its own: its own place in the log, acks and retries.
# So a slow or failing one holds up nobody. A new group begins at `latest` by default, as in Kafka,
# so the index has to say `earliest`; `Offset(0)` or `At(0)` would be as good.
#
# A loop or a `gather` over all handlers makes one delivery out of two: the slower one decides when
# it ends, and where one fails, both get it again. It costs you a group more to watch for each
# reader.

# %% [markdown]
# ## producer
#
# Now you publish. Your class is made once for each start of the web service, with a function
# `connect()` that makes a producer. `handle(name)` has to send the name and return `"ok"`, and who
# hears "ok" must be on the topic for good: crashes and deployments included.


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
# **Why.** `send` only fills a buffer. After `flush` the broker has it, and only then is "ok" true.
# One producer serves all requests of the process. One for each request also loses nothing, and
# wears the broker out: that is what PagerDuty's report of August 2025 tells.
#
# The price is a wait for the broker in each request. Busy services flush for many requests
# together, and answer each of them after that.

# %% [markdown]
# ## confirm
#
# An exchange gets two messages of yours: a signup, for which a queue is bound, and a refund, for
# which none is, yet. Neither may vanish, whichever two messages the network loses.

# %%
print(q.confirm)

# %% tags=["answer:confirm"]
### BEGIN SOLUTION
confirm = {
    "the publisher waits": "for a confirm, or the message back",
    "where no answer comes, it": "sends again at once",
}
### END SOLUTION
### BEGIN STUB
# confirm = {
#     "the publisher waits": ...,
#     "where no answer comes, it": ...,
# }
### END STUB

q.confirm.check(confirm)

# %% [markdown] tags=["solution", "answer:confirm"]
# **Why.** A confirm says that the broker has taken charge, and RabbitMQ also confirms what it has
# no queue for, and drops it. The mandatory flag brings it back to you. Silence says nothing: the
# message may be lost, or its confirm. So send it again, with the same id, and let readers drop the
# repeat. To wait a minute first is as safe, and kinder to a broker in trouble.

# %% [markdown]
# ## catch_up
#
# The index takes 20 signups a second. For 10 minutes 50 come each second, after that 5. How long
# after the burst has it caught up? Give a text with a unit, such as `"3 min"`, or seconds.

# %% tags=["answer:catch_up"]
### BEGIN SOLUTION
catch_up = (50 - 20) * 600 / (20 - 5)
### END SOLUTION
### BEGIN STUB
# catch_up = ...
### END STUB

q.catch_up.check(catch_up)

# %% [markdown] tags=["solution", "answer:catch_up"]
# **Why.** During the burst 50 − 20 are left over each second, for 600 s. Afterwards the heap
# shrinks by 20 − 5 a second, since new ones still come. A reader that is only just fast enough
# never catches up: spare capacity is what ends a backlog.

# %% [markdown]
# All ✓? Say aloud when two readers share a group and when they don't, and what you know when a
# broker confirms.
