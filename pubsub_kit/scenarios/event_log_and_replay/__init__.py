"""Lesson 07's worlds: a service replaced by replay, a read model, a rollback, what a log keeps."""
