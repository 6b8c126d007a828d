"""Families of problems: each review draws new numbers, or a new small run, and computes its answer.

`dice` draws, `forms` reads and judges an answer, `problem` says what a family is, and the other
files have the families, by what they are about. They know the worlds, and nothing of the deck.
"""
