"""Answers to exercise 05: lists of them all, and those that are numbers or choices."""

from __future__ import annotations

from pubsub_kit.checks.systems import out_of_order_transfers as systems
from tests.mistakes import Mistake, Right, numbered_moves, oracles, outboxes, transfers

# --- mail: lines by their numbers -----------------------------------------------------------------

_SELL, _RELAY = [4, 8, 2, 12, 6, 9, 14], [13, 10, 5, 1]

# --- routing: choices -----------------------------------------------------------------------------

_RIGHT = {
    "key": "the account",
    "hash": "CRC32 in both clients",
    "partitions": "drain, then add one",
    "failed": "stays in place and is retried",
}


def routes(**other: str) -> dict[str, str]:
    return _RIGHT | other


MISTAKES = [
    Mistake("transfer", systems.UndoesOnTimeout, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("transfer", transfers.SaysNoOnTimeout, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("transfer", systems.NewIdForEachTry, "a new id for each try", faults=1),
    Mistake("transfer", transfers.NobodyRecovers, "nobody goes on", faults=1),
    Mistake("transfer", transfers.DeletesBeforeItUndoes, "deletes the order too early", faults=1),
    Mistake("transfer", transfers.SavesTooLate, "nobody goes on", faults=1),
    Mistake(
        "transfer", transfers.UndoesWhatItHasSaved, "what was not saved was not done", faults=1
    ),
    Mistake("transfer", transfers.CallsItOffWhenSlow, "what was not saved was not done", faults=2),
    Mistake("transfer", transfers.NeverUndoes, "no compensation", faults=0),
    Mistake("transfer", transfers.LetsErrorsThrough, "no compensation", faults=0),
    Mistake("transfer", transfers.ForgetsTheFee, "no compensation", faults=0),
    Mistake("transfer", transfers.UndoesUnderTheSameId, "an undo under the same id", faults=0),
    Mistake("transfer", transfers.GivesFirst, "an undo can be refused", faults=0),
    Mistake("transfer", transfers.UndoesAllThree, "undoes what was not done", faults=0),
    Mistake("transfer", transfers.IdsOfTheAccount, "one id for two orders", faults=0),
    Mistake("transfer", transfers.OneOpenRow, "one row for all", faults=1),
    Mistake("transfer", transfers.PaysWhoRefused, "goes on after a no", faults=0),
    Mistake("transfer", transfers.TakesNoFee, "another amount", faults=0),
    Mistake("transfer", transfers.RecoversOne, "leaves an order open", faults=1),
    Mistake("transfer", transfers.UndoesAllThatIsOpen, "undoes what was not done", faults=1),
    Mistake("transfer", transfers.TakesInsteadOfUndoing, "an undo the wrong way", faults=0),
    Mistake("transfer", transfers.NotesBeforeItAsks, "noted before it was done", faults=1),
    Mistake("transfer", transfers.RaisesARefusal, "another answer", faults=0),
    Mistake("transfer", transfers.LeavesOutSmallOnes, "turns an order away", faults=0),
    Mistake("transfer", transfers.SaysYesToSmallOnes, "is not done", faults=0),
    Mistake("transfer", transfers.TakesTheFeeLast, "an undo can be refused", faults=0),
    Mistake("transfer", transfers.WaivesTheFeeAtTheEnd, "no compensation", faults=0),
    Mistake("transfer", transfers.IsBusy, "turns an order away", faults=0),
    Mistake("transfer", transfers.StaysBusy, "turns an order away", faults=1),
    Mistake("transfer", transfers.LooksBeforeItTakes, "goes on after a no", faults=0),
    Mistake("transfer", transfers.LooksAtTheOther, "no compensation", faults=0),
    Mistake("transfer", transfers.TakesCents, "another amount", faults=0),
    Mistake("transfer", transfers.KeepsItInSelf, "one variable for two orders", faults=0),
    Mistake("transfer", transfers.AsksBobAgainAndAgain, "never ends", faults=0),
    Mistake("transfer", transfers.KeepsTheFeeForItself, "moves a part", faults=0),
    Mistake("transfer", transfers.AlwaysSaysYes, "tells another story", faults=0),
    Mistake("transfer", transfers.SaysNothing, "another answer", faults=0),
    Mistake("transfer", transfers.WaitsForEver, "waits for ever", faults=1),
    Mistake("transfer", transfers.OnlySaves, "moves nothing", faults=0),
    Mistake("account", numbered_moves.SortsByClock, "sort by wall clock", faults=1, m=(32,)),
    Mistake("account", numbered_moves.DropsWhatIsLate, "late means stale", faults=1, m=(33,)),
    Mistake(
        "account", numbered_moves.StartsWithWhateverComes, "created comes first", faults=1, m=(36,)
    ),
    Mistake("account", numbered_moves.AppliesAsTheyCome, "as they come", faults=1),
    Mistake("account", numbered_moves.AppliesEach, "as they come", faults=1),
    Mistake("account", numbered_moves.WaitsWithoutDedup, "no dedup", faults=1),
    Mistake("account", numbered_moves.HoldsInMemory, "a memory is enough", faults=2),
    Mistake("account", numbered_moves.NumberApartFromBalance, "mark and effect apart", faults=1),
    Mistake("account", numbered_moves.HoldsOneOnly, "one row for all", faults=1),
    Mistake("account", numbered_moves.DropsWhatIsEarly, "drops what is early", faults=1),
    Mistake("account", numbered_moves.NeverLooksBack, "never takes it up", faults=1),
    Mistake("account", numbered_moves.KeepsAListOfAll, "no dedup", faults=1),
    Mistake("account", numbered_moves.CountsInMemory, "a memory is enough", faults=1),
    Mistake("account", numbered_moves.WaitsInTheHandler, "nobody ends its wait", faults=1),
    Mistake("account", numbered_moves.AppliesAllItHolds, "jumps a gap", faults=2),
    Mistake("account", numbered_moves.CountsFromZero, "applies nothing", faults=0),
    Mistake("account", numbered_moves.WaitsForZero, "applies nothing", faults=0),
    Mistake("account", numbered_moves.SendsAllBack, "applies nothing", faults=0),
    Mistake("account", numbered_moves.DropsLargeNumbers, "four moves are all", faults=0),
    Mistake("account", numbered_moves.AlwaysTheSame, "four moves are all", faults=0),
    Mistake("account", numbered_moves.WaitsForFour, "four moves are all", faults=0),
    Mistake("account", numbered_moves.SortsTexts, "numbers are texts", faults=0),
    Mistake("account", numbered_moves.LooksThroughKeys, "numbers are texts", faults=1),
    Mistake("account", numbered_moves.MarksFirst, "marked, and not applied", faults=1),
    Mistake("account", numbered_moves.MarksAndHolds, "marked, and not applied", faults=1),
    Mistake("account", numbered_moves.TurnsARepeatAway, "never takes it up", faults=2),
    Mistake("account", numbered_moves.TakesItOutFirst, "never takes it up", faults=2),
    Mistake("account", numbered_moves.TakesItOut, "taken out, and not applied", faults=2),
    Mistake("account", numbered_moves.SendsBackWhatIsBooked, "sends back what is booked", faults=1),
    Mistake("account", numbered_moves.AddsBeforeItMultiplies, "another sum", faults=0),
    Mistake("account", numbered_moves.AddsUpInMemory, "a memory is enough", faults=1),
    Mistake("account", numbered_moves.CountsInAnotherRow, "keeps no balance", faults=0),
    Mistake("relay", outboxes.SavesThenPublishes, "save, then publish", faults=1, m=(34,)),
    Mistake("relay", outboxes.OutboxInASecondWrite, "save, then publish", faults=1, m=(34,)),
    Mistake("relay", outboxes.PublishesThenSaves, "publish, then save", faults=1),
    Mistake("relay", outboxes.PublishesInTheTransaction, "publish, then save", faults=1),
    Mistake("relay", outboxes.AsksForIdsAboveTheLast, "id > last", faults=1, m=(35,)),
    Mistake("relay", outboxes.DeletesThenPublishes, "forgets before it tells", faults=1),
    Mistake("relay", outboxes.NeverDeletes, "tells it for ever", faults=0),
    Mistake("relay", outboxes.NeverRelays, "the relay leaves it", faults=0),
    Mistake("relay", outboxes.OnlySaves, "tells nobody", faults=0),
    Mistake("relay", outboxes.OneRowForAll, "one row for all", faults=0),
    Mistake("relay", outboxes.TellsTheIdAlone, "tells only the id", faults=0),
    Mistake("relay", outboxes.MakesUpAnId, "publishes under another id", faults=0),
    Mistake("relay", outboxes.OutboxFirst, "order and outbox apart", faults=1),
    Mistake("relay", outboxes.DeletesAll, "takes it off its list", faults=0),
    Mistake("relay", outboxes.OnlyPublishes, "saves", faults=0),
    Mistake("relay", outboxes.SwallowsAConflict, "swallows a conflict", faults=1),
    Mistake("relay", outboxes.DeletesTheOrder, "deletes the order", faults=0),
    Mistake("relay", outboxes.SwallowsAFailedPublish, "deletes what is unsent", faults=1),
    Mistake("relay", outboxes.SavesOneOrder, "answers without saving", faults=0),
    Mistake("mail", [*_SELL, 11], "a transaction covers the mail", faults=1, m=(22,)),
    Mistake("mail", [4, 2, 7, 12, 6, 9, 14, 8], "mails before it looks", faults=0),
    Mistake("mail", [4, 8, 2, 12, 3, 6, 9, 14, *_RELAY], "notes a mail before it looks", faults=0),
    Mistake("mail", [4, 8, 2, 12, 9, 6, 14, 3, *_RELAY], "takes, then looks", faults=0),
    Mistake("mail", [*_SELL, 3, 13, 10, 1], "deletes the note unsent", faults=0),
    Mistake("mail", [*_SELL, 7], "after the commit is soon enough", faults=1),
    Mistake("mail", [*_SELL, 3, 13, 10, 1, 5], "forgets before it tells", faults=1),
    Mistake("mail", [*_SELL, 3, 13, 10, 5], "tells it for ever", faults=0),
    Mistake("mail", [*_SELL, 3, 7, *_RELAY], "tells it in two places", faults=0),
    Mistake("mail", [*_SELL, 11, 3, *_RELAY], "tells it in two places", faults=0),
    Mistake("mail", [*_SELL, 3], "leaves the note", faults=0),
    Mistake("mail", _SELL, "tells nobody", faults=0),
    Mistake("mail", [4, 8, 2, 12, 9, 14, 3, *_RELAY], "sold twice", faults=0),
    Mistake("mail", [4, 8, 2, 12, 6, 9, 3, *_RELAY], "sells nothing", faults=0),
    Mistake("routing", routes(key="no key"), "a topic is totally ordered", faults=0, m=(26,)),
    Mistake(
        "routing", routes(key="the move's id"), "a topic is totally ordered", faults=0, m=(26,)
    ),
    Mistake("routing", routes(hash="Python's hash()"), "hash() is stable", faults=0, m=(27,)),
    Mistake(
        "routing",
        routes(partitions="add one while it runs"),
        "adding partitions is harmless",
        faults=0,
        m=(28,),
    ),
    Mistake(
        "routing",
        routes(hash="each client's default"),
        "every client hashes alike",
        faults=0,
        m=(29,),
    ),
    Mistake(
        "routing", routes(failed="to a retry topic"), "a retry topic keeps order", faults=0, m=(30,)
    ),
    Mistake(
        "routing",
        routes(failed="to the dead-letter queue, redriven later"),
        "a dead letter is free",
        faults=0,
        m=(31,),
    ),
]

RIGHT = [
    Right("transfer", systems.Transfers),
    Right("transfer", transfers.PaysTheFeeLast),
    Right("transfer", transfers.NeverForgets),
    Right("transfer", transfers.TakesTheFeeApart),
    Right("transfer", transfers.OneAtATime),
    Right("transfer", systems.by_the_pattern),
    Right("account", numbered_moves.Holds),
    Right("account", numbered_moves.sequencer),
    Right("account", numbered_moves.SendsBackWhatIsEarly),
    Right("account", numbered_moves.KeepsAllAndAddsUp),
    Right("account", numbered_moves.OneRowHasItAll),
    Right("account", numbered_moves.LooksThroughNumbers),
    Right("relay", outboxes.SavesBoth),
    Right("relay", outboxes.ByThePattern),
    Right("relay", outboxes.OrderIsItsOwnOutbox),
    Right("relay", outboxes.OneListOfAll),
    Right("relay", outboxes.TellsAtOnceAndLater),
    Right("relay", outboxes.NumbersAndAListOfTheTold),
    Right("relay", outboxes.TriesAgainAfterAConflict),
    Right("relay", outboxes.SavesItLater),
    Right("relay", outboxes.LeavesWhatFailed),
    Right("mail", [*_SELL, 3, *_RELAY]),
    Right("mail", "4 13 10 5 1 2 12 6 3 14 9 8"),
    Right("mail", [4, 8, *_RELAY, 2, 12, 6, 14, 9, 3]),
    Right("routing", routes()),
    Right("routing", routes(partitions="one more from the start")),
    Right("routing", routes(failed="the whole account steps aside")),
]

CONSTANTS = ["placed", "refused"]

MISTAKES += oracles.TRANSFER_MISTAKES
RIGHT += oracles.TRANSFER_RIGHT
