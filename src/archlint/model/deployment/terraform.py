"""Terraform blocks, evaluated, to containers, functions, datastores, channels and grants."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_terraform(draft: Draft) -> None:
    """Add them to the draft."""
