"""What counts: merging, suppressing, expiry, and identities that outlive edits."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

from archlint.config import Config, ExceptionConfig
from archlint.core.finding import Violation
from archlint.core.rule import Rule, Severity
from archlint.core.span import Span
from archlint.core.values import Place, is_unknown
from archlint.triage import Settled, agreed_exceptions, as_findings, merge, reported, settle
from archlint.triage.comments import Mark

TODAY = datetime.date(2026, 6, 15)


def rule(name: str = "no-timeout", **fields: object) -> Rule:
    return replace(
        Rule(
            name=name, category="resilience", summary="", why="", fix="", severity=Severity.ERROR, since="0.1",
            subject="HttpCall", when="", message="", path="",
        ),
        **fields,
    )  # fmt: skip


NO_TIMEOUT, OTHER = rule(), rule("other")


def span(line: int, path: str = "a.py", end: int | None = None) -> Span:
    return Span(path, line, 1, end or line, 9)


def violation(line: int, subject: str = "orders: get", one: Rule = NO_TIMEOUT, **fields: object) -> Violation:
    return replace(Violation(one, "a message", span(line), (), subject), **fields)


def mark(line: int | None, name: str = "no-timeout", **fields: object) -> Mark:
    form = "comment" if line else "file comment"
    lines = range(line, line + 1) if line else None
    return replace(Mark(span(line or 1), form, name, "agreed", lines), **fields)


def outcome(violations: list[Violation], marks: list[Mark], ran: tuple[str, ...] = ("no-timeout", "other")) -> Settled:
    return settle(violations, marks, [], rules=[NO_TIMEOUT, OTHER], ran=ran, today=TODAY)


def used(settled: Settled) -> list[object]:
    return [one.problem or (None if is_unknown(one.is_used) else one.is_used) for one in settled.suppressions]


def test_a_comment_suppresses_the_finding_on_its_line_and_keeps_it_in_sight() -> None:
    settled = outcome([violation(3), violation(4)], [mark(3)])
    suppressed, standing = settled.findings
    assert suppressed.suppressed_by is not None
    assert (suppressed.suppressed_by.by, suppressed.suppressed_by.reason) == ("comment", "agreed")
    assert standing.suppressed_by is None
    assert used(settled) == [True]


def test_a_comment_at_the_end_of_a_call_over_several_lines_suppresses_it() -> None:
    settled = outcome([violation(3, at=span(3, end=6))], [mark(6)])
    assert settled.findings[0].suppressed_by is not None


def test_a_comment_suppresses_neither_other_rules_nor_other_files() -> None:
    settled = outcome([violation(3, one=OTHER), violation(3, at=span(3, "b.py"))], [mark(3)])
    assert [finding.suppressed_by for finding in settled.findings] == [None, None]
    assert used(settled) == [False]


def test_a_file_comment_suppresses_all_findings_of_its_rule_there() -> None:
    settled = outcome([violation(3), violation(9), violation(9, one=OTHER)], [mark(None)])
    assert [finding.suppressed_by is not None for finding in settled.findings] == [True, True, False]


def test_whether_it_was_of_use_is_unknown_if_its_rule_did_not_run() -> None:
    assert used(outcome([], [mark(3)], ran=("other",))) == [None]


def test_a_rule_that_does_not_exist_is_a_problem() -> None:
    settled = outcome([violation(3)], [mark(3, "no-timeouts")])
    assert used(settled) == ["there is no rule 'no-timeouts'; `archlint rules` lists them"]


def test_a_former_name_of_a_rule_still_suppresses() -> None:
    renamed = rule("new-name", aliases=("old-name",))
    given = [mark(3, "old-name")]
    settled = settle([violation(3, one=renamed)], given, [], rules=[renamed], ran=["new-name"], today=TODAY)
    assert settled.findings[0].suppressed_by is not None


def test_a_rule_may_refuse_to_be_suppressed() -> None:
    strict = rule(ignorable=False)
    settled = settle([violation(3, one=strict)], [mark(3)], [], rules=[strict], ran=["no-timeout"], today=TODAY)
    assert settled.findings[0].suppressed_by is None
    assert used(settled) == ["findings of no-timeout cannot be suppressed; mend what they say"]


def test_a_date_is_inclusive_and_afterwards_the_finding_returns_and_says_so() -> None:
    settled = outcome([violation(3)], [mark(3, until=TODAY)])
    assert settled.findings[0].suppressed_by is not None
    settled = outcome([violation(3)], [mark(3, until=TODAY - datetime.timedelta(days=1))])
    assert settled.findings[0].suppressed_by is None
    assert settled.findings[0].message == "a message (suppression expired on 2026-06-14: agreed)"
    assert used(settled) == [True]


def with_exceptions(tmp_path: Path, violations: list[Violation], *entries: ExceptionConfig) -> Settled:
    file = tmp_path / "archlint.yaml"
    file.write_text("exceptions:\n" + "".join(f"  - rule: {one.rule}\n    reason: agreed\n" for one in entries))
    exceptions = agreed_exceptions(Config(exceptions=entries), file, tmp_path)
    return settle(violations, [], exceptions, rules=[NO_TIMEOUT, OTHER], ran=["no-timeout"], today=TODAY)


def test_exceptions_of_the_configuration_go_by_path(tmp_path: Path) -> None:
    entries = [ExceptionConfig("no-timeout", "agreed", path=path) for path in ("legacy", "src/*/old.py", "gone/**")]
    found = [violation(1, at=span(1, path)) for path in ("legacy/a.py", "legacy2/a.py", "src/x/old.py")]
    settled = with_exceptions(tmp_path, found, *entries)
    assert [finding.suppressed_by is not None for finding in settled.findings] == [True, False, True]
    assert settled.findings[0].suppressed_by is not None
    assert settled.findings[0].suppressed_by.at == Span("archlint.yaml", 2, 5, 2, 21)
    assert used(settled) == [True, True, False]
    assert [one.at.line for one in settled.suppressions] == [2, 4, 6]


def test_exceptions_of_the_configuration_go_by_service(tmp_path: Path) -> None:
    entry = ExceptionConfig("no-timeout", "agreed", service="orders")
    found = [violation(1, services=("orders",)), violation(2, services=("billing",)), violation(3)]
    settled = with_exceptions(tmp_path, found, entry)
    assert [finding.suppressed_by is not None for finding in settled.findings] == [True, False, False]


def test_an_exception_of_the_configuration_expires(tmp_path: Path) -> None:
    entry = ExceptionConfig("no-timeout", "agreed", path="a.py", until=datetime.date(2026, 1, 1))
    settled = with_exceptions(tmp_path, [violation(1)], entry)
    assert settled.findings[0].message == "a message (exception expired on 2026-01-01: agreed)"


def test_an_exception_for_everything_is_refused(tmp_path: Path) -> None:
    settled = with_exceptions(tmp_path, [violation(1)], ExceptionConfig("no-timeout", "agreed"))
    assert used(settled) == ["the exception for no-timeout names neither path nor service"]
    assert settled.findings[0].suppressed_by is None


def test_violations_of_one_rule_and_place_are_one_with_all_overlays() -> None:
    related = [Place(span(7), "x"), Place(span(8), "y")]
    merged = merge(
        [
            violation(3, overlays=("prod",), related=(related[0],)),
            violation(3, overlays=("dev",), related=(related[0], related[1])),
            violation(3, one=OTHER),
        ]
    )
    assert [(one.rule.name, one.overlays, one.related) for one in merged] == [
        ("no-timeout", ("dev", "prod"), (related[0], related[1])),
        ("other", (), ()),
    ]


def test_fingerprints_survive_edits_above_and_new_messages() -> None:
    before = as_findings([violation(3), violation(9, "orders: post")])
    after = as_findings([violation(33, message="other words"), violation(39, "orders: post")])
    assert [one.fingerprint for one in before] == [one.fingerprint for one in after]
    assert len({one.fingerprint for one in before}) == 2


def test_equal_subjects_are_told_apart_by_their_order_only() -> None:
    first, second = as_findings([violation(3), violation(9)])
    assert first.fingerprint != second.fingerprint
    (alone,) = as_findings([violation(20)])
    assert alone.fingerprint == first.fingerprint


def test_fingerprints_depend_on_rule_file_and_subject() -> None:
    found = [violation(3), violation(3, one=OTHER), violation(3, at=span(3, "b.py")), violation(4, "x")]
    assert len({one.fingerprint for one in as_findings(found)}) == 4


def test_what_is_reported_is_narrowed_by_path_and_sorted() -> None:
    found = as_findings([violation(9), violation(3), violation(3, one=OTHER), violation(1, at=span(1, "src/b.py"))])
    assert [(one.at.path, one.at.line, one.rule) for one in reported(found, ())] == [
        ("a.py", 3, "no-timeout"),
        ("a.py", 3, "other"),
        ("a.py", 9, "no-timeout"),
        ("src/b.py", 1, "no-timeout"),
    ]
    assert [one.at.path for one in reported(found, ("src",))] == ["src/b.py"]
    assert [one.at.path for one in reported(found, ("sr",))] == []
