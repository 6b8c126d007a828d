"""Lesson 10: what events cost: traces, replays, secrets, schemas, and leaving again."""
