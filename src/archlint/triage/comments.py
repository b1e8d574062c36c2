"""Suppressions written as comments: ``# archlint: ignore[rule-id, …] until=2027-01-31 -- reason``.

A comment at the end of a line speaks of that line; one that stands alone speaks of the next line that is no comment;
``ignore-file`` speaks of the whole file. The grammar is strict: what looks like a suppression and is none suppresses
nothing and is reported, since a typing error would otherwise switch a rule off, or fail to, in silence.
"""

from __future__ import annotations

import datetime
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import replace

from archlint.core.record import dataclass, pattern
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span

MARK = b"archlint:"

_ATTEMPT = pattern(r"(?P<opening>#|//|/\*|--)\s*archlint:\s*(?P<body>.*?)\s*(?:\*/.*)?$")
_GRAMMAR = pattern(
    r"(?P<form>ignore|ignore-file)\[(?P<rules>[^\]]*)\](?:\s+until=(?P<until>\S+))?(?:\s+--(?:\s+(?P<reason>\S.*))?)?$"
)
_RULE = pattern(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")
_USAGE = "write `archlint: ignore[rule-id] -- reason`"
_HASH = ("#",)
_OPENINGS: dict[Kind, tuple[str, ...]] = {
    Kind.TERRAFORM: ("#", "//", "/*"),
    Kind.TERRAFORM_VALUES: ("#", "//", "/*"),
    Kind.PROTO: ("//", "/*"),
    Kind.HELM_TEMPLATE: ("#", "/*"),
    Kind.SQL: ("--", "/*"),
    Kind.PIPELINE: ("#", "//"),
}


@dataclass(frozen=True)
class Mark:
    """One suppression of one rule, as written. ``lines`` are those it speaks of; None means the whole file.

    ``problem`` says why it cannot be taken (then ``rule`` may be empty). ``until`` is the last day on which it holds.
    """

    at: Span
    form: str
    rule: str = ""
    reason: str = ""
    lines: range | None = None
    until: datetime.date | None = None
    problem: str | None = None


def find_marks(files: Iterable[SourceFile]) -> list[Mark]:
    """The suppressions in the comments of the files. Files without the word are not looked at."""
    return [mark for file in files if MARK in file.data for mark in _marks(file)]


def _marks(file: SourceFile) -> Iterator[Mark]:
    try:
        text = file.text
    except (UnicodeDecodeError, SyntaxError):
        text = file.data.decode("latin-1")
    lines = text.splitlines()
    openings = _OPENINGS.get(file.kind, _HASH)
    for number, column, comment in _comments(file.kind, text, lines):
        found = next((one for one in _ATTEMPT.finditer(comment) if one["opening"] in openings), None)
        if found is None:
            continue
        start = column + found.start()
        at = Span(file.path, number, start, number, column + len(comment.rstrip()))
        alone = not lines[number - 1][: start - 1].strip(" \t{-")
        for mark in _parse(found["body"], at):
            if mark.form == "file comment":
                yield mark
            else:
                line = _next_line(lines, number, openings) if alone else number
                yield replace(mark, lines=range(line, line + 1))


def _parse(body: str, at: Span) -> Iterator[Mark]:
    found = _GRAMMAR.match(body)
    if found is None:
        yield Mark(at, "comment", problem=f"this suppression is malformed; {_USAGE}")
        return
    form = "comment" if found["form"] == "ignore" else "file comment"
    until, problem = None, None
    if not found["reason"]:
        problem = f"this suppression gives no reason; {_USAGE}"
    if found["until"]:
        try:
            until = datetime.date.fromisoformat(found["until"])
        except ValueError:
            problem = f"{found['until']!r} is no date; write until=YYYY-MM-DD"
    for rule in found["rules"].split(","):
        name = rule.strip()
        wrong = problem if _RULE.match(name) else f"{name!r} is no rule id; {_USAGE}"
        yield Mark(at, form, name, found["reason"] or "", None, until, wrong)


def _comments(kind: Kind, text: str, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Line, column (both from 1) and text of what may be a comment with the word in it."""
    if kind is Kind.PYTHON:
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT and "archlint:" in token.string:
                    yield token.start[0], token.start[1] + 1, token.string
        except (tokenize.TokenError, SyntaxError):
            return  # a file that cannot be read has no findings to suppress
        return
    for number, line in enumerate(lines, start=1):
        position = line.find("archlint:")
        if position < 0:
            continue
        if kind is Kind.DOCKERFILE and not line.lstrip().startswith("#"):
            continue  # Dockerfiles have no comments at the end of a line
        opening = _opening(line, position)
        if opening is not None:
            yield number, opening + 1, line[opening:]


def _opening(line: str, position: int) -> int | None:
    """Where the comment that holds the position begins; None inside quotes, or where nothing opens a comment."""
    quote = ""
    for index, character in enumerate(line[:position]):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (index == 0 or line[index - 1] in " \t=:[{(,"):
            quote = character
        elif line.startswith(("#", "//", "/*", "--"), index) and (index == 0 or line[index - 1] in " \t{-;,}])\"'"):
            return index
    return None


def _next_line(lines: list[str], number: int, openings: tuple[str, ...]) -> int:
    """The first line after that one which is neither empty nor a comment."""
    for following in range(number, len(lines)):
        text = lines[following].strip().lstrip("{- ")
        if text and not text.startswith(openings):
            return following + 1
    return number
