"""A photo feed as a problem to design for: its steps, its rule, its traffic, and references.

It may import from `designs/` and the world.
"""
