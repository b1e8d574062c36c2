"""Readers turn one file into facts. This table says which module reads which kind; it is imported when first needed.

A reader module has ``read(file: SourceFile) -> Iterator[AnyFact]``. A reader whose files only make
sense together (protos import each other) has ``read_together(files) -> dict[path, facts]`` as well. A reader may raise
on input that it cannot take: here that becomes a gap, so that one bad file never ends a scan.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from archlint.core.facts import AnyFact, Gap
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span, start_of

READERS: dict[Kind, str] = {
    Kind.PYTHON: "archlint.readers.python",
    Kind.PYTHON_REQUIREMENTS: "archlint.readers.requirements",
    Kind.PROTO: "archlint.readers.proto",
    Kind.OPENAPI: "archlint.readers.openapi",
    Kind.ASYNCAPI: "archlint.readers.asyncapi",
    Kind.KUBERNETES: "archlint.readers.kubernetes",
    Kind.KUSTOMIZATION: "archlint.readers.kustomize",
    Kind.HELM_CHART: "archlint.readers.helm",
    Kind.HELM_VALUES: "archlint.readers.helm",
    Kind.HELM_TEMPLATE: "archlint.readers.helm",
    Kind.COMPOSE: "archlint.readers.compose",
    Kind.DOCKERFILE: "archlint.readers.dockerfile",
    Kind.TERRAFORM: "archlint.readers.terraform",
    Kind.TERRAFORM_VALUES: "archlint.readers.terraform",
    Kind.PIPELINE: "archlint.readers.pipeline",
    Kind.SKAFFOLD: "archlint.readers.skaffold",
    Kind.DOTENV: "archlint.readers.dotenv",
    Kind.CONFIGURATION: "archlint.readers.configuration",
    Kind.SHELL: "archlint.readers.shell",
    Kind.SQL: "archlint.readers.sql",
    Kind.OTHER_SOURCE: "archlint.readers.other_source",
}
TOGETHER = frozenset({Kind.PROTO})
"""Kinds whose files are read all at once."""

UNCACHED = frozenset({Kind.OTHER_SOURCE})
"""Kinds that cost less to read than to look up."""


def is_read(kind: Kind) -> bool:
    """Whether there is a reader for the kind; files without one are counted in the summary."""
    try:
        return importlib.util.find_spec(READERS[kind]) is not None
    except (KeyError, ImportError):
        return False


def read(file: SourceFile) -> list[AnyFact]:
    """The facts of one file, or the gap that says why there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the interpreter thinks of a scanned file's style is not ours to print
        try:
            return list(_module(file.kind).read(file))
        except Exception as error:  # a reader meets whatever strangers write: no error may end the scan
            return [gap_of(file, error)]


def read_together(kind: Kind, files: Sequence[SourceFile]) -> dict[str, list[AnyFact]]:
    """The facts of files that are read at once, by path. If that fails as a whole, each file is read by itself."""
    try:
        found = _module(kind).read_together(files)
    except Exception:
        return {file.path: read(file) for file in files}
    return {file.path: list(found.get(file.path, ())) for file in files}


def gap_of(file: SourceFile, error: Exception) -> Gap:
    """What an error of a reader means for the person who has to act on it."""
    if isinstance(error, UnicodeDecodeError):
        line = file.data.count(b"\n", 0, error.start) + 1
        at = Span(file.path, line, 1, line, 1)
        return Gap(
            at, "encoding", f"byte 0x{error.object[error.start]:02x} is no {error.encoding}; save the file as UTF-8"
        )
    if isinstance(error, SyntaxError):
        version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
        at = Span(file.path, line, column, line, column)
        return Gap(at, "syntax", f"{error.msg or 'invalid syntax'} (read as {version}); correct or exclude the file")
    if isinstance(error, RecursionError | MemoryError):
        return Gap(start_of(file.path), "nesting", "it is nested too deeply to be read; simplify or exclude the file")
    detail = " ".join(str(error).split())[:200]
    reason = (
        f"the {file.kind.value} reader failed ({type(error).__name__}: {detail}); exclude the file, and report this"
    )
    return Gap(start_of(file.path), "reader", reason)


def _module(kind: Kind) -> ModuleType:
    return import_module(READERS[kind])
