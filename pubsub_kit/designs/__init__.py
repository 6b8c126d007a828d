"""Designs that run: components, wires and decisions as data, and the world that is made of them.

A question's steps and oracles stand in `scenarios/`, on top of this. This room may import from
`world/`, `show/` and `feed/`.
"""
