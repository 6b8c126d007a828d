"""The systems that oracles are judged by stay where no lesson finds them."""

from __future__ import annotations

import ast
from pathlib import Path

import pubsub_kit

ROOT = Path(__file__).resolve().parents[3]


def test_no_notebook_and_no_lesson_imports_a_system() -> None:
    sources = sorted((ROOT / "authoring").rglob("*.py"))
    assert sources
    for path in sources:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8").replace("await ", ""))))
        found = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
        found += [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
        assert not [name for name in found if "checks.systems" in name], path


def test_the_face_of_the_kit_offers_no_system() -> None:
    offered = (getattr(pubsub_kit, name) for name in pubsub_kit.__all__)
    assert not [o for o in offered if "checks.systems" in str(getattr(o, "__module__", ""))]
