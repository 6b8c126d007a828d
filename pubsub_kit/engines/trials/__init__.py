"""Real engines on trial: the contract of the lessons, and the lessons' answers, run on each.

It imports engines, checks and whatever stands below them.
"""
