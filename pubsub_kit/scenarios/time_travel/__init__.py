"""Lesson 09: folders for git, a UI and its event loop, a shot that is rewound, and undo.

It builds on `patterns` and `show`, and on nothing above the scenarios.
"""
