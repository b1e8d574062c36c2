"""HTTP calls, their targets and effective timeouts."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_http_calls(draft: Draft) -> None:
    """Add them to the draft."""
