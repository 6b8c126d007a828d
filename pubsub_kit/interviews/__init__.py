"""The interview kit: questions, rehearsals against the clock, reports, and cards that come back.

`bank/` has the questions as data, `rehearsal/` what happens between the interviewer's first line
and the report, `cards/` the deck. This room may import from everything but the commands.
"""
