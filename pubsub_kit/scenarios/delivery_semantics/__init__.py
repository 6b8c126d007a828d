"""Lesson 04: what may be lost, what may come twice, and several messages at once."""
