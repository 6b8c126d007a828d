"""git as an event log: `objects.py` has its objects' ids, and `repository.py` commits as events.

A commit is read as an event that says which files changed. Replayed, the events give the files, and
the id of their folder is the one that git gave it.
"""
