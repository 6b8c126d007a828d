"""The questions, a file a lesson: what is asked, what judges it, what each mistake is told.

They know the forms and the scenarios.
"""
