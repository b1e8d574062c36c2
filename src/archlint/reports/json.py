"""The report as JSON: a stable shape, named by ``schema``. Fields may be added to it, none is renamed or removed."""

from __future__ import annotations

import msgspec

from archlint.core.finding import Finding, Report
from archlint.core.rule import Severity
from archlint.core.span import Span
from archlint.core.values import Place

SCHEMA = "archlint-report/1"


def write_json(report: Report) -> str:
    """The report as one indented JSON document."""
    failures = report.failures
    document = {
        "schema": SCHEMA,
        "version": report.version,
        "summary": {
            "findings": len(failures),
            **{severity.label: sum(one.severity is severity for one in failures) for severity in reversed(Severity)},
            "suppressed": len(report.findings) - len(failures),
            "gaps": len(report.gaps),
        },
        "findings": [_finding(finding) for finding in report.findings],
        "rules": [
            {
                "rule": run.rule,
                "looked_at": run.looked_at,
                "not_judged": dict(run.not_judged),
                "error": run.error,
            }
            for run in report.runs
        ],
        "gaps": [{"at": _span(gap.at), "kind": gap.kind, "reason": gap.reason} for gap in report.gaps],
        "inputs": {
            "read": dict(report.inputs.read),
            "unread": dict(report.inputs.unread),
            "left_out": dict(report.inputs.left_out),
        },
        "notes": list(report.notes),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    suppressed = finding.suppressed_by
    return {
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity.label,
        "message": finding.message,
        "at": _span(finding.at),
        "related": [_place(place) for place in finding.related],
        "subject": finding.subject,
        "fingerprint": finding.fingerprint,
        "overlays": list(finding.overlays),
        "suppressed_by": suppressed
        and {"by": suppressed.by, "reason": suppressed.reason, "at": suppressed.at and _span(suppressed.at)},
    }


def _place(place: Place) -> dict[str, object]:
    return {"at": _span(place.at), "note": place.note}


def _span(span: Span) -> dict[str, object]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
