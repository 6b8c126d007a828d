"""What a learner works at: the exercise in a notebook's hand, their copies, their progress.

`check` runs a copy in a kernel of its own (`kernel`, `runner`), which writes down what is to be
said (`reporter`). It knows the questions and the log; the command line and the notebooks know it.
"""
