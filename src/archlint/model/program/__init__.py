"""The Python of the workspace as one program: names and values across modules, and who calls whom.

In: the ``PythonModule`` facts. Out: answers about names, values and callees, three-valued; bounded in depth and size,
so that what is too deep is UNKNOWN and never a hang. It knows no library: what ``requests.get`` means is said in
``model/code``.
"""

from __future__ import annotations

from archlint.model.program.program import HOLE, Lookup, Module, Program, Resolved

__all__ = ["HOLE", "Lookup", "Module", "Program", "Resolved"]
