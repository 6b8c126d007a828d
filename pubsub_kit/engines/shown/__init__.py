"""What is shown of the trials: in lesson 12, in README and in docs/engines.md.

It knows the trials and what was recorded of them; only notebooks and pages know it. Where no server
runs, lesson 12 shows what `python3 -m pubsub_kit.engines.shown lesson` has recorded.
"""
