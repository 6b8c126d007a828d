"""A design under load, simulated: queues, deliveries, stores, faults, and what is measured of it.

It knows people, designs and the arena; it prices and grades nothing.
"""
