from __future__ import annotations

from typing import Any

from archlint.core.rule import Rule, Severity
from archlint.core.span import Span
from archlint.core.system import System
from archlint.core.system.calls import HttpCall
from archlint.core.values import Place, Setting, Unknown
from archlint.ruleset import judge

AT = Span("orders/app.py", 3, 1, 3, 20)
BASE = Place(Span("orders/urls.py", 1, 1, 1, 9), "the address")


def rule(**fields: Any) -> Rule:
    given = {
        "name": "http-call-without-timeout",
        "category": "resilience",
        "summary": "s",
        "why": "w",
        "fix": "f",
        "severity": Severity.ERROR,
        "since": "0.1",
        "subject": "HttpCall",
        "when": "call.timeout is None",
        "message": "{call.service} calls {call.target} without a timeout",
        "path": "rules/resilience/http-call-without-timeout.yaml",
    }
    return Rule(**{**given, **fields})


def call(**fields: Any) -> HttpCall:
    given = {
        "at": AT,
        "name": "GET",
        "key": "orders:GET",
        "service": "orders",
        "library": "requests",
        "target": "stock",
    }
    return HttpCall(**{**given, **fields})


def test_true_is_a_violation_false_is_none_and_unknown_is_counted_by_reason() -> None:
    bounded = call(timeout=Setting(2.0, "code", AT))
    calls = [call(), bounded, call(timeout=Unknown("TIMEOUT is not set")), call(timeout=Unknown())]
    run, violations = judge(rule(), System(calls))
    assert run.looked_at == 4
    assert run.not_judged == {"TIMEOUT is not set": 1, "call.timeout is unknown": 1}
    assert [violation.message for violation in violations] == ["orders calls stock without a timeout"]
    assert violations[0].at == AT
    assert violations[0].subject == "orders:GET"


def test_the_subjects_own_related_places_are_taken_unless_the_rule_names_others() -> None:
    subject = call(related=(BASE, Place(AT, "itself"), BASE))
    assert judge(rule(), System([subject]))[1][0].related == (BASE,)
    timed = call(timeout=Setting(2.0, "session", BASE.at), related=(Place(Span("x", 1, 1, 1, 1), "x"),))
    chosen = rule(when="call.timeout is not None", related="call.timeout")
    assert judge(chosen, System([timed]))[1][0].related == (Place(BASE.at, "session"),)


def test_the_rule_may_choose_the_primary_location() -> None:
    moved = rule(location="call.related")
    assert judge(moved, System([call(related=(BASE,))]))[1][0].at == BASE.at
    assert judge(moved, System([call()]))[1][0].at == AT


def test_a_rule_that_crashes_says_so_and_finds_nothing() -> None:
    run, violations = judge(rule(when="call.nothing is None"), System([call()]))
    assert run.error is not None
    assert "has no field 'nothing'" in run.error
    assert violations == []


def test_lists_are_printed_as_people_write_them() -> None:
    listed = rule(message="{call.related}|{call.timeout}|{{}}")
    assert judge(listed, System([call()]))[1][0].message == "nothing|nothing|{}"
