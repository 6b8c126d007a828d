# %% [markdown] tags=["promise"]
# # 14 · Interview rehearsal: claim, run, answer
#
# In about 25 minutes, and 45 more for each rehearsal, you will be able to
#
# - split 45 minutes into six boxes, and say what each has to produce,
# - say what interviewers rate, and what separates the levels,
# - make a decision with its price, and name what would flip it,
# - find the run that breaks your design before the interviewer does,
# - say how sure you are, and keep the score,
# - choose between a call, pub/sub, a log, a queue, a saga and two-phase commit.

# %% tags=["folded"]
# Imports
from pubsub_kit import cards, guide, interview, show
from pubsub_kit.designs.components import Group, Provider, Scheduler, Service, Store, Topic, Wire
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.drawn import drawn
from pubsub_kit.designs.report import report, run, searched
from pubsub_kit.interviews.bank.question import BOXES
from pubsub_kit.interviews.guided import decisions
from pubsub_kit.scenarios.payment_ledger.problem import PROBLEM, propose

# %% [markdown] tags=["predict"]
# ## Six boxes
#
# *"Design a payment ledger. You have 45 minutes."* Many candidates go straight to the whiteboard.
# What they draw answers a question that nobody asked. When should you begin to draw?

# %% tags=["folded"]
# Your prediction
show.predict(
    "How many of the 45 minutes have passed when you draw the first box of your design?",
    {"none": 0, "5": 5, "14": 14, "25": 25},
    key="14.draw",
)

# %% tags=["run"]
began = {}
for box, minutes in BOXES:
    began[box] = sum(each for _, each in BOXES[: len(began)])
    print(f"{began[box]:>2} to {began[box] + minutes} min: {box}")
drawing = began["high-level design"]

# %% tags=["folded"]
# What came out
show.compare("14.draw", drawing)

# %% [markdown]
# Each box has to produce something. Requirements end with what must never happen. An estimate ends
# with a decision, or you can skip it. The design ends with a path that you can follow with a
# finger. Deep dives end with a failure that you survive. Watch the clock yourself.
#
# ## What they rate
#
# Five things, each in four bands, from very weak to very strong (Tech Interview Handbook). The
# level is mostly a matter of who drives (Hello Interview, 2023):

# %% [markdown]
# | | mid | senior | staff |
# |---|---|---|---|
# | requirements | asks about load | p50, p99, numbers that decide | challenges one, by its cost |
# | communication | keeps the boxes | offers options | says why |
# | API, data | endpoints | idempotency key, partition key | schemas and replays over time |
# | trade-offs | names one | two options, two prices | commits, and says what flips it |
# | failure | when asked | the likeliest, unasked | blast radius, recovery order, backlog |

# %% [markdown]
# ## A worked example: the ledger
#
# **Requirements, 5 minutes.** You ask: how many payments, what if the card processor is silent, who
# reads the balance, how are mistakes corrected? Then you write down what must never happen: one
# intent charged twice, a charge without entries, a lie to the customer.
#
# ### source: Stripe: newsroom, Black Friday and Cyber Monday (2023)
# **Estimates, 3 minutes.** Stripe took more than 300M payments in four days, $18.6B. We assume a
# peak of ten times the average, and that 1% are retried.

# %%
payments, dollars = 300e6, 18.6e9
average = payments / (4 * 86_400)
print(f"{average:,.0f} payments a second, and {10 * average:,.0f} at peak")
print(f"${dollars / payments:.0f} each")

# %% tags=["predict", "folded"]
# Your prediction
show.predict(
    "Every retry carries a new key, and every lost answer hid a charge. How much is charged twice?",
    {"less than $1M": 0, "about $20M": 20, "about $190M": 190, "about $2B": 2_000},
    key="14.twice",
)

# %% tags=["run"]
twice = 0.01 * dollars
print(f"${twice / 1e6:,.0f}M in four days")

# %% tags=["folded"]
# What came out
show.compare("14.twice", round(twice / 1e6, -1))

# %% [markdown]
# That number decides something: the key is the design, and the rest is plumbing.
#
# **API and data, 6 minutes.** `pay(key, order, amount)` returns paid, declined or pending. A store
# holds keys and entries; what one store holds, one transaction can write.
#
# **High-level design, 11 minutes.** Boxes and arrows, as data:

