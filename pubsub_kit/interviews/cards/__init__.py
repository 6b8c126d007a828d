"""Cards that come back when they are due, and whose numbers differ each time.

It may import from the bank, from scenarios and from exercises.
"""
