"""The worlds that a lesson runs and its exercise judges, with the oracles that look at them.

A folder a lesson. They know the world, the search, the patterns, the feed and the pictures; they
know no question and no verdict, so that a lesson can use them without any.
"""
