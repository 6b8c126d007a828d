"""Pub/Sub Kit: a small broker and event log to learn publish/subscribe with."""
