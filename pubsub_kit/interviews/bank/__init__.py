"""The question bank: a TOML file a question, the schema that each must fit, and how it is read.

It imports nothing of the kit but errors and how quantities are read.
"""
