"""The command line: `python3 -m pubsub_kit lab`, and the rest of the table below.

This file must run, far enough to say what is missing, on any Python 3 and with nothing installed:
hence the quotes around its types.
"""

import argparse
import importlib
import sys

# command: the module whose main(argv) does it, the extras of pyproject.toml that it needs, a word
# of help. Where extras is None, the module enters the environment by itself, when it is ready to.
COMMANDS = {
    "lab": ("pubsub_kit.workbook.lab", None, "open the lessons in JupyterLab"),
    "check": ("pubsub_kit.checks.desk.terminal", (), "check your copy of an exercise: check 03"),
    "progress": ("pubsub_kit.checks.desk.progress", (), "show how far you are with the exercises"),
    "test": ("pubsub_kit.workbook.suite", ("test",), "run every test; what follows goes to pytest"),
    "build": (
        "pubsub_kit.workbook.build",
        ("test",),
        "make the notebooks from their sources (--check: compare)",
    ),
    "bench": ("pubsub_kit.bench.table", ("bench",), "measure the kit beside its peers"),
}
OLDEST = (3, 11)


def main(argv: "list[str] | None" = None) -> int:
    """Run one command, and return its exit status: 2 where it could not be started."""
    if sys.version_info < OLDEST:
        return complain(too_old())
    from pubsub_kit.errors import PubSubKitError

    command, rest = parse(argv)
    try:
        return run(command, rest)
    except PubSubKitError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return complain("stopped", status=130)


def parse(argv: "list[str] | None") -> "tuple[str, list[str]]":
    """Split the arguments into a command of the table and what follows it."""
    lines = "\n".join(f"  {name:<8} {text}" for name, (_, _, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit",
        description="Learn publish/subscribe by running it.",
        epilog=f"commands:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="COMMAND --help lists them")
    known = parser.parse_args(argv)
    return known.command, known.arguments


def run(command: str, rest: "list[str]") -> int:
    """Enter the environment that the command needs, and call its module."""
    from pubsub_kit.workbook import environment

    name, extras, _ = COMMANDS[command]
    if extras is not None:
        environment.enter(extras)
    try:
        status = importlib.import_module(name).main(rest)
    except ModuleNotFoundError as missing:
        raise environment.SetupError(
            f"this Python has no module {missing.name!r}, which {command!r} needs: install it with "
            f"{sys.executable} -m pip install --editable '.[{','.join(extras or ())}]'"
        ) from missing
    return int(status or 0)


def too_old() -> str:
    """Return what to tell somebody whose Python is older than the kit's oldest."""
    found = "{}.{}.{}".format(*sys.version_info[:3])
    return (
        f"the kit needs Python 3.11 or newer, and {sys.executable} is Python {found}: install a "
        "newer one and call it by its name, such as python3.12 -m pubsub_kit lab"
    )


def complain(sentence: str, status: int = 2) -> int:
    """Print one sentence for the person at the terminal, and return the exit status."""
    print(f"pubsub_kit: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
