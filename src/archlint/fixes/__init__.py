"""Fixes: what a rule says about a call, as replacements of text that keep every other byte of the file.

A rule's ``autofix`` names arguments to set or to remove. Here the call is found again in the file's text, rewritten
without loss, and cut down to what changes. What cannot be done for sure (``*args``, text that is no call, two fixes in
one place) is not done. Nothing here writes a file.
"""

from __future__ import annotations

import ast
import dataclasses
import warnings
from collections.abc import Iterable, Mapping

from archlint.core.finding import Finding, Replacement
from archlint.fixes.text import Text, decoded

__all__ = ["Fixed", "apply", "with_replacements"]


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A file after its fixes: its new bytes, and the findings that they answer."""

    data: bytes
    findings: tuple[Finding, ...]


def with_replacements(findings: Iterable[Finding], files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """The findings, those that can be fixed with their replacements; ``files`` holds the bytes of Python files."""
    trees: dict[str, tuple[Text, ast.Module] | None] = {}

    def replaced(finding: Finding) -> Finding:
        edit = finding.edit
        if edit is None or finding.suppressed_by is not None or edit.at.path not in files:
            return finding
        if edit.at.path not in trees:
            trees[edit.at.path] = _parsed(files[edit.at.path])
        parsed = trees[edit.at.path]
        if parsed is None:
            return finding
        from archlint.fixes.calls import replacements_of  # libcst: only where there is something to rewrite

        return dataclasses.replace(finding, replacements=replacements_of(edit, *parsed))

    return tuple(map(replaced, findings))


def apply(findings: Iterable[Finding], files: Mapping[str, bytes]) -> dict[str, Fixed]:
    """The files that change, after all replacements that do not overlap; what overlaps is left for another run.

    A file whose new text would not parse is left as it is.
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.replacements:
            by_path.setdefault(finding.replacements[0].at.path, []).append(finding)
    fixed = {}
    for path, ones in sorted(by_path.items()):
        text = decoded(files[path])
        kept: dict[Replacement, tuple[int, int]] = {}
        answered = []
        for finding in ones:
            new = {one: text.offsets(one.at) for one in finding.replacements if one not in kept}
            if not any(_overlaps(place, other) for place in new.values() for other in kept.values()):
                kept |= new
                answered.append(finding)
        data = text.encoded(text.replaced([(*place, one.text) for one, place in kept.items()]))
        if _parsed(data) is not None:
            fixed[path] = Fixed(data, tuple(answered))
    return fixed


def _overlaps(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether the ranges share a character, or are insertions at one place."""
    return first == second or (first[0] < second[1] and second[0] < first[1])


def _parsed(data: bytes) -> tuple[Text, ast.Module] | None:
    try:
        text = decoded(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return text, ast.parse(text.content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