# %%
PARTS = (
    Service("api", ("accept",), workers=200),
    Topic("orders", key="key"),
    Group("payer", "orders", ("pay",), workers=4_000),
    Scheduler("reconciler", ("reconcile",), every=30.0),
    Store("db", ("keys", "entries"), nodes=12),
    Provider("processor", ("charge", "status")),
)
CALLS = "api db, api orders, payer db, payer processor, reconciler db, reconciler processor"
WIRES = tuple(Wire(*ends.split()) for ends in f"{CALLS}, reconciler orders".split(", "))
first = Design("my ledger", PARTS, WIRES, {"key-scope": "click", "unknown": "failed"})

# %% tags=["picture", "folded"]
# Draw it
caption = "A payer charges and posts. A reconciler looks for payments that are still pending."
drawn(first, caption=caption)

# %% [markdown]
# ## Decide, with a price
#
# "I use one key per **click**. Per attempt would charge a retry twice. Per order would need a
# number for part payments. If the processor doesn't answer, I **decline**, so nobody waits. What
# would flip that? A processor that is often slow."
#
# That sounds senior: options, prices, a flip. Sounding right and being right are two skills,
# though. How sure would you be that it holds?

# %% [markdown] tags=["play"]
# ## Say how sure you are
#
# Put a number on it before the run: "80% that nobody is charged twice." Afterwards, the **Brier
# score** is the mean of (p − outcome)², where the outcome is 1 if it held. 0 is perfect, and always
# saying 50% scores 0.25. Which confidence would you dare?


# %% tags=["folded"]
# One control: your confidence
def scored(percent):
    p = percent / 100
    scores = {"it held": round((p - 1) ** 2, 2), "it broke": round(p**2, 2)}
    words = f"{percent}% sure: {scores['it held']:.2f} if it held, {scores['it broke']:.2f} if not."
    return show.bars(scores, x="Brier score: lower is better", caption=words)


show.play(scored, percent=show.slider(50, 100, 80, step=5, label="how sure, %"))

# %% [markdown] tags=["why"]
# In roughly a thousand practice interviews, how people rated themselves barely matched how their
# interviewers rated them (interviewing.io, 2016). And an error that you were sure of is the one you
# correct best, once you hear of it (Butterfield and Metcalfe, 2001). So claim, run, and look first
# at what you were sure of.

# %% [markdown] tags=["break"]
# ## Break it before they do
#
# The interviewer's favourite sentence is "what if …?". Ask it of a search instead: ann pays in two
# tabs, once with a tip, and any two of a crash, a lost request, reply or ack may happen.

# %% tags=["folded"]
# Your prediction
show.predict(
    "How many faults does the shortest run that breaks this design need?",
    {"none": 0, "one": 1, "two": 2, "it holds": 3},
    key="14.faults",
)

# %%
broken = run(PROBLEM, first)
print(broken.found.violation.message)

# %% tags=["picture", "folded"]
# The shortest run
broken.picture

# %% tags=["folded"]
# What came out
show.compare("14.faults", broken.faults)

# %% [markdown]
# Two tabs are two clicks and one intent. No fault was needed, so it happens every day. The search
# also puts the interviewer's next question, with the names and moments of that run:

# %%
print(broken.question)

# %% [markdown] tags=["fix"]
# ## Fix it, and run it again
#
# One key per **intent**: the order, and a number if it may be paid in parts. Are you sure now?

# %%
second = run(PROBLEM, first.deciding(**{"key-scope": "intent"}))
print(second.found.violation.message)

# %% tags=["picture", "folded"]
# The shortest run
second.picture

# %% [markdown]
# A timeout isn't a no. The charge went through, its reply was lost, and the books say that nothing
# happened. So the outcome is **unknown**: the payment stays pending until the reconciler has asked
# the processor, by your own reference.

# %%
final = first.deciding(**{"key-scope": "intent", "unknown": "pending"})
card = report(PROBLEM, final)
print(card)

# %% tags=["picture", "folded"]
# The hardest run that it survived
card.picture

# %% [markdown]
# The first lines are a proof within a bound. The table is a slice of the busiest minute: for five
# seconds the processor answers late, and then a worker dies. `queued` decides as you did. Now read
# it against yourself: `blocking`, whose API simply waits for the processor, is faster here, and
# cheaper. What does your queue buy?
#
# Decide otherwise, and see what breaks first:


# %% tags=["folded"]
# Three controls: other decisions
def otherwise(key, unknown, kept):
    decided = {"key-scope": key, "unknown": unknown, "key-place": kept}
    found, _ = searched(PROBLEM, propose(decided))
    return show.counterexample(found) if found.violation else show.hardest(found)


