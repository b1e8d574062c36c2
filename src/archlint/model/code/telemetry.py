"""Logging, metrics, tracing, prints and debug switches of each service."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_telemetry(draft: Draft) -> None:
    """Add them to the draft."""
