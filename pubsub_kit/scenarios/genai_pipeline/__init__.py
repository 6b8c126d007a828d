"""Lesson 13's worlds: documents that are cut into chunks, embedded, indexed, and deleted again."""
