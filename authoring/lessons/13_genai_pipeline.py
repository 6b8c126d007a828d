# %% [markdown] tags=["promise"]
# # 13 · A GenAI pipeline: documents in, answers out
#
# In about 35 minutes you will be able to
#
# - answer a signup at once, and say what that costs,
# - bring a document from an upload to a vector index, an agent and a ranking, by events,
# - keep an old version, a deleted document and half a document out of an index,
# - change the embedding model without downtime, and go back,
# - say what an embedding costs, what SIGTERM does, and when a nightly batch is enough.

# %% tags=["folded"]
# Imports
import inspect
from itertools import islice
from tempfile import TemporaryDirectory

from pubsub_kit import Broker, show
from pubsub_kit.genai.shown import bar, chain, manifest, ready

ready()
from pubsub_kit.genai.corpus import documents, hits
from pubsub_kit.genai.deploy.termination import terminated
from pubsub_kit.genai.faults import MISTAKES, broken, drawn, right
from pubsub_kit.genai.pipeline import Pipeline
from pubsub_kit.genai.service import Served, band, documents_app, latencies, signup_app
from pubsub_kit.patterns.tracing import Tracing
from pubsub_kit.scenarios.rag_ingestion.steps import Ingestion

# %% [markdown] tags=["predict"]
# ## Sign up: wait, or publish
#
# Somebody signs up at a FastAPI service. A welcome email takes 80 ms, analytics 30 ms, and the
# vector index 120 ms; these three are assumptions. `POST /signup/blocking` calls them one after the
# other. `POST /signup` publishes one event and answers 202, "accepted".

# %% tags=["folded"]
# Your prediction
show.predict(
    "How long does the caller wait for each of the two?",
    {
        "over 200 ms for both": ("over 200 ms", "over 200 ms"),
        "over 200 ms, and under 50 ms": ("over 200 ms", "under 50 ms"),
        "under 50 ms for both": ("under 50 ms", "under 50 ms"),
    },
    key="13.signup",
)

# %% tags=["run"]
with Served(signup_app(Broker())) as signup:
    waits = latencies(signup.url, n=20)
both = band(waits["blocking"]), band(waits["evented"])
print("blocking:", both[0], "· evented:", both[1])

# %% tags=["folded"]
# What came out
show.compare("13.signup", both)

# %% [markdown]
# Those are medians of 20 requests over HTTP, printed as bands because your machine isn't ours. The
# work still takes as long as before; nobody waits for it. So nobody hears of its failure either.
# 202 says that the event is in the log, and no more than that.

# %% [markdown]
# ## From an upload to an index
#
# The same service takes documents. An event goes into the log, and the **indexer** does the rest:
# it cuts the text into paragraphs (**chunks**), turns each into 256 numbers (its **embedding**),
# and writes both into an index. Texts that mean something similar get numbers that are close
# together.

# %%
folder, tracing = TemporaryDirectory(), Tracing(clock=iter(range(10**6)).__next__)
pipeline = Pipeline(folder.name, tracing=tracing)
api = Served(documents_app(pipeline))
for document in documents():
    answer = api.client.post("/documents", json=document._asdict() | {"doc": document.id})
print(answer.status_code, answer.json())
print(pipeline.drain(), "events handled,", len(pipeline.chunks()), "chunks in the index")

# %% [markdown]
# Ten documents, the handbook of a tea shop. The model, WordLlama, came with its package: no GPU,
# and nothing was downloaded to run it. A question is embedded too, and the index compares it with
# each chunk, which is exact and fast enough for thousands.

# %%
found = api.client.get("/search", params={"q": "Can I use the leaves a second time?", "k": 2})
for hit in found.json()["hits"]:
    print(f"{hit['rank']}. {hit['doc']}: {hit['text']}")

# %% [markdown] tags=["predict"]
# We wrote 20 questions to the handbook, in other words than its own, such as "How hot should the
# water be for sencha?". Each is answered by one paragraph. An answer counts if that paragraph comes
# first.

