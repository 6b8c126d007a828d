"""Lesson 11: a log on several brokers, and a consumer that is replaced."""
