"""The feed arena: a design of a home timeline runs under load and faults, and is graded."""