# %% tags=["folded"]
# Your prediction
show.predict(
    "For how many of the 20 does the right paragraph come first?",
    {"all of them": 20, "about two thirds": 14, "about a third": 7},
    key="13.hits",
)

# %% tags=["run"]
first = hits(lambda question: pipeline.ask(question).hits)

# %% tags=["folded"]
# What came out
show.compare("13.hits", first)

# %% [markdown]
# That is a small model without any idea of a sentence: it averages over words. Measure yours in the
# same way before you tune anything else. A better model is on its way, further down.
#
# ## An agent, and people who click
#
# What follows the index is more subscribers. The **agent** here is a rule-based consumer, and no
# language model: when a document is indexed, it asks a watched question again, and tells Nora if
# the document is among the answers.

# %%
notices = pipeline.watch("nora", "What do we do if a parcel is damaged?")
pipeline.ingest("claims", "A damaged parcel is photographed and reported on the same day.")
pipeline.ingest("cups", "Cups are made of glass.")
pipeline.drain()
for notice in notices:
    print(f"{notice.watch}: {notice.doc} is answer {notice.rank} to {notice.question!r}")

# %% [markdown] tags=["predict"]
# Each question is logged with what was shown, and so is each click. A projection of these two,
# **feedback**, moves the question's vector towards what people clicked, by a factor of 0.6. Here is
# what one question finds.

# %% tags=["folded"]
# Ask, and show five answers
QUESTION = "Is there an event where visitors can try different teas?"
before = pipeline.ask(QUESTION, k=5)
for rank, hit in enumerate(before.hits, 1):
    print(f"{rank}. {hit.doc}: {hit.text[:60]}")

# %% tags=["folded"]
# Your prediction
show.predict(
    "The fifth answer is the right one, and somebody clicks on it. Where does it stand when the "
    "same question is asked again?",
    {"first": 1, "second": 2, "fifth, as before": 5},
    key="13.click",
)

# %% tags=["run"]
right_one = before.hits[4]
pipeline.click(before.id, right_one.doc)
after = pipeline.ask(QUESTION, k=5)
rank = [hit.text for hit in after.hits].index(right_one.text) + 1

# %% tags=["folded"]
# What came out
show.compare("13.click", rank)

# %% [markdown]
# Nothing was trained: two kinds of events and a fold over them. Since it is a projection, a replay
# makes the same ranking again. Its price: what is shown first is clicked more, whether or not it is
# best.

# %% [markdown] tags=["predict"]
# ## An old version that lands last
#
# Now the handlers themselves. Tea is written with three chunks and edited two seconds later, to
# one. The first message is delivered late, and its lease ends. The indexer below takes messages as
# they arrive, and writes whatever it gets.

# %% tags=["folded"]
# Your prediction
show.predict(
    "A minute later, which version does a query see?",
    {"tea 1, the old one": "tea 1", "tea 2, the new one": "tea 2", "chunks of both": "tea 1+2"},
    key="13.late",
)

# %% tags=["run"]
found = broken("an old version lands last")
seen = found.violation.actual

# %% tags=["picture", "folded"]
# Draw the shortest run that breaks it
drawn(found, "An old version lands last")

# %% tags=["folded"]
# What came out
show.compare("13.late", seen)

# %% [markdown] tags=["play"]
# These are the pipeline's own handlers, in a world where `explore()` may crash, pause or delay
# them. One decision of the design is wrong each time. What does a reader get to see?


# %% tags=["folded"]
# One control: which decision is wrong
def wrong(mistake):
    return drawn(broken(mistake), mistake[0].upper() + mistake[1:])


show.play(wrong, mistake=show.choice(list(MISTAKES), label="mistake"))

# %% [markdown] tags=["why"]
# A lease that ended, a retry, a pause: each of them makes what was written first arrive last. So
# the order of arrival must not decide. And each write is several: chunks, a version, the old chunks
# that go. A crash falls between any two of them, unless they are one transaction.

# %% [markdown] tags=["break"]
# A deletion is the worst case: it leaves nothing behind that could tell a late chunk to stay away.
# Unless it leaves something on purpose.

