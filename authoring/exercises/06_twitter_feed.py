# %% [markdown]
# # Exercise 06 · A timeline for 150 million active people
#
# Six questions: first three estimates, then a change under load, then your design. It runs message
# by message among five people, and then in a simulation of 300 million accounts. Of these, 150
# million are active: that is published (High Scalability, 2013-07-08), and the rest is assumed.
#
# | a `FeedDesign` decides | |
# |---|---|
# | `threshold`, `skip_inactive`, `timeline` | who is pushed, who has a timeline, its length |
# | `workers`, `express`, `chunk`, `partition_by` | who fans out, in which pieces and which order |
# | `stores`, `replicas` | where timelines are held, and in how many copies |
# | `semantics`, `attempts`, `dedup` | what a crash does to a message |
# | `removal`, `replies` | what happens to deletes and to early replies |
#
# | these take one of a few words | |
# |---|---|
# | `partition_by` | `"none"`, `"author"`, `"reader"` |
# | `semantics` | `"at least once"`, `"at most once"` |
# | `removal` | `"ignored"`, `"fanned out"`, `"checked on read"` |
# | `replies` | `"as they come"`, `"held on read"` |
#
# `help(FeedDesign)` explains each of them. Stuck? Call `q.feed.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import exercise
from pubsub_kit.feed import FeedDesign

q = exercise("06")

# %% [markdown]
# ## deliveries
#
# This is how an interview begins. People post 400 million tweets a day (High Scalability,
# 2013-07-08), and an account has 75 followers on average (Kleppmann, *Designing Data-Intensive
# Applications*, ch. 1). If each tweet goes into each follower's timeline, how many entries are
# written a second? Give a number, or a string with a unit, such as `"12K/s"`.

# %% tags=["answer:deliveries"]
### BEGIN SOLUTION
deliveries = 400e6 / 86_400 * 75
### END SOLUTION
### BEGIN STUB
# deliveries = ...
### END STUB

q.deliveries.check(deliveries)

# %% [markdown] tags=["solution", "answer:deliveries"]
# **Why.** That's about 4,600 tweets a second, times 75. Say such a number aloud, rounded: "350
# thousand a second". It tells you at once that one machine isn't enough, and that a hundred may be.

# %% [markdown]
# ## memory
#
# A timeline holds 800 entries. Each one is a tweet's id (8 bytes), its author's id (8) and flags
# (4), and there are three replicas (High Scalability again). Only active people have one. How much
# memory is that for 150 million active people? Write the number with its unit.

# %% tags=["answer:memory"]
### BEGIN SOLUTION
memory = f"{150e6 * 800 * 20 * 3 / 1e12} TB"
### END SOLUTION
### BEGIN STUB
# memory = ...  # such as "12 GB"
### END STUB

q.memory.check(memory)

# %% [markdown] tags=["solution", "answer:memory"]
# **Why.** A timeline takes 16 KB. For 150 million of them that's 2.4 TB, times three. It holds no
# text: a tweet is stored once, and its text is looked up when it's shown. So a lost timeline can be
# rebuilt.

# %% [markdown]
# ## celebrity
#
# The largest account had 31 million followers, and the fleet made 300,000 deliveries a second (same
# source). If the fleet does nothing else, how long does one tweet by this account take?

# %% tags=["answer:celebrity"]
### BEGIN SOLUTION
celebrity = 31e6 / 300e3
### END SOLUTION
### BEGIN STUB
# celebrity = ...
### END STUB

q.celebrity.check(celebrity)

# %% [markdown] tags=["solution", "answer:celebrity"]
# **Why.** It takes more than a minute and a half, and everybody else's tweets wait. Three numbers,
# and you've found the hard part of the question: the average is easy, the tail isn't.

# %% [markdown]
# ## grow
#
# The fan-out has two partitions and gets a third. Within seconds, Ann posts 'rain' and deletes it,
# then posts 'oops' and deletes that too. Adding a tweet takes a worker longer than removing one.
# Choose so that no deleted tweet stays in cat's timeline. The next cell shows the options.

# %%
print(q.grow)

