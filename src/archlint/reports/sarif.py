"""The report as SARIF 2.1.0, within the limits that GitHub code scanning documents.

One run; URIs are relative to ``%SRCROOT%`` and percent-encoded; fingerprints hold no line numbers; suppressed findings
are results with ``suppressions``; gaps and crashed rules are notifications of the invocation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from archlint.core.finding import Finding, Report
from archlint.core.rule import Rule, Severity
from archlint.core.span import Span
from archlint.core.values import Place
from archlint.reports.excerpt import Excerpts

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PROJECT = "https://github.com/archlint/archlint"
MAX_RESULTS = 5_000
"""GitHub shows that many results of a run, the most severe ones."""
MAX_RELATED = 100
MAX_TAGS = 10
MAX_NOTIFICATIONS = 1_000

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "recommendation"}
_SECURITY_SEVERITIES = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.ADVICE: "2.0"}

Json = dict[str, object]


def write_sarif(report: Report) -> str:
    """The report as one SARIF log."""
    rules = sorted(report.rules, key=lambda rule: rule.name)
    index = {rule.name: position for position, rule in enumerate(rules)}
    excerpts = Excerpts(report.sources, report.findings, report.rules)
    kept = _most_severe(report.findings)
    failed = [run for run in report.runs if run.error]
    notifications = [
        *(_notification("rule-failed", "error", f"Rule {run.rule} failed: {run.error}", None) for run in failed),
        *(_notification("unreadable-input", "warning", gap.reason, gap.at) for gap in report.gaps),
        *(_notification("note", "note", note, None) for note in report.notes),
        *_dropped(len(report.findings) - len(kept)),
    ]
    run: Json = {
        "tool": {
            "driver": {
                "name": "archlint",
                "fullName": "archlint, an architecture conformance linter for microservice systems",
                "organization": "archlint",
                "informationUri": PROJECT,
                "version": report.version,
                "semanticVersion": report.version,
                "language": "en",
                "rules": [_rule(rule) for rule in rules],
                "notifications": [_described(name, text) for name, text in _NOTIFICATIONS.items()],
            }
        },
        "automationDetails": {"id": "archlint/"},
        "invocations": [
            {
                "executionSuccessful": not failed,
                "toolExecutionNotifications": notifications[:MAX_NOTIFICATIONS],
            }
        ],
        "originalUriBaseIds": {
            "%SRCROOT%": {
                "uri": _root_uri(report.inputs.root),
                "description": {"text": "The root of the scanned workspace."},
            }
        },
        "columnKind": "unicodeCodePoints",
        "defaultSourceLanguage": "python",
        "results": [_result(finding, index, excerpts) for finding in kept],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1).decode() + "\n"


_NOTIFICATIONS = {
    "rule-failed": "A rule failed and did not judge.",
    "unreadable-input": "An input could not be read.",
    "note": "What a person should know of the run.",
}


def _rule(rule: Rule) -> Json:
    tags = [rule.category, *(tag for tag in rule.tags if tag != rule.category)]
    properties: Json = {"tags": tags[:MAX_TAGS], "precision": "high", "problem.severity": _PROBLEMS[rule.severity]}
    if rule.category == "security":
        properties["security-severity"] = _SECURITY_SEVERITIES[rule.severity]
    described: Json = {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": sentence(rule.summary)},
        "fullDescription": {"text": sentence(" ".join(rule.why.split()))},
        "help": {"text": _help_text(rule), "markdown": _help_markdown(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }
    if rule.is_builtin:
        described["helpUri"] = f"{PROJECT}/blob/main/docs/rules/{rule.name}.md"
    return described


def _described(name: str, text: str) -> Json:
    return {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}, "help": {"text": text}}


def _help_text(rule: Rule) -> str:
    return f"{sentence(rule.summary)}\n\nWhy: {rule.why.strip()}\n\nFix: {rule.fix.strip()}\n"


def _help_markdown(rule: Rule) -> str:
    references = "".join(f"\n- <{reference}>" for reference in rule.references)
    return (
        f"{sentence(rule.summary)}\n\n**Why.** {rule.why.strip()}\n\n**Fix.** {rule.fix.strip()}\n"
        + (f"\n**References**\n{references}\n" if references else "")
        + f"\nSuppress one finding with `# archlint: ignore[{rule.name}] -- reason`.\n"
    )


def _result(finding: Finding, index: dict[str, int], excerpts: Excerpts) -> Json:
    result: Json = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": sentence(finding.message)},
        "locations": [_location(finding.at)],
        "partialFingerprints": {
            "archlint/v1": finding.fingerprint,
            "primaryLocationLineHash": _line_hash(finding.at, excerpts),
        },
    }
    if finding.rule not in index:
        del result["ruleIndex"]
    if finding.related:
        result["relatedLocations"] = [_related(place, number) for number, place in _numbered(finding.related)]
    if finding.replacements:
        result["fixes"] = [_fix(finding)]
    if finding.overlays:
        result["properties"] = {"overlays": list(finding.overlays)}
    if finding.suppressed_by is not None:
        in_source = finding.suppressed_by.by == "comment"
        result["suppressions"] = [
            {
                "kind": "inSource" if in_source else "external",
                "status": "accepted",
                "justification": finding.suppressed_by.reason or "no reason given",
            }
        ]
    return result


def _fix(finding: Finding) -> Json:
    """The replacements; an insertion deletes a region without length, as the specification has it (3.57.3)."""
    path = finding.replacements[0].at.path
    return {
        "description": {"text": f"Mend what {finding.rule} found."},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": quote(path, safe="/-._~"), "uriBaseId": "%SRCROOT%"},
                "replacements": [
                    {
                        "deletedRegion": {
                            "startLine": one.at.line,
                            "startColumn": one.at.column,
                            "endLine": one.at.end_line,
                            "endColumn": one.at.end_column,
                        },
                        "insertedContent": {"text": one.text},
                    }
                    for one in finding.replacements
                ],
            }
        ],
    }


def _numbered(places: tuple[Place, ...]) -> Iterable[tuple[int, Place]]:
    return enumerate(places[:MAX_RELATED], start=1)


def _related(place: Place, number: int) -> Json:
    return {"id": number, **_location(place.at), "message": {"text": sentence(place.note or "Related place")}}


def _location(at: Span) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(at.path, safe="/-._~"), "uriBaseId": "%SRCROOT%"},
            "region": _region(at),
        }
    }


def _region(at: Span) -> Json:
    """SARIF wants an end after the start; an empty span is its first column."""
    end_column = at.end_column if (at.end_line, at.end_column) > (at.line, at.column) else at.column + 1
    return {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": max(at.line, at.end_line),
        "endColumn": end_column,
    }


def _notification(name: str, level: str, message: str, at: Span | None) -> Json:
    found: Json = {"descriptor": {"id": name}, "level": level, "message": {"text": sentence(message)}}
    if at is not None:
        found["locations"] = [_location(at)]
    return found


def _dropped(count: int) -> list[Json]:
    if not count:
        return []
    text = f"{count} less severe findings are left out: code scanning takes {MAX_RESULTS} of a run"
    return [_notification("note", "warning", text, None)]


def _most_severe(findings: tuple[Finding, ...]) -> list[Finding]:
    """As many as GitHub takes, those that count and the severe ones first, in their usual order."""
    if len(findings) <= MAX_RESULTS:
        return list(findings)
    ranked = sorted(
        range(len(findings)), key=lambda i: (findings[i].suppressed_by is not None, -findings[i].severity, i)
    )
    return [findings[position] for position in sorted(ranked[:MAX_RESULTS])]


def _line_hash(at: Span, excerpts: Excerpts) -> str:
    """A digest of the line's text and its number among the equal lines of the file, as GitHub's own."""
    line = (excerpts.raw(at.path, at.line) or "").strip()
    digest = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{digest}:{excerpts.occurrence(at.path, at.line)}"


def _root_uri(root: str) -> str:
    path = PurePosixPath(root.replace("\\", "/"))
    return f"file://{'' if path.is_absolute() else '/'}{quote(str(path).rstrip('/'), safe='/-._~')}/"


def sentence(text: str) -> str:
    """The text with a full stop at its end, as SARIF's viewers expect."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
