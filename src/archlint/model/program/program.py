"""The program: one door to names, objects, values and calls of all modules of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from archlint.core.facts.python import Expression, Literal, PythonCall, PythonFunction, PythonModule
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.program.bindings import Given
from archlint.model.program.callgraph import CallGraph
from archlint.model.program.index import Definitions, Module
from archlint.model.program.objects import Objects
from archlint.model.program.resolved import HOLE, Lookup, Resolved
from archlint.model.program.settings import Settings
from archlint.model.program.structures import structure
from archlint.model.program.values import Evaluation

__all__ = ["HOLE", "Given", "Lookup", "Module", "Program", "Resolved"]


class Program:
    """Every Python module of the workspace, joined."""

    def __init__(
        self, modules: Iterable[PythonModule], is_production: Callable[[str], bool] = lambda path: True
    ) -> None:
        """``is_production`` says by path whose calls count: what a test passes tells nothing of how a service runs."""
        self._definitions = Definitions(modules)
        self._objects = Objects(self._definitions)
        self._calls = CallGraph(self._definitions, self._objects, is_production)
        self._objects.callers = self._calls.callers
        self._settings = Settings(self._definitions, self._objects, self._calls)
        self._callees: dict[int, tuple[PythonCall, str]] = {}
        self._imported: dict[str, tuple[str, ...]] = {}
        self._libraries: frozenset[str] | None = None
        self.modules: dict[str, Module] = self._definitions.modules

    def import_target(self, module: Module, name: str) -> Module | None:
        """The module of this workspace that an absolute dotted name means when ``module`` imports it, or None.

        Import roots are tried from the importing file's directory upward (and ``src`` below each), as a service is
        started from its own directory; then a top-level package of that name, if there is only one in the workspace.
        """
        found = self._definitions.find(module, name)
        return found[0] if found is not None and not found[1] else None

    def qualify(self, expression: Expression, module: Module) -> str:
        """What the expression names, through imports, re-exports, assignments, attributes and factories.

        A library's names come out as the library documents them (``requests.get``, ``flask.Flask``); an attribute of
        an instance as class and member: ``self.session.get`` with ``self.session = requests.Session()`` is
        ``requests.Session.get``; the result of a library function is named by the function
        (``psycopg2.connect.cursor``). A name of this workspace comes out as its definition's
        (``src.orders.db.connect``). ``?`` where it is not known (``?.get``).
        """
        return self._objects.qualified(expression, module)

    def callee(self, call: PythonCall, module: Module) -> str:
        """``qualify`` of what is called."""
        found = self._callees.get(id(call))
        if found is None or found[0] is not call:
            found = self._callees[id(call)] = (call, self._objects.qualified(call.callee, module))
        return found[1]

    def origin(self, expression: Expression, module: Module) -> tuple[PythonCall, Module] | None:
        """The call that made the object that the expression stands for (``requests.Session(...)``), through variables,
        attributes, module globals, factories and context managers; None where it is not one known call."""
        thing = self._objects.thing(expression, module)
        return (thing.call, thing.module) if thing.call is not None and thing.module is not None else None

    def structure(self, expression: Expression, module: Module) -> tuple[Expression, Module] | None:
        """The dict, list or comprehension that the expression stands for, through names, items and functions that
        return one, with the module that it is written in; None where none is known."""
        return structure(self._objects, expression, module)

    def evaluate(
        self,
        expression: Expression | None,
        module: Module,
        lookup: Lookup | None = None,
        given: Mapping[tuple[str, str], Given] | None = None,
    ) -> tuple[Resolved, ...] | Unknown:
        """The values that the expression may have, most usual first, or UNKNOWN where none is known.

        ``lookup`` gives environment variables; without it (or where it gives None) a read has its default, and with
        no default it is UNKNOWN. Where only some of several values are known, the last one is ``Resolved(HOLE)``, not
        exact. ``given`` are the values of parameters, by function and name, that hold in one run of the functions;
        others have those that all callers pass.
        """
        if expression is None or isinstance(expression, Unknown):
            return UNKNOWN
        if isinstance(expression, Literal):
            return (Resolved(expression.value),)
        evaluation = Evaluation(self._definitions, self._objects, self._calls, self._settings, lookup, given)
        return evaluation.values(expression, module)

    def uses(self, library: str) -> bool:
        """Whether any module imports a top-level package of that name: what nobody imports, no name can mean."""
        if self._libraries is None:
            self._libraries = frozenset(
                line.module.partition(".")[0] for module in self.modules.values() for line in module.facts.imports
            )
        return library in self._libraries

    def function_named(self, name: str) -> tuple[PythonFunction, Module] | None:
        """The function or method of this workspace with that qualified name."""
        return self._definitions.functions.get(name)

    def function_of(self, expression: Expression, module: Module) -> tuple[PythonFunction, Module] | None:
        """The function of this workspace that an expression refers to: a callback, a handler, a wrapped function."""
        return self._calls.function_of(expression, module)

    def called_functions(self, call: PythonCall, module: Module) -> tuple[tuple[PythonFunction, Module], ...]:
        """The functions of this workspace that a call may run: what it names (methods through ``self``, known instances
        and bases, overrides of abstract ones) and the functions that it passes to a library (``submit(f)``)."""
        return self._calls.called(call, module)

    def callers(self, function: PythonFunction, module: Module) -> tuple[tuple[PythonCall, Module], ...]:
        """The calls of this workspace that may run a function."""
        return self._calls.callers(function, module)

    def calls_in(self, function: PythonFunction, module: Module) -> tuple[PythonCall, ...]:
        """The calls in a function's own body (nested functions too)."""
        return self._calls.calls_in(function, module)

    def module_scope_calls(self, module: Module) -> tuple[PythonCall, ...]:
        """The calls at module and class level: what importing (or starting) the module runs."""
        return self._calls.scope_calls(module)

    def reachable(
        self, function: PythonFunction, module: Module, depth: int = 6
    ) -> tuple[tuple[PythonCall, Module], ...]:
        """All calls that running a function may make, its callees' too, nearest first, each once."""
        return self._calls.reachable(function, module, depth)

    def instantiated(self, class_name: str) -> tuple[tuple[PythonCall, Module], ...]:
        """The calls that make instances of a class of this workspace."""
        return self._calls.instantiated(class_name)

    def bases(self, class_name: str) -> tuple[str, ...] | Unknown:
        """The qualified names of all bases, nearest first, libraries' too; UNKNOWN where one is not known."""
        found = self._objects.bases(class_name)
        return UNKNOWN if "?" in found else found

    def subclasses(self, class_name: str) -> tuple[str, ...]:
        """The classes of this workspace below a class of the workspace or of a library."""
        return self._calls.subclasses(class_name)

    def imported_modules(self, *paths: str) -> frozenset[str]:
        """The paths of the modules of this workspace that files import when they run, directly or through others.

        Files that are asked for together cost no more than one of them.
        """
        seen: set[str] = set()
        waiting = list(paths)
        while waiting:
            for one in self.imports_of(waiting.pop()):
                if one not in seen:
                    seen.add(one)
                    waiting.append(one)
        return frozenset(seen - set(paths))

    def imports_of(self, path: str) -> tuple[str, ...]:
        """The paths of the modules of this workspace that a file itself imports, with the packages around them."""
        found = self._imported.get(path)
        module = self.modules.get(path)
        if found is None and module is not None:
            targets: dict[str, None] = {}
            for line in module.facts.imports:
                if line.typing_only:
                    continue
                name = f"{line.module}.{line.name}" if line.name not in (None, "*") and line.module else line.module
                target = self._definitions.find(module, name or line.name or "")
                if target is None:
                    continue
                targets[target[0].path] = None
                package = target[0].name.rpartition(".")[0]
                while package:
                    parent = self._definitions.by_name.get(package)
                    if parent is None or not parent.facts.is_package:
                        break
                    targets[parent.path] = None
                    package = package.rpartition(".")[0]
            found = self._imported[path] = tuple(targets)
        return found or ()
