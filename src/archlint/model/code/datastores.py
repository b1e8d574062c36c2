"""Databases and caches, and which service reaches which, as whom."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_datastores(draft: Draft) -> None:
    """Add them to the draft."""
