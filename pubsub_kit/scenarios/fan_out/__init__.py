"""Lesson 02: one signup and its many readers, and publishers that must not lose what they say."""
