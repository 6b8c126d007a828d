"""What each engine does without the kit: its own client, for the same work as the adapter.

A bare client has the same acks, the same window of messages under way, and the same bytes in each
body. It writes and reads them with Python's own json, since without the kit you would do that too.
A file for each client; client.py says what they have in common.
"""
