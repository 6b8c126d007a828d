"""Why a log or a broker of your own fails, by what its author believes; the most telling first."""

# source: Kafka: KafkaConsumer's javadoc, "Offsets and Consumer Position" (4.0)
# source: RabbitMQ: confirms guide, acknowledging multiple deliveries at once (4.3)

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pubsub_kit.checks.contract import case, damage, leases, log_case, log_rows, rows

LOG: Mapping[str, str] = {
    log_case.OFFSETS: "An offset counts records from 0, and read(offset) begins with that very one "
    "and goes on to the end.",
    log_rows.NO_PATH: "Two logs at two paths got into each other's way. Whatever a log keeps "
    "belongs to its path.",
    log_rows.IN_MEMORY: "Nothing was written to the path, and a process that dies takes its memory "
    "along. A record has to be in a file before append returns.",
    log_rows.BEGINS_ANEW: "Opening your log emptied what was already there, and with it every "
    "record that was acknowledged. Mode 'w' of open() does that; mode 'a' keeps the file.",
    log_rows.BUFFERED: "write() only fills a buffer of your process. The bytes reach the file "
    "later, when the buffer is full or the file is closed, and a crash comes before that.",
    log_rows.PARTLY_FLUSHED: "A part of the record was in the file, and the rest in a buffer of "
    "your process, so it came too late. Flush after the last write of a record.",
    log_rows.DROPS_THE_LAST: "Opening your log took off a record that was whole. Only one that "
    "ends beyond the file's end is torn.",
    log_rows.NEVER_READ: "The bytes are in the file, and your log didn't find the records when it "
    "was opened again. Who reads them?",
    log_rows.OVERWRITES: "The second record was written over the first: a file that is opened in "
    "mode 'r+b' is written from its beginning on.",
    log_rows.BY_NAME: "All records are there, in another order. As a text, '10' comes before '2'.",
    log_rows.EMPTY_IS_THE_END: "A record of length 0 is a record. Your log took it for the end.",
    log_rows.SEPARATOR: "Data may hold any bytes, your separator among them. So either escape it, "
    "or say in front of each record how long it is.",
    damage.REWRITES: "Opening with 'w' empties the file first, and then the bytes arrive one after "
    "the other. A crash in between leaves neither the old list nor the new one.",
    damage.NO_RECOVERY: "A crash can cut a write anywhere, so the last record may be half there. "
    "Nobody was told that it is stored, so the log can drop it, and all before it are good.",
    damage.SHORT_IS_FINE: "Half a record came back as if it were data. Your log has to notice that "
    "the file ends before the record does.",
    damage.TAIL_STAYS: "After the crash, half a record was still at the end of the file. The next "
    "append wrote behind it, so the two became one damaged record.",
    damage.READ_AND_CUT: "After the crash, the log read a record, and cut it off the file as well. "
    "So read() returned it once, and it was gone when the log was opened again.",
    damage.NO_CHECKSUM: "A length or a newline says where a record ends, but not whether its "
    "bytes are still the same. A disk changes one now and then, and only a checksum shows it.",
    damage.SKIPS: "The record that was skipped had been acknowledged, and every later offset moved "
    "down by one. Nobody heard that anything was lost.",
    damage.CUTS: "One bad record in the middle is no torn tail: those behind it were acknowledged "
    "too, and they are intact. Cutting there loses all of them without a word.",
    damage.LENGTH: "A damaged length points beyond the end of the file, which looks as if the "
    "record were torn. But it stands in the middle, and what follows was acknowledged.",
    damage.ZEROS: "crc32(b'') is 0. So a run of zeros reads as record after record of length 0, "
    "each with the right checksum of nothing.",
}

