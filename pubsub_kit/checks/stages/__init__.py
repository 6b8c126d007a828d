"""The worlds that answers are put into, and the oracles that look at their runs, by lesson."""
