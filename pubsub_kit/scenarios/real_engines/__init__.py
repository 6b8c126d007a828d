"""Lesson 12: engines of others, and what their kinds do to a consumer."""
