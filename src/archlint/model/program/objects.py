"""What an expression stands for: a module, class, function or instance, of the workspace or of a library.

It follows variables, attributes, parameters (annotation, default, what callers pass), factories, context managers and
base classes. Bounded in depth; whatever is not known is ``NOTHING``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Display,
    Element,
    Expression,
    Item,
    Lambda,
    Literal,
    Member,
    Parameter,
    PythonAssignment,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.values import Unknown
from archlint.model.program.annotations import annotated
from archlint.model.program.index import Definitions, Module, nearest
from archlint.model.program.structures import entries, structure
from archlint.model.program.things import (
    CALLING,
    FIELDS,
    MAX_DEPTH,
    NO_BASES,
    NOTHING,
    PROVIDERS,
    TRANSPARENT,
    WRAPPING_METHODS,
    Thing,
    argument_for,
    is_application,
    is_property,
)

MAX_CALLERS = 8
CURRENT = "flask.current_app"


Callers = Callable[[PythonFunction, Module], "tuple[tuple[PythonCall, Module], ...]"]


class Objects:
    """Answers what expressions stand for. ``callers`` is set once the call graph exists."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.callers: Callers | None = None
        self._things: dict[tuple[str, int | str], Thing] = {}
        self._busy: set[object] = set()
        self._bases: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, Thing] = {}
        self._cut = False
        self._flask: dict[str, list[str]] | None = None

    def thing(self, expression: Expression, module: Module, depth: int = MAX_DEPTH) -> Thing:
        """What the expression stands for."""
        if depth <= 0:
            self._cut = True
            return NOTHING
        match expression:
            case Reference(name=name):
                return self.named(self.definitions.canonical(name, module), depth)
            case Member(base=base, name=name):
                found_here = self.attribute(self.thing(base, module, depth - 1), name, depth - 1)
                if not found_here.is_known and isinstance(base, Member) and base.name == "state":
                    return self.kept(self.definitions.states.get(name, ()), depth - 1, module)
                return found_here
            case Result(call=index):
                call = module.call(index)
                return (
                    NOTHING
                    if call is None
                    else self._once((module.path, index), lambda: self.result(call, module, depth - 1))
                )
            case Parameter(function=index, name=name):
                function = module.function(index)
                if function is None:
                    return NOTHING
                return self._once(
                    (module.path, index, name), lambda: self._parameter(function, name, module, depth - 1)
                )
            case Choice(options=options):
                return self._first(((one, module) for one in options), depth - 1)
            case Item(base=base, key=key):
                found = structure(self, base, module, depth - 1)
                held = self._first(((one, at) for one, at in entries(found, key)), depth - 1)
                if not held.is_known and found is None and isinstance(key, Literal) and is_application(base):
                    return self.kept(self.definitions.items.get(str(key.value), ()), depth - 1, module)
                return held
            case Element(iterable=iterable):
                found = structure(self, iterable, module, depth - 1)
                if found is not None:
                    value, at = found
                    if isinstance(value, Comprehension):
                        return self.thing(value.element, at, depth - 1)
                    if isinstance(value, Display):
                        return self._first(((one, at) for one in value.items), depth - 1)
        return NOTHING

    def qualified(self, expression: Expression, module: Module) -> str:
        """The name of what the expression stands for; an attribute of something unknown keeps its name (``?.get``)."""
        found = self.thing(expression, module)
        if not found.is_known:
            if isinstance(expression, Member):
                return f"{self.qualified(expression.base, module)}.{expression.name}"
            if isinstance(expression, Choice):
                for one in expression.options:
                    name = self.qualified(one, module)
                    if name != "?":
                        return name
        return found.name

    def _once(self, key: object, work: Callable[[], Thing]) -> Thing:
        """Memoised, and NOTHING where the question comes up again while it is being answered. An answer that the bound
        on depth cut short is not kept."""
        found = self._things.get(key)  # type: ignore[call-overload]
        if found is not None:
            return found  # type: ignore[no-any-return]
        if key in self._busy:
            self._cut = True
            return NOTHING
        self._busy.add(key)
        cut, self._cut = self._cut, False
        try:
            found = work()
        finally:
            self._busy.discard(key)
        if not self._cut or found.is_known:
            self._things[key] = found  # type: ignore[index]
        self._cut = self._cut or cut
        return found

    def _first(self, options: Iterator[tuple[Expression, Module]], depth: int) -> Thing:
        for one, module in options:
            if not isinstance(one, Literal | Unknown):
                found = self.thing(one, module, depth)
                if found.is_known:
                    return found
        return NOTHING

    def named(self, name: str, depth: int = MAX_DEPTH) -> Thing:
        """What a canonical name stands for."""
        return self._once(name, lambda: self._named_thing(name, depth))

    def _named_thing(self, name: str, depth: int) -> Thing:
        definitions = self.definitions
        if name in definitions.classes or name in definitions.by_name:
            return Thing(name)
        if name in definitions.functions:
            function, home = definitions.functions[name]
            if is_property(function):
                found = self._returned(function, home, None, home, depth - 1)
                return found if found.is_known else Thing(name)
            return Thing(name)
        if name in definitions.assignments:
            found = self._assigned(name, depth)
            return found if found.is_known else Thing(name)
        base, _, last = name.rpartition(".")
        if not base or depth <= 0:
            return Thing(name)
        owner = self.named(base, depth - 1)
        if owner.name == base and not owner.instance and base not in definitions.classes and base != CURRENT:
            return Thing(name)
        return self.attribute(owner, last, depth - 1)

    def _assigned(self, name: str, depth: int) -> Thing:
        declared = NOTHING
        for assignment, module in reversed(self.definitions.assignments[name]):
            if assignment.augmented:
                continue
            found = self.thing(assignment.value, module, depth - 1)
            if found.is_known:
                return found
            if assignment.annotation is not None and not declared.is_known:
                declared = annotated(self, assignment.annotation, module, depth - 1)
        return declared

    def called_name(self, call: PythonCall, module: Module, depth: int = MAX_DEPTH) -> str:
        """The qualified name of what is called."""
        if isinstance(call.callee, Reference) and "." not in call.callee.name:
            return call.callee.name
        return self.thing(call.callee, module, depth).name

    def result(self, call: PythonCall, module: Module, depth: int) -> Thing:
        """What a call gives back."""
        if depth <= 0:
            self._cut = True
            return NOTHING
        if isinstance(call.callee, Lambda):
            return self.thing(call.callee.value, module, depth)
        callee = self.thing(call.callee, module, depth)
        name = callee.name
        definitions = self.definitions
        if name == "super":
            function = module.function(call.function)
            while function is not None and function.owner is None and function.parent is not None:
                function = module.function(function.parent)
            if function is not None and function.owner is not None:
                return next((Thing(base, instance=True) for base in self.bases(function.owner) if base != "?"), NOTHING)
            return NOTHING
        if name in definitions.functions:
            return self._returned(*definitions.functions[name], call, module, depth)
        if name in definitions.classes:
            return Thing(name, call, module, instance=True)
        if name in TRANSPARENT or name.rpartition(".")[2] in WRAPPING_METHODS:
            position = TRANSPARENT.get(name, 0)
            inner = call.argument("", position)
            if inner is None and name in CALLING:
                inner = call.argument("dependency")
            if inner is not None:
                found = self.thing(inner.value, module, depth - 1)
                if name in CALLING and found.name in definitions.functions:
                    return self._returned(*definitions.functions[found.name], None, module, depth)
                if name in CALLING and found.name in definitions.classes:
                    return replace(found, instance=True)
                if name.startswith("functools.partial") and not found.instance:
                    return replace(found, call=call, module=module)
                return found
            if name.rpartition(".")[2] in WRAPPING_METHODS:
                return self.thing(call.callee.base, module, depth - 1) if isinstance(call.callee, Member) else NOTHING
        if name in FIELDS:
            factory = call.argument("default_factory")
            if factory is not None and not isinstance(factory.value, Lambda):
                return self.result(PythonCall(call.at, factory.value, (), call.function), module, depth - 1)
            default = call.argument("default") or factory
            return self.thing(default.value, module, depth - 1) if default is not None else NOTHING
        if name.startswith(PROVIDERS) and call.arguments:
            made = self.thing(call.arguments[0].value, module, depth - 1)
            inner_call = PythonCall(call.at, call.arguments[0].value, call.arguments[1:], call.function)
            return replace(made, call=inner_call, module=module, instance=True) if made.is_known else made
        if name == "getattr" and len(call.arguments) >= 2:
            attribute = call.arguments[1].value
            if isinstance(attribute, Literal) and isinstance(attribute.value, str):
                return self.attribute(
                    self.thing(call.arguments[0].value, module, depth - 1), attribute.value, depth - 1
                )
        if not callee.is_known:
            return NOTHING
        return Thing(name, call, module, instance=True)

    def _returned(
        self, function: PythonFunction, home: Module, call: PythonCall | None, module: Module, depth: int
    ) -> Thing:
        for one in function.returns:
            if isinstance(one, Parameter) and home.function(one.function) is function and call is not None:
                passed = argument_for(call, function, one.name)
                if isinstance(passed, tuple):
                    found = self.thing(passed[0], module, depth - 1)
                    if found.is_known:
                        return found
            if isinstance(one, Parameter) and function.owner and function.parameters[0].name == one.name:
                return Thing(function.owner, call, module, instance=True)
            if isinstance(one, Literal | Unknown):
                continue
            found = self.thing(one, home, depth - 1)
            if found.is_known:
                return found
        return annotated(self, function.annotation, home, depth - 1)

    def _parameter(self, function: PythonFunction, name: str, module: Module, depth: int) -> Thing:
        if function.owner is not None and function.parameters and function.parameters[0].name == name:
            return Thing(function.owner, instance=True)
        parameter = next((one for one in function.parameters if one.name == name), None)
        if parameter is None or parameter.kind in ("*", "**"):
            return NOTHING
        found = annotated(self, parameter.annotation, module, depth - 1)
        is_library = found.is_known and found.name not in self.definitions.classes
        if found.call is not None and is_library:
            return found
        if parameter.default is not None and not isinstance(parameter.default, Literal | Unknown):
            given = self.thing(parameter.default, module, depth - 1)
            if given.is_known and (not is_library or given.name == found.name):
                return given
        if self.callers is not None and depth > 2:
            for call, home in self.callers(function, module)[:MAX_CALLERS]:
                passed = argument_for(call, function, name)
                if passed is not None and not isinstance(passed[0], Literal):
                    given = self.thing(passed[0], home, depth - 2)
                    if given.is_known and (not is_library or given.name == found.name):
                        return given
        return found

    def kept(
        self, assignments: Iterable[tuple[PythonAssignment, Module]], depth: int, module: Module | None = None
    ) -> Thing:
        """What an application keeps under a name (``app.state.client``, ``app["client"]``): the one thing, if it is
        only one in the workspace, or near the module."""
        if module is not None:
            assignments = nearest(assignments, module)
        found = [self.thing(one.value, home, depth) for one, home in assignments if depth > 0]
        known = {(one.name, id(one.call)): one for one in found if one.is_known}
        return next(iter(known.values())) if len(known) == 1 else NOTHING

    def _of_flask(self, name: str, depth: int) -> Thing:
        """An attribute of the current Flask application."""
        if self._flask is None:
            self._flask = {}
            for full in self.definitions.assignments:
                owner, _, last = full.rpartition(".")
                if owner in self.definitions.assignments:
                    self._flask.setdefault(last, []).append(full)
        names = [one for one in self._flask.get(name, ()) if self.named(one.rpartition(".")[0]).name == "flask.Flask"]
        found = self.kept([one for full in names for one in self.definitions.assignments[full]], depth)
        return found if found.is_known else Thing(f"{CURRENT}.{name}")

    def attribute(self, thing: Thing, name: str, depth: int) -> Thing:
        """An attribute of something."""
        if not thing.is_known or depth <= 0:
            return NOTHING
        definitions = self.definitions
        if thing.name in definitions.by_name and not thing.instance:
            module = definitions.by_name[thing.name]
            return self.named(definitions.canonical(f"{thing.name}.{name}", module), depth - 1)
        if thing.name not in definitions.classes:
            if thing.name.endswith(".state") and name in definitions.states:
                return self.kept(definitions.states[name], depth - 1)
            if thing.name == CURRENT:
                return self._of_flask(name, depth - 1)
            return Thing(f"{thing.name}.{name}")
        opaque = thing.name.rpartition(".")[0].endswith("_pb2_grpc")
        for owner in (thing.name, *self.bases(thing.name)):
            full = f"{owner}.{name}"
            if full in definitions.functions:
                function, home = definitions.functions[full]
                if is_property(function):
                    found = self._returned(function, home, None, home, depth - 1)
                    return found if found.is_known else Thing(full, instance=True)
                return Thing(full)
            if full in definitions.assignments and not opaque:
                return self.named(full, depth - 1)
            if full in definitions.classes:
                return Thing(full)
            if owner == "?":
                break
            if owner not in definitions.classes and owner not in NO_BASES:
                return Thing(full)
        return Thing(f"{thing.name}.{name}")

    def bases(self, class_name: str) -> tuple[str, ...]:
        """The qualified names of all bases, nearest first; ``?`` for one that is not known."""
        found = self._bases.get(class_name)
        if found is None:
            self._bases[class_name] = ()
            found = self._bases[class_name] = tuple(dict.fromkeys(self._ancestors(class_name)))
        return found

    def _ancestors(self, class_name: str) -> Iterator[str]:
        known = self.definitions.classes.get(class_name)
        if known is None:
            return
        one, module = known
        direct = []
        for base in one.bases:
            if isinstance(base, Item):
                base = base.base  # noqa: PLW2901
            direct.append(self.thing(base, module).name)
        for name in direct:
            yield name
            yield from self.bases(name)
