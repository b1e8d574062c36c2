"""Source lines for people: control characters made visible, secrets masked, a caret line below.

A line that a rule about secrets points at is shown without its values, whatever else points at it; passwords in URLs
are masked everywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from archlint.core.finding import Finding
from archlint.core.record import pattern
from archlint.core.rule import Rule
from archlint.core.span import Span

MAX_WIDTH = 160
MAX_LINES = 200
"""Of a secret that goes over several lines (a key), as many are masked; no report shows more than the first."""
MASK = "***"
_CONTROL = pattern(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_QUOTED = pattern(r"([\"'])(?:\\.|(?!\1).)+\1")
_HIDDEN = pattern(rf"([\"']){re.escape(MASK)}\1")
_ASSIGNED = pattern(r"([:=]\s*)(?![\"'\s])\S.*$")
_KEY = pattern(r"\s*(?:(?:ENV|ARG|export)\s+)?[\w.()\[\]-]+\s*[:=]\s*")
_USERINFO = pattern(r"(://[^\s:/@\"']*:)[^\s/@\"']+@")


class Excerpts:
    """The lines of the files that findings point at."""

    def __init__(
        self,
        sources: Mapping[str, str],
        findings: Iterable[Finding] = (),
        rules: Iterable[Rule] = (),
        secrets: Iterable[Span] = (),
    ) -> None:
        """Secrets stand where findings of rules about secrets point, and at the spans of ``secrets``."""
        self._secrets: dict[tuple[str, int], int] = {}
        secret_rules = {rule.name for rule in rules if rule.subject == "SecretExposure"}
        for at in (*secrets, *(finding.at for finding in findings if finding.rule in secret_rules)):
            for line in range(at.line, min(at.end_line, at.line + MAX_LINES) + 1):
                column = at.column if line == at.line else 1
                self._secrets[at.path, line] = min(column, self._secrets.get((at.path, line), column))
        self._sources = sources
        self._lines: dict[str, list[str]] = {}
        self._occurrences: dict[str, list[int]] = {}

    def raw(self, path: str, line: int) -> str | None:
        """The line as it stands in the file, or None where it is not at hand."""
        if path not in self._lines:
            self._lines[path] = self._sources.get(path, "").split("\n")
        lines = self._lines[path]
        return lines[line - 1].rstrip("\r") if 1 <= line <= len(lines) else None

    def occurrence(self, path: str, line: int) -> int:
        """The how manieth of the file's equal lines it is, white space at their ends aside, counted from 1."""
        if path not in self._occurrences:
            self.raw(path, 1)
            seen: Counter[str] = Counter()
            numbers = []
            for text in self._lines[path]:
                seen[text.strip()] += 1
                numbers.append(seen[text.strip()])
            self._occurrences[path] = numbers
        numbers = self._occurrences[path]
        return numbers[line - 1] if 1 <= line <= len(numbers) else 1

    def line(self, path: str, line: int) -> str | None:
        """The line as a report may show it; columns stay true up to the first mask or escaped character."""
        raw = self.raw(path, line)
        if raw is None:
            return None
        column = self._secrets.get((path, line))
        if column is None:
            return _cleaned(raw)
        return _cleaned(raw[: column - 1]) + printable(_masked(raw[column - 1 :].replace("\t", " ")))

    def marked(self, at: Span) -> tuple[str, str] | None:
        """The line and the carets below it; None where the file is not at hand or the line is empty."""
        line = self.line(at.path, at.line)
        if line is None or not line.strip():
            return None
        end = at.end_column if at.end_line == at.line else len(line) + 1
        start = min(at.column, len(line) + 1)
        if (at.path, at.line) in self._secrets:
            start, end = min(start, self._secrets[at.path, at.line]), len(line) + 1
        shift = 0
        if len(line) > MAX_WIDTH:
            shift = max(0, min(start - 21, len(line) - MAX_WIDTH))
            line = line[shift : shift + MAX_WIDTH]
        width = max(1, min(end - start, len(line) - (start - 1 - shift)))
        return line, " " * (start - 1 - shift) + "^" * width


def printable(text: str) -> str:
    """The text without control characters, which could drive a terminal: they become ``\\x1b`` and the like."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def _cleaned(text: str) -> str:
    return _USERINFO.sub(rf"\1{MASK}@", printable(text.replace("\t", " ")))


def _masked(text: str) -> str:
    """The end of a line from where a secret begins: quotes and a key may stay, nothing that could be a value."""
    if text[:1] in ("'", '"'):
        hidden = _ASSIGNED.sub(rf"\1{MASK}", _QUOTED.sub(rf"\1{MASK}\1", text))
        return hidden if not set("'\"") & set(_HIDDEN.sub("", hidden)) else MASK
    key = _KEY.match(text)
    return f"{key.group()}{MASK}" if key else MASK
