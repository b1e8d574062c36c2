from __future__ import annotations

import json
from typing import Any

import pytest

from archlint.core.facts.base import Gap
from archlint.core.finding import Finding, Inputs, Report, RuleRun, Suppressed
from archlint.core.rule import Rule, Severity
from archlint.core.span import Span
from archlint.core.values import Place
from archlint.reports import write_json, write_sarif, write_text
from archlint.reports.sarif import MAX_RESULTS

PATH = "orders/my app.py"
SOURCE = "import requests\n\nrequests.get(URL)\ntoken = connect('s3cr3t-value')\n"


def rule(name: str = "http-call-without-timeout", **fields: Any) -> Rule:
    given = {
        "name": name,
        "category": "resilience",
        "summary": "Outbound HTTP call has no timeout",
        "why": "One slow dependency holds\nevery worker.",
        "fix": "Pass a timeout.",
        "severity": Severity.ERROR,
        "since": "0.1",
        "subject": "HttpCall",
        "when": "call.timeout is None",
        "message": "m",
        "path": f"rules/resilience/{name}.yaml",
    }
    return Rule(**{**given, **fields})


def finding(**fields: Any) -> Finding:
    given = {
        "rule": "http-call-without-timeout",
        "category": "resilience",
        "severity": Severity.ERROR,
        "message": "orders calls stock without a timeout",
        "at": Span(PATH, 3, 1, 3, 18),
        "related": (Place(Span("k8s/orders.yaml", 7, 3, 7, 9), "the address"),),
        "subject": "orders:GET",
        "fingerprint": "0123456789abcdef",
    }
    return Finding(**{**given, **fields})


SUPPRESSED = finding(
    at=Span(PATH, 4, 1, 4, 2), related=(), suppressed_by=Suppressed("comment", "run by hand"), fingerprint="ff"
)


def report(*findings: Finding, **fields: Any) -> Report:
    given = {
        "findings": findings,
        "rules": (rule(),),
        "runs": (RuleRun("http-call-without-timeout", 5, {"TIMEOUT is not set": 2}, 0.0015),),
        "gaps": (),
        "inputs": Inputs("/work/my shop", {"Python": 2, "Kubernetes": 1}, {"SQL": 1}, {"binary": 3}),
        "version": "0.1.0",
        "sources": {PATH: SOURCE},
    }
    return Report(**{**given, **fields})


def test_text_shows_the_line_with_a_caret_and_what_was_read() -> None:
    assert write_text(report(finding(), SUPPRESSED)) == (
        "orders/my app.py\n"
        "  3:1     error    http-call-without-timeout  orders calls stock without a timeout\n"
        "        3 | requests.get(URL)\n"
        "          | ^^^^^^^^^^^^^^^^^\n"
        "          → k8s/orders.yaml:7:3  the address\n"
        "\n"
        "1 finding in 1 file: 1 error; 1 suppressed.\n"
        "Read 3 files: 2 Python, 1 Kubernetes.\n"
        "Recognised but not understood yet: 1 SQL.\n"
        "Left out: 3 binary.\n"
        "1 rule judged 5 subjects; 2 not judged, for want of a known value (--verbose tells).\n"
    )


def test_quiet_text_is_one_line_a_finding() -> None:
    assert write_text(report(finding()), quiet=True) == (
        "orders/my app.py:3:1: error http-call-without-timeout: orders calls stock without a timeout\n"
    )
    assert write_text(report(), quiet=True) == ""


def test_verbose_text_tells_what_is_suppressed_and_what_is_not_judged() -> None:
    text = write_text(report(SUPPRESSED), verbose=True)
    assert "suppressed by comment: run by hand" in text
    assert "  not judged by http-call-without-timeout: 2 x TIMEOUT is not set\n" in text
    assert "No findings; 1 suppressed.\n" in text


def test_statistics_are_a_line_a_rule() -> None:
    text = write_text(report(finding()), statistics=True)
    assert "http-call-without-timeout         5         1           2      1.5\n" in text


def test_ascii_text_holds_ascii_alone() -> None:
    shown = write_text(report(finding(message="größer")), ascii_only=True)
    assert shown.isascii()
    assert "-> k8s/orders.yaml:7:3" in shown


def test_colour_changes_nothing_but_colour() -> None:
    import re

    coloured = write_text(report(finding()), colour=True)
    assert "\x1b[31;1m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == write_text(report(finding()))


def test_control_characters_of_the_input_never_reach_the_terminal() -> None:
    hostile = finding(message="orders \x1b[2J\r calls", related=(Place(Span("a\x07.py", 1, 1, 1, 1), "\u202e"),))
    text = write_text(report(hostile, sources={PATH: "\n\n\x1b]0;owned\x07 requests\n"}))
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)


