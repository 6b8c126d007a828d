"""Exercise 06: a timeline for 150 million active people, estimated, tried with five, and run."""

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

# source: Kafka: operations documentation, Modifying topics: adding partitions moves keys (4.3)
# source: incident.io: blog, "Intermittent downtime from repeated crashes" (2022-11-30)
_GROW = {
    "a topic is totally ordered": "Order holds within one partition. Spread over several, a delete "
    "can land in a shorter queue than its tweet did. What do the two have in common?",
    "two workers keep the order": "A partition hands out its messages in order, but two workers "
    "take one each, and the second finished first. How many workers can a partition have?",
    "adding partitions is harmless": "hash % 2 and hash % 3 differ: the key moved to another "
    "partition while its older messages were still waiting in the old one (Kafka's operations docs "
    "warn about this). When is nothing waiting?",
    "a pause is enough": "A pause stops the workers, but the backlog stays. Afterwards the key's "
    "old messages are still in the old partition, and its new ones go to the new one. What has to "
    "be empty before you add a partition?",
}

_FIVE = {
    stage.ACKS: "The message was acked on receipt, so the broker had forgotten it when the crash "
    "took the work. Which semantics acks only what is done?",
    stage.GIVES_UP: "A delivery that a crash cuts short counts as an attempt too. After the last "
    "attempt the message is set aside, and its readers never see the tweet. How many attempts can "
    "two faults use up?",
    stage.TWICE: "At-least-once means sometimes twice: an ack got lost, or a crash came before it. "
    "The tweet's id stays the same. Who can use it to notice the repeat?",
    stage.NOBODY: "The fan-out put the id into every timeline, and the delete reached none of "
    "them. Who could remove the id, or leave it out?",
    stage.LAST: "The delete took another path and was faster than its tweet. It found nothing to "
    "remove, and then the tweet arrived. What would keep both in order, or make order unnecessary?",
    stage.AFTER: "A reply takes another path than its original, and the shorter path is faster. "
    "Twitter saw this happen (High Scalability, 2013-07-08). Who could notice that the original is "
    "missing?",
}

_FIVE_HINTS = {
    stage.ACKS: ["semantics: which one acks after the work?"],
    stage.GIVES_UP: ["attempts: two faults use up two, and the work itself needs one more."],
    stage.TWICE: ["dedup: the worker looks for the tweet's id before it adds an entry."],
    stage.NOBODY: ["removal: either fan the delete out, or check when somebody reads."],
    stage.LAST: ["partition_by: what do a tweet and its delete share? Or check on read."],
    stage.AFTER: ["replies: a read can hold a reply back until its original is there."],
}

_FEED = {
    **_FIVE,
    stage.EVERYONE: "One tweet became 31 million deliveries, and everybody's tweets are waiting "
    "behind them. A read can merge a few accounts; it needn't merge them all. Who should be "
    "pulled?",
    stage.HIGH: "The largest account is pulled, but the next ones are large too, and during an "
    "event they tweet together. The fleet sets the threshold. How many deliveries can it make in "
    "5 s beside its usual work?",
    stage.NO_ONE: "Each read looks up all of the about 150 accounts that its reader follows, and "
    "there are far more reads than tweets. A pushed tweet is written once and read in one lookup. "
    "Who should be pushed?",
    stage.PULLED: "The reads are late, and the deliveries aren't: your rule pulls many accounts "
    "with few followers, and each of them that a reader follows is one more lookup in every read. "
    "An account's followers set the price of a push. What sets the price of a pull?",
    stage.MIRRORED: "Your rule pushes accounts with many followers and pulls most of those with "
    "few, so a read looks up nearly all of the about 150 accounts that its reader "
    "follows. Which accounts cost little to push?",
    stage.UNKEPT: "Your kept() is False for many people who are active. They have no timeline, so "
    "each of their reads is put together from about 150 lists. Whom does it leave out?",
    stage.ORDERED: "partition_by='reader' makes more messages of each tweet, one or more for each "
    "partition of readers, and the broker charges for every one. Does anything in your design need "
    "that order, and what could you save on instead?",
    stage.LOW: "Each author that you pull costs a lookup in every read by every follower, for "
    "ever. Few authors are large and many are middling, so a lower threshold adds more and more "
    "lookups. How high can it be?",
    stage.INACTIVE: "Half of the accounts haven't looked in for a month. Their timelines take "
    "memory and work, and nobody reads them. Could you rebuild one when its owner comes back?",
    stage.ONE: "Twenty stores died at once, and with them every copy of some timelines. Each one "
    "is rebuilt with about 150 lookups, and the remaining stores do that on top of their work. "
    "What would another copy save?",
    stage.RETRIES: "A poison message crashes its worker at every attempt, and everything in its "
    "partition waits behind it. A retry helps when a fault passes, and this one doesn't: "
    "incident.io's app crashed again and again on such a message. After how many attempts do you "
    "set it aside?",
    stage.SHORT: "A reader who scrolls past the end of the timeline gets the rest rebuilt from 150 "
    "lists. A small share of such reads causes more lookups than all others. How far do people "
    "scroll?",
    stage.LONG: "Memory is the timeline's length, times people, times replicas. What doesn't fit "
    "into the stores is rebuilt on read. Which of the three can be smaller, and how many stores "
    "does the rest fill?",
    stage.FEW: "A queue absorbs what arrives too fast, but it doesn't do the work. The age of the "
    "oldest message shows it first; the number waiting says little until it's too late (AWS "
    "Builders' Library). How many workers keep the age down?",
    stage.STORES: "A store close to its limit has no room for a burst, nor for the work of a store "
    "that is lost. Every read after that has to wait for the backlog. How much of a store should "
    "be busy on an ordinary day?",
    stage.DEAR: "Machines sized for the worst second are idle in all the others. The levels allow "
    "a few seconds of backlog, so a queue can take the peak. How busy are yours on average?",
    stage.AUTHOR: "All chunks of a tweet wait for one worker, and so does everyone who shares its "
    "partition: head-of-line blocking. Does one author's fan-out have to stay in order?",
    stage.CHUNK: "A worker stays with one chunk until it's done. Small tweets wait behind it, and "
    "after a crash it starts again from the beginning. Twitter's pipelines took 4,000 "
    "destinations. How long does yours take?",
    stage.LANE: "An express lane takes its workers away from all other tweets. Both lanes need "
    "enough of them, and nearly every tweet is small. How do you split them?",
}

