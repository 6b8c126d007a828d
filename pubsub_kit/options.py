"""The options of each command: what it can be asked, read before anything is set up for it.

So `bench --help`, or a misspelt option, answers at once on a bare Python; only the standard library
is used here. `lab` reads its own, since it enters the environment by itself.
"""

from __future__ import annotations

import argparse
import difflib

PROGRAM = "python3 -m pubsub_kit"
SECONDS = 120.0  # that a cell may take: a check ends by itself long before
_MOST_SECONDS = 86_400.0
_MOST_CARDS = 1_000
LEGEND = "The first sign says whether an answer of yours has ever held; no later check takes it \
away.\nThe second one says how your last check ended."
ROLES = ("candidate", "interviewer")
LEAST_MINUTES, MOST_MINUTES = 5.0, 240.0  # of a rehearsal: shorter boxes leave no time to talk
ENGINES = ("kafka", "rabbitmq", "redis", "nats", "sqs", "pubsub")
MOST_BROKERS = 9  # of a Kafka cluster on one machine
PARTS = ("logs", "brokers", "worlds", "races", "verdicts", "feeds", "engines")


def check() -> argparse.ArgumentParser:
    """Return the options of `check`: exercises, each with the questions of it that are meant."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} check",
        usage="%(prog)s [-h] [--seconds SECONDS] exercise [question ...] [exercise ...]",
        description="Run your copies of exercises, and say which of your answers hold. What you "
        "have not saved in JupyterLab is not seen. The last check of each question counts.",
    )
    parser.add_argument(
        "words",
        nargs="+",
        metavar="exercise",
        help="03, or its name; after it, names of questions of it, to check those alone",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS,
        help="how long one cell may take before it is stopped (default: %(default)g)",
    )
    return parser


def progress() -> argparse.ArgumentParser:
    """Return the options of `progress`, and what its signs mean."""
    return argparse.ArgumentParser(
        prog=f"{PROGRAM} progress",
        description="Show how far you are with each exercise.",
        epilog=LEGEND.replace("\n", " "),
    )


def interview() -> argparse.ArgumentParser:
    """Return the options of `interview`: a question, the time, and who sits at the keyboard."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} interview",
        description="Rehearse a system-design interview against the clock. The kit interviews you, "
        "or hands you the interviewer's script. Ctrl-C stops the clock, and the same command goes "
        "on later.",
    )
    parser.add_argument(
        "question", nargs="?", help="its id or number, such as notification-system; see --list"
    )
    parser.add_argument(
        "--minutes", type=_minutes, metavar="M", help="how long it lasts (default: 45)"
    )
    parser.add_argument(
        "--as", dest="role", choices=ROLES, default=ROLES[0], help="which chair you sit in"
    )
    parser.add_argument("--list", action="store_true", help="list the questions, and your last go")
    parser.add_argument(
        "--report", metavar="N", help="show the report of your Nth rehearsal of the question"
    )
    parser.add_argument(
        "--beside", metavar="M", help="with --report: show it side by side with your Mth"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on; refuse to begin a new one")
    again.add_argument(
        "--new", action="store_true", help="begin a new one; leave the last as it is"
    )
    return parser


def engine() -> argparse.ArgumentParser:
    """Return the options of `engine`: which server, and where it listens and keeps its data."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} engine",
        description="Start a real server on 127.0.0.1, and keep it until Ctrl-C. What has to be "
        "downloaded is, once, into ~/.cache/pubsub-kit.",
        epilog="sqs has SNS and EventBridge, too. It and pubsub are emulators, all in memory.",
    )
    parser.add_argument("name", type=_engine, metavar="name", help=f"among {', '.join(ENGINES)}")
    parser.add_argument(
        "--port", type=_port, default=0, metavar="P", help="where it listens (any that is free)"
    )
    parser.add_argument(
        "--folder", metavar="F", help="where it keeps its data (a temporary folder)"
    )
    parser.add_argument(
        "--brokers", type=_brokers, metavar="N", help="kafka only: how many brokers, such as 3 (1)"
    )
    return parser


def genai() -> argparse.ArgumentParser:
    """Return the options of `genai`: where the pipeline keeps its data, and on which engine."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} genai",
        description="Serve lesson 13's pipeline on 127.0.0.1 with a tea shop's handbook, until "
        "Ctrl-C. The first call installs what the lesson needs, about 190 MB.",
    )
    parser.add_argument(
        "--folder", metavar="F", help="where it keeps its index and its log (a temporary folder)"
    )
    parser.add_argument(
        "--engine", metavar="URL", default="", help="another engine for the log, such as redis://…"
    )
    return parser


