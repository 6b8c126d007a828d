"""How a problem says a count: no "1 workers", no "0 may fail", and no "= 1e+04 s"."""

from __future__ import annotations

_IRREGULAR = {"copy": "copies", "delivery": "deliveries"}


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: "1 order", "3 orders", "no orders"."""
    several = _IRREGULAR.get(noun, f"{noun}s")
    return (
        f"{count:,} {noun}" if count == 1 else f"{count:,} {several}" if count else f"no {several}"
    )


def are(count: int, verb: tuple[str, str] = ("is", "are")) -> str:
    """Return a count with its verb: "1 is", "3 are", "none are"."""
    return f"{count or 'none'} {verb[count != 1]}"


def rounded(value: float, digits: int = 4) -> str:
    """Return a value to so many digits, and never with an exponent: 1,938, 11.1, 10,000."""
    shown = float(f"{value:.{digits}g}")
    return f"{shown:,.0f}" if abs(shown) >= 10 ** (digits - 1) else f"{shown:g}"