# %% tags=["answer:grow"]
### BEGIN SOLUTION
grow = {
    "key": "the reader",
    "workers": "one per partition",
    "partitions": "stop publishing, drain, then add one",
}
### END SOLUTION
### BEGIN STUB
# grow = {"key": ..., "workers": ..., "partitions": ...}
### END STUB

q.grow.check(grow)

# %% [markdown] tags=["solution", "answer:grow"]
# **Why.** A tweet and its delete must stay in order: one key, one partition, one worker. A
# different number of partitions can send the same key elsewhere, so nothing may be waiting at that
# moment. The author and the reader both work as a key, since a tweet and its delete share both.
#
# You can also start with more partitions than you need (the usual advice), or use a new topic that
# is read once the old one is empty. Or do without order: if reads check for deletes, it doesn't
# matter when the delete arrives.

# %% [markdown]
# ## five
#
# There are five people. Ann has 31 million followers, of whom you see four; bob has 75, of whom you
# see two. Workers crash, acks get lost, and messages arrive twice or late: up to two faults a run.
# Design a feed in which everybody sees every tweet once, no reply before its original, and nothing
# deleted. Sizes don't matter yet. See how a first design fails:

# %%
q.five.check(FeedDesign(threshold=1_000_000))

# %% tags=["answer:five"]
### BEGIN SOLUTION
five = FeedDesign(
    threshold=1_000_000,
    dedup=True,
    removal="checked on read",
    replies="held on read",
)
### END SOLUTION
### BEGIN STUB
# five = FeedDesign()
### END STUB

q.five.check(five)

# %% [markdown] tags=["solution", "answer:five"]
# **Why.** Delivery is at least once, so nothing is lost. Entries are deduplicated by the tweet's
# id, so nothing is doubled: that's effectively once. A pulled tweet is there at once while a pushed
# one is still on its way, so only a read can notice that an original is missing. It can check for
# deletes as well.
#
# Or fan deletes out and partition by reader, so that everything that goes to one reader stays in
# order; then replies to pushed tweets are in order too. Or push nothing. The price is two more
# lookups per read, or a fan-out that is split by reader. Which one costs more? Read on.

# %% [markdown]
# ## feed
#
# Now for 150 million active people. Your design must be correct among five, and it must keep its
# service levels through ninety bad seconds, within the budget. The next cell shows them. For a rule
# that no parameter expresses, derive a class and override `pushed(network)` or `kept(network)`.
# Each returns an array with True or False for each account. (`help(FeedDesign)` also explains
# `least_reading`, for a rule by pairs of author and reader.)

# %%
print(q.feed)

# %% tags=["answer:feed"]
### BEGIN SOLUTION
feed = FeedDesign(
    threshold=1_000_000,
    skip_inactive=True,
    workers=300,
    stores=130,
    dedup=True,
    removal="checked on read",
    replies="held on read",
)
### END SOLUTION
### BEGIN STUB
# feed = FeedDesign()
### END STUB

q.feed.check(feed)

# %% [markdown] tags=["solution", "answer:feed"]
# **Why.** Few accounts have more than a million followers. Merging them costs a read little, while
# pushing them would hold up everybody. Half of the accounts are inactive and get no timeline. The
# other 150 million timelines of 16 KB, three times, fill 113 stores of 64 GB: your own estimate.
# Twenty stores may be lost, since their data has replicas elsewhere. The workers' spare capacity is
# for the bad seconds. After five attempts the poison message is set aside, and its worker goes on.
#
# There are many ways. In an express lane, small tweets pass the large ones. Shorter timelines on
# two replicas need less memory. Small chunks let small tweets pass in between; large ones, as
# Instagram's, take more workers. A class of yours can decide by *active* followers, which is what a
# tweet costs. A list of names doesn't work, because other large accounts tweet too. And more
# workers alone don't help: the celebrity's tweet fills any fleet that the budget buys, and the
# faster they write, the longer reads wait for the stores.

# %% [markdown]
# All ✓? Close the notebook and say aloud who is pushed, who is pulled, and which number decides.
# Recalling something teaches you more than reading it again (Karpicke and Roediger, 2007).
