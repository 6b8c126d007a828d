"""The event, and the log that keeps events in order: in memory, and in files that survive a crash.

The lowest room: it knows the errors' common base and the standard library, and nobody else.
"""
