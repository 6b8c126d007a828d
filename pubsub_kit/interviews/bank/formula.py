"""An estimate's formula: plain arithmetic in a text, such as "160e6 / 86_400 * 5".

Whoever writes a question writes the formula, and it is computed here rather than believed. Numbers,
the four operations and brackets are all it may have. Nothing else is ever evaluated.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable

from pubsub_kit.errors import PubSubKitError, brief

LONGEST = 200  # characters: a longer formula is several estimates
_ARITHMETIC = re.compile(r"[0-9_.e+\-*/() ]+")
_PAIRS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class FormulaError(PubSubKitError):
    """A formula is no arithmetic, or its result is no number that one could write down."""


def computed(formula: object) -> float:
    """Return the value of a formula: numbers, + - * / and brackets.

    Raises FormulaError for anything else in it, for a division by zero, and unless the result is
    a finite number above zero.
    """
    if not isinstance(formula, str):
        raise FormulaError(f"a formula is a text such as '160e6 / 86_400', not {brief(formula)}")
    if len(formula) > LONGEST:
        raise FormulaError(
            f"the formula {brief(formula)} has {len(formula):,} characters: split it into "
            f"estimates of at most {LONGEST} characters"
        )
    try:
        value = _value(_parsed(formula), formula)
    except ZeroDivisionError:
        raise FormulaError(f"the formula {brief(formula)} divides by zero: correct it") from None
    if not math.isfinite(value) or value <= 0:
        raise FormulaError(
            f"the formula {brief(formula)} gives {value:g}: write one whose result is above zero "
            "and finite"
        )
    return value


def numbers_in(formula: str) -> tuple[float, ...]:
    """Return the numbers that a formula is computed from, as they stand in it."""
    found = (_number(node) for node in ast.walk(_parsed(formula)))
    return tuple(number for number in found if number is not None)


def _parsed(formula: str) -> ast.expr:
    if not _ARITHMETIC.fullmatch(formula):
        raise _more_than_arithmetic(formula)
    try:
        return ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(
            f"the formula {brief(formula)} can't be read: write it like '160e6 / 86_400 * 5'"
        ) from None


def _value(node: ast.expr, formula: str) -> float:
    if (number := _number(node)) is not None:
        return number
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, formula)
    if isinstance(node, ast.BinOp) and type(node.op) in _PAIRS:
        return _PAIRS[type(node.op)](_value(node.left, formula), _value(node.right, formula))
    raise _more_than_arithmetic(formula)


def _number(node: ast.AST) -> float | None:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(str(node.value))
    return None


def _more_than_arithmetic(formula: str) -> FormulaError:
    return FormulaError(
        f"the formula {brief(formula)} has more than arithmetic in it: use numbers, + - * / and "
        "brackets only"
    )
