"""Secrets that stand in the open, in every layer."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_secrets(draft: Draft) -> None:
    """Add them to the draft."""