def test_the_line_of_a_secret_is_shown_without_its_value() -> None:
    secret = finding(rule="hardcoded-secret", at=Span(PATH, 4, 17, 4, 31), related=())
    rules = (rule(), rule("hardcoded-secret", subject="SecretExposure"))
    other = finding(at=Span(PATH, 4, 1, 4, 6), related=())
    text = write_text(report(secret, other, rules=rules))
    assert "s3cr3t" not in text
    assert text.count("***") == 2


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("app.config['KEY'] = 's3cr3t'", 21, "app.config['KEY'] = '***'"),
        ("PASSWORD = 's3cr3t'", 1, "PASSWORD = ***"),
        ("  password: s3cr3t  # 'the' one", 13, "  password: ***"),
        ("  - name: s3cr3t", 5, "  - name: ***"),
        ('{"password": "s3cr3t", "port": 5432}', 2, '{"***": "***", "***": ***'),
        ("connect(password='s3cr3t', user='a')", 1, "connect(password=***"),
        ('KEY = """s3cr3t', 7, "KEY = ***"),
        ("KEY = b's3cr3t'", 7, "KEY = ***"),
        ("postgres://orders:s3cr3t@db", 1, "postgres:***"),
        ("s3cr3t", 1, "***"),
    ],
)
def test_secrets_are_masked_however_they_are_written(line: str, column: int, shown: str) -> None:
    at = Span(PATH, 1, column, 1, len(line) + 1)
    rules = (rule("hardcoded-secret", subject="SecretExposure"),)
    text = write_text(report(finding(rule="hardcoded-secret", at=at, related=()), rules=rules, sources={PATH: line}))
    assert f"        1 | {shown}\n" in text
    assert "s3cr3t" not in text


def test_passwords_in_urls_are_masked_on_every_line() -> None:
    line = "\n\nurl = 'postgres://orders:hunter2@db/orders'\n"
    text = write_text(report(finding(), sources={PATH: line}))
    assert "hunter2" not in text
    assert "postgres://orders:***@db/orders" in text


def test_json_has_a_stable_shape() -> None:
    document = json.loads(
        write_json(report(finding(), SUPPRESSED, gaps=(Gap(Span("a.py", 1, 1, 1, 1), "syntax", "no"),)))
    )
    assert document["schema"] == "archlint-report/1"
    assert document["summary"] == {
        "findings": 1, "error": 1, "warning": 0, "advice": 0, "suppressed": 1, "gaps": 1
    }  # fmt: skip
    assert document["findings"][0]["at"] == {
        "path": PATH, "line": 3, "column": 1, "end_line": 3, "end_column": 18
    }  # fmt: skip
    assert document["findings"][1]["suppressed_by"] == {"by": "comment", "reason": "run by hand", "at": None}
    assert document["gaps"][0]["kind"] == "syntax"
    assert document["rules"][0]["not_judged"] == {"TIMEOUT is not set": 2}


def sarif(made: Report) -> Any:
    return json.loads(write_sarif(made))["runs"][0]


def test_sarif_places_are_relative_and_encoded() -> None:
    run = sarif(report(finding()))
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "orders/my%20app.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 18}
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///work/my%20shop/"
    assert run["results"][0]["relatedLocations"][0]["message"]["text"] == "the address."


def test_sarif_regions_are_never_empty() -> None:
    region = sarif(report(finding(at=Span(PATH, 1, 1, 1, 1))))["results"][0]["locations"][0]["physicalLocation"][
        "region"
    ]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}


def test_sarif_fingerprints_survive_edits_above() -> None:
    before = sarif(report(finding()))["results"][0]["partialFingerprints"]
    moved = finding(at=Span(PATH, 5, 1, 5, 18))
    after = sarif(report(moved, sources={PATH: "\n\n" + SOURCE}))["results"][0]["partialFingerprints"]
    assert before == after
    assert before["archlint/v1"] == "0123456789abcdef"


def test_equal_lines_have_different_line_hashes() -> None:
    twice = report(finding(), finding(at=Span(PATH, 4, 1, 4, 18)), sources={PATH: "\n\na()\na()\n"})
    hashes = [one["partialFingerprints"]["primaryLocationLineHash"] for one in sarif(twice)["results"]]
    assert [one.partition(":")[2] for one in hashes] == ["1", "2"]


def test_sarif_keeps_what_is_suppressed_with_its_reason() -> None:
    result = sarif(report(SUPPRESSED))["results"][0]
    assert result["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "run by hand"}]


def test_gaps_are_notifications_of_the_invocation() -> None:
    gap = Gap(Span("bad.yaml", 3, 1, 3, 1), "syntax", "this is no YAML; mend it")
    (invocation,) = sarif(report(gaps=(gap,)))["invocations"]
    assert invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["descriptor"] == {"id": "unreadable-input"}
    assert notification["message"]["text"] == "this is no YAML; mend it."


def test_a_crashed_rule_makes_the_invocation_unsuccessful() -> None:
    (invocation,) = sarif(report(runs=(RuleRun("http-call-without-timeout", 0, {}, 0.0, "KeyError: x"),)))[
        "invocations"
    ]
    assert not invocation["executionSuccessful"]


def test_sarif_keeps_the_most_severe_results_within_the_limit() -> None:
    advice = [finding(severity=Severity.ADVICE)] * MAX_RESULTS
    run = sarif(report(*advice, finding()))
    assert len(run["results"]) == MAX_RESULTS
    assert run["results"][-1]["level"] == "error"
    assert "1 less severe" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
