"""Engines on trial: one contract for all of them, played in real time on real servers.

    stage.py       an engine with the verbs of the lesson's contract, and fresh names for each row
    rows.py        the rows: those of the lesson, unchanged, and those for real engines
    contract.py    plays rows, many at once, and says of each: holds, does not hold, not supported
    expected.py    what is expected of each engine: data, a file an engine in expected/
    result.py      what came out, with date and versions, as Markdown and as data
    answers/       the lessons' answers, in processes that are killed at one of their awaits
    kill.py        kill -9, of a server and of a consumer, while events are published

Nobody is held to what an engine does not promise. But what it does not keep is expected too, and in
which words: if a later version keeps it, the suite fails, and the table changes.
"""
