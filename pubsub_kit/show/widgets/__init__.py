"""What a learner touches in a notebook: predictions, quizzes, and sliders that rerun a picture.

They know pictures, and no run; where an answer is kept is not their business.
"""
