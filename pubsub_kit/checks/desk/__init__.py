"""What a learner works at: the exercise in a notebook's hand, their copies, their progress.

It knows the questions and the log; the command line and the notebooks know it.
"""