LOG_HINTS: Mapping[str, Sequence[str]] = {
    log_rows.NO_PATH: ["Where does your log use the path that it is given?"],
    log_rows.IN_MEMORY: ["What is left of self.records when the process dies?"],
    log_rows.BEGINS_ANEW: ["Which mode of open() keeps what is in the file, and adds to its end?"],
    log_rows.BUFFERED: ["Which call hands a buffer to the system, before append returns?"],
    log_rows.PARTLY_FLUSHED: ["Which of your writes comes after the last flush?"],
    log_rows.DROPS_THE_LAST: ["How does your log know that its last record is torn?"],
    log_rows.NEVER_READ: ["What does self.records hold after __init__, if the file has records?"],
    log_rows.OVERWRITES: ["Where in the file does your next append write?"],
    log_case.OFFSETS: ["records[offset:] begins with the record at that offset."],
    log_rows.BY_NAME: ["Compare sorted(['2', '10']) with sorted([2, 10])."],
    log_rows.EMPTY_IS_THE_END: ["What tells an empty record from no record at all?"],
    log_rows.SEPARATOR: [
        "What does your log make of a record that contains what separates records?",
        "data.hex() has no newline in it; len(data) needs no separator at all.",
    ],
    damage.REWRITES: [
        "What is in the file right after open(path, 'w')?",
        "Append to the file instead. Or write another file, and os.replace() the old one with it.",
    ],
    damage.NO_RECOVERY: [
        "How does your log, when it is opened, tell a record that is whole from one that is not?",
        "Go through the file from the start. Stop at a record that ends beyond the file's end.",
    ],
    damage.SHORT_IS_FINE: ["How many bytes should this record have, and how many are there?"],
    damage.TAIL_STAYS: [
        "Where in the file does your next append write?",
        "truncate() the file to the end of the last whole record, when you open it.",
    ],
    damage.READ_AND_CUT: [
        "Where does your log decide what is torn: before it reads the records, or after?",
        "Cut first, and then read what is left.",
    ],
    damage.NO_CHECKSUM: [
        "If one letter of a record changes on the disk, which part of the file disagrees with it?",
        "Store zlib.crc32() of the record beside it, and compare when you read.",
    ],
    damage.SKIPS: ["Which is better to hear of: an error now, or a missing order later?"],
    damage.CUTS: [
        "A torn record can only be the last one. Is this one the last?",
        "Cut only if the file ends within the record. Raise an error for anything else.",
    ],
    damage.LENGTH: [
        "What says that the length itself is right?",
        "Store it twice, or let each record end in a mark that nothing else contains.",
    ],
    damage.ZEROS: [
        "What does your reader make of eight zero bytes?",
        "Let the checksum cover something that is never all zeros, such as the length or offset.",
    ],
}

