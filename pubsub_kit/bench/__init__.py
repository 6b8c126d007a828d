"""`bench`: the kit's speed beside its peers, in one run, as medians with ratios."""
