"""A rehearsal: an engine that knows no terminal, its event log, claims, rubric and report.

It may import from the bank and from designs.
"""
