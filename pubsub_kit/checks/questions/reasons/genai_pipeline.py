"""Why an answer about upserts, tombstones or their oracle fails, by belief, and hints."""

from __future__ import annotations

from pubsub_kit.checks.questions.reasons import oracles

UPSERT = {
    "never ends": "An event comes again as long as your handler raises, and a loop goes on until "
    "its condition changes. What ends that, if the rows stay as they are?",
    "last writer wins": "An older version came last, so readers see that. Nothing that your code "
    "read told it of the newer one. Which row, shared by all workers, could do so?",
    "check outside": "Your look was right when you took it. Before your commit another worker "
    "wrote something newer, and your write didn't fail. What makes a look and a write one step?",
    "compares otherwise": "Your code had read the newer version, and it wrote the older one all "
    "the same. For which versions does your condition hold?",
    "in several steps": "A reader looks after each write, and this one saw a document half "
    "replaced. A crash would have left it so. How do all the rows change at once?",
    "strays": "All chunks of the new version are there, and some of the old one beside them: it "
    "had more chunks, or other keys. Which rows does a new version have to delete?",
    "knows only what it saw": "Your code looked, and then another worker wrote rows that it didn't "
    "know of, so those stayed. What makes a look and a write one step?",
    "leaves chunks out": "Your code wrote the version in one step, and without some of its chunks. "
    "Each text of the event gets a row. Where did the others go?",
    "indexed twice": "The same chunks were written again, under other keys. A redelivery repeats "
    "your whole handler. Which keys are the same the second time?",
    "one row for one text": "Two chunks of a document may have the same text, and here they share "
    "one row. What else tells them apart?",
    "touches another document": "The event was about one document, and your write changed the "
    "chunks of another. Which rows are a document's own, and how do you tell by their keys?",
    "marked before the effect": "Your code noted the version before its chunks were there. Then "
    "the attempt ended, and the retry skipped the work. When may the note become visible?",
    "the version apart": "The newer chunks were written in one step, and their version in another. "
    "In between, an older version found the old number. Which rows have to change at once?",
    "one version for all": "The row that it looked at had been written for another document. "
    "What belongs in that row's key?",
    "swallows the conflict": "Another worker was quicker, so nothing was written: a Conflict says "
    "so, or a compare_and_set that returns False. Your handler returned as if all were well, and "
    "the event was acked. What should happen after a lost race?",
    "refuses what is newer": "The newest version came, and your code left the old state in place. "
    "Versions are whole numbers that only grow, and not by one each time. What did you compare?",
    "another vector": "This is not the vector of that text, so a search finds the wrong chunk. "
    "embed() returns one vector per text, in the order of the texts. Which text goes with which?",
    "another form": "Readers find a chunk in a row whose key begins with 'chunk ', as a dict with "
    "'doc', 'text' (one text) and 'vector'. What did you write, and under which key?",
}
UPSERT_HINTS = {
    "last writer wins": ["Keep a row f'version {doc}', and read it in the transaction."],
    "check outside": ["Read the version through tx, in a serializable transaction."],
    "compares otherwise": ["Go on only if the event's version is above the one in the row."],
    "in several steps": ["In one transaction, all rows of a version: tx.put() and tx.delete()."],
    "strays": ["Note in the version's row how many chunks it has, or under which keys."],
    "marked before the effect": ["Write the version in the same transaction as the chunks."],
    "swallows the conflict": ["Let it through, or try the whole transaction again."],
    "": ["Embed. In one transaction: compare, delete the old chunks, write chunks and version."],
}
TOMBSTONE = {
    "nobody ends its wait": UPSERT["never ends"],
    "no tombstone": "After the deletion, no row said that the document had been there, so an old "
    "event looked like a new document. What should a deletion leave behind?",
    "no tombstone without a row": "The deletion overtook the text that it deletes, and found "
    "nothing. Then the text arrived. What should such a deletion leave behind?",
    "nobody looks at it": "The tombstone was there, and the handler that wrote the text never read "
    "it. What has to be read before a text is written?",
    "check outside": UPSERT["check outside"],
    "compares otherwise": "The tombstone was read, and the older text was written all the same. "
    "Which versions does a tombstone stop?",
    "the tombstone falls": "An older deletion came late, and lowered the version in the tombstone. "
    "Which version may follow another one there?",
    "the tombstone is lifted": "Another event had taken the tombstone away, or changed it, while "
    "older versions could still come. What may replace a tombstone?",
    "purged too early": "The tombstone was purged while the broker could still replay older "
    "events: it keeps them for a week. How old was it, and how do you know?",
    "purges what it saw": "The purge found an old tombstone. Then a deletion wrote a new one into "
    "that row, and the purge deleted that. What makes a look and a deletion one step?",
    "the text is left": "The deletion is done, and some row still holds the text. A flag hides it "
    "only from those who look at the flag. What has to be deleted?",
    "the tombstone comes later": "The text was deleted in one step, and the tombstone was to come "
    "in a later one. In between, an older text was written. Which rows change at once?",
    "a deletion is for ever": "A version above that of the deletion is a new document, under the "
    "same name. What did your code compare?",
    "an old deletion deletes": "A deletion came late: a newer version had been written by then. "
    "What has to be compared before anything is deleted?",
    "last writer wins": "An older text came late, and replaced the newer one. The code that you "
    "were given compared the two versions. What does yours compare?",
    "purges what lives": "The purge deleted a document that nobody had deleted. Which rows are "
    "tombstones?",
    "swallows the conflict": UPSERT["swallows the conflict"],
    "marked before the effect": "The tombstone was written before the text was deleted, and then "
    "the attempt ended. The retry found it, and left the text. When may it become visible?",
    "kept for good": "A tombstone is needed as long as something old can be replayed, and no "
    "longer. Else a row stays for each document that there ever was. When is it old enough?",
}
TOMBSTONE_HINTS = {
    "no tombstone": ["On a deletion, write a row f'tombstone {doc}' with its version and clock()."],
    "purged too early": ["Delete it if clock() at the deletion is more than a week before now."],
    "purges what it saw": ["Read the tombstone again, through a transaction, and delete it there."],
    "": [
        "Whatever comes has to be above the text's version and above the tombstone's.",
        "A deletion deletes the text and writes the tombstone, in one transaction.",
    ],
}
_OTHERS = ("raises", "hidden state", "a text means right")
AUDIT = {
    **{belief: oracles.LESSONS[belief] for belief in _OTHERS},
    "raises": "An exception is no judgement, unless an assert raises it. A step has six fields, "
    "and an index may lack any document. Which of them did your code take for granted?",
    "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong one. "
    "Which versions may nobody see after a deletion?",
    "a lag is a return": "This reader looked within 60 seconds of the deletion, and may still see "
    "it. What do you compare with the time of the deletion?",
    "deleted once is deleted for ever": "The version that is seen is above that of the deletion: "
    "it is a new document. What do you compare, besides the name?",
    "minds a right step": "Nobody sees a version here that was deleted more than 60 seconds ago. "
    "What does your oracle ask for beyond that?",
    "gone once, gone for good": "The first look after the deletion found nothing, and a later one "
    "found it again. How many looks do you judge?",
    "one index is enough": "A query may go to either index. Which of the two do you look at?",
    "a purge is an excuse": "A purge ends a tombstone, and not the rule. What does your oracle "
    "forget at a purge?",
    "one deletion is enough": "The document was deleted more than once. Which of its deletions "
    "does your oracle remember?",
    "another document excuses it": "After the deletion, something happened to another document. "
    "What does your oracle forget then?",
    "its own version is no harm": "A version may be seen if it is above that of the deletion, and "
    "this one isn't. How do you compare the two?",
    "a deletion expires": "It came back long after its deletion. For how long does the rule hold?",
    "one document is enough": "Your oracle minds this of one document, and not of another. For "
    "which names does it keep the deletions?",
    "the end is enough": "It was there for a while, and is gone at the end. Somebody has read it. "
    "At which steps do you look?",
    "late is no harm": "It did go, or never went, and a reader saw it more than 60 seconds after "
    "the deletion. At which steps, and after which time, do you look?",
    "a new version excuses old ones": "After the document was written again, a reader sees a "
    "version that was deleted. What does your oracle forget at a write?",
    "only what was seen returns": "This version had never been seen before, and it is below that "
    "of the deletion. With what do you compare a version?",
}
AUDIT_HINTS = {
    **{belief: oracles.HINTS[belief] for belief in _OTHERS},
    "raises": ["step.old and step.new are dicts; a purge or a look has doc '' and version 0."],
    "one index is enough": ["for index in (step.old, step.new): …"],
    "": ["Keep each deletion. At each step, compare both indexes with every deletion so far."],
}