# %% tags=["folded"]
# A question for you
show.quiz(
    "A deleted document leaves a **tombstone**: its name and the deletion's version. For how long?",
    [
        "until its chunks are gone from the index",
        "until the document is written again",
        "for as long as anything may be delivered or replayed that is older",
    ],
    answer="c",
    why={
        "a": "They are gone at once, and what is still on its way comes after that.",
        "b": "That may be never, or before the late chunk has arrived.",
        "c": "A late message, a dead-letter redrive and a backfill can each bring it back.",
    },
)

# %% [markdown] tags=["fix"]
# Three rules keep all six away:
#
# 1. A write compares versions, and the higher one wins: a **version-keyed upsert**.
# 2. A deletion is a version too, and stays as a tombstone.
# 3. Chunks, version and tombstone change in one transaction.
#
# A chunk's vector is kept under the hash of its text, so no text is paid for twice.

# %% tags=["folded"]
# The handler's source
print(inspect.getsource(Ingestion.standing))
print(inspect.getsource(Ingestion.replace))

# %%
print(right())

# %% [markdown]
# ### source: Kafka: our test of a killed indexer, tests/engines/test_pipeline_killed.py (4.4.0)
# ### source: NATS: our test of a killed indexer, tests/engines/test_pipeline_killed.py (2.15.1)
# ### source: Redis: our test of a killed indexer, tests/engines/test_pipeline_killed.py (7.0.15)
# Two versions of a document, two workers, and any one of the faults that it names. With these rules
# the order of messages doesn't matter any more, so the pipeline runs on engines that promise none:
# `Pipeline(folder, "redis://127.0.0.1")`, or NATS, or Kafka. Our tests kill its indexer on all
# three.

# %% [markdown] tags=["predict"]
# ## Another model, without downtime
#
# MiniLM is a transformer with 384 numbers, and so much slower. Its vectors can't be compared with
# those of WordLlama: another width, another space. So it gets an index of its own, filled by a
# **backfill**: a second group, which reads the log from offset 0 in its own lane. Live changes go
# to both. Here it has read five events, and cups is edited meanwhile.

# %%
backfill = pipeline.backfill("minilm")
for left in islice(backfill.run(), 5):
    bar(left, total=12)
pipeline.ingest("cups", "Cups are made of tin.")
live = pipeline.drain()

# %% tags=["folded"]
# Your prediction
show.predict(
    "Which models' vectors does a question meet at this moment?",
    {"WordLlama's alone": ["wordllama"], "MiniLM's alone": ["minilm"],
     "both": ["minilm", "wordllama"]},
    key="13.both",
)  # fmt: skip

# %% tags=["run"]
switched = pipeline.switch("minilm")
met = [pipeline.ask("What is a cup made of?").model]
print("switched:", switched, "· left:", len(backfill.left))

# %% tags=["folded"]
# What came out
show.compare("13.both", met)

# %% [markdown]
# A query reads which model answers, once, and searches that index alone. The switch is one row, and
# it is refused until each document is there. Let the backfill finish.

# %%
for left in backfill.run():
    bar(left, total=12)
print("\nswitched:", pipeline.switch("minilm"), "· lag:", backfill.lane.lag)
print("right:", hits(lambda question: pipeline.ask(question).hits), "of 20 with minilm")
print("cups:", pipeline.ask("What is a cup made of?", k=1).hits[0].text)

# %% [markdown]
# The backfill met the old cups too, and left the new one alone: the version decided. The old index
# is still written, so the way back is the same row. Delete it when you are sure.

# %%
print(
    "back:", pipeline.switch("wordllama"), pipeline.ask("What is a cup made of?", k=1).hits[0].text
)
print("again:", pipeline.switch("minilm"), "· chunks deleted:", pipeline.retire("wordllama"))

# %% [markdown] tags=["predict"]
# ## What it costs
#
# The embedding is the money: a provider bills each token. Chai has three paragraphs, and you edit
# one of them.

