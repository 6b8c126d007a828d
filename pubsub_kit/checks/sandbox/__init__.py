"""How an answer runs without harm: bounded in time, printing caught, memory watched, blame found.

It knows the world that answers run in, and no question.
"""
