"""Patterns of .gitignore files, nested ones too, matched fast enough for every file of a large tree.

pathspec decides; a cheap test by the last part of the path decides first whether it has to be asked at all, since
almost no path matches almost any pattern.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_ESCAPED = re.compile(r"\\.")


class IgnorePatterns:
    """The patterns of one file, or of ``exclude:``.

    ``base`` is the directory that they are relative to; for a directory above the root, ``inner`` is the way from
    there to the root, with a slash at its end.
    """

    def __init__(self, base: str, lines: Iterable[str], inner: str = "") -> None:
        self._offset = len(base) + 1 if base else 0
        self._inner = inner
        self._lines = [line for line in (line.rstrip("\r\n") for line in lines) if line.strip() and line[0] != "#"]
        self._names: set[str] = set()
        self._endings: tuple[str, ...] = ()
        self._spec: GitIgnoreSpec | None = None
        self._other = self._sort_out()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def verdict(self, path: str, name: str, is_directory: bool) -> bool | None:
        """True: ignored, False: taken back by a ``!`` pattern, None: no pattern speaks of the path."""
        path = self._inner + path[self._offset :]
        if not (name in self._names or name.endswith(self._endings) or (self._other and self._other(path))):
            return None
        if self._spec is None:
            from pathspec import GitIgnoreSpec

            self._spec = GitIgnoreSpec.from_lines(self._lines)
        return self._spec.check_file(path + "/" if is_directory else path).include

    def _sort_out(self) -> Callable[[str], object] | None:
        """Split the patterns into plain names, plain endings, and one expression for all the others."""
        endings, others = [], []
        for line in self._lines:
            body = line.removeprefix("!").rstrip().rstrip("/")
            if "[" not in body:
                body = _ESCAPED.sub("?", body)  # at least what the escaped character alone would match
            if body.startswith("**/") and "/" not in body[3:]:
                body = body[3:]
            if re.fullmatch(r"[\w.\-@+~ ]+", body):
                self._names.add(body)
            elif re.fullmatch(r"\*[\w.\-@+~]+", body):
                endings.append(body[1:])
            elif "\\" in body:
                others.append("")
            elif "/" in body:
                # An anchored pattern: what stands before its first wildcard begins the path, its last part ends it.
                beginning = re.split(r"[*?\[]", body.lstrip("/"))[0].rpartition("/")[0]
                last = body.rpartition("/")[2]
                others.append(re.escape(beginning) + ".*" + ("" if last == "**" else f"{fnmatch.translate(last)}"))
            else:
                others.append(f"(?:.*/)?{fnmatch.translate(body)}")
        self._endings = tuple(endings)
        return re.compile("|".join(others)).match if others else None


class IgnoreStack:
    """All patterns that hold in a directory, the innermost first; a frozen list that each directory extends."""

    def __init__(self, layers: tuple[IgnorePatterns, ...] = ()) -> None:
        self._layers = layers

    def extended(self, patterns: IgnorePatterns) -> IgnoreStack:
        """The stack with the patterns of a deeper file, which win over those above."""
        return IgnoreStack((patterns, *self._layers)) if patterns else self

    def ignores(self, path: str, name: str, is_directory: bool) -> bool:
        """Whether git leaves the path out. Its parents are taken to be in: git takes nothing back from below."""
        for layer in self._layers:
            verdict = layer.verdict(path, name, is_directory)
            if verdict is not None:
                return verdict
        return False
