"""Lesson 03: payments that count once, by event and by request."""
