"""Lesson 08's worlds: accounts, views, screens and snapshots that are made of events."""
