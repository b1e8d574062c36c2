"""Find the files of a workspace, decide what each one is, and keep the facts that were read from them before."""

from __future__ import annotations

from archlint.inputs.cache import FactCache
from archlint.inputs.discovery import Progress, Workspace, discover, find_root

__all__ = ["FactCache", "Progress", "Workspace", "discover", "find_root"]
