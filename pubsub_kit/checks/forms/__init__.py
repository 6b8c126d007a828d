"""The forms of a question and their judges: code, lines in order, a choice, an estimate, a design.

They know the sandbox, the scenarios' picture of a run, and the search; no question in particular.
"""
