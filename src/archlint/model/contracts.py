"""Contracts, joined with the routes and rpcs that serve them."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_contracts(draft: Draft) -> None:
    """Add them to the draft."""
