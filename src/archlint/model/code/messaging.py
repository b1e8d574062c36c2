"""Consumers, publishers and channels; what handling a message changes and what makes it safe to repeat."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_messaging(draft: Draft) -> None:
    """Add them to the draft."""