# %% tags=["folded"]
# Your prediction
show.predict(
    "How many of its three chunks are embedded again?",
    {"none": 0, "one": 1, "three": 3},
    key="13.cost",
)

# %% tags=["run"]
paid = pipeline.count("minilm")
chai = next(each.text for each in documents() if each.id == "chai")
pipeline.ingest("chai", chai.replace("half litre", "litre"))
pipeline.drain()
again = pipeline.count("minilm") - paid

# %% tags=["folded"]
# What came out
show.compare("13.cost", again)

# %% [markdown]
# ## Follow one document
#
# Each event carries the context of the span that published it, as in lesson 10. So the notice to
# Nora leads back to the upload that caused it.

# %% tags=["folded"]
# What led to the notice
print(chain(tracing.spans, "claims"))

# %% [markdown] tags=["predict"]
# ## What Kubernetes does to a consumer
#
# A Deployment runs each consumer, and KEDA adds workers as the lag grows. Before a rollout or a
# scale-down ends a pod, it gets SIGTERM, some seconds of grace, and then SIGKILL. Below, a real
# process gets a real SIGTERM while it holds a document.

# %% tags=["folded"]
# What scales the indexer: validated by schema, not deployed
print(manifest("indexer", "ScaledObject"))

# %% tags=["folded"]
# Your prediction
show.predict(
    "The work on it takes longer than the grace period. How many documents are lost, and how many "
    "begun twice?",
    {"one lost": (1, 0), "one begun twice": (0, 1), "neither": (0, 0)},
    key="13.sigterm",
)

# %% tags=["run"]
ended = terminated(work=60, grace=0.5)
fate = ended.lost, len(ended.repeated)
print(ended)

# %% tags=["folded"]
# What came out
show.compare("13.sigterm", fate)

# %% [markdown]
# With enough grace it finishes what it holds, and nothing is repeated: `terminated(work=0.2,
# grace=10)`. So set the grace period above the longest piece of work. And keep the handler
# idempotent, since a node can fail without any SIGTERM.

# %% tags=["folded"]
# Stop the service, and delete the folder
api.stop()
pipeline.close()
folder.cleanup()

# %% [markdown] tags=["when-not"]
# ## When not to
#
# If answers may be a day old, embed everything that changed in a nightly batch: one script, no
# lanes, no lag. If the person who uploads waits for the result anyway, call the indexer and let
# them wait. A managed pipeline saves you all of this, as long as its rules on deletion are yours.
# And if a few hundred documents fit into the prompt or a full-text search finds them, you need no
# vectors.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Answer a signup at once, and say what that costs.
# - Bring a document from an upload to a vector index, an agent and a ranking, by events.
# - Keep an old version, a deleted document and half a document out of an index.
# - Change the embedding model without downtime, and go back.
# - Say what an embedding costs, what SIGTERM does, and when a nightly batch is enough.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Documents change all day, and an assistant answers from them. It must see a change within
# minutes, and never quote a deleted document. Design the ingestion."* Take two minutes, then unfold
# ours.
#
# <details><summary>One good answer</summary>
#
# An upload is an event with a version, and the API answers 202. Consumers chunk it, embed it and
# write it. Chunks, the current version and a tombstone change in one transaction, and a lower
# version changes nothing. So redelivery, late workers and replays are harmless. Tombstones stay for
# as long as anything older can be replayed.
#
# Vectors are cached by the hash of text and model, because the embedding is what we pay for. A new
# model gets a second index: a group of its own reads the log from the start, live changes go to
# both, and one row switches when every document is there. We keep the old index until we are sure.
# The backfill has its own lane and its own share of the quota, or live changes wait for days. I'd
# watch the age of the oldest unindexed change, and count answers from deleted documents, which must
# be zero.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 13](../exercises/13_genai_pipeline.ipynb), in your own copy: an upsert, a
# tombstone, a migration, a notification, an estimate, and an oracle. In the rehearsals of lesson
# 14, "Ingestion for retrieval" is the same system as an interview question.
