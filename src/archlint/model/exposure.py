"""What stands on the outside, beside the gateway or through it."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_exposures(draft: Draft) -> None:
    """Add them to the draft."""
