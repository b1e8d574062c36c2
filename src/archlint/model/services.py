"""Which business services there are, from evidence: configuration, images, entry points, workload names."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_services(draft: Draft) -> None:
    """Add them to the draft."""
