# %% [markdown]
# # Exercise 06 · A timeline for 150 million people
#
# Six questions: three numbers to begin with, then a change in mid-stream, then your design. It is
# tried message by message among five people, and then simulated for 150 million.
#
# | a `FeedDesign` decides | |
# |---|---|
# | `threshold`, `skip_inactive`, `timeline` | who is pushed, who has a timeline, how long it is |
# | `workers`, `express`, `chunk`, `partition_by` | who fans out, in which portions and order |
# | `stores`, `replicas` | where timelines are held, and how often |
# | `semantics`, `attempts`, `dedup` | what a crash does to a message |
# | `removal`, `replies` | what becomes of deletes, and of replies that are early |
#
# | one of the words | |
# |---|---|
# | `partition_by` | `"none"`, `"author"`, `"reader"` |
# | `semantics` | `"at least once"`, `"at most once"` |
# | `removal` | `"ignored"`, `"fanned out"`, `"checked on read"` |
# | `replies` | `"as they come"`, `"held on read"` |
#
# `help(FeedDesign)` says what each number counts. Stuck? `q.feed.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import exercise
from pubsub_kit.feed import FeedDesign

q = exercise("06")

# %% [markdown]
# ## deliveries
#
# As an interview begins: 400 million tweets are written a day (High Scalability, 2013-07-08), and
# an account has 75 followers in the mean (Kleppmann, *Designing Data-Intensive Applications*,
# ch. 1). If each tweet goes into each follower's timeline, how many entries are written a second?
# Give a number, or a text with a unit, such as `"12K/s"`.

# %% tags=["answer:deliveries"]
### BEGIN SOLUTION
deliveries = 400e6 / 86_400 * 75
### END SOLUTION
### BEGIN STUB
# deliveries = ...
### END STUB

q.deliveries.check(deliveries)

# %% [markdown] tags=["solution", "answer:deliveries"]
# **Why.** About 4,600 tweets a second, times 75. Say such a number aloud, rounded: "350 thousand a
# second". It tells you at once that one machine is not enough, and that a hundred may be.

# %% [markdown]
# ## memory
#
# A timeline holds 800 entries: a tweet's id (8 bytes), its author's id (8), flags (4). It is held
# three times (High Scalability again). How much memory is that for 150 million people?

# %% tags=["answer:memory"]
### BEGIN SOLUTION
memory = f"{150e6 * 800 * 20 * 3 / 1e12} TB"
### END SOLUTION
### BEGIN STUB
# memory = ...  # such as "12 GB"
### END STUB

q.memory.check(memory)

# %% [markdown] tags=["solution", "answer:memory"]
# **Why.** 16 KB a timeline, 2.4 TB in all, three times. No text is in it: a tweet is stored once,
# and its text looked up when it is shown. So a timeline can be rebuilt, and may be lost.

# %% [markdown]
# ## celebrity
#
# The largest account had 31 million followers, and the fleet made 300,000 deliveries a second (the
# same source). If it does nothing else, how long does one such tweet take?

# %% tags=["answer:celebrity"]
### BEGIN SOLUTION
celebrity = 31e6 / 300e3
### END SOLUTION
### BEGIN STUB
# celebrity = ...
### END STUB

q.celebrity.check(celebrity)

# %% [markdown] tags=["solution", "answer:celebrity"]
# **Why.** More than a minute and a half, in which everybody else's tweets wait. Three numbers, and
# you have found the question's hard part: the mean is easy, and the tail is not.

# %% [markdown]
# ## grow
#
# The fan-out has two partitions, and gets a third. Ann writes 'rain' and deletes it, writes 'oops',
# and deletes that, all within seconds; to add takes a worker longer than to remove. Choose so that
# no deleted tweet is left in cat's timeline. To see the options, print the question.

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
# **Why.** A tweet and its delete must stay in line: one key, one partition, one worker. With
# another number of partitions the key's hash may point elsewhere, so nothing may wait at that
# moment. Key by author or by reader: both belong to both messages.
#
# Also right: more partitions than you need from the start (the usual advice), or a new topic that
# is read once the old one is empty. Or do without order: a delete that is checked on read comes
# too late for nobody.

# %% [markdown]
# ## five
#
# Five people: ann has 31 million followers, of whom you see four, bob has 75, of whom you see two.
# Workers crash, acks are lost, messages come twice or late, two of these at once. Design a feed
# in which everybody sees every tweet, once, no reply before its original, and nothing that is
# deleted. Sizes do not matter yet. See how the design without a thought fails:

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
# **Why.** At least once, so that nothing is lost; an entry is added once by its tweet's id, so that
# nothing is doubled: effectively once. A pulled tweet is there at once, and a pushed one on its
# way, so only a read can see that an original is missing. It can see a delete as well.
#
# Also right: fan deletes out, and partition by reader, so that all that goes to one reader stays
# in order; then replies to pushed tweets are in order, too. Or push nothing. What it costs: two
# lookups more in each read, or a fan-out that is cut by reader. Which is dearer? Read on.

# %% [markdown]
# ## feed
#
# Now for 150 million. Your design must be right among five, and keep its levels through ninety bad
# seconds, for the money. Print the question to see them. For a rule that no parameter expresses,
# derive a class and override `pushed(network)` or `kept(network)`: each returns an array with True
# or False for each account.

# %%
print(q.feed)

# %% tags=["answer:feed"]
### BEGIN SOLUTION
feed = FeedDesign(
    threshold=1_000_000,
    skip_inactive=True,
    workers=150,
    stores=65,
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
# **Why.** Few accounts have more than a million followers: to merge them costs a read little, to
# push them holds up everybody. Half of the people are not there, and get no timeline. 75 million
# timelines of 16 KB, three times, fill 57 stores of 64 GB; ten may be lost, and what is on them is
# somewhere else as well. The workers have time to spare: it is for the bad seconds.
#
# There are many ways. An express lane for small tweets lets you push up to ten million; shorter
# timelines, held twice, cost less memory; small chunks let small tweets pass in between; a class of
# yours can go by *active* followers, which is what a tweet costs. More workers alone never help:
# the celebrity's tweet fills any fleet that the money buys.

# %% [markdown]
# All ✓? Close the notebook, and say aloud who is pushed, who is pulled, and which number decides.
# To recall something teaches you more than to read it again (Karpicke and Roediger, 2007).
