"""Hosts that code and configuration name, whether they resolve, and the ports they use."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_addresses(draft: Draft) -> None:
    """Add them to the draft."""
