"""``archlint check --fix`` and ``--diff``: the fixes of a report written to the files, or shown."""

from __future__ import annotations

import dataclasses
import difflib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from archlint import fixes
from archlint.core.finding import Report

_MOST_ROUNDS = 10
"""A file with several fixes in one place needs a round for each."""


def fixed(check: Callable[[], Report]) -> Report:
    """Check and mend until nothing more can be mended, and report what is left.

    Raises:
        OSError: a file cannot be written; those before it are mended.
    """
    report = check()
    findings, paths = 0, set[str]()
    for _ in range(_MOST_ROUNDS):
        changed = _changed(report)
        for path, file in changed.items():
            _write(Path(report.inputs.root, path), file.data)
            findings += len(file.findings)
            paths.add(path)
        if not changed:
            break
        report = check()
    note = f"Fixed {_count(findings, 'finding')} in {_count(len(paths), 'file')}."
    return dataclasses.replace(report, notes=(*report.notes, note))


def difference(report: Report) -> str:
    """The fixes as a unified diff, from the root of the workspace; empty where there are none."""
    pieces: list[str] = []
    for path, file in _changed(report).items():
        before = _lines(Path(report.inputs.root, path).read_bytes())
        pieces += difflib.unified_diff(before, _lines(file.data), f"a/{path}", f"b/{path}")
    return "".join(piece if piece.endswith("\n") else f"{piece}\n\\ No newline at end of file\n" for piece in pieces)


def _changed(report: Report) -> dict[str, fixes.Fixed]:
    paths = {finding.replacements[0].at.path for finding in report.failures if finding.replacements}
    return fixes.apply(report.failures, {path: Path(report.inputs.root, path).read_bytes() for path in sorted(paths)})


def _write(file: Path, data: bytes) -> None:
    """Write beside the file, then rename: nobody ever finds half of it."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(descriptor, "wb") as part:  # noqa: PTH123 (a descriptor, not a path)
            part.write(data)
        shutil.copymode(file, name)
        os.replace(name, file)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines(keepends=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
