"""A consumer as a process: `python3 -m pubsub_kit.genai.deploy worker --url … --topic … …`.

--url URL                 the engine (PUBSUB_URL)
--topic TOPIC             what it reads (PUBSUB_TOPIC)
--group GROUP             as a member of which group (PUBSUB_GROUP)
--handler MODULE:NAME     your function of a delivery (PUBSUB_HANDLER)
--lease SECONDS           the longest that a message may take; 30 by default (PUBSUB_LEASE)
--partitions N            make the topic with so many; refuse another number (PUBSUB_PARTITIONS)
--max-deliveries N        then it is a dead letter (PUBSUB_MAX_DELIVERIES)
--start earliest|latest   where a new group begins; earliest by default (PUBSUB_START)
--alive FILE              is touched before each pull, for a liveness probe (PUBSUB_ALIVE)

An option wins over the environment. SIGTERM ends it with 0, after the message that it holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.genai.deploy.worker import DeployError, Job, tell, work

OPTIONS = tuple(f"--{name.replace('_', '-')}" for name in Job._fields)
NUMBERS = {"lease": float, "partitions": int, "max_deliveries": int}


def job_of(words: list[str], environment: Mapping[str, str]) -> Job:
    """Return the job that options and environment describe; raises DeployError in a sentence."""
    known = {option[2:].replace("-", "_"): option for option in OPTIONS}
    given = {
        name: environment[key] for name in known if environment.get(key := f"PUBSUB_{name.upper()}")
    }
    rest = [*words]
    while rest:
        option = rest.pop(0)
        if option not in OPTIONS:
            raise DeployError(
                f"There is no option {brief(option)}: there are {', '.join(OPTIONS)}."
            )
        if not rest:
            raise DeployError(f"{option} needs a value.")
        given[option[2:].replace("-", "_")] = rest.pop(0)
    for name in ("url", "topic", "group", "handler"):
        if name not in given:
            raise DeployError(
                f"The worker needs {known[name]}, or PUBSUB_{name.upper()} in the environment."
            )
    return Job(**{name: _value(name, text) for name, text in given.items()})


def _value(name: str, text: str) -> Any:
    kind = NUMBERS.get(name)
    if kind is None:
        return text
    try:
        return kind(text)
    except ValueError:
        raise DeployError(f"{name} is a number, not {brief(text)}.") from None


def main(argv: list[str]) -> int:
    """Run the command; what is wrong is told in a sentence, with exit code 2."""
    if argv[:1] != ["worker"]:
        print(__doc__)
        return 2
    try:
        work(job_of(argv[1:], os.environ))
    except PubSubKitError as error:
        tell(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
