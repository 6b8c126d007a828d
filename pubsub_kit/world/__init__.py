"""Virtual time: services, links and consumers, whose faults are drawn, replayed or enumerated."""
