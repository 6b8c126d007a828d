"""The commands of a deployment: `python3 -m pubsub_kit.genai.deploy worker …`, or `validate`.

validate FILE …           say what is wrong with manifests (it needs the extra test)
worker OPTIONS            run a consumer until SIGTERM, or Ctrl-C

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
from pathlib import Path
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief, said
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


def check(paths: list[str]) -> int:
    """Print what is wrong with these files; return 1 if anything is."""
    try:
        from pubsub_kit.genai.deploy.validation import validate
    except ImportError as error:
        raise DeployError(
            f"{error.name} is not installed: python3 -m pip install 'pubsub-kit[test]'"
        ) from None
    found = list[str]()
    for path in paths:
        try:
            found += validate(Path(path).read_text(encoding="utf-8"), Path(path).name)
        except (OSError, UnicodeDecodeError) as error:
            raise DeployError(f"{path} can't be read: {said(error)}.") from None
    print("\n".join(found) or f"Valid by schema, not deployed: {', '.join(paths)}.")
    return 1 if found else 0


def main(argv: list[str]) -> int:
    """Run the command; what is wrong is told in a sentence, with exit code 2."""
    try:
        if argv[:1] == ["validate"] and argv[1:]:
            return check(argv[1:])
        if argv[:1] == ["worker"]:
            work(job_of(argv[1:], os.environ))
            return 0
    except PubSubKitError as error:
        tell(str(error))
        return 2
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
