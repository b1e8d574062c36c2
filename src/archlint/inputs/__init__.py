"""Find the files of a workspace, decide what each one is, and keep what was understood of them before."""

from __future__ import annotations

from archlint.inputs.cache import FactCache, SystemCache, bundle_digest, default_directory
from archlint.inputs.discovery import Progress, Workspace, below_root, discover, find_root

__all__ = [
    "FactCache",
    "Progress",
    "SystemCache",
    "Workspace",
    "below_root",
    "bundle_digest",
    "default_directory",
    "discover",
    "find_root",
]
