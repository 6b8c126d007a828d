"""Designs held against service levels, reference designs, and published figures.

It knows the simulator's measurements and the pictures.
"""
