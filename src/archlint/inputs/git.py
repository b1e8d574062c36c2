"""What git knows of a workspace, read from its files: running git would run what a stranger's configuration names.

A file that is committed counts, even where a pattern of .gitignore matches it; git itself sees it that way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from archlint.inputs.ignore import IgnorePatterns, IgnoreStack

_SIZE_LIMIT = 200_000_000
_PATTERNS_LIMIT = 1_000_000
_ENTRY = 62
"""Bytes of an index entry before its name (gitformat-index, versions 2 to 4)."""


class Repository:
    """The git repository that a root lies in, or None of it: then nothing is tracked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = next((one for one in (root, *root.parents) if (one / ".git").exists()), None)
        self._tracked: frozenset[str] | None = None

    def patterns(self) -> IgnoreStack:
        """What is ignored before the root's own .gitignore: the private list, and the files of directories above."""
        stack = IgnoreStack()
        if self.top is None:
            return stack
        below = self.root.relative_to(self.top).as_posix()
        shift = "" if below == "." else below + "/"
        directory = _git_directory(self.top)
        if directory:
            stack = stack.extended(IgnorePatterns("", _lines(directory / "info" / "exclude"), shift))
        above = [one for one in self.root.parents if one.is_relative_to(self.top)]
        for one in reversed(above):
            inner = self.root.relative_to(one).as_posix() + "/"
            stack = stack.extended(IgnorePatterns("", _lines(one / ".gitignore"), inner))
        return stack

    def tracks(self, path: str) -> bool:
        """Whether the file, or a file in the directory, is committed or staged. Read once, when first asked."""
        if self._tracked is None:
            self._tracked = frozenset(self._read())
        return path in self._tracked

    def _read(self) -> Iterator[str]:
        directory = _git_directory(self.top) if self.top else None
        if self.top is None or directory is None:
            return
        inside = self.root.relative_to(self.top).as_posix()
        prefix = "" if inside == "." else inside + "/"
        with suppress(OSError, struct.error, ValueError, IndexError):
            index = directory / "index"
            if index.stat().st_size > _SIZE_LIMIT:
                return
            for name in _names(index.read_bytes()):
                if not name.startswith(prefix):
                    continue
                path = name[len(prefix) :]
                while path:
                    yield path
                    path = path.rpartition("/")[0]


def gitignore(base: str, place: str) -> IgnorePatterns:
    """The patterns of a directory's own .gitignore; ``base`` is the directory's path from the root."""
    return IgnorePatterns(base, _lines(Path(place, ".gitignore")))


def _lines(file: Path) -> list[str]:
    with suppress(OSError):
        if not file.is_symlink() and file.stat().st_size <= _PATTERNS_LIMIT:
            return file.read_text("utf-8-sig", "replace").splitlines()
    return []


def _git_directory(top: Path) -> Path | None:
    """``.git`` itself, or what it names in a work tree."""
    entry = top / ".git"
    with suppress(OSError, UnicodeDecodeError, ValueError):
        if entry.is_dir():
            return entry
        word, _, target = entry.read_text("utf-8")[:4096].partition(":")
        if word == "gitdir":
            return top / target.strip()
    return None


def _names(data: bytes) -> Iterator[str]:
    """The paths in an index file."""
    signature, version, count = struct.unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        return
    at, previous = 12, b""
    for _ in range(count):
        (flags,) = struct.unpack_from(">H", data, at + _ENTRY - 2)
        start = at + _ENTRY + (2 if flags & 0x4000 else 0)
        if version == 4:
            removed, start = _variable(data, start)
            end = data.index(b"\0", start)
            name = previous[: len(previous) - removed] + data[start:end]
            previous, at = name, end + 1
        else:
            end = data.index(b"\0", start)
            name = data[start:end]
            at += (end - at + 8) & ~7
        yield name.decode("utf-8", "surrogateescape")


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """A number of version 4, as in pack files' offsets, and the place behind it."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1
