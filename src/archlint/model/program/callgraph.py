"""Who calls whom in the workspace.

A call runs the functions that its callee names and those that it is given (``submit(f)``, ``Thread(target=f)``,
``partial(f)``). Callers are looked up by the last part of the name and then checked, so nothing scans all calls twice.
"""

from __future__ import annotations

from collections.abc import Callable

from archlint.core.facts.python import (
    Choice,
    Element,
    Expression,
    Item,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.model.program.index import Definitions, Module
from archlint.model.program.indirect import Indirection
from archlint.model.program.objects import Objects
from archlint.model.program.things import PROVIDERS, Thing

MAX_REACHABLE = 2000
_INDIRECT = (Result, Parameter, Item, Element)

Called = tuple[tuple[PythonFunction, Module], ...]
Calls = tuple[tuple[PythonCall, Module], ...]
_Candidates = dict[str, list[tuple[PythonCall, Module, int]]]


class CallGraph:
    """The calls between functions of the workspace."""

    def __init__(self, definitions: Definitions, objects: Objects, is_production: Callable[[str], bool]) -> None:
        self._definitions = definitions
        self._objects = objects
        self._is_production = is_production
        self._tests: dict[str, bool] = {}
        self._nesting: dict[str, dict[int, list[int]]] = {}
        self._called: dict[tuple[str, int], Called] = {}
        self._callers: dict[tuple[str, str, int], Calls] = {}
        self._candidates: dict[bool, _Candidates] = {}
        self._named: dict[str, Calls] = {}
        self._bodies: dict[str, dict[int | None, list[int]]] = {}
        self._subclasses: dict[str, list[str]] | None = None
        self._index: dict[int, int] = {}
        self._indirection = Indirection(definitions, objects, self.callers, self.instantiated)
        self._indirect: dict[int, list[tuple[PythonCall, Module, int]]] | None = None
        self._reachable: dict[tuple[str, int, int], Calls] = {}

    def function_of(self, expression: Expression, module: Module) -> tuple[PythonFunction, Module] | None:
        """The function of the workspace that an expression refers to (a callback, a handler, a wrapped function)."""
        return self._function_of_thing(self._objects.thing(expression, module))

    def _function_of_thing(self, thing: Thing) -> tuple[PythonFunction, Module] | None:
        found = self._definitions.functions.get(thing.name)
        if found is not None:
            return found
        if thing.name in self._definitions.classes:
            return self._method(thing.name, "__call__" if thing.instance else "__init__")
        return None

    def _method(self, class_name: str, name: str) -> tuple[PythonFunction, Module] | None:
        for owner in (class_name, *self._objects.bases(class_name)):
            found = self._definitions.functions.get(f"{owner}.{name}")
            if found is not None:
                return found
        return None

    def called(self, call: PythonCall, module: Module) -> Called:
        """The functions that a call may run."""
        key = (module.path, id(call))
        found = self._called.get(key)
        if found is None:
            self._called[key] = ()
            found = self._called[key] = self._find_called(call, module)
        return found

    def _find_called(self, call: PythonCall, module: Module) -> Called:
        found: dict[int, tuple[PythonFunction, Module]] = {}
        local = False
        for option, home in self._indirection.options(call.callee, module):
            thing = self._objects.thing(option, home)
            one = self._function_of_thing(thing)
            local = local or one is not None or thing.name in self._definitions.classes
            if one is not None:
                found[id(one[0])] = one
                for override in self._overrides(*one):
                    found[id(override[0])] = override
        if not local:
            for argument in call.arguments:
                if isinstance(argument.value, Reference | Member | Result | Choice):
                    value = argument.value
                    if isinstance(value, Result):
                        inner = module.call(value.call)
                        if inner is None or not inner.name.endswith("partial"):
                            continue
                    thing = self._objects.thing(value, module)
                    if thing.name in self._definitions.functions:
                        one = self._definitions.functions[thing.name]
                        found[id(one[0])] = one
                    elif thing.name in self._definitions.classes and not thing.instance:
                        one = self._method(thing.name, "__init__") if self._provides(call, module) else None
                        if one is not None:
                            found[id(one[0])] = one
        return tuple(found.values())

    def _provides(self, call: PythonCall, module: Module) -> bool:
        """Whether a call makes a provider of the classes that it is given."""
        return self._objects.called_name(call, module).startswith(PROVIDERS)

    def _overrides(self, function: PythonFunction, module: Module) -> Called:
        """The overriding methods of an abstract one."""
        if function.owner is None or not any(
            isinstance(one, Reference) and one.name.rpartition(".")[2].startswith("abstract")
            for one in function.decorators
        ):
            return ()
        name = function.name.rpartition(".")[2]
        found = (self._definitions.functions.get(f"{one}.{name}") for one in self.subclasses(function.owner))
        return tuple(one for one in found if one is not None)

    def subclasses(self, class_name: str) -> tuple[str, ...]:
        """The classes of the workspace below a class (of the workspace or a library), direct or not."""
        if self._subclasses is None:
            self._subclasses = {}
            for name in self._definitions.classes:
                for base in self._objects.bases(name):
                    self._subclasses.setdefault(base, []).append(name)
        return tuple(self._subclasses.get(class_name, ()))

    def calls_in(self, function: PythonFunction, module: Module) -> tuple[PythonCall, ...]:
        """The calls in a function's body, nested functions included, in order."""
        index = self.index_of(function, module)
        bodies = self._bodies_of(module)
        found = list(bodies.get(index, ()))
        for place in self._nested(module).get(index, ()):
            found.extend(bodies.get(place, ()))
        return tuple(module.facts.calls[one] for one in sorted(found))

    def scope_calls(self, module: Module) -> tuple[PythonCall, ...]:
        """The calls at module and class level: what importing the module runs."""
        return tuple(module.facts.calls[one] for one in self._bodies_of(module).get(None, ()))

    def index_of(self, function: PythonFunction, module: Module) -> int:
        """The index of a function in its module."""
        if id(function) not in self._index:
            for place, one in enumerate(module.facts.functions):
                self._index[id(one)] = place
        return self._index.get(id(function), -1)

    def _bodies_of(self, module: Module) -> dict[int | None, list[int]]:
        found = self._bodies.get(module.path)
        if found is None:
            found = self._bodies[module.path] = {}
            for place, call in enumerate(module.facts.calls):
                found.setdefault(call.function, []).append(place)
        return found

    def _nested(self, module: Module) -> dict[int, list[int]]:
        found = self._nesting.get(module.path)
        if found is not None:
            return found
        nested = self._nesting[module.path] = {}
        for place, function in enumerate(module.facts.functions):
            parent = function.parent
            hops = 0
            while parent is not None and hops < 20:
                nested.setdefault(parent, []).append(place)
                parent = module.facts.functions[parent].parent
                hops += 1
        return nested

    def callers(self, function: PythonFunction, module: Module) -> Calls:
        """The calls that may run a function; those of tests only where the function is itself no production code."""
        key = (module.path, function.name, function.at.line)
        found = self._callers.get(key)
        if found is None:
            self._callers[key] = ()
            calls = []
            seen = set()
            tested = self._is_test(module)
            for call, home, place in self._candidates_for(function, tested):
                if (home.path, place) in seen:
                    continue
                seen.add((home.path, place))
                for one, _ in self.called(call, home):
                    if one is function:
                        calls.append((call, home))
                        break
            found = self._callers[key] = tuple(calls)
        return found

    def _is_test(self, module: Module) -> bool:
        found = self._tests.get(module.path)
        if found is None:
            found = self._tests[module.path] = not self._is_production(module.path)
        return found

    def _candidates_for(self, function: PythonFunction, tested: bool) -> list[tuple[PythonCall, Module, int]]:
        candidates = self._by_last_name(tested)
        owner, _, name = function.name.rpartition(".")
        if name == "__init__" and function.owner is not None:
            names = [owner, *self.subclasses(owner)]
            found = [one for part in names for one in candidates.get(part.rpartition(".")[2], ())]
            return found + candidates.get("__init__", [])
        if name == "__call__":
            return candidates.get("?", [])
        return candidates.get(name, []) + self._indirectly(function)

    def _indirectly(self, function: PythonFunction) -> list[tuple[PythonCall, Module, int]]:
        """The calls that may run a function without naming it: through a map, a list, a callback."""
        if self._indirect is None:
            self._indirect = {}
            found: dict[int, list[tuple[PythonCall, Module, int]]] = {}
            for call, module, place in self._by_last_name().get("?", ()):
                for one, _ in self._find_called(call, module):
                    found.setdefault(id(one), []).append((call, module, place))
            self._indirect = found
            self._called.clear()
            self._callers.clear()
        return self._indirect.get(id(function), [])

    def _by_last_name(self, with_tests: bool = False) -> _Candidates:
        found = self._candidates.get(with_tests)
        if found is None:
            found = self._candidates[with_tests] = {name: [] for name in self._own_names()}
            for module in self._definitions.modules.values():
                if with_tests or not self._is_test(module):
                    _add_candidates(found, module)
        return found

    def _own_names(self) -> set[str]:
        """The last parts of the names that callers are looked up by: nobody asks who calls a library's function."""
        names = {"?", "__init__"}
        for name, (function, _) in self._definitions.functions.items():
            names.add(name.rpartition(".")[2])
            if function.owner is not None:
                names.add(function.owner.rpartition(".")[2])
        names.update(name.rpartition(".")[2] for name in self._definitions.classes)
        return names

    def named(self, name: str) -> Calls:
        """The calls, those of tests aside, whose callee has that last name."""
        found = self._named.get(name)
        if found is None:
            modules = (one for one in self._definitions.modules.values() if not self._is_test(one))
            found = self._named[name] = tuple((call, one) for one in modules for call in one.calls_named({name}))
        return found

    def instantiated(self, class_name: str) -> Calls:
        """The calls that make instances of a class."""
        return tuple(
            (call, module)
            for call, module, _ in self._by_last_name().get(class_name.rpartition(".")[2], ())
            if self._objects.thing(call.callee, module) == Thing(class_name)
        )

    def reachable(self, function: PythonFunction, module: Module, depth: int) -> Calls:
        """All calls that running a function may make, nearest first, each once."""
        key = (module.path, self.index_of(function, module), depth)
        found = self._reachable.get(key)
        if found is not None:
            return found
        calls: dict[int, tuple[PythonCall, Module]] = {}
        seen = {id(function)}
        level: list[tuple[PythonFunction, Module]] = [(function, module), *self._dependencies(function, module)]
        for _ in range(depth):
            following: list[tuple[PythonFunction, Module]] = []
            for one, home in level:
                for call in self.calls_in(one, home):
                    if id(call) in calls:
                        continue
                    calls[id(call)] = (call, home)
                    for target in self.called(call, home):
                        if id(target[0]) not in seen:
                            seen.add(id(target[0]))
                            following.append(target)
            level = following
            if not level or len(calls) > MAX_REACHABLE:
                break
        result = self._reachable[key] = tuple(calls.values())
        return result

    def _dependencies(self, function: PythonFunction, module: Module) -> list[tuple[PythonFunction, Module]]:
        """The functions that ``Depends(...)`` in a parameter's default makes the framework call."""
        found: list[tuple[PythonFunction, Module]] = []
        for parameter in function.parameters:
            if isinstance(parameter.default, Result):
                call = module.call(parameter.default.call)
                if call is not None:
                    found.extend(self.called(call, module))
        return found


def _add_candidates(candidates: _Candidates, module: Module) -> None:
    for place, call in enumerate(module.facts.calls):
        callee = call.callee
        if type(callee) is Choice:
            for option in callee.options:
                if isinstance(option, Reference | Member):
                    _add_candidate(candidates, option.name.rpartition(".")[2], call, module, place)
        elif type(callee) is Reference:
            _add_candidate(candidates, callee.name.rpartition(".")[2], call, module, place)
        elif type(callee) is Member:
            _add_candidate(candidates, callee.name, call, module, place)
        elif type(callee) in _INDIRECT:
            _add_candidate(candidates, "?", call, module, place)
        for argument in call.arguments:
            value = argument.value
            if type(value) is Reference:
                _add_candidate(candidates, value.name.rpartition(".")[2], call, module, place)
            elif type(value) is Member:
                _add_candidate(candidates, value.name, call, module, place)


def _add_candidate(candidates: _Candidates, name: str, call: PythonCall, module: Module, place: int) -> None:
    known = candidates.get(name)
    if known is not None:
        known.append((call, module, place))
