"""Kubernetes objects to environments, workloads, containers, probes and network services."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_kubernetes(draft: Draft) -> None:
    """Add them to the draft."""
