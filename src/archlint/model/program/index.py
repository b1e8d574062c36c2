"""What the modules of a workspace define, by qualified name, and which module an import means.

Every lookup is a dictionary access; nothing scans. Names that libraries define are none of its business.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Set
from dataclasses import field
from functools import cached_property

from archlint.core.facts.python import (
    Item,
    Literal,
    Member,
    PythonAssignment,
    PythonCall,
    PythonClass,
    PythonFunction,
    PythonModule,
    Reference,
    Result,
    Template,
)
from archlint.core.record import dataclass

_BUILTINS = frozenset(dir(builtins))

MAX_HOPS = 12
"""How many re-exports a name is followed through."""


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the program. ``path`` is its file; ``facts`` what the reader saw."""

    path: str
    facts: PythonModule = field(repr=False)

    @property
    def name(self) -> str:
        """The dotted path from the root of the workspace."""
        return self.facts.name

    @cached_property
    def called(self) -> dict[str, list[int]]:
        """The indexes of the calls by the last part of what each calls (``get`` of ``requests.get``); by the empty text
        where that is no name."""
        found: dict[str, list[int]] = {}
        for place, call in enumerate(self.facts.calls):
            callee = call.callee
            if type(callee) is Reference:
                name = callee.name.rpartition(".")[2]
            else:
                name = callee.name if type(callee) is Member else ""
            found.setdefault(name, []).append(place)
        return found

    def calls_named(self, names: Set[str]) -> list[PythonCall]:
        """The calls whose callee's last part is one of the names, in order: few names are looked up, not all calls."""
        calls = self.facts.calls
        return [calls[place] for place in self.places_named(names)]

    def places_named(self, names: Set[str]) -> list[int]:
        """The indexes of ``calls_named``, in order."""
        called = self.called
        hits = called.keys() & names
        return sorted(place for name in hits for place in called[name]) if hits else []

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
        self.states: dict[str, list[tuple[PythonAssignment, Module]]] = {}
        """What applications keep in their ``state``, by attribute."""
        self._foreign: list[tuple[PythonAssignment, Module]] = []
        self._imports: dict[str, dict[str, str]] = {}
        self._stars: dict[str, tuple[str, ...]] = {}
        self._top: dict[str, list[str]] = {}
        self._roots: dict[tuple[str, str], tuple[str, ...]] = {}
        self._prefixes: set[str] = set()
        self._added: dict[str, dict[str, None]] = {}
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
                if target.name.rpartition(".")[0].endswith(".state"):
                    self.states.setdefault(target.name.rpartition(".")[2], []).append((assignment, module))
            elif isinstance(target, Member):
                if isinstance(target.base, Member) and target.base.name == "state":
                    self.states.setdefault(target.name, []).append((assignment, module))
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
        if facts.is_package and last and not self._is_package(parent):
            self._top.setdefault(last, []).append(parent)
        prefix = facts.name
        while prefix and prefix not in self._prefixes:
            self._prefixes.add(prefix)
            prefix = prefix.rpartition(".")[0]

        for call in facts.calls if any(one.module == "sys" for one in facts.imports) else ():
            if call.name in ("sys.path.append", "sys.path.insert"):
                folders = self._added.setdefault(module.path.rpartition("/")[0], {})
                for argument in call.arguments:
                    folders.update(dict.fromkeys(_folders(argument.value, facts)))

    def _is_package(self, name: str) -> bool:
        found = self.by_name.get(name)
        return found is not None and found.facts.is_package

    def is_defined(self, name: str) -> bool:
        """Whether the workspace defines that very name (as function, class or by assignment)."""
        return name in self.functions or name in self.classes or name in self.assignments

    def find(self, module: Module, name: str) -> tuple[Module, str] | None:
        """The workspace module that an absolute dotted name reaches into when ``module`` imports it, and what remains
        of the name behind that module.

        A file never imports itself: ``from kafka import ...`` in a ``kafka.py`` means the library.
        """
        directory, _, file = module.path.rpartition("/")
        own = file.removesuffix(".py")
        # What names the module itself is found from beside it, and not from within: the answer is its own.
        key = (module.path if own == "__init__" or own in name else directory, name)
        if key not in self._targets:
            self._targets[key] = self._find(module, directory, name)
        return self._targets[key]

    def _find(self, module: Module, directory: str, name: str) -> tuple[Module, str] | None:
        parts = name.split(".")
        if not parts[0] or (len(parts) == 1 and name in _BUILTINS):
            return None
        standard = parts[0] in sys.stdlib_module_names
        unbound = None
        own = directory.replace("/", ".")
        for root in self._roots_for(directory, parts[0]):
            found = self._below(root, parts)
            if found is None or found[0] is module:
                continue
            if standard and root != own and (root or "." not in found[0].name):
                continue
            if self._is_reached(found):
                return found
            if self._is_package(root) and found[0].facts.is_package:
                # A folder called after a library (``web/fastapi/__init__.py``) inside a package: the library is meant.
                continue
            unbound = unbound or found
        parents = () if standard else self._top.get(parts[0], ())
        if unbound is None and len(parents) == 1:
            found = self._below(parents[0], parts)
            if found is not None and found[0] is not module and self._is_reached(found):
                return found
        if unbound is None and not standard and directory in self._added:
            return self._added_below(directory, parts)
        return unbound

    def _added_below(self, directory: str, parts: list[str]) -> tuple[Module, str] | None:
        """The module in a folder that the code adds to ``sys.path``, by its name: an image lays the tree out anew."""
        above = directory.replace("/", ".").split(".") if directory else []
        for folder in self._added[directory]:
            for length in range(len(above), -1, -1):
                found = self._below(".".join([*above[:length], folder]), parts)
                if found is not None:
                    return found
        return None

    def _is_reached(self, found: tuple[Module, str]) -> bool:
        """Whether the module that was found binds what is wanted of it."""
        return not found[1] or self.is_bound(found[0], found[1].partition(".")[0])

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

    def _roots_for(self, directory: str, first: str) -> tuple[str, ...]:
        """The import roots of a directory that hold something of that name, innermost first."""
        key = (directory, first)
        found = self._roots.get(key)
        if found is None:
            parts = directory.replace("/", ".").split(".") if directory else []
            roots: list[str] = []
            for length in range(len(parts), -1, -1):
                root = ".".join(parts[:length])
                roots.extend((root, f"{root}.src" if root else "src"))
            known = self._prefixes
            found = self._roots[key] = tuple(one for one in roots if (f"{one}.{first}" if one else first) in known)
        return found

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
        return self._starred(module, first, rest, hops) or name

    def _starred(self, module: Module, first: str, rest: str, hops: int) -> str | None:
        """The name as one of the module's star imports gives it; a library's where only a library can."""
        stars = self._stars[module.path]
        if not stars or hops <= 1:
            return None
        libraries = []
        for star in stars:
            found = self.find(module, star)
            if found is None:
                libraries.append(star)
                continue
            target, remaining = found
            if remaining or target is module or not self.is_bound(target, first):
                continue
            unresolved = f"{target.name}.{first}" + (f".{rest}" if rest else "")
            followed = self._inside(target, first, rest, unresolved, hops - 1)
            if followed != unresolved or self.is_defined(f"{target.name}.{first}"):
                return followed
        if len(libraries) == 1 and first not in _BUILTINS:
            return f"{libraries[0]}.{first}" + (f".{rest}" if rest else "")
        return None


def _folders(value: object, facts: PythonModule, depth: int = 0) -> list[str]:
    """The last folder names in what is added to ``sys.path``."""
    if isinstance(value, Literal) and isinstance(value.value, str):
        last = value.value.rstrip("/").rpartition("/")[2]
        return [last] if last.replace("_", "a").isalnum() else []
    if depth < 3 and isinstance(value, Result) and value.call < len(facts.calls):
        return [one for item in facts.calls[value.call].arguments for one in _folders(item.value, facts, depth + 1)]
    if depth < 3 and isinstance(value, Template):
        return [one for part in value.parts for one in _folders(part, facts, depth + 1)]
    return []


def nearest(
    assignments: Iterable[tuple[PythonAssignment, Module]], module: Module
) -> list[tuple[PythonAssignment, Module]]:
    """Those whose file shares most directories with the module's."""
    found = list(assignments)
    most = max((shared(module.path, home.path) for _, home in found), default=0)
    return [one for one in found if shared(module.path, one[1].path) == most]


def shared(one: str, other: str) -> int:
    """How many leading directories two paths share."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
