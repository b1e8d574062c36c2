"""What the code serves: HTTP routes and gRPC methods."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_routes(draft: Draft) -> None:
    """Add them to the draft."""