BROKER: Mapping[str, str] = {
    rows.ONE_QUEUE: "A group is a copy of the topic. If all groups take from one queue, each "
    "message reaches only the one that pulls first.",
    rows.ONE_LOG: "A subscriber of one topic got what was published to another. Each topic has a "
    "log of its own, and a group belongs to one topic.",
    rows.A_COPY_EACH: "The workers of a group share one position, so that two of them do the work "
    "of one. Here each subscribe made a position of its own.",
    rows.STOPPED_CLOCK: "For your broker no time passes: it asked clock() when it was made, and "
    "never again. Which lines need to know what time it is now?",
    rows.ONLY_ITS_HOLDER: "The message is still there, but only w1, which had it, can get it "
    "again, and w1 may be dead. What is lent belongs to the group, and not to one worker.",
    rows.LONG_LEASE: "The message was redelivered in the end, but its lease lasted longer than 30 "
    "seconds. Until then nobody works on what a dead worker held.",
    rows.AT_MOST_ONCE: "The message left the broker with the pull, and died with its worker. That "
    "is at-most-once. Only an ack says that the work is done.",
    rows.STILL_THERE: "A message that somebody holds is in flight. As long as its lease lasts, "
    "nobody else may get it, or both do the same work.",
    rows.SHORT_LEASE: "The lease ended before its 30 seconds had passed. A worker that is still "
    "busy loses its message, and another does the same work.",
    rows.FROM_PUBLISH: "The message had waited before anybody pulled it, and that time was taken "
    "from its lease. From when on do the 30 seconds run?",
    case.NO_EFFECT: "The worker acked it, so it is done for this group. A broker that hands it out "
    "once more makes everybody repeat finished work.",
    rows.ONE_REDELIVERY: "The second delivery has a lease, just as the first one had. If that ends "
    "without an ack too, the message is due again.",
    case.NOT_COUNTED: "A worker tells from the attempt that somebody may have begun before. It "
    "counts deliveries of this message to this group, from 1.",
    rows.ANYBODYS_ACK: "The first worker was late, and by then another one held the message. An "
    "ack belongs to one delivery, not to the message.",
    rows.LATE_ACKS: "The lease had ended, so the message was due for somebody else. That nobody "
    "had pulled since is luck, and an ack must not depend on it.",
    rows.ACK_TWICE: "The first ack ended the delivery. The second found nothing to end, and its "
    "return value has to say so.",
    rows.CUMULATIVE: "Kafka commits a position and RabbitMQ can ack all up to a delivery, but this "
    "contract is about single messages. The one before was still being worked on.",
    leases.ONE_LEASE: "A later pull renewed the lease of a message that was lent before. Each "
    "delivery has a deadline of its own, or a busy group never gets back what it lost.",
    leases.REWINDS: "A lease that ended set the group's position back, so messages behind it came "
    "again that were done, or still held. Only the lost one is due.",
    rows.DEDUP: "Two customers can order the same tea. Whether messages are the same is for their "
    "id to say, not for their words.",
    rows.NO_ORDER: "A topic is a log: who reads it alone, and acks each message, sees it in the "
    "order in which it was written.",
    case.NO_ANSWER: "A worker has to know whether its ack counted: if not, somebody else does the "
    "work again. So ack returns True or False.",
}

BROKER_HINTS: Mapping[str, Sequence[str]] = {
    rows.ONE_QUEUE: [
        "Which part of your broker belongs to a group, and which to a topic?",
        "Messages stay in the topic's list; each group has the position that it reads next.",
    ],
    rows.ONE_LOG: ["What does your broker do with the name of the topic?"],
    rows.A_COPY_EACH: ["What does the second subscribe of the same group return?"],
    rows.STOPPED_CLOCK: ["Keep clock itself, and call it in each pull and each ack."],
    rows.ONLY_ITS_HOLDER: ["Where do you keep what is lent: in a worker, or in its group?"],
    leases.ONE_LEASE: ["Which object has the deadline: the group, or each delivery?"],
    leases.REWINDS: ["What does your pull do with the messages behind the lost one?"],
    rows.FROM_PUBLISH: ["Take the time when pull() hands the message out, and add 30."],
    rows.LONG_LEASE: ["A lease ends 30 seconds after its pull, by the clock you were given."],
    rows.AT_MOST_ONCE: [
        "Where is a message between its pull and its ack?",
        "Keep each delivery until it is acked. Before you hand out a new message, look for one "
        "whose 30 seconds are over.",
    ],
    rows.STILL_THERE: ["What does the second pull find, while the first worker is still busy?"],
    rows.SHORT_LEASE: ["When exactly does a delivery become due again?"],
    case.NO_EFFECT: ["What does your ack take away, and where does pull look?"],
    rows.ONE_REDELIVERY: ["What has your broker noted about the second delivery?"],
    case.NOT_COUNTED: ["Who knows how often a message was handed out before?"],
    rows.ANYBODYS_ACK: [
        "Which delivery of that message is the latest one?",
        "Keep the latest delivery of each message, and compare: `is self`.",
    ],
    rows.LATE_ACKS: ["ack() may look at the clock, too."],
    rows.ACK_TWICE: ["What does your second ack look for, and what does it find?"],
    rows.CUMULATIVE: ["Which messages does your ack end, besides its own?"],
    rows.DEDUP: ["What does your broker know a message by? A position in a list is unique."],
    rows.NO_ORDER: ["From which end of the list does pull take the next message?"],
    case.NO_ANSWER: ["What does ack return after its last line?"],
}
