"""A Dockerfile in, its stages out, after the builder's own rules (docs.docker.com/reference/dockerfile).

Directives (``# escape``), continuation lines with comments in between, heredocs, flags and exec forms are read; ARG and
ENV are expanded where the builder does so. Lines that begin with no instruction are one gap a file.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import Dockerfile, DockerfileInstruction, DockerfileStage
from archlint.core.source import SourceFile
from archlint.core.span import Span
from archlint.readers.yaml import encoding_gap

VALUE_LIMIT = 8192
"""Longer values are left unexpanded: a value may double itself on every line."""

_KEYWORDS = frozenset(
    {
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    }
)
_EXPANDED = frozenset(
    {"ADD", "ARG", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_WITH_FLAGS = frozenset({"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"})
_WITH_EXEC_FORM = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_WITH_HEREDOC = frozenset({"ADD", "COPY", "RUN", "ONBUILD"})

_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*$")
_INSTRUCTION = re.compile(r"([A-Za-z]+)(?:[ \t]+|$)")
_FLAG = re.compile(r"--([A-Za-z][\w-]*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?(?:\s+|$)")
_HEREDOC = re.compile(r"(?<![<\w])\d?<<(-?)([\"']?)([A-Za-z_][\w.]*)\2(?=[\s;&|)>]|$)")
_STAGE = re.compile(r"(\S+)(?:\s+[Aa][Ss]\s+(\S+))?\s*$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Line(NamedTuple):
    at: Span
    keyword: str
    text: str
    heredocs: tuple[str, ...]


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The Dockerfile, then its gaps."""
    try:
        text = file.text
    except UnicodeError as error:
        yield encoding_gap(file.path, error)
        return
    lines = [line.rstrip("\r") for line in text.split("\n")]
    escape = _escape(lines)
    gaps: list[Gap] = []
    arguments: list[DockerfileInstruction] = []
    stages: list[tuple[Span, str, str | None, list[DockerfileInstruction]]] = []
    defaults: dict[str, str] = {}
    variables = defaults
    by_name: dict[str, dict[str, str]] = {}
    for line in _instructions(lines, file.path, escape, gaps):
        instruction = _instruction(line, defaults if line.keyword == "FROM" else variables, escape)
        if instruction.keyword == "FROM":
            match = _STAGE.match(instruction.text)
            base, name = (match[1], match[2]) if match else (instruction.text, None)
            variables = dict(by_name.get(base.lower(), {}))
            if name:
                by_name[name.lower()] = variables
            by_name[str(len(stages))] = variables
            stages.append((instruction.at, base, name, []))
        elif stages:
            stages[-1][3].append(instruction)
            _remember(instruction, variables, defaults)
        elif instruction.keyword == "ARG":
            arguments.append(instruction)
            defaults.update(instruction.pairs)
        elif not gaps:
            reason = f"{instruction.keyword} stands before the first FROM: move it into a stage"
            gaps.append(Gap(instruction.at, "syntax", reason))
    if arguments or stages:
        yield Dockerfile(
            Span(file.path, 1, 1, len(lines), len(lines[-1]) + 1),
            tuple(arguments),
            tuple(DockerfileStage(at, base, name, tuple(inner)) for at, base, name, inner in stages),
        )
    yield from gaps


def expand(text: str, variables: dict[str, str], escape: str = "\\") -> str:
    """The text with ``$NAME``, ``${NAME}``, ``${NAME:-word}`` and ``${NAME:+word}`` replaced where they are known."""
    return _expand(text, variables, escape, 0)


def _escape(lines: list[str]) -> str:
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if not match:
            break
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            return match[2]
    return "\\"


def _instructions(lines: list[str], path: str, escape: str, gaps: list[Gap]) -> Iterator[_Line]:
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    ends: dict[str, list[int]] = {}
    index = 0
    while index < len(lines):
        first = lines[index]
        stripped = first.strip()
        if not stripped or stripped[0] == "#":
            index += 1
            continue
        parts: list[str] = []
        start, last = index, index
        while index < len(lines):
            line = lines[index]
            inner = line.strip()
            index += 1
            if parts and (not inner or inner[0] == "#"):
                continue
            last = index - 1
            match = continued.search(line)
            body = line[: match.start()] if match else line
            parts.append((" " + body.lstrip() if body[:1] in (" ", "\t") else body) if parts else body.lstrip())
            if not match:
                break
        column = len(first) - len(first.lstrip()) + 1
        joined = "".join(parts).rstrip()
        head = _INSTRUCTION.match(joined)
        if not head or head[1].upper() not in _KEYWORDS:
            if not gaps:
                at = Span(path, start + 1, column, start + 1, len(first.rstrip()) + 1)
                word = stripped.split(None, 1)[0][:40]
                gaps.append(Gap(at, "syntax", f"{word!r} is no Dockerfile instruction: mend it, or exclude the file"))
            continue
        keyword = head[1].upper()
        heredocs: list[str] = []
        if keyword in _WITH_HEREDOC and "<<" in joined:
            if not ends:
                for number, line in enumerate(lines):
                    ends.setdefault(line.lstrip("\t"), []).append(number)
            for dash, _, word in _HEREDOC.findall(joined):
                numbers = ends.get(word, [])
                place = bisect_right(numbers, index - 1)
                while place < len(numbers) and not dash and lines[numbers[place]] != word:
                    place += 1
                if place == len(numbers):
                    break
                heredocs.append("\n".join(lines[index : numbers[place]]))
                last = numbers[place]
                index = last + 1
        at = Span(path, start + 1, column, last + 1, len(lines[last].rstrip()) + 1)
        yield _Line(at, keyword, joined[head.end() :], tuple(heredocs))


