"""Reports: pure functions from a ``Report`` to text, in one table. A new output is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable

from archlint.core.finding import Report
from archlint.reports.json import write_json
from archlint.reports.sarif import write_sarif
from archlint.reports.text import write_text

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": write_text,
    "json": write_json,
    "sarif": write_sarif,
}

__all__ = ["FORMATS", "write_json", "write_sarif", "write_text"]