def build() -> argparse.ArgumentParser:
    """Return the options of `build`."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} build",
        description="Make the notebooks from their sources in authoring/, and execute each.",
    )
    parser.add_argument("names", nargs="*", help="what to build, all by default; 03 is enough")
    parser.add_argument("--check", action="store_true", help="compare with the files, write none")
    return parser


def bench() -> argparse.ArgumentParser:
    """Return the options of `bench`."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} bench", description="Measure how fast the kit is, beside its peers."
    )
    parser.add_argument(
        "parts", nargs="*", type=_part, help=f"among {', '.join(PARTS)}; all, if none is named"
    )
    parser.add_argument(
        "--rounds", type=_rounds, default=5, help="how often each contender runs (5)"
    )
    parser.add_argument(
        "--engine", type=_engine, action="append", default=[], metavar="NAME",
        help=f"measure this engine alone, among {', '.join(ENGINES)}; may be said again",
    )  # fmt: skip
    return parser


def test() -> argparse.ArgumentParser:
    """Return the help of `test`; all that it is given goes to pytest."""
    return argparse.ArgumentParser(
        prog=f"{PROGRAM} test",
        usage=f"{PROGRAM} test [pytest's options] [files]",
        description="Run every test and every notebook, or those that you choose, with pytest.",
        epilog="for example:\n"
        "  test tests/log/test_memory.py  the tests of one file\n"
        "  test -k broker                 the tests with this word in their names\n"
        "  test -x                        stop at the first failure\n"
        "  test -n 0                      in one process, as a debugger (--pdb) needs it\n"
        "pytest's manual has the others: https://docs.pytest.org/en/stable/reference",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def cards() -> argparse.ArgumentParser:
    """Return the options of `cards`."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} cards",
        description="Review cards that are due: common misconceptions, numbers worth knowing, "
        "questions on what each lesson taught, and problems with new numbers each time. What your "
        "exercises showed that you had wrong comes first.",
        epilog="While reviewing: ? is a hint, s gives up on a card, q stops.",
    )
    parser.add_argument("--lesson", metavar="03", help="only the cards of this lesson")
    parser.add_argument(
        "--family", metavar="tail", help="only the problems of one kind, by its name"
    )
    parser.add_argument(
        "--limit", type=_limit, default=20, help="how many reviews at most (default: %(default)d)"
    )
    parser.add_argument(
        "--export",
        metavar="FILE",
        help="write the deck to FILE.apkg for Anki, or to FILE.csv; with --gains, what you have "
        "gained to FILE.json, without names, if you agree",
    )
    parser.add_argument(
        "--check",
        choices=("before", "after", "again"),
        help="ten questions before lesson 00, their twins after 06 and after 14, and again when "
        "you come back after weeks",
    )
    parser.add_argument(
        "--gains", action="store_true", help="show what you gained between these checks"
    )
    return parser


def read(command: str, arguments: list[str]) -> None:
    """End with help (status 0), or with what is wrong with the arguments (2), where that is due."""
    if command == "test":
        if {"-h", "--help"} & set(arguments):
            test().parse_args(["--help"])
    elif command in _PARSERS:
        _PARSERS[command]().parse_intermixed_args(arguments)


def _seconds(word: str) -> float:
    """Return a time limit; raises ArgumentTypeError for what is none."""
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{word!r} is no time limit: give seconds, such as 60")
    return seconds


def _minutes(word: str) -> float:
    """Return how long a rehearsal lasts; raises ArgumentTypeError for what is no such time."""
    try:
        minutes = float(word)
    except ValueError:
        minutes = 0.0
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:  # which NaN is not
        raise argparse.ArgumentTypeError(
            f"a rehearsal lasts {LEAST_MINUTES:g} to {MOST_MINUTES:g} minutes, not {word[:40]!r}"
        )
    return minutes


def _limit(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given[:9]) <= _MOST_CARDS:
        raise argparse.ArgumentTypeError(
            f"{given[:20]!r} is no limit: give how many reviews, from 1 to {_MOST_CARDS}"
        )
    return int(given)


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(
            f"there is no part {name!r} to measure: choose among {', '.join(PARTS)}"
        )
    return name


def _engine(name: str) -> str:
    if name not in ENGINES:
        near = difflib.get_close_matches(name[:40], ENGINES, 1)
        meant = f"did you mean {near[0]}?" if near else f"choose among {', '.join(ENGINES)}"
        raise argparse.ArgumentTypeError(f"there is no engine {name[:40]!r}: {meant}")
    return name


def _port(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given[:9]) < 65_536:
        raise argparse.ArgumentTypeError(
            f"{given[:20]!r} is no port: give a whole number from 1 to 65535"
        )
    return int(given)


def _brokers(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given[:9]) <= MOST_BROKERS:
        raise argparse.ArgumentTypeError(
            f"{given[:20]!r} is no number of brokers: count from 1 to {MOST_BROKERS}"
        )
    return int(given)


def _rounds(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given!r} is no number of rounds: count from 1")
    return int(given)


_PARSERS = {
    "check": check,
    "progress": progress,
    "interview": interview,
    "cards": cards,
    "engine": engine,
    "genai": genai,
    "build": build,
    "bench": bench,
}
