"""Dockerfiles, and the images that they build: what ships, as which user, with which tools."""

from __future__ import annotations

from archlint.model.draft import Draft


def add_images(draft: Draft) -> None:
    """Add them to the draft."""
