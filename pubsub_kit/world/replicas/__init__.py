"""A log on several nodes: who leads, who follows, what is committed, and what a crash leaves of it.

It knows a clock and a source of chance, and none of the world's services or consumers.
"""
