"""Lesson 05: money between services, moves that overtake, and what is saved and told."""
