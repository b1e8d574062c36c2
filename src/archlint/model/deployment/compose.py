"""Compose files, after interpolation, extends and overrides, to the same subjects as Kubernetes."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_compose(draft: Draft) -> None:
    """Add them to the draft."""
