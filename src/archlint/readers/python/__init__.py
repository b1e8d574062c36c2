"""Python files as one ``PythonModule`` fact each.

In: the bytes of a file. Out: names qualified as far as the file allows, local variables inlined, every call with its
place. Nothing is imported or run. A file that Python 3 does not parse (Python 2, a null byte, an encoding that does not
fit) is a gap.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.base import Gap
from archlint.core.source import SourceFile
from archlint.core.span import Span, start_of
from archlint.readers.python.spans import Spans
from archlint.readers.python.statements import Statements

_PYTHON_2 = (
    "Missing parentheses in call to",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals",
)
_BARE_EXCEPT = re.compile(
    r"^([ \t]*except) ((?:[a-z_]\w*\.)*[A-Z]\w*(?:, (?:[a-z_]\w*\.)*[A-Z]\w*)+)(?=:)", re.MULTILINE
)
"""Classes without parentheses; in Python 2, what stands behind the comma is a variable, in small letters."""


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The module's fact, or a gap that says why there is none."""
    try:
        text = file.text
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        yield Gap(_undecodable(file, error), "encoding", _encoding_reason(error))
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parsed(text)
    except SyntaxError as error:
        yield Gap(_place(file.path, error), "syntax", _syntax_reason(error))
        return
    except ValueError as error:
        yield Gap(start_of(file.path), "syntax", f"Python cannot parse the file ({error}). Exclude it or mend it.")
        return
    except (RecursionError, MemoryError):
        yield Gap(start_of(file.path), "syntax", "the code is nested too deeply for Python's parser. Exclude the file.")
        return
    name, is_package = module_name(file.path)
    spans = Spans(file.path, text)
    reader = Statements(name, is_package, spans)
    yield reader.module(tree, file.path, text.count("\n") + (not text.endswith("\n") and text != ""))
    for at in reader.too_deep:
        yield Gap(at, "syntax", "this statement is nested too deeply to be read. Split it.")


def module_name(path: str) -> tuple[str, bool]:
    """The dotted path of a file from the root, and whether it is a package's ``__init__``."""
    name = path.removesuffix(".py").removesuffix(".pyw").replace("/", ".")
    if name == "__init__":
        return "", True
    if name.endswith(".__init__"):
        return name.removesuffix(".__init__"), True
    return name, False


def _parsed(text: str) -> ast.Module:
    """The tree of a text. ``except A, B:`` (PEP 758) is mended for older interpreters, its line as long as before."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        mended = _BARE_EXCEPT.sub(_with_parentheses, text) if (error.msg or "").startswith(_PYTHON_2[1]) else text
        if mended == text:
            raise
        return ast.parse(mended)


def _with_parentheses(match: re.Match[str]) -> str:
    return f"{match[1]}({match[2].replace(', ', ',', 1)})"


def _place(path: str, error: SyntaxError) -> Span:
    line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    return Span(path, line, column, line, column)


def _syntax_reason(error: SyntaxError) -> str:
    message = (error.msg or "invalid syntax").rstrip(".")
    if "null byte" in message:
        return "the file contains null bytes and is no Python source. Exclude it or mend it."
    if message.startswith(_PYTHON_2):
        return f"this is Python 2, which archlint does not read ({message}). Port the file or exclude it."
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"Python {version} cannot parse the file: {message}. Mend the line, exclude the file, or run archlint with the "
        "Python that the file is written for."
    )


def _encoding_reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the bytes are not {error.encoding}. Save the file as UTF-8 or name its encoding in a coding comment."
    return f"the encoding is not known ({error}). Save the file as UTF-8 or correct its coding comment."


def _undecodable(file: SourceFile, error: Exception) -> Span:
    if isinstance(error, UnicodeDecodeError) and isinstance(error.object, bytes):
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2]) + 1
        return Span(file.path, line, column, line, column)
    return start_of(file.path)
