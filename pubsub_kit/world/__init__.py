"""Virtual time: services, links and consumers, whose bad luck is drawn, replayed or enumerated."""
