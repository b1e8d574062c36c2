"""What is no Python 3 becomes a gap with a reason, never an exception."""

from __future__ import annotations

import warnings

import pytest

from archlint.core.facts.base import Gap
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.readers.python import module_name, read


def gap_of(data: bytes) -> Gap:
    facts = list(read(SourceFile("a/b.py", Kind.PYTHON, data, "")))
    assert len(facts) == 1
    assert isinstance(facts[0], Gap)
    return facts[0]


def test_python_2_is_named_as_such() -> None:
    gap = gap_of(b"x = 1\nprint 'hello'\n")
    assert gap.kind == "syntax"
    assert gap.at.line == 2
    assert "Python 2" in gap.reason


def test_exceptions_without_parentheses_are_python_3_and_variables_behind_a_comma_are_not() -> None:
    text = "try:\n    run()\nexcept jwt.Invalid, ValueError:\n    stop(1)\n"
    (module,) = read(SourceFile("a/b.py", Kind.PYTHON, text.encode(), ""))
    assert isinstance(module, PythonModule)
    assert [(one.name, one.catches, str(one.at)) for one in module.calls] == [
        ("run", ("jwt.Invalid", "ValueError"), "a/b.py:2:5"),
        ("stop", (), "a/b.py:4:5"),
    ]
    assert "Python 2" in gap_of(text.replace("ValueError:", "error:").encode()).reason


def test_a_syntax_error_points_at_its_line() -> None:
    gap = gap_of(b"x = 1\n\ndef f(:\n")
    assert (gap.kind, gap.at.line, gap.at.column) == ("syntax", 3, 7)


def test_null_bytes_are_a_gap() -> None:
    assert gap_of(b"x = 1\x00\n").kind == "syntax"


def test_bytes_that_do_not_fit_the_encoding_are_a_gap_at_their_line() -> None:
    gap = gap_of(b"x = 1\ny = '\xe9'\n")
    assert (gap.kind, gap.at.line, gap.at.column) == ("encoding", 2, 6)


def test_an_unknown_encoding_is_a_gap() -> None:
    assert gap_of(b"# -*- coding: klingon -*-\n").kind == "encoding"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbfx = 1\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ry = 2\r",
        b"x = '\\d'\n",
        b"x = 1\n\x0c\ny = 2\n",
    ],
)
def test_unusual_but_valid_files_are_read_without_a_warning(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        facts = list(read(SourceFile("a.py", Kind.PYTHON, data, "")))
    assert [type(one) for one in facts] == [PythonModule]


def test_code_that_is_nested_too_deeply_never_raises() -> None:
    for data in (b"(" * 5000 + b")" * 5000, b"x = " + b"-" * 20000 + b"1\n", b"x = f" + b".a()" * 3000 + b"\n"):
        facts = list(read(SourceFile("a.py", Kind.PYTHON, data, "")))
        assert any(isinstance(one, Gap) for one in facts) or facts


def test_module_names_follow_the_path() -> None:
    assert module_name("src/orders/app.py") == ("src.orders.app", False)
    assert module_name("src/orders/__init__.py") == ("src.orders", True)
    assert module_name("__init__.py") == ("", True)
