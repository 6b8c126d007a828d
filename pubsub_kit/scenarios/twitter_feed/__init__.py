"""Lesson 06: a home timeline for millions, and a fan-out that grows in mid-stream."""
