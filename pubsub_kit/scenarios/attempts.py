"""What a run says of a consumer's attempts at one message."""

from __future__ import annotations

from pubsub_kit.world.world import World


def left_early(world: World, node: str) -> bool:
    """Say whether a second attempt, after a crash of this node, was acked and had done nothing."""
    mine = [step.kind for step in world.trace if step.node == node]
    again = mine.index("restart") if "restart" in mine else len(mine)
    return mine[again + 1 :][:3] == ["receive", "begin", "end"]


def waits_in_vain(world: World, node: str, until: float) -> bool:
    """Say whether this node's last step before a time was a call, whose reply never came."""
    mine = [s for s in world.trace if s.node == node and s.time < until and s.kind != "note"]
    return bool(mine) and mine[-1].kind == "send" and not mine[-1].text.startswith("ack ")
