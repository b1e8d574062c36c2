"""What each container gets in its environment, after every reference is resolved."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_variables(draft: Draft) -> None:
    """Add them to the draft."""
