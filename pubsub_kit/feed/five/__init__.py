"""A design message by message, among five people, in the world: what a schedule of faults breaks.

It knows designs, the world and its search; not the simulator.
"""
