"""The command line: `python3 -m pubsub_kit lab`, and the rest of the table below.

This file must run, far enough to say what is missing, on any Python 3 and with nothing installed:
hence the quotes around its types. It must run beside somebody's random.py too: hence what stands
before its imports.
"""

import os
import sys

if __name__ == "__main__":
    # The current folder and PYTHONPATH stand ahead of the standard library, which begins with its
    # zip: they go to the end. And the kit is found even where this folder is run: python3 FOLDER.
    _names = [os.path.basename(path) for path in sys.path]
    _own = "python{}{}.zip".format(*sys.version_info[:2])
    _ahead = _names.index(_own) if _own in _names else 0
    _root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = sys.path[_ahead:] + sys.path[:_ahead]
    _others = [number for number, path in enumerate(sys.path) if "-packages" in path]
    sys.path.insert(_others[0] if _others else len(sys.path), _root)

import argparse
import codecs
import contextlib
import difflib
import importlib

# command: the module whose main(argv) does it, the extras of pyproject.toml that it needs, a word
# of help. Where extras is None, the module enters the environment by itself, when it is ready to.
COMMANDS = {
    "lab": ("pubsub_kit.workbook.lab", None, "open the lessons in JupyterLab"),
    "check": ("pubsub_kit.checks.desk.terminal", (), "check your copy of an exercise: check 03"),
    "progress": ("pubsub_kit.checks.desk.progress", (), "show how far you are with the exercises"),
    "interview": (
        "pubsub_kit.interviews.terminal",
        ("interview",),
        "rehearse a system-design interview, against the clock",
    ),
    "cards": ("pubsub_kit.interviews.cards.terminal", ("interview",), "review cards when due"),
    "engine": (
        "pubsub_kit.engines.servers.terminal",
        ("engines",),
        "start a real server: Kafka, RabbitMQ, Redis, NATS, SQS or Pub/Sub",
    ),
    "genai": (
        "pubsub_kit.genai.terminal",
        ("genai",),
        "serve lesson 13's pipeline, and install what it needs",
    ),
    "test": (
        "pubsub_kit.workbook.suite",
        ("test", "interview", "engines", "genai"),
        "run every test; what follows goes to pytest",
    ),
    "build": (
        "pubsub_kit.workbook.build",
        ("test", "interview", "genai"),
        "make the notebooks from their sources (--check: compare)",
    ),
    "bench": ("pubsub_kit.bench.table", ("bench",), "measure the kit beside its peers"),
}
OLDEST = (3, 11)


# What to print for a sign that a terminal has not got; "?" for any other.
PLAIN = {
    "✓": "v",
    "✗": "x",
    "○": "o",
    "◐": "?",
    "×": "x",
    "–": "-",
    "’": "'",
    "…": "...",
    "→": "->",
}


def main(argv: "list[str] | None" = None) -> int:
    """Run one command, and return its exit status: 2 where it could not be started."""
    if sys.version_info < OLDEST:
        return complain(too_old())
    from pubsub_kit.errors import PubSubKitError

    try:
        status = run(*parse(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except PubSubKitError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return complain("stopped", status=130)
    except BrokenPipeError:  # whoever read this, `head` say, has read enough
        print_nothing_more()
        return 141  # as a shell tells of it
    except OSError as error:
        if error.filename is not None:  # a file's, and no stream's
            raise
        print_nothing_more()
        why = error.strerror or error
        return complain(f"what is printed can't be written ({why}): make room, or print elsewhere")
    return status


def parse(argv: "list[str]") -> "tuple[str, list[str]]":
    """Split the arguments into a command of the table and what follows it.

    With none there is nothing to do, and nothing was done: the list of commands, and status 2.
    """
    lines = "\n".join(f"  {name:<9} {text}" for name, (_, _, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit",
        usage="%(prog)s command [arguments]",
        description="Learn publish/subscribe by running it.",
        epilog=f"commands:\n{lines}\n\nCOMMAND --help lists what follows each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if not argv:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    if argv[0].startswith("-"):
        parser.parse_args(argv[:1])  # --help, or an error
    if argv[0] not in COMMANDS:
        near = difflib.get_close_matches(argv[0], COMMANDS, 1) or COMMANDS
        raise SystemExit(
            complain(f"there is no command {argv[0]!r}: did you mean {' or '.join(near)}?")
        )
    return argv[0], argv[1:]


def run(command: "str", rest: "list[str]") -> int:
    """Read the arguments, enter the environment that the command needs, and call its module."""
    from pubsub_kit import options
    from pubsub_kit.workbook import environment

    options.read(command, rest)
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
    with contextlib.suppress(OSError):  # a full disk takes no complaint, either
        print(f"pubsub_kit: {sentence}", file=sys.stderr)
    return status


def print_nothing_more() -> None:
    """Throw away what is still to be printed: Python would try once more when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def plainly(error: UnicodeError) -> "tuple[str, int]":
    """Stand in for signs that cannot be encoded: the handler of such errors for codecs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), error.end


def speak_to_any_terminal() -> None:
    """Let whatever is printed appear, in plain signs where the terminal has no others."""
    codecs.register_error("plainly", plainly)
    if sys.stdout is None:  # it was closed before we began
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # from Python 3.7 on, and where there is a stream
            stream.reconfigure(errors="plainly")


if __name__ == "__main__":
    speak_to_any_terminal()
    sys.exit(main())
