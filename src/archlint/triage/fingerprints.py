"""Identities of findings that outlive edits: of the rule, the file and the subject, never of a line or a message."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from archlint.core.finding import Violation


def fingerprints(violations: Sequence[Violation]) -> list[str]:
    """One for each, in order. Otherwise equal violations are told apart by their order among themselves only."""
    seen: Counter[tuple[str, str, str]] = Counter()
    result = []
    for violation in violations:
        identity = (violation.rule.name, violation.at.path, violation.subject)
        parts = ("archlint/v1", *identity, str(seen[identity]))
        seen[identity] += 1
        result.append(hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return result
