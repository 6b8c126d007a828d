"""Exercise 06: a home timeline for 150 million people, estimated, tried among five, and run."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.designed import Design
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.graded import Acted, Graded
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.twitter_feed import arena as stage
from pubsub_kit.scenarios.twitter_feed import pictures as feed_pictures
from pubsub_kit.scenarios.twitter_feed import resizing

_GROW = {
    "a topic is totally ordered": "Order holds within one partition. Spread over several, the "
    "delete finds a shorter queue than the tweet did.",
    "two workers keep the order": "A partition keeps its messages in order; two workers, who take "
    "one each, do not. The second is done while the first is still at it.",
    "adding partitions is harmless": "hash % 2 and hash % 3 differ: the key moves to another "
    "partition, while its older messages still wait in the old one (Kafka's operations docs warn "
    "of it).",
    "a pause is enough": "A pause stops the workers, and what waits goes on waiting. Afterwards "
    "the key's old messages are still in the old partition, and its new ones in the new.",
}

_FIVE = {
    stage.ACKS: "Acked on receipt, a message is gone, and the crash takes the work with it. At "
    "least once acks what is done.",
    stage.GIVES_UP: "A delivery that a crash cuts short is a try, too. After the last one the "
    "message is set aside, and its readers never see the tweet.",
    stage.TWICE: "At least once means sometimes twice: the ack was lost, or the crash came before "
    "it. Only who adds the entry can tell, by the tweet's id.",
    stage.NOBODY: "The fan-out has put the id into each timeline, and nobody takes it out. A "
    "delete is fanned out as well, or a read checks what is still there.",
    stage.LAST: "The delete took another way, and was quicker than the tweet. It found nothing to "
    "take out, and then the tweet came. Keep both in one partition, or check on read.",
    stage.AFTER: "A reply goes another way than its original, and a short way is quicker: Twitter "
    "saw it (High Scalability, 2013-07-08). Hold it back on read, or keep a reader's messages in "
    "one partition.",
}

_FIVE_HINTS = {
    stage.ACKS: ["Which semantics acks after the work?"],
    stage.GIVES_UP: ["Two faults can cost two tries. How many does that take?"],
    stage.TWICE: ["What must a worker look up before it adds an entry?"],
    stage.NOBODY: ["removal: who could notice that a tweet is gone?"],
    stage.LAST: ["partition_by: what do a tweet and its delete share? Or look on read."],
    stage.AFTER: ["replies: who could notice that the original is not there yet?"],
}

_FEED = {
    **_FIVE,
    stage.EVERYONE: "One tweet became 31 million deliveries, and everybody's tweets wait behind "
    "them. A few accounts are worth a merge on read; all others are pushed.",
    stage.HIGH: "The largest account is pulled, but those after it are large as well, and at a "
    "large event they tweet together. The fleet sets the threshold: what it delivers in passing.",
    stage.NO_ONE: "Each read asks for the lists of all whom the reader follows, about 150, and "
    "there are far more reads than tweets. Pushed, a tweet is written once and read in one lookup.",
    stage.LOW: "Whoever is pulled costs a lookup in each read of each follower, for ever. Few are "
    "large, and many are middling: as the threshold sinks, a read merges ever more of them.",
    stage.INACTIVE: "Half of the people did not look in for a month. Their timelines take memory "
    "and work, and nobody reads them; when one comes back, it can be rebuilt.",
    stage.ONE: "With a store its timelines die, and each is rebuilt by about 150 lookups, all at "
    "once. The stores that are left get the work on top.",
    stage.SHORT: "Whoever scrolls beyond the end has the rest rebuilt from 150 lists. A few "
    "percent of such reads ask for more than all the others.",
    stage.LONG: "Memory goes with the length, times people, times replicas. What does not fit is "
    "rebuilt on read.",
    stage.FEW: "A queue takes in what comes too fast; it does not work it off. Watch how old the "
    "oldest message is: how many wait says nothing until it is too late (AWS Builders' Library).",
    stage.STORES: "A store near its limit has no room for a burst, nor for the work of one that is "
    "lost. What it does not get done makes every later read wait.",
    stage.DEAR: "Machines for the worst second stand idle in all the others. A few seconds of "
    "backlog are allowed: let the queue take the peak.",
    stage.AUTHOR: "All chunks of a tweet wait for one worker, and so does whoever shares its "
    "partition. One large author holds up everybody behind it: head-of-line blocking.",
    stage.CHUNK: "A worker is at one chunk until it is done; small tweets behind it wait, and a "
    "crash begins it anew. Twitter's pipelines took 4,000 destinations.",
    stage.LANE: "An express lane takes its workers from the others. Both need enough of them: "
    "nearly all tweets are small.",
}

_SHARES = "Change one thing at a time, and look at the same level again."
_FEED_HINTS = {
    **_FIVE_HINTS,
    stage.EVERYONE: [
        "Which tweet fills the queue at 10 s?",
        "threshold: who has so many followers is merged on read.",
    ],
    stage.HIGH: ["Who tweets at 40 s, and to how many? 2 million deliveries take how long?"],
    stage.NO_ONE: ["Lookups a read × reads a second ÷ 60,000: how many stores is that?"],
    stage.LOW: [
        "How many of the 150 that one follows does this threshold pull? Raise it, or pay stores."
    ],
    stage.INACTIVE: ["skip_inactive: whose timelines are never read?"],
    stage.ONE: ["replicas: how many of the stores that hold a timeline can be lost at once?"],
    stage.SHORT: ["A read looks at 50 entries in the mean, and some at many more."],
    stage.LONG: ["150M people × entries × 20 bytes × replicas: in how many stores of 64 GB?"],
    stage.FEW: [
        "Deliveries a second ÷ 4,000: how many workers have no rest at all?",
        "After a burst or a failover, what is over must be worked off besides.",
    ],
    stage.STORES: ["Ten stores are lost. What do the others have to do then?"],
    stage.DEAR: ["How busy are your machines on average? Halve them, and look again."],
    stage.AUTHOR: ["partition_by: need one author's chunks stay in order at all?"],
    stage.CHUNK: ["How long is a worker at one chunk, at 4,000 deliveries a second?"],
    stage.LANE: ["Which share of the work is in tweets of one chunk? Give it that share, or none."],
    "": [
        "Work it out first: deliveries a second ÷ 4,000 is workers; memory ÷ 64 GB is stores.",
        "Then let explore_design() of pubsub_kit.feed and simulate() tell you more.",
        _SHARES,
    ],
}

_ESTIMATES = {
    "a tweet is one write": "That is how many tweets are written. Each of them goes into the "
    "timeline of every follower.",
    "a day is a second": "That is a day's worth. A day has 86,400 seconds.",
    "followers divide": "Followers multiply: each of them gets an entry.",
    "one copy is enough": "That is one copy; each timeline is held three times.",
    "timelines hold the text": "A timeline holds ids. The text is stored once, and is looked up "
    "when the tweet is shown.",
    "an id is all": "That is the tweet's id alone. Its author's id and the flags are kept with it, "
    "so that a read can filter without a lookup.",
    "an average tweet": "That is a tweet to 75 followers. An average says nothing of 31 million.",
    "one worker does it": "That is one worker with its 4,000 deliveries a second; the question has "
    "the whole fleet at it.",
    "half is enough": "By then half of the followers have it. The last one waits twice as long.",
}

_PEOPLE, _LARGEST, _RATE = 150e6, 31e6, 300e3
_TWEETS, _FOLLOWERS = 400e6, 75

QUESTIONS: list[Question] = [
    Estimate(
        "deliveries",
        "400 million tweets are written a day, and an account has 75 followers in the mean. How "
        "many timeline entries are written a second, if each tweet goes to each follower?",
        value=lambda: _TWEETS / 86_400 * _FOLLOWERS,
        unit="delivery/second",
        wrong={
            "a tweet is one write": lambda: _TWEETS / 86_400,
            "a day is a second": lambda: _TWEETS * _FOLLOWERS,
            "followers divide": lambda: _TWEETS / 86_400 / _FOLLOWERS,
        },
        lessons=_ESTIMATES,
        hints={"": ["How many tweets a second?", "Times the followers of each."]},
        shows="400M ÷ 86,400 s × 75; Twitter told of 300K/s (High Scalability, 2013-07-08).",
    ),
    Estimate(
        "memory",
        "150 million people have a timeline of 800 entries each: a tweet's id (8 bytes), its "
        "author's id (8) and flags (4). Each is held 3 times. How much memory is that?",
        value=lambda: _PEOPLE * 800 * 20 * 3 / 1e12,
        unit="TB",
        wrong={
            "one copy is enough": lambda: _PEOPLE * 800 * 20 / 1e12,
            "timelines hold the text": lambda: _PEOPLE * 800 * 140 * 3 / 1e12,
            "an id is all": lambda: _PEOPLE * 800 * 8 * 3 / 1e12,
        },
        lessons=_ESTIMATES,
        hints={"": ["How many bytes has one timeline?", "16 KB, times people, times copies."]},
        shows="150M × 800 × 20 bytes × 3: about 113 stores of 64 GB.",
    ),
    Estimate(
        "celebrity",
        "One tweet goes to 31 million followers. The fleet makes 300,000 deliveries a second, and "
        "does nothing else meanwhile. After how long does the last follower have it?",
        value=lambda: _LARGEST / _RATE,
        unit="second",
        wrong={
            "an average tweet": lambda: _FOLLOWERS / _RATE,
            "one worker does it": lambda: _LARGEST / 4_000,
            "half is enough": lambda: _LARGEST / _RATE / 2,
        },
        lessons=_ESTIMATES,
        hints={"": ["Deliveries ÷ deliveries a second."]},
        shows="31M ÷ 300K/s, and all other tweets wait behind it.",
    ),
    Choose(
        "grow",
        "Two partitions of the fan-out are not enough any more, so there will be three. A tweet "
        "and its delete go through it. Choose so that no deleted tweet is left in a timeline.",
        options=resizing.OPTIONS,
        judged_by=Explored(
            resizing.grows,
            resizing.nothing_is_left,
            resizing.FAULTS,
            max_faults=2,
            diagnose=resizing.diagnose,
            draws=resizing.in_lanes,
        ),
        lessons=_GROW,
        hints={
            "a topic is totally ordered": ["What do a tweet and its delete share?"],
            "two workers keep the order": ["Who begins the delete while the tweet is in hand?"],
            "adding partitions is harmless": ["Who still waits in the old partition by then?"],
            "a pause is enough": ["What waits in the old partition when the pause ends?"],
            "": ["Follow 'oops' through the picture: which way did it go, and which the delete?"],
        },
    ),
    Design(
        "five",
        "Design a feed that is right among five people: every reader sees every tweet, once, no "
        "reply before its original, and nothing deleted, whichever two faults happen.",
        judged_by=Acted(stage.why_it_breaks),
        lessons=_FIVE,
        hints={
            **_FIVE_HINTS,
            "": ["Only semantics, attempts, dedup, removal, replies and partition_by matter here."],
        },
    ),
    Design(
        "feed",
        "Design a feed for 150 million people that is right message by message, and keeps its "
        "levels through these ninety seconds.",
        given=stage.GIVEN,
        judged_by=Graded(
            Acted(stage.why_it_breaks),
            stage.arena,
            stage.LEVELS,
            stage.why_it_misses,
            feed_pictures.of_what_is_missed,
            stage.too_dear,
        ),
        lessons=_FEED,
        hints=_FEED_HINTS,
    ),
]
