"""Which schedule of faults comes next, how it is run and judged, and what that proves.

It knows the world, which it runs thousands of times; the world does not know that it is searched.
"""
