"""`python3 -m pubsub_kit.engines.trials ENGINE URL [ROW …]`: play the contract on a server."""

from __future__ import annotations

import sys

from pubsub_kit.engines.trials.contract import played
from pubsub_kit.engines.trials.expected import difference, expectations
from pubsub_kit.engines.trials.rows import BY_NAME, ROWS


def main(argv: list[str]) -> int:
    """Play rows, print what became of each, and return how many are not as expected."""
    name, url, *names = argv
    expected = expectations(name)
    rows = [BY_NAME[row] for row in names] or ROWS
    wrong = 0
    for outcome in played(expected.venue(url), rows):
        differs = difference(expected.of(outcome.row), outcome)
        wrong += bool(differs)
        words = f"  {outcome.words}" if outcome.words else ""
        sign = "≠" if differs else "="
        print(f"{sign} {outcome.row}: {outcome.outcome} ({outcome.seconds:.1f} s){words}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
