"""Callees that are not named where they are called: routing maps, lists of handlers, callbacks, fields of instances.

In: the callee of a call. Out: the expressions that it may stand for, each with its module; bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    Element,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.values import Unknown
from archlint.model.program.bindings import owner_of
from archlint.model.program.index import Definitions, Module
from archlint.model.program.objects import Objects
from archlint.model.program.structures import entries, structure
from archlint.model.program.things import argument_for

MAX_DEPTH = 5
MAX_OPTIONS = 24
MAX_STEPS = 500
MAX_CALLERS = 12

Option = tuple[Expression, Module]
Callers = Callable[[PythonFunction, Module], "tuple[tuple[PythonCall, Module], ...]"]
Instantiated = Callable[[str], "tuple[tuple[PythonCall, Module], ...]"]


class Indirection:
    """Answers what an indirect callee may stand for. ``callers`` and ``instantiated`` are the call graph's."""

    def __init__(
        self, definitions: Definitions, objects: Objects, callers: Callers, instantiated: Instantiated
    ) -> None:
        self._definitions = definitions
        self._objects = objects
        self._callers = callers
        self._instantiated = instantiated
        self._stored: dict[str, list[Option]] | None = None
        self._decorated: dict[str, list[Option]] | None = None
        self._steps = 0

    def options(self, callee: Expression, module: Module) -> list[Option]:
        """The expressions that a callee may stand for; itself where it is named."""
        if isinstance(callee, Reference | Member) and self._is_named(callee, module):
            return [(callee, module)]
        found: list[Option] = []
        before, self._steps = self._steps, MAX_STEPS
        for one in self._expand(callee, module, MAX_DEPTH):
            found.append(one)
            if len(found) >= MAX_OPTIONS:
                break
        self._steps = before
        return found

    def _is_named(self, callee: Reference | Member, module: Module) -> bool:
        """Whether a callee surely names what it runs: a function, a class, something of a library."""
        if isinstance(callee, Member):
            return True
        name = self._definitions.canonical(callee.name, module)
        return name in self._definitions.functions or name.rpartition(".")[0] not in self._definitions.classes

    def _expand(self, value: Expression, module: Module, depth: int) -> Iterator[Option]:
        self._steps -= 1
        if depth <= 0 or self._steps < 0 or isinstance(value, Literal | Unknown):
            return
        match value:
            case Choice(options=options):
                for one in options:
                    yield from self._expand(one, module, depth - 1)
            case Item(base=base, key=key):
                yield from self._items(base, key, module, depth)
            case Element(iterable=iterable):
                for one, home in self._displays(iterable, module, depth):
                    yield from self._elements(one, home, depth)
            case Result(call=index):
                call = module.call(index)
                looked_up = _looked_up(call) if call is not None else None
                if call is None or looked_up is None:
                    yield value, module
                    return
                yield from self._items(looked_up, call.arguments[0].value, module, depth)
                for argument in call.arguments[1:2]:
                    yield from self._expand(argument.value, module, depth - 1)
            case Parameter():
                yield from self._passed(value, module, depth)
            case Reference(name=name):
                yield value, module
                yield from self._field(self._definitions.canonical(name, module), depth)
            case _:
                yield value, module

    def _items(self, base: Expression, key: Expression, module: Module, depth: int) -> Iterator[Option]:
        if isinstance(base, Element) and isinstance(key, Literal):
            # ``for name, handler in HANDLERS.items()``
            call = module.call(base.iterable.call) if isinstance(base.iterable, Result) else None
            owner = owner_of(call, "items") if call is not None else None
            if owner is not None:
                for one, home in self._displays(owner, module, depth):
                    if isinstance(one, Dictionary) and key.value == 1:
                        for _, entry in one.entries:
                            yield from self._expand(entry, home, depth - 1)
                return
        for display in self._displays(base, module, depth):
            for one, home in entries(display, key):
                yield from self._expand(one, home, depth - 1)
        if isinstance(base, Reference):
            for one, home in self._stored_in(self._definitions.canonical(base.name, module)):
                yield from self._expand(one, home, depth - 1)
                function = home.function(one.function) if isinstance(one, Parameter) else None
                if function is not None:
                    yield from self._decorated_by(function, home)

    def _elements(self, display: Expression, module: Module, depth: int) -> Iterator[Option]:
        parts: list[Expression] = []
        if isinstance(display, Display):
            parts = list(display.items)
        elif isinstance(display, Dictionary):
            parts = [item for _, item in display.entries]
        for one in parts:
            yield from self._expand(one, module, depth - 1)

    def _displays(self, value: Expression, module: Module, depth: int) -> Iterator[Option]:
        """The displays that an expression may stand for: several for an item of a dict of lists."""
        self._steps -= 1
        if self._steps < 0:
            return
        if isinstance(value, Item) and depth > 0:
            for display in self._displays(value.base, module, depth - 1):
                for one, home in entries(display, value.key):
                    yield from self._displays(one, home, depth - 1)
            return
        if isinstance(value, Result):
            call = module.call(value.call)
            base = _looked_up(call) if call is not None else None
            if call is not None and base is None:
                base = owner_of(call, "values")
            if call is not None and base is not None:
                if not call.arguments:
                    yield from self._displays(base, module, depth - 1)
                    return
                yield from self._displays(Item(base, call.arguments[0].value), module, depth - 1)
                return
        found = structure(self._objects, value, module)
        if found is not None:
            yield found

    def _passed(self, parameter: Parameter, module: Module, depth: int) -> Iterator[Option]:
        function = module.function(parameter.function)
        if function is None or (
            function.parameters and function.parameters[0].name == parameter.name and function.owner
        ):
            yield parameter, module
            return
        for call, home in self._callers(function, module)[:MAX_CALLERS]:
            passed = argument_for(call, function, parameter.name)
            if passed is not None:
                yield from self._expand(passed[0], home, depth - 1)

    def _field(self, name: str, depth: int) -> Iterator[Option]:
        """What instances of a data class hold in a field that is called."""
        owner, _, last = name.rpartition(".")
        if owner not in self._definitions.classes or name in self._definitions.functions:
            return
        for assignment, module in self._definitions.assignments.get(name, ()):
            if isinstance(assignment.value, Parameter):
                yield from self._passed(assignment.value, module, depth - 1)
        if f"{owner}.__init__" not in self._definitions.functions:
            for call, module in self._instantiated(owner)[:MAX_CALLERS]:
                argument = call.argument(last)
                if argument is not None:
                    yield from self._expand(argument.value, module, depth - 1)

    def _stored_in(self, name: str) -> list[Option]:
        """What ``name[key] = handler`` puts into a container."""
        if self._stored is None:
            self._stored = {}
            for module in self._definitions.modules.values():
                for one in module.facts.assignments:
                    target = one.target
                    if type(target) is Item and type(target.base) is Reference:
                        base = self._definitions.canonical(target.base.name, module)
                        self._stored.setdefault(base, []).append((one.value, module))
        return self._stored.get(name, [])[:MAX_CALLERS]

    def _decorated_by(self, function: PythonFunction, module: Module) -> Iterator[Option]:
        """The functions that a decorator of the workspace is put over: it gets them, or what it returns."""
        if self._decorated is None:
            self._decorated = {}
            for name, (one, home) in self._definitions.functions.items():
                for decorator in one.decorators:
                    made = home.call(decorator.call) if isinstance(decorator, Result) else None
                    callee = made.callee if made is not None else decorator
                    if isinstance(callee, Reference | Member):
                        whose = self._objects.qualified(callee, home)
                        self._decorated.setdefault(whose, []).append((Reference(name), home))
        outer = module.function(function.parent)
        names = [function.name] if outer is None else [function.name, outer.name]
        for whose in names:
            yield from self._decorated.get(whose, [])[:MAX_CALLERS]


def _looked_up(call: PythonCall) -> Expression | None:
    """The mapping that ``mapping.get(key)`` looks into."""
    if not call.arguments:
        return None
    callee = call.callee
    if isinstance(callee, Member) and callee.name in ("get", "pop"):
        return callee.base
    if isinstance(callee, Reference) and callee.name.endswith((".get", ".pop")):
        return Reference(callee.name.rpartition(".")[0])
    return None
