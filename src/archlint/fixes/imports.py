"""Qualified names as a module writes them: by what it imports already, else by one name more in an import it has."""

from __future__ import annotations

import ast
import re

from archlint.core.finding import Replacement
from archlint.fixes.text import Text

_QUALIFIED = re.compile(r"\b([A-Za-z_]\w*)\.([A-Za-z_]\w*)")


class Names:
    """The names of one module: ``tenacity.wait_random`` becomes what stands for it there."""

    def __init__(self, path: str, text: Text, tree: ast.Module) -> None:
        self.path = path
        self.text = text
        self.modules: dict[str, str] = {}
        self.members: dict[tuple[str, str], str] = {}
        self.froms: dict[str, ast.ImportFrom] = {}
        self.taken: set[str] = set()
        self.are_unclear = False
        """Whether a value needs a name that the module has no way to import beside others."""
        self._wanted: dict[str, list[str]] = {}
        for node in tree.body:
            if isinstance(node, ast.Import):
                self.modules.update({one.name: one.asname or one.name for one in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self.members.update({(node.module, one.name): one.asname or one.name for one in node.names})
                if node.names[-1].name != "*":
                    self.froms.setdefault(node.module, node)
        for inner in ast.walk(tree):
            if isinstance(inner, ast.Name):
                self.taken.add(inner.id)
            elif isinstance(inner, ast.alias):
                self.taken.add(inner.asname or inner.name)
            elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.taken.add(inner.name)

    def written(self, value: str) -> str:
        """The expression with its qualified names as the module writes them."""
        return _QUALIFIED.sub(self._name, value)

    def imports(self) -> list[Replacement]:
        """The names to add to imports that stand in the module."""
        return [self._added(self.froms[module], members) for module, members in self._wanted.items()]

    def _name(self, found: re.Match[str]) -> str:
        module, member = found.groups()
        if (module, member) in self.members:
            return self.members[module, member]
        if module in self.modules:
            return f"{self.modules[module]}.{member}"
        if module in self.froms and member not in self.taken:
            wanted = self._wanted.setdefault(module, [])
            if member not in wanted:
                wanted.append(member)
            return member
        self.are_unclear = True
        return found.group()

    def _added(self, node: ast.ImportFrom, members: list[str]) -> Replacement:
        last = node.names[-1]
        end = self.text.offset_of(last.end_lineno or last.lineno, last.end_col_offset or 0)
        return Replacement(self.text.span(self.path, end, end), "".join(f", {member}" for member in members))
