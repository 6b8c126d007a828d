"""Who watches which question on the pipeline's engine: an agent each, and what it has told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.errors import brief
from pubsub_kit.genai.agent import Notice, RuleBasedAgent
from pubsub_kit.genai.asked import PipelineError, text_of
from pubsub_kit.genai.spans import Spans

INDEXED, NOTICES = "indexed", "notices"
_NAME = 90  # characters of a watch's name, which is part of a group's


class Watches:
    """The agents of one pipeline, each in a group of its own that reads what was indexed.

    `top` answers a question as an agent asks it, and `tell` publishes a notice.
    """

    def __init__(
        self, engine: Any, top: Callable[[str, int], Sequence[str]],
        tell: Callable[[Notice], object], spans: Spans, lease: float,
    ) -> None:  # fmt: skip
        self.engine, self.top, self.tell, self.spans, self.lease = engine, top, tell, spans, lease
        self.watched: dict[str, tuple[str, list[Notice]]] = {}
        self.consumers: list[Consumer] = []

    def watch(self, name: str, question: str) -> list[Notice]:
        """Let an agent tell of each document that answers a question from now on.

        Returns the list that its notices are added to, the same one for the same watch. Raises
        PipelineError for a name or a question that can't be used, or if the name watches another.
        """
        name, question = text_of("a watch's name", name, _NAME), text_of("a question", question)
        if name in self.watched:
            watched, notices = self.watched[name]
            if watched != question:
                raise PipelineError(f"{brief(name)} watches another question: {brief(watched)}.")
            return notices
        notices = []

        def notify(notice: Notice) -> None:
            self.tell(notice)
            notices.append(notice)

        agent = RuleBasedAgent(self.top, notify, told=self._told())
        agent.watch(name, question)

        def handle(delivery: Any) -> None:
            told = f"tell {name} of {delivery.data['doc']}"
            with self.spans.span("agent", told, delivery.event.extensions):
                agent.handle(delivery)

        lane = self.engine.subscribe(INDEXED, f"agent-{name}", ack_deadline=self.lease)
        self.consumers.append(Consumer(lane, handle))
        self.watched[name] = question, notices
        return notices

    def _told(self) -> set[str]:
        """Return the ids of the notices that the log has, where it is at hand."""
        told: set[str] = set()
        if isinstance(self.engine, Broker):
            log = self.engine.topic(NOTICES).log
            for partition in range(log.partitions):
                at = log.start(partition)
                while events := log.read(partition, at):
                    told |= {event.id for _, event in events}
                    at = events[-1][0] + 1
        return told
