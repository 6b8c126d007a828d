"""The rows that an engine is held to: those of lesson 07, and those for real engines."""

from __future__ import annotations

from pubsub_kit.checks.contract.leases import LEASES
from pubsub_kit.checks.contract.rows import CORE
from pubsub_kit.checks.contract.trial import Row
from pubsub_kit.engines.trials.content_rows import CONTENT
from pubsub_kit.engines.trials.error_rows import ERRORS
from pubsub_kit.engines.trials.lease_rows import SETTLING
from pubsub_kit.engines.trials.log_rows import LOG
from pubsub_kit.engines.trials.work_rows import WORK

#: The lesson's rows, as its brokers are held to them.
LESSON = [*CORE, *LEASES]
#: Rows for engines.
OWN = [*WORK, *SETTLING, *LOG, *CONTENT, *ERRORS]
ROWS: list[Row] = [*LESSON, *OWN]
BY_NAME = {row.name: row for row in ROWS}
