"""Lesson 12: engines of others, what their kinds do to a consumer, and which defaults bite."""
