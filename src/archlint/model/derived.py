"""What follows from the rest: dependencies, cycles, imports between services, shared deployments, start-up order."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_derived(draft: Draft) -> None:
    """Add them to the draft."""
