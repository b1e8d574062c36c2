"""Whether the code behind a probe serves its path and port."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_probe_service(draft: Draft) -> None:
    """Add them to the draft."""
