"""Lesson 04: what may be lost, what may be repeated, and several messages at once."""
