"""Ingestion for retrieval as a problem to design for: its steps, its rule, its traffic.

It may import from `designs/` and the world.
"""
