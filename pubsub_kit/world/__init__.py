"""Virtual time: services, links and consumers whose every bad luck is chosen, drawn or enumerated."""
