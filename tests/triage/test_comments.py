"""Suppressions in comments: strict grammar, comment syntax by kind, the line they speak of."""

from __future__ import annotations

import datetime

import pytest

from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span
from archlint.triage.comments import Mark, find_marks


def marks(kind: Kind, text: str) -> list[Mark]:
    return find_marks([SourceFile("f", kind, text.encode(), "")])


def spoken_of(kind: Kind, text: str) -> list[tuple[str, list[int] | None]]:
    return [(one.rule, None if one.lines is None else list(one.lines)) for one in marks(kind, text) if not one.problem]


def test_a_comment_at_the_end_speaks_of_its_line() -> None:
    assert marks(Kind.PYTHON, "get(x)  # archlint: ignore[no-timeout] -- run by hand\n") == [
        Mark(Span("f", 1, 9, 1, 54), "comment", "no-timeout", "run by hand", range(1, 2))
    ]


def test_a_comment_that_stands_alone_speaks_of_the_next_line_that_is_no_comment() -> None:
    text = "# archlint: ignore[a] -- x\n# archlint: ignore[b] -- x\n\n# more\nget(x)\n"
    assert spoken_of(Kind.PYTHON, text) == [("a", [5]), ("b", [5])]


def test_several_rules_share_a_comment() -> None:
    assert spoken_of(Kind.KUBERNETES, "a: 1  # archlint: ignore[a-b, c] -- x") == [("a-b", [1]), ("c", [1])]


def test_a_file_comment_speaks_of_the_file() -> None:
    assert spoken_of(Kind.COMPOSE, "# archlint: ignore-file[a] -- x\nb: 1\n") == [("a", None)]


def test_a_date_may_end_it() -> None:
    (mark,) = marks(Kind.PYTHON, "x  # archlint: ignore[a] until=2027-01-31 -- migration\n")
    assert (mark.until, mark.reason, mark.problem) == (datetime.date(2027, 1, 31), "migration", None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.KUBERNETES, "a: 1 # archlint: ignore[a] -- x"),
        (Kind.COMPOSE, "a: 'b' # archlint: ignore[a] -- x"),
        (Kind.DOCKERFILE, "# archlint: ignore[a] -- x\nFROM a"),
        (Kind.TERRAFORM, "a = 1 // archlint: ignore[a] -- x"),
        (Kind.TERRAFORM, "a = 1 /* archlint: ignore[a] -- x */"),
        (Kind.TERRAFORM, "a = 1 # archlint: ignore[a] -- x"),
        (Kind.PROTO, "rpc A(B) returns (C); // archlint: ignore[a] -- x"),
        (Kind.HELM_TEMPLATE, "a: 1 {{/* archlint: ignore[a] -- x */}}"),
        (Kind.DOTENV, "# archlint: ignore[a] -- x\nA=1"),
        (Kind.PYTHON, "x = 1  # noqa: S113  # archlint: ignore[a] -- x"),
    ],
)
def test_every_format_has_its_own_comments(kind: Kind, text: str) -> None:
    assert [(one.rule, one.reason, one.problem) for one in marks(kind, text)] == [("a", "x", None)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.PYTHON, 'TEXT = "# archlint: ignore[a] -- x"\n'),
        (Kind.PYTHON, '"""\n# archlint: ignore[a] -- x\n"""\n'),
        (Kind.KUBERNETES, 'a: "# archlint: ignore[a] -- x"'),
        (Kind.KUBERNETES, "a: b#archlint: ignore[a] -- x"),
        (Kind.DOCKERFILE, "RUN echo # archlint: ignore[a] -- x"),
        (Kind.PROTO, "# archlint: ignore[a] -- x"),
        (Kind.PYTHON, "# see archlint: ignore[a] -- x\n"),
    ],
)
def test_what_is_no_comment_of_the_format_is_text(kind: Kind, text: str) -> None:
    assert marks(kind, text) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("ignore", "this suppression is malformed; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore a", "this suppression is malformed; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore [a] -- x", "this suppression is malformed; write `archlint: ignore[rule-id] -- reason`"),
        ("disable[a] -- x", "this suppression is malformed; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[a]", "this suppression gives no reason; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[a] --", "this suppression gives no reason; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[a] because", "this suppression is malformed; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[] -- x", "'' is no rule id; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[*] -- x", "'*' is no rule id; write `archlint: ignore[rule-id] -- reason`"),
        ("ignore[a] until=soon -- x", "'soon' is no date; write until=YYYY-MM-DD"),
    ],
)
def test_what_looks_like_a_suppression_and_is_none_is_a_problem(body: str, problem: str) -> None:
    assert [one.problem for one in marks(Kind.PYTHON, f"x = 1  # archlint: {body}\n")] == [problem]


def test_a_file_that_cannot_be_decoded_still_has_comments() -> None:
    file = SourceFile("f", Kind.KUBERNETES, b"a: \xe9 # archlint: ignore[a] -- x", "")
    assert [one.rule for one in find_marks([file])] == ["a"]


def test_columns_count_characters() -> None:
    (mark,) = marks(Kind.PYTHON, "é = 'ü'  # archlint: ignore[a] -- x\n")
    assert mark.at == Span("f", 1, 10, 1, 36)
