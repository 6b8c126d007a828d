"""Tests of the lessons' answers on real engines."""