_SHARES = "Change one thing at a time, and look at the same level again."
_FEED_HINTS = {
    **_FIVE_HINTS,
    stage.EVERYONE: [
        "Which tweet fills the queue at 10 s?",
        "threshold: accounts with that many followers or more are merged on read.",
    ],
    stage.HIGH: ["Who tweets at 40 s, and to how many? How long do 2 million deliveries take?"],
    stage.NO_ONE: ["Lookups per read × reads a second ÷ 60,000: how many stores is that?"],
    stage.PULLED: [
        "How many of the 150 accounts that a reader follows does your rule pull? Push them."
    ],
    stage.MIRRORED: ["Whose tweets are written once and read often: is it < or >?"],
    stage.UNKEPT: ["network.active says who reads, however many followers somebody has."],
    stage.ORDERED: [
        "A delete that is fanned out needs order, one that is checked on read doesn't.",
        "If you keep the order, fewer machines can pay for it.",
    ],
    stage.LOW: [
        "How many of the 150 accounts that a reader follows does your threshold pull? Raise it, or "
        "pay for stores."
    ],
    stage.INACTIVE: ["skip_inactive: whose timelines does nobody read?"],
    stage.RETRIES: ["attempts: enough for two faults and the work itself. What is the rest for?"],
    stage.ONE: ["replicas: how many of the stores that hold one timeline can die at once?"],
    stage.SHORT: ["A read looks at 50 entries on average, and some reads at many more."],
    stage.LONG: [
        "150M timelines × entries × 20 bytes × replicas: how many stores of 64 GB is that?"
    ],
    stage.FEW: [
        "Deliveries a second ÷ 3,200: how many workers never get a rest?",
        "After a burst or a failover, they have to work off the backlog as well.",
    ],
    stage.STORES: ["Twenty stores are lost. How much work is left for each of the others?"],
    stage.DEAR: [
        "How much too high is the bill? A worker costs $100 a month, and a store $500.",
        "How busy are your machines on average? Take some away, and look at the levels again.",
    ],
    stage.AUTHOR: ["partition_by: which order does a follower notice?"],
    stage.CHUNK: ["How long does one chunk keep a worker busy, at 3,200 deliveries a second?"],
    stage.LANE: ["What share of the work is in tweets of one chunk? Give it that share, or none."],
    "": [
        "Estimate first: deliveries a second ÷ 3,200 is workers, and memory ÷ 64 GB is stores.",
        "Then ask explore_design() and simulate() of pubsub_kit.feed.",
        _SHARES,
    ],
}

