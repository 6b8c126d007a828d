"""The systems that a learner's oracle is judged by: right ones, and wrong ones that it must catch.

They are never shown, and no lesson imports them. They know the world and its scenarios, and neither
a question nor a form: a question takes the list of its lesson from here.
"""
