"""Pictures of numbers, drawn by matplotlib in the kit's style: curves, bars, points, rates.

They know numbers and a trace; their `Picture` has the Figure, to restyle or to save.
"""
