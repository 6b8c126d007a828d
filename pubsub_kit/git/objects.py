"""git's objects and their ids.

An object's id is the SHA-1 of its kind, its length, a zero byte and its body. A tree's body has an
entry for each name: mode, a space, the name, a zero byte, and the 20 bytes of the id. The entries
are sorted by their bytes, a folder as if its name ended in "/" (tested against git 2.39).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

#: A folder by name: bytes are a file, a mapping is a folder.
Folder = Mapping[str, Any]


def object_id(kind: str, body: bytes) -> str:
    """Return git's id, 40 hex digits, of a "blob", "tree" or "commit" with this body."""
    id = hashlib.sha1(f"{kind} {len(body)}\0".encode() + body).hexdigest()
    if _bodies and kind == "tree":
        _bodies[-1][id] = body
    return id


_bodies: list[dict[str, bytes]] = []


@contextmanager
def trees_hashed() -> Iterator[dict[str, bytes]]:
    """Collect the body of each tree that is hashed meanwhile, by its id."""
    _bodies.append({})
    try:
        yield _bodies[-1]
    finally:
        _bodies.pop()


def differing(git: bytes, yours: bytes) -> str:
    """Return in words where the bodies of two trees first differ."""
    pairs = enumerate(zip(git, yours, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(git), len(yours)))
    start = max(git.rfind(b"100644 ", 0, at + 1), git.rfind(b"40000 ", 0, at + 1), 0)
    parts = [body[start : max(at + 2, body.find(b"\0", start) + 1)] for body in (git, yours)]
    return f", since your tree has {parts[1]!r} where git's has {parts[0]!r}."


def _as_git_sorts(name: str, is_file: bool) -> bytes:
    return (name if is_file else f"{name}/").encode()


def tree_id(
    folder: Folder,
    place: Callable[[str, bool], Any] = _as_git_sorts,
    mode: str = "40000",
    raw: Callable[[str], bytes] = bytes.fromhex,
) -> str:
    """Return git's id of a folder; its files are not executable, and no folder in it is empty.

    Entries are sorted by `place`, a folder has this `mode`, and `raw` gives the bytes of an id.
    """
    body = b""
    for name, inside in sorted(folder.items(), key=lambda e: place(e[0], isinstance(e[1], bytes))):
        if isinstance(inside, bytes):
            entry, id = f"100644 {name}", object_id("blob", inside)
        else:
            entry, id = f"{mode} {name}", tree_id(inside, place, mode, raw)
        body += entry.encode() + b"\0" + raw(id)
    return object_id("tree", body)


def folder_of(files: Mapping[str, str]) -> Folder:
    """Return files by path, such as "docs/a.txt", as a folder with folders in it."""
    root: dict[str, Any] = {}
    for path, text in files.items():
        *above, name = path.split("/")
        inside = root
        for part in above:
            inside = inside.setdefault(part, {})
        inside[name] = text.encode()
    return root
