"""Imports of one Python file: a fact for each name, and what the name stands for from there on.

In: import statements, in order. Out: facts; relative imports are made absolute by the path of the file.
"""

from __future__ import annotations

import ast

from archlint.core.facts.python import PythonImport
from archlint.readers.python.expressions import Expressions
from archlint.readers.python.flow import Flow
from archlint.readers.python.scopes import Scope


class Imports:
    """Reads the import statements of one file into ``found``."""

    def __init__(self, name: str, is_package: bool, expressions: Expressions, module_scope: Scope, flow: Flow) -> None:
        self.found: list[PythonImport] = []
        self._name = name
        self._is_package = is_package
        self._expressions = expressions
        self._spans = expressions.spans
        self._module_scope = module_scope
        self._flow = flow

    def import_(self, node: ast.Import) -> None:
        """``import a.b``."""
        function, typing_only = self._expressions.scope.function, self._flow.typing_only
        for one in node.names:
            alias = one.asname or one.name.partition(".")[0]
            self._bind(alias, one.name if one.asname else alias)
            self.found.append(PythonImport(self._spans.of(one), one.name, None, alias, 0, function, typing_only))

    def import_from(self, node: ast.ImportFrom) -> None:
        """``from a import b``."""
        reader = self._expressions
        function, typing_only = reader.scope.function, self._flow.typing_only
        module = self._absolute(node.module or "", node.level)
        for one in node.names:
            alias = one.asname or one.name
            if one.name == "*":
                reader.has_star_import = True
            else:
                self._bind(alias, f"{module}.{one.name}" if module else one.name)
            self.found.append(
                PythonImport(
                    self._spans.of(one),
                    module,
                    one.name,
                    alias,
                    node.level,
                    function,
                    typing_only,
                )
            )

    def _bind(self, alias: str, name: str) -> None:
        scope = self._expressions.scope
        names = self._module_scope.names if alias in scope.globals else scope.names
        if not (self._flow.in_handler and alias in names):
            names[alias] = self._expressions.reference(name)

    def _absolute(self, module: str, level: int) -> str:
        if level == 0:
            return module
        parts = self._name.split(".") if self._name else []
        if not self._is_package:
            parts = parts[:-1]
        above = level - 1
        if above > len(parts):
            return "." * (above - len(parts)) + module
        kept = parts[: len(parts) - above]
        return ".".join([*kept, module] if module else kept)
