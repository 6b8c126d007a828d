"""The feed arena: a design of a home timeline runs under load and faults, and is graded.

    people = population(300_000_000, 75.0)                  # or follower_graph(1_000_000)
    arena = Arena(Workload(seconds=60.0).over(people), faults=(Crash(at=20.0),))
    run = simulate(FeedDesign(threshold=500_000), arena)
    grade(FeedDesign(), arena, ServiceLevels(delivery_p99=5.0, cost=100_000))
    explore_design(FeedDesign())                            # message by message, among five people

Needs numpy, so `import pubsub_kit` alone does not import it.
"""

from __future__ import annotations

from pubsub_kit.feed.arena import Arena, Crash, Failover, Machines, NodeLoss, Poison, Prices
from pubsub_kit.feed.boxes import boxes
from pubsub_kit.feed.designs import EVERYBODY, DesignError, FeedDesign
from pubsub_kit.feed.five.messages import SCENES, explore_design, explore_scene, replay_scene
from pubsub_kit.feed.five.pictures import counterexample, draw
from pubsub_kit.feed.grading.calibration import calibrate
from pubsub_kit.feed.grading.calibration_table import Calibration
from pubsub_kit.feed.grading.grade import GradeError, ReportCard, grade
from pubsub_kit.feed.grading.levels import LevelsError, ServiceLevels
from pubsub_kit.feed.grading.references import references, sized
from pubsub_kit.feed.machines.measures import MEASURES, amount, measure
from pubsub_kit.feed.machines.moments import age, delays, depth
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.graph import FollowerGraph, follower_graph
from pubsub_kit.feed.people.population import Population, population
from pubsub_kit.feed.people.workload import LARGE_EVENT, Load, Workload

__all__ = [
    "EVERYBODY",
    "LARGE_EVENT",
    "MEASURES",
    "SCENES",
    "Arena",
    "Calibration",
    "Crash",
    "DesignError",
    "Failover",
    "FeedDesign",
    "FeedRun",
    "FollowerGraph",
    "GradeError",
    "LevelsError",
    "Load",
    "Machines",
    "NodeLoss",
    "Poison",
    "Population",
    "Prices",
    "ReportCard",
    "ServiceLevels",
    "Workload",
    "age",
    "amount",
    "boxes",
    "calibrate",
    "counterexample",
    "delays",
    "depth",
    "draw",
    "explore_design",
    "explore_scene",
    "follower_graph",
    "grade",
    "measure",
    "population",
    "references",
    "replay_scene",
    "simulate",
    "sized",
]
