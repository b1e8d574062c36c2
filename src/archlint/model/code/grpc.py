"""gRPC stub calls, their targets and deadlines."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_grpc_calls(draft: Draft) -> None:
    """Add them to the draft."""
