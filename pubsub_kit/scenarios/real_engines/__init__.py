"""Lesson 12: one handler on three kinds of engine, and the defaults that bite."""
