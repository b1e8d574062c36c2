"""What the modules of a workspace define, by qualified name, and which module an import means.

Every lookup is a dictionary access; nothing scans. Names that libraries define are none of its business.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from archlint.core.facts.python import (
    Item,
    Literal,
    PythonAssignment,
    PythonCall,
    PythonClass,
    PythonFunction,
    PythonModule,
    Reference,
)

MAX_HOPS = 12
"""How many re-exports a name is followed through."""


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the program. ``path`` is its file; ``facts`` what the reader saw."""

    path: str
    facts: PythonModule

    @property
    def name(self) -> str:
        """The dotted path from the root of the workspace."""
        return self.facts.name

    def call(self, index: int) -> PythonCall | None:
        """The call of that index."""
        return self.facts.calls[index] if 0 <= index < len(self.facts.calls) else None

    def function(self, index: int | None) -> PythonFunction | None:
        """The function of that index."""
        return None if index is None or not 0 <= index < len(self.facts.functions) else self.facts.functions[index]


class Definitions:
    """The modules, classes, functions and assignments of the workspace."""

    def __init__(self, facts: Iterable[PythonModule]) -> None:
        self.modules: dict[str, Module] = {}
        self.by_name: dict[str, Module] = {}
        self.functions: dict[str, tuple[PythonFunction, Module]] = {}
        self.classes: dict[str, tuple[PythonClass, Module]] = {}
        self.assignments: dict[str, list[tuple[PythonAssignment, Module]]] = {}
        self.items: dict[str, list[tuple[PythonAssignment, Module]]] = {}
        self._foreign: list[tuple[PythonAssignment, Module]] = []
        self._imports: dict[str, dict[str, str]] = {}
        self._stars: dict[str, tuple[str, ...]] = {}
        self._top: dict[str, list[str]] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._targets: dict[tuple[str, str], tuple[Module, str] | None] = {}
        self._canonical: dict[tuple[str, str], str] = {}
        for one in facts:
            module = Module(one.at.path, one)
            self.modules[module.path] = module
            if one.name not in self.by_name or one.is_package:
                self.by_name[one.name] = module
        for module in self.modules.values():
            self._define(module)
        for assignment, module in self._foreign:
            assert isinstance(assignment.target, Reference)
            name = self.canonical(assignment.target.name, module)
            self.assignments.setdefault(name, []).append((assignment, module))

    def _define(self, module: Module) -> None:
        facts = module.facts
        own = facts.name + "." if facts.name else ""
        for function in facts.functions:
            self.functions[function.name] = (function, module)
        for one in facts.classes:
            self.classes[one.name] = (one, module)
        for assignment in facts.assignments:
            target = assignment.target
            if isinstance(target, Reference):
                if target.name.startswith(own):
                    self.assignments.setdefault(target.name, []).append((assignment, module))
                else:
                    self._foreign.append((assignment, module))
            elif isinstance(target, Item) and isinstance(target.key, Literal) and isinstance(target.key.value, str):
                self.items.setdefault(target.key.value, []).append((assignment, module))
        imports: dict[str, str] = {}
        stars = []
        for line in facts.imports:
            if line.name == "*":
                stars.append(line.module)
            elif line.function is None and line.alias not in imports:
                if line.name is not None:
                    imports[line.alias] = f"{line.module}.{line.name}" if line.module else line.name
                else:
                    imports[line.alias] = line.alias if line.module.startswith(line.alias + ".") else line.module
        self._imports[module.path] = imports
        self._stars[module.path] = tuple(stars)
        parent, _, last = facts.name.rpartition(".")
        if (facts.is_package and last and not self._is_package(parent)) or (
            not facts.is_package and last and not self._is_package(parent)
        ):
            self._top.setdefault(last, []).append(facts.name)

    def _is_package(self, name: str) -> bool:
        found = self.by_name.get(name)
        return found is not None and found.facts.is_package

    def is_defined(self, name: str) -> bool:
        """Whether the workspace defines that very name (as function, class or by assignment)."""
        return name in self.functions or name in self.classes or name in self.assignments

    def find(self, module: Module, name: str) -> tuple[Module, str] | None:
        """The workspace module that an absolute dotted name reaches into when ``module`` imports it, and what remains
        of the name behind that module."""
        key = (module.path.rpartition("/")[0], name)
        if key not in self._targets:
            self._targets[key] = self._find(module, name)
        return self._targets[key]

    def _find(self, module: Module, name: str) -> tuple[Module, str] | None:
        parts = name.split(".")
        if not parts[0]:
            return None
        directory = module.path.rpartition("/")[0]
        standard = parts[0] in sys.stdlib_module_names
        for root in self._roots_of(directory)[: 1 if standard else None]:
            found = self._below(root, parts)
            if found is not None and found[0] is not module:
                return found
        if standard:
            return None
        candidates = self._top.get(parts[0], ())
        if len(candidates) == 1:
            found = self._below(candidates[0].rpartition(".")[0], parts)
            if found is not None and found[0] is not module:
                rest = found[1].partition(".")[0]
                if not rest or self.is_bound(found[0], rest):
                    return found
        return None

    def is_bound(self, module: Module, name: str) -> bool:
        """Whether a module binds a top-level name."""
        return (
            self.is_defined(f"{module.name}.{name}")
            or name in self._imports[module.path]
            or bool(self._stars[module.path])
        )

    def _below(self, root: str, parts: list[str]) -> tuple[Module, str] | None:
        for length in range(len(parts), 0, -1):
            dotted = ".".join(parts[:length])
            found = self.by_name.get(f"{root}.{dotted}" if root else dotted)
            if found is not None:
                return found, ".".join(parts[length:])
        return None

    def _roots_of(self, directory: str) -> tuple[str, ...]:
        if directory not in self._roots:
            roots = []
            parts = directory.replace("/", ".").split(".") if directory else []
            for length in range(len(parts), -1, -1):
                root = ".".join(parts[:length])
                roots.append(root)
                roots.append(f"{root}.src" if root else "src")
            self._roots[directory] = tuple(roots)
        return self._roots[directory]

    def canonical(self, name: str, module: Module) -> str:
        """The name by which its definition is known: workspace names through imports and re-exports to where they are
        defined, library names unchanged."""
        key = (module.path, name)
        found = self._canonical.get(key)
        if found is None:
            found = self._canonical[key] = self._follow(name, module, MAX_HOPS)
        return found

    def _follow(self, name: str, module: Module, hops: int) -> str:
        if hops == 0:
            return name
        own = module.name + "." if module.name else ""
        if own and name.startswith(own):
            first, _, rest = name[len(own) :].partition(".")
            return self._inside(module, first, rest, name, hops)
        found = self.find(module, name)
        if found is None:
            return name
        target, remaining = found
        if not remaining:
            return target.name
        first, _, rest = remaining.partition(".")
        return self._inside(target, first, rest, f"{target.name}.{remaining}", hops)

    def _inside(self, module: Module, first: str, rest: str, name: str, hops: int) -> str:
        """Follow ``first`` as a name that ``module`` binds."""
        whole = f"{module.name}.{first}" if module.name else first
        if self.is_defined(whole):
            return name
        imported = self._imports[module.path].get(first)
        if imported is not None and imported != name:
            return self._follow(f"{imported}.{rest}" if rest else imported, module, hops - 1)
        for star in self._stars[module.path]:
            found = self.find(module, star)
            if found is None:
                continue
            target, remaining = found
            if remaining or target is module:
                continue
            if self.is_bound(target, first):
                followed = self._inside(
                    target, first, rest, f"{target.name}.{first}" + (f".{rest}" if rest else ""), hops - 1
                )
                if self.is_defined(
                    ".".join(followed.split(".")[: len(followed.split(".")) - rest.count(".") - bool(rest)])
                ):
                    return followed
                if not self._stars[target.path] or first in self._imports[target.path]:
                    return followed
        return name
