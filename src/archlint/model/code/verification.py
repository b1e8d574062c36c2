"""Switches about TLS and JWT verification."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_verification(draft: Draft) -> None:
    """Add them to the draft."""
