"""Pictures of runs, drawn on the canvas: the space-time diagram, the topology, the counterexample.

They know a trace, and what a diagram is drawn on; not the world that the trace came from.
"""