def _instruction(line: _Line, variables: dict[str, str], escape: str) -> DockerfileInstruction:
    keyword, text = line.keyword, line.text
    flags: list[tuple[str, str]] = []
    while keyword in _WITH_FLAGS and (match := _FLAG.match(text)):
        value = match[2] or ""
        if value[:1] in ("'", '"') and value[-1:] == value[:1]:
            value = value[1:-1]
        flags.append((match[1], expand(value, variables, escape) if keyword in _EXPANDED else value))
        text = text[match.end() :]
    pairs: tuple[tuple[str, str], ...] = ()
    if keyword in ("ENV", "LABEL", "ARG"):
        pairs = tuple(_pairs(keyword, text, variables, escape))
    if keyword in _EXPANDED and "$" in text:
        text = expand(text, variables, escape)
    words: tuple[str, ...] = ()
    if keyword in _WITH_EXEC_FORM:
        words = _exec_form(text)
    elif keyword == "HEALTHCHECK" and text[:4].upper() == "CMD ":
        words = _exec_form(text[4:].lstrip())
    return DockerfileInstruction(line.at, keyword, text, words, tuple(flags), line.heredocs, pairs)


def _exec_form(text: str) -> tuple[str, ...]:
    if text[:1] != "[":
        return ()
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(words) if all(isinstance(word, str) for word in words) else ()


def _remember(instruction: DockerfileInstruction, variables: dict[str, str], defaults: dict[str, str]) -> None:
    if instruction.keyword == "ENV":
        variables.update(instruction.pairs)
    elif instruction.keyword == "ARG":
        given = dict(instruction.pairs)
        for name in instruction.text.split():
            if name in defaults and name not in given:
                variables.setdefault(name, defaults[name])
        for name, value in given.items():
            variables.setdefault(name, value)


def _pairs(keyword: str, text: str, variables: dict[str, str], escape: str) -> Iterator[tuple[str, str]]:
    """What the instruction sets. All values see the variables as they were before it."""
    words = _words(text, escape)
    if not words:
        return
    if keyword != "ARG" and "=" not in words[0]:  # the old form: ENV NAME the whole rest
        name, _, value = text.partition(" ")
        yield name, _word(value.strip(), variables, escape)
        return
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield _word(name, variables, escape), _word(value, variables, escape)


def _words(text: str, escape: str) -> list[str]:
    """The words, quotes kept."""
    words: list[str] = []
    begin: int | None = None
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        if begin is None and not character.isspace():
            begin = position
        if character == escape and quote != "'":
            position += 2
            continue
        if quote:
            if character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character.isspace() and begin is not None:
            words.append(text[begin:position])
            begin = None
        position += 1
    if begin is not None:
        words.append(text[begin:])
    return words


def _word(text: str, variables: dict[str, str], escape: str) -> str:
    """The word after expansion and removal of quotes."""
    if "'" not in text and '"' not in text and escape not in text:
        return expand(text, variables, escape) if "$" in text else text
    made: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "'":
            end = text.find("'", position + 1)
            end = len(text) if end < 0 else end
            made.append(text[position + 1 : end])
        elif character == '"':
            end = position + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == escape else 1
            inner = expand(text[position + 1 : end], variables, escape)
            made.append(re.sub(re.escape(escape) + r"([\"$" + re.escape(escape) + "])", r"\1", inner))
        elif character == escape:
            end = position + 1
            made.append(text[position + 1 : position + 2])
        else:
            end = position
            while end < len(text) and text[end] not in ("'", '"', escape):
                end += 1
            made.append(expand(text[position:end], variables, escape))
            end -= 1
        position = end + 1
    return "".join(made)


def _expand(text: str, variables: dict[str, str], escape: str, depth: int) -> str:
    made: list[str] = []
    position = 0
    length = 0
    while (dollar := text.find("$", position)) >= 0:
        made.append(text[position:dollar])
        if dollar and text[dollar - 1] == escape:
            made.append("$")
            position = dollar + 1
            continue
        name = _NAME.match(text, dollar + 1)
        if name:
            whole, value, position = name.end(), variables.get(name[0]), name.end()
        elif text.startswith("{", dollar + 1) and (close := _closing(text, dollar + 1)) > 0:
            whole = position = close + 1
            value = _braces(text[dollar + 2 : close], variables, escape, depth)
        else:
            made.append("$")
            position = dollar + 1
            continue
        if value is None or length + len(value) > VALUE_LIMIT:
            value = text[dollar:whole]
        length += len(value)
        made.append(value)
    made.append(text[position:])
    return "".join(made)


def _closing(text: str, opening: int) -> int:
    depth = 0
    for position in range(opening, min(len(text), opening + VALUE_LIMIT)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return -1


def _braces(inner: str, variables: dict[str, str], escape: str, depth: int) -> str | None:
    name = _NAME.match(inner)
    if not name or depth > 8:
        return None
    value, rest = variables.get(name[0]), inner[name.end() :]
    if not rest:
        return value
    present = value if not rest.startswith(":") or value else None
    operator, word = rest.lstrip(":")[:1], rest.lstrip(":")[1:]
    if operator == "-":
        return present if present is not None else _expand(word, variables, escape, depth + 1)
    if operator == "+":
        return _expand(word, variables, escape, depth + 1) if present is not None else ""
    return present if operator == "?" else None
