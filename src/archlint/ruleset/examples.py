"""The second document of a rule file: examples, which are the rule's tests and its documentation.

Each is a ``bad:`` or ``good:`` tree of files; a bad one may show under ``fixed:`` what ``--fix`` makes of them. A
comment ``expect`` at the end of a line says that the rule flags it, ``expect-todo`` that it should but is known to miss
it; a line with ``expect-next`` (``expect-next-todo``) alone says so of the line below it. Comments are written ``#``,
``//`` or ``--``, whatever the file is: they are taken out before it is read, and a line that held nothing else becomes
empty.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from archlint.core.record import dataclass, pattern
from archlint.core.rule import Example, Rule
from archlint.ruleset.document import Source, compose, entries, pairs, text
from archlint.ruleset.errors import RuleError
from archlint.ruleset.schema import first_document

_MARK = pattern(r"[ \t]*(?:#|//|--)[ \t]*expect(?P<next>-next)?(?P<todo>-todo)?[ \t]*$")
_NEAR_MARK = pattern(r"(?:#|//|--)[ \t]*expect\S*[ \t]*$")


@dataclass(frozen=True)
class Marked:
    """A file of an example without its marks, and the lines (counted from 1) that they name."""

    text: str
    expected: frozenset[int]
    todo: frozenset[int]


def read_examples(path: str, content: str) -> tuple[Example, ...]:
    """The examples of a rule file.

    Raises:
        RuleError: the second document is missing or malformed, or a path leads out of the example's folder.
    """
    first = first_document(content)
    start = len(first) + (3 if content.startswith("---\n") else 0)
    source = Source(path, content, content.count("\n", 0, start) + 1)
    document = content[start:]
    if not document.strip():
        raise source.error("the rule has no examples: they stand in a second document, after '---'")
    given = entries(source, compose(source, document), ("examples",), "the second document")
    listed = given.get("examples")
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise source.error("'examples' is a list of examples", listed)
    return tuple(_example(source, node) for node in listed.value)


def marked(content: str) -> Marked:
    """The file without its marks.

    Raises:
        ValueError: a comment looks like a mark and is none.
    """
    lines: list[str] = []
    expected: set[int] = set()
    todo: set[int] = set()
    for number, line in enumerate(content.split("\n"), start=1):
        found = _MARK.search(line)
        if found is None:
            if _NEAR_MARK.search(line):
                raise ValueError(f"line {number}: a mark is expect, expect-todo, expect-next or expect-next-todo")
            lines.append(line)
            continue
        lines.append(line[: found.start()])
        (todo if found["todo"] else expected).add(number + 1 if found["next"] else number)
    return Marked("\n".join(lines), frozenset(expected), frozenset(todo))


def shown(content: str) -> str:
    """The file as documentation shows it: flagged lines point at themselves, lines of marks are gone."""
    lines: list[str] = []
    pointer = ""
    for line in content.split("\n"):
        found = _MARK.search(line)
        if found is None:
            lines.append(line + pointer)
            pointer = ""
        elif found["next"]:
            pointer = "" if found["todo"] else "  # <-- here"
        else:
            lines.append(line[: found.start()] + ("" if found["todo"] else "  # <-- here"))
    return "\n".join(lines)


def best_examples(rule: Rule, examples: tuple[Example, ...]) -> Iterator[Example]:
    """The first bad and the first good example: what an explanation shows."""
    for is_bad in (True, False):
        yield from [example for example in examples if example.is_bad is is_bad][:1]


def _example(source: Source, node: yaml.Node) -> Example:
    given = entries(source, node, ("title", "bad", "good", "fixed"), "an example")
    trees = [word for word in ("bad", "good") if word in given]
    if len(trees) != 1:
        raise source.error("an example is either 'bad' or 'good'", node)
    is_bad = trees[0] == "bad"
    files = _files(source, given[trees[0]])
    _check_marks(source, node, is_bad, files)
    fixed = _files(source, given["fixed"]) if "fixed" in given else None
    if fixed is not None and not (is_bad and set(fixed) <= set(files)):
        raise source.error("'fixed' shows files of a bad example", given["fixed"])
    title = text(source, given["title"], "'title'") if "title" in given else ""
    return Example(is_bad, files, title, fixed)


def _files(source: Source, node: yaml.Node) -> dict[str, str]:
    files: dict[str, str] = {}
    for key, path, value in pairs(source, node, "an example's files"):
        if path.startswith("/") or "\\" in path or ".." in path.split("/"):
            raise source.error("a path is relative to the example's folder and stays in it", key)
        if not isinstance(value, yaml.ScalarNode) or not value.tag.endswith((":str", ":null")):
            raise source.error("a file's content is text: write it as a block after '|'", value)
        files[path] = value.value if value.tag.endswith(":str") else ""
    if not files:
        raise source.error("the example has no files", node)
    return files


def _check_marks(source: Source, node: yaml.Node, is_bad: bool, files: dict[str, str]) -> None:
    count = 0
    for path, content in files.items():
        try:
            found = marked(content)
        except ValueError as error:
            raise source.error(f"{path}, {error}", node) from None
        count += len(found.expected) + len(found.todo)
    if is_bad and not count:
        raise source.error("a bad example marks at least one line with '# expect'", node)
    if not is_bad and count:
        raise source.error("a good example marks no line", node)


__all__ = ["Marked", "RuleError", "best_examples", "marked", "read_examples", "shown"]
