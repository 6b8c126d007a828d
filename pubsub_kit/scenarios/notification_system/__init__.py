"""A notification system as a problem to design for: its steps, its rule, its traffic, references.

It may import from `designs/` and the world.
"""
