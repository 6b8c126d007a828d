"""Lesson 01: a shop that calls stock over a network, and what retries do to stock in trouble."""