show.play(
    otherwise,
    key=show.choice(["attempt", "click", "intent"], "intent", label="one key for each"),
    unknown=show.choice(["retry", "failed", "pending"], "retry", label="if nobody answers"),
    kept=show.choice(["same-transaction", "replica", "cache"], label="keys are kept in"),
)

# %% [markdown]
# Say that you were 90% sure of the first design, 90% of the second, and 70% of the last, because
# by then you had learnt something:

# %%
score = [(0.9, broken.holds), (0.9, second.holds), (0.7, card.holds)]
brier = sum((p - held) ** 2 for p, held in score) / len(score)
print(f"Brier score {brier:.2f}; 50% each time would have scored 0.25")

# %% [markdown]
# You are **calibrated** if 80% of what you call 80% holds. The cure isn't modesty. It is to look
# for the run that breaks it first, and to say what you found.

# %% tags=["folded"]
# A question for you
show.quiz(
    "Which of these tells an interviewer most about your level?",
    [
        "I'd use a log here. Every large company does.",
        "I'd use a log, and pay for its disk. If nobody replays, a queue would do.",
        "Exactly-once delivery takes care of that.",
    ],
    answer="b",
    why={
        "a": "That's a name without a reason.",
        "b": "A choice, its price, and what would flip it, in two sentences.",
        "c": "Which place drops the duplicate? Until you name it, there is none.",
    },
)

# %% [markdown]
# ## Rehearse
#
# Now you, against the clock. The interviewer answers only what you ask, moves on at the end of each
# box, throws one failure, and runs your design. `/help` lists what it understands, and each `/hint`
# is written down. Claim in words: *no double charge under crash, reply lost up to 2 with confidence
# 80%*. The report begins with what you were sure of, and wrong about. The third question you know:
# say it in your own words.

# %%
interview("twitter-feed")

# %%
interview("notification-system")

# %%
interview("payment-ledger")

# %% [markdown]
# ## Which one, and when none
#
# The interviewer's first "why?" is often about the arrow: why a topic, and not a call? These are
# systems that you know by now, and what eight answers about each of them advise:

# %%
decisions()

# %% [markdown]
# Most rows advise against pub/sub. It isn't for transactions: a topic between two changes that
# belong together lets a crash keep one of them. And it is hard to exit. Answer for your own system,
# and read what would change the advice: that is the flip that a staff engineer names.

# %%
guide()

# %% [markdown]
# ## A little every day
#
# What you get wrong today should come back tomorrow, with other numbers. Cards do that:

# %%
cards()

# %% [markdown] tags=["when-not"]
# ## When not to rehearse with a machine
#
# It knows what you decided, and whether that survives. It can't tell whether you listened, or
# whether anybody could follow you. For that you need a person: swap roles after each question. And
# learn no design of ours by heart. The interviewer changes one requirement, and it falls.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Split 45 minutes into six boxes, and say what each has to produce.
# - Say what interviewers rate, and what separates the levels.
# - Make a decision with its price, and name what would flip it.
# - Find the run that breaks your design before the interviewer does.
# - Say how sure you are, and keep the score.
# - Choose between a call, pub/sub, a log, a queue, a saga and two-phase commit.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Tell me about a design decision of yours that was wrong."* Take two minutes, and use the ledger.
# Then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# I keyed payments by click, and I was 90% sure. My reason was sound: a key per attempt charges a
# retry twice. Then I searched for the shortest run that breaks it, and it needed no fault at all: a
# customer with two tabs. So the key belongs to the intent, the order, and a changed amount under
# the same key is refused.
#
# I was wrong once more: I declined on a timeout. The reply can be lost after the charge, so the
# outcome is unknown. Payments stay pending until a reconciler has asked the processor by our own
# reference. Its price is that some customers wait for half a minute. If refunds were cheaper than
# support calls, I'd decline, and refund.
#
# Under load, a design that simply waits for the processor was faster and cheaper than my queue. I'd
# keep the queue only if the processor is away for longer than customers wait, and alert on the age
# of the oldest pending payment. Since then I say how sure I am before a run, and I start with what
# I was surest of.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you**, in a terminal: `python3 -m pubsub_kit interview` has the other questions, and
# `python3 -m pubsub_kit cards` what is due. This lesson has no exercise of its own. The ledger's
# money is in [exercise 05](../exercises/05_out_of_order_transfers.ipynb).
