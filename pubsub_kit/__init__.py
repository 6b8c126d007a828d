"""Pub/Sub Kit: a small broker and event log to learn publish/subscribe with.

    from pubsub_kit import Broker

    broker = Broker()
    broker.topic("orders")
    billing = broker.subscribe("orders", "billing")
    broker.publish("orders", {"item": "tea"}, key="ann")
    for delivery in billing.pull():
        print(delivery.data)
        delivery.ack()

`World` runs services and consumers in virtual time, `show` draws what happened, and `explore` finds
the shortest run that breaks a piece of code. `exercise` opens an exercise that checks itself,
`interview` rehearses a system-design interview, and `cards` brings back what you got wrong.
"""

import importlib

# As typing has it. This file is read before the command line can set a stray typing.py in the
# current folder aside, and on Pythons that are too old for the rest.
TYPE_CHECKING = False
__version__ = "0.1.0"

#: Where each name of the kit's face lives. A name is imported when it is first used, so that
#: `import pubsub_kit` is fast and works before anything is installed.
_HOME = {
    "pubsub_kit.errors": ["PubSubKitError"],
    "pubsub_kit.log.event": ["Event"],
    "pubsub_kit.log.memory": ["EventLog"],
    "pubsub_kit.log.retention": ["Retention"],
    "pubsub_kit.log.segments": ["DurableEventLog", "Fsync"],
    "pubsub_kit.broker.broker": ["Broker"],
    "pubsub_kit.broker.starts": ["At", "Offset"],
    "pubsub_kit.broker.retry": ["RetryPolicy"],
    "pubsub_kit.broker.consumer": ["Consumer"],
    "pubsub_kit.world.world": ["World"],
    "pubsub_kit.world.trace": ["Trace"],
    "pubsub_kit.world.chance": ["constant", "exponential", "lognormal", "sometimes", "uniform"],
    "pubsub_kit.world.verbs": ["call", "clock", "gather", "perform", "sleep"],
    "pubsub_kit.world.publishing": ["PublishTimeout", "publish"],
    "pubsub_kit.world.breaker": ["Breaker"],
    "pubsub_kit.world.services": ["CallError", "CallFailed", "CallRefused", "CallTimeout"],
    "pubsub_kit.world.stores": ["Conflict"],
    "pubsub_kit.world.search.explore": ["Violation", "explore"],
    "pubsub_kit.checks": ["exercise", "replay"],
    "pubsub_kit.interviews.cards.notebook": ["cards"],
    "pubsub_kit.interviews.guided": ["guide"],
    "pubsub_kit.interviews.notebook": ["interview"],
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
__all__ = [*_WHERE, "show"]

if TYPE_CHECKING:
    from typing import Any

    from pubsub_kit import show as show
    from pubsub_kit.broker.broker import Broker as Broker
    from pubsub_kit.broker.consumer import Consumer as Consumer
    from pubsub_kit.broker.retry import RetryPolicy as RetryPolicy
    from pubsub_kit.broker.starts import At as At
    from pubsub_kit.broker.starts import Offset as Offset
    from pubsub_kit.checks import exercise as exercise
    from pubsub_kit.checks import replay as replay
    from pubsub_kit.errors import PubSubKitError as PubSubKitError
    from pubsub_kit.interviews.cards.notebook import cards as cards
    from pubsub_kit.interviews.guided import guide as guide
    from pubsub_kit.interviews.notebook import interview as interview
    from pubsub_kit.log.event import Event as Event
    from pubsub_kit.log.memory import EventLog as EventLog
    from pubsub_kit.log.retention import Retention as Retention
    from pubsub_kit.log.segments import DurableEventLog as DurableEventLog
    from pubsub_kit.log.segments import Fsync as Fsync
    from pubsub_kit.world.breaker import Breaker as Breaker
    from pubsub_kit.world.chance import constant as constant
    from pubsub_kit.world.chance import exponential as exponential
    from pubsub_kit.world.chance import lognormal as lognormal
    from pubsub_kit.world.chance import sometimes as sometimes
    from pubsub_kit.world.chance import uniform as uniform
    from pubsub_kit.world.publishing import PublishTimeout as PublishTimeout
    from pubsub_kit.world.publishing import publish as publish
    from pubsub_kit.world.search.explore import Violation as Violation
    from pubsub_kit.world.search.explore import explore as explore
    from pubsub_kit.world.services import CallError as CallError
    from pubsub_kit.world.services import CallFailed as CallFailed
    from pubsub_kit.world.services import CallRefused as CallRefused
    from pubsub_kit.world.services import CallTimeout as CallTimeout
    from pubsub_kit.world.stores import Conflict as Conflict
    from pubsub_kit.world.trace import Trace as Trace
    from pubsub_kit.world.verbs import call as call
    from pubsub_kit.world.verbs import clock as clock
    from pubsub_kit.world.verbs import gather as gather
    from pubsub_kit.world.verbs import perform as perform
    from pubsub_kit.world.verbs import sleep as sleep
    from pubsub_kit.world.world import World as World


def __getattr__(name: str) -> "Any":
    """Import a name of the kit's face when it is first used."""
    if name in __all__:
        importlib.import_module("pubsub_kit.workbook.notebook").speak_plainly()
    if name == "show":
        return importlib.import_module("pubsub_kit.show")
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"pubsub_kit has no {name!r}: choose from {', '.join(sorted(__all__))}")


def __dir__() -> "list[str]":
    return sorted([*globals(), *__all__])
