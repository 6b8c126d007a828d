"""Topics, the groups that read them, deliveries with their leases, and the consumers.

It knows the log; it has no clock, no thread and no socket of its own.
"""
