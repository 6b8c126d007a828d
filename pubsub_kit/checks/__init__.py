"""Exercises that check themselves: `exercise("01")` opens one, `replay` draws a run again."""

from pubsub_kit.checks.desk.exercises import exercise, replay

__all__ = ["exercise", "replay"]