_ESTIMATES = {
    "everybody has a timeline": "That is a timeline for each account. Whose are kept in memory "
    "here: everybody's, or those of the people who are active?",
    "a tweet is one write": "That's how many tweets are written. How many timelines does each of "
    "them go into?",
    "a day is a second": "That's a day's worth, and a day has 86,400 seconds. How many is it in "
    "one?",
    "followers divide": "You divided by the followers, but each of them gets an entry. So what do "
    "followers do to the number?",
    "one copy is enough": "That's one copy. How many replicas does each timeline have?",
    "timelines hold the text": "A timeline holds ids. The text is stored once and looked up when "
    "the tweet is shown. How many bytes are in one entry?",
    "an id is all": "That's only the tweet's id. The author's id and the flags are kept with it, "
    "so that a read can filter without a lookup. How many bytes is that together?",
    "an average tweet": "That's a tweet to 75 followers, and an average says nothing about 31 "
    "million. How many deliveries does this one tweet need?",
    "one worker does it": "That's a single worker with its 4,000 deliveries a second. How many can "
    "the whole fleet make?",
    "half is enough": "By then half of the followers have it. When does the last one get it?",
}

_PEOPLE, _LARGEST, _RATE = 150e6, 31e6, 300e3
_TWEETS, _FOLLOWERS = 400e6, 75

QUESTIONS: list[Question] = [
    Estimate(
        "deliveries",
        "People post 400 million tweets a day, and an account has 75 followers on average. If each "
        "tweet goes to each follower, how many timeline entries are written a second?",
        value=lambda: _TWEETS / 86_400 * _FOLLOWERS,
        unit="delivery/second",
        tolerance=0.15,  # 4K × 75 is 300K, as Twitter said itself
        wrong={
            "a tweet is one write": lambda: _TWEETS / 86_400,
            "a day is a second": lambda: _TWEETS * _FOLLOWERS,
            "followers divide": lambda: _TWEETS / 86_400 / _FOLLOWERS,
        },
        lessons=_ESTIMATES,
        hints={"": ["How many tweets is that a second?", "Multiply by the followers of each."]},
        shows="400M ÷ 86,400 s × 75; Twitter reported 300K/s (High Scalability, 2013-07-08).",
    ),
    Estimate(
        "memory",
        "150 million active people have a timeline of 800 entries each. An entry is a tweet's id "
        "(8 bytes), its author's id (8) and flags (4). With 3 replicas, how much memory is that?",
        value=lambda: _PEOPLE * 800 * 20 * 3 / 1e12,
        unit="TB",
        wrong={
            "one copy is enough": lambda: _PEOPLE * 800 * 20 / 1e12,
            "timelines hold the text": lambda: _PEOPLE * 800 * 140 * 3 / 1e12,
            "an id is all": lambda: _PEOPLE * 800 * 8 * 3 / 1e12,
            "everybody has a timeline": lambda: 2 * _PEOPLE * 800 * 20 * 3 / 1e12,
        },
        lessons=_ESTIMATES,
        hints={"": ["How many bytes is one timeline?", "16 KB, times people, times replicas."]},
        shows="150M × 800 × 20 bytes × 3: about 113 stores of 64 GB.",
    ),
    Estimate(
        "celebrity",
        "One tweet goes to 31 million followers. The fleet makes 300,000 deliveries a second and "
        "does nothing else. How long until the last follower has it?",
        value=lambda: _LARGEST / _RATE,
        unit="second",
        wrong={
            "an average tweet": lambda: _FOLLOWERS / _RATE,
            "one worker does it": lambda: _LARGEST / 4_000,
            "half is enough": lambda: _LARGEST / _RATE / 2,
        },
        lessons=_ESTIMATES,
        hints={"": ["Divide the deliveries by the deliveries a second."]},
        shows="31M ÷ 300K/s, and every other tweet waits behind it.",
    ),
    Choose(
        "grow",
        "Two partitions aren't enough for the fan-out any more, so it gets a third. Tweets and "
        "their deletes go through it. Choose so that no deleted tweet stays in a timeline.",
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
            "a topic is totally ordered": ["Which key do a tweet and its delete share?"],
            "two workers keep the order": [
                "Who starts on the delete while the tweet is still being added?"
            ],
            "adding partitions is harmless": [
                "What is still waiting in the old partition at that moment?"
            ],
            "a pause is enough": ["What is waiting in the old partition when the pause ends?"],
            "": [
                "Follow 'oops' through the picture: where did it go, and where did its delete go?"
            ],
        },
    ),
    Design(
        "five",
        "Design a feed that is correct among five people, whichever two faults happen. Every "
        "reader sees every tweet once, no reply before its original, and nothing deleted.",
        judged_by=Acted(stage.why_it_breaks),
        lessons=_FIVE,
        hints={
            **_FIVE_HINTS,
            "": ["Only semantics, attempts, dedup, removal, replies and partition_by matter here."],
        },
    ),
    Design(
        "feed",
        "Design a feed for 150 million active people that is correct message by message, and that "
        "keeps its service levels through these ninety seconds.",
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
