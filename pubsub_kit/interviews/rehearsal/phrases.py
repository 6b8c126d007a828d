"""Sentences of a report, the same wherever it is read."""

from __future__ import annotations

from collections.abc import Iterator

from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import Account, Bet, Guess, Mark, Shown
from pubsub_kit.interviews.rehearsal.wording import minutes, percent, sentence

ALWAYS_HALF = "Always saying 50% scores 0.25, and less is better."
_LEVELS = {"messages": "Message by message", "load": "Under load"}
_OUTCOMES = {"holds": "it held", "fails": "it broke", "not exercised": "it was not exercised"}


def heading(account: Account) -> str:
    """Say when it was, in which role, how long it took, and why it ended."""
    day = wording.date(account.began)
    time = f"{minutes(account.lasted)} of {minutes(account.minutes)} used"
    ended = f"ended: {account.ended}" if account.ended else "not ended yet"
    role = f"as {account.role}" if account.role else ""
    return ", ".join(filter(None, (day, role, time, ended))) + "."


def leads(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what the report opens with: claims that were sure and wrong; else how claims went."""
    wrong = [bet for bet in account.bets if bet.surely_wrong]
    for bet in sorted(wrong, key=lambda bet: -(bet.confidence or 0.0)):
        first = f"You were {percent(bet.confidence or 0.0)} sure, and the run says no:"
        yield (
            first,
            " ".join(filter(None, (f"“{wording.line(bet.text)}”", sentence(bet.why)))),
        )
    if not wrong:
        yield _in_short(account), ""


def _in_short(account: Account) -> str:
    settled = [bet for bet in account.bets if bet.held is not None]
    if not settled:
        return "No run has settled a claim of yours yet."
    held = sum(bet.held is True for bet in settled)
    return f"{held} of {wording.count(len(settled), 'settled claim')} held."


def outcome(bet: Bet) -> str:
    """Say what became of a claim."""
    words = {True: "it holds", False: "it doesn't hold", None: "no run has settled it"}[bet.held]
    return sentence(f"{words}: {bet.why}" if bet.why else words)


def score_line(account: Account) -> str:
    """Say the Brier score of the settled claims."""
    score = dict(account.numbers).get("Brier score", "")
    settled = sum(bet.held is not None and bet.confidence is not None for bet in account.bets)
    if not settled:
        return "No claim was settled, so there is no Brier score yet."
    return f"Brier score over {wording.count(settled, 'settled claim')}: {score}."


def guess_lines(guess: Guess) -> list[str]:
    """Say when an estimate was given, how it was put, and what it is worth; a line for each try."""
    if not guess.tries:
        return ["You didn't estimate this."]
    return [f"{minutes(t.at)} You said “{wording.line(t.text)}”: {t.verdict}." for t in guess.tries]


def run_line(run: Shown) -> str:
    """Say when a run was, on which level, how it came out, and how much was tried."""
    came = _OUTCOMES.get(run.outcome, run.outcome) or "it ran"
    level = _LEVELS.get(run.level, run.level) or "A run"
    tried = wording.count(run.schedules, "schedule")
    up_to = f" with up to {wording.count(run.up_to, 'fault')} of these: {', '.join(run.faults)}"
    searched = f" It tried {tried}{up_to if run.faults else ''}." if run.schedules else ""
    return f"{minutes(run.at)} {level}: {came}.{searched}"


def details(run: Shown) -> list[str]:
    """Say what did not hold, what happened, and what the load run measured and missed."""
    broke = [f"Broken: {sentence(run.broke)}"] if run.broke and run.broke != run.words else []
    words = [run.words] if run.words else []
    measured = [f"Measured under load: {'; '.join(run.measures)}."] if run.measures else []
    filled = [f"You left these open, and the run took {', '.join(run.filled)}."]
    return [*(filled if run.filled else []), *broke, *words, *measured, *map(sentence, run.misses)]


def schedule(run: Shown) -> str:
    """Say what a schedule's code is of; "-" has no fault in it."""
    return "The schedule, without any fault:" if run.code == "-" else "The schedule:"


def seen_at(mark: Mark) -> str:
    """Say who saw a sign, the engine or the interviewer, and when."""
    seen = f"noted by the {mark.by}" if mark.by else "seen in this rehearsal"
    return f"{seen} at {minutes(mark.at or 0.0)}"


def sure(bet: Bet) -> str:
    """Say how sure somebody was of a claim."""
    return "not said" if bet.confidence is None else percent(bet.confidence)
