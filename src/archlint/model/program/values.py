"""The values that expressions may have, across modules, with the chain of places that leads to each.

What is not known is a hole, so that the text around it survives. Bounded in depth, in steps and in the number of
values. What calls give is in ``results``, what configuration gives in ``settings``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from archlint.core.facts.python import (
    Choice,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Literal,
    Member,
    Operation,
    Parameter,
    PythonAssignment,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
    Template,
)
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Place, Unknown
from archlint.model.program.bindings import Binding, Given, bind, is_direct
from archlint.model.program.callgraph import CallGraph
from archlint.model.program.containers import elements, item
from archlint.model.program.index import Definitions, Module
from archlint.model.program.objects import Objects
from archlint.model.program.resolved import (
    HOLE,
    HOLES,
    MAX_VALUES,
    NOT_KNOWN,
    Lookup,
    Resolved,
    computed,
    some,
    through,
)
from archlint.model.program.results import result_of
from archlint.model.program.settings import Settings
from archlint.model.program.things import Thing, argument_for

MAX_DEPTH = 16
MAX_STEPS = 2000
STEPS_OF_ONE_RUN = 250
"""Where one run gives the parameters, there is less to look for, and there are many runs."""


class Evaluation:
    """One evaluation, with one way to look up the environment."""

    def __init__(
        self,
        definitions: Definitions,
        objects: Objects,
        calls: CallGraph,
        settings: Settings,
        lookup: Lookup | None,
        given: Mapping[tuple[str, str], Given] | None = None,
    ) -> None:
        self.definitions = definitions
        self.objects = objects
        self._calls = calls
        self.settings = settings
        self._lookup = lookup
        self._given = given or {}
        self._busy: set[object] = set()
        self._steps = STEPS_OF_ONE_RUN if given else MAX_STEPS

    def values(self, expression: Expression, module: Module) -> tuple[Resolved, ...] | Unknown:
        """The values, most usual first; UNKNOWN where none is known."""
        found = self.of(expression, module, MAX_DEPTH, None)
        known = [one for one in found if one.is_exact or one.value != HOLE]
        if not known:
            return UNKNOWN
        return tuple(known) if len(known) == len(found) else (*known, NOT_KNOWN)

    def of(self, expression: Expression, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        """The values of an expression; never empty."""
        self._steps -= 1
        if depth <= 0 or self._steps < 0:
            return HOLES
        match expression:
            case Literal(value=value):
                return [Resolved(value)]
            case Template(parts=parts):
                return self.template(parts, module, depth, bound)
            case Reference(name=name):
                return self.name(self.definitions.canonical(name, module), module, depth)
            case EnvironmentRead(key=key, default=default, at=at):
                return self.environment([key], default, at, module, depth, bound)
            case Choice(options=options, is_fallback=True):
                return self._fallback(options, module, depth, bound)
            case Choice(options=options):
                return some(value for one in options for value in self.of(one, module, depth - 1, bound))
            case Parameter(function=index, name=name):
                return self._parameter(module.function(index), name, module, depth, bound)
            case Result(call=index):
                call = module.call(index)
                return HOLES if call is None else self._result(call, module, depth, bound)
            case Item(base=base, key=key):
                return item(self, base, key, module, depth, bound)
            case Member(base=base, name=name):
                return self._attribute(self.objects.thing(base, module), name, depth)
            case Operation(operator=operator, left=left, right=right):
                pairs = itertools.product(
                    self.of(left, module, depth - 1, bound)[:4], self.of(right, module, depth - 1, bound)[:4]
                )
                return some(computed(operator, one, other) for one, other in pairs)
            case Element(iterable=iterable):
                return elements(self, iterable, module, depth, bound)
        return HOLES

    def _fallback(
        self, options: Sequence[Expression], module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        """The values of ``a or b``: of the later ones only where the earlier ones may be empty."""
        found: list[Resolved] = []
        for place, option in enumerate(options):
            values = self.of(option, module, depth - 1, bound)
            if place == len(options) - 1:
                return some([*found, *values])
            full = [one for one in values if one.value or not one.is_exact]
            found.extend(full)
            if len(full) == len(values) and all(one.is_exact for one in full):
                break
        return some(found)

    def template(
        self, parts: Sequence[Expression], module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        """Text (or a sum) put together from parts."""
        columns = [self.of(one, module, depth - 1, bound)[:4] for one in parts]
        values = []
        for row in itertools.islice(itertools.product(*columns), MAX_VALUES):
            numbers = [one.value for one in row if isinstance(one.value, int | float) and one.value is not True]
            chain = tuple(dict.fromkeys(place for one in row for place in one.chain))
            if len(numbers) == len(row) > 1:
                values.append(Resolved(sum(numbers), chain))
                continue
            text = "".join(HOLE if one.value is None else str(one.value) for one in row)
            exact = all(one.is_exact and one.value is not None for one in row)
            values.append(Resolved(text, chain, exact) if exact or text.replace(HOLE, "") else NOT_KNOWN)
        return some(values)

    def environment(
        self,
        keys: Sequence[str],
        default: Expression | None,
        at: Span,
        module: Module,
        depth: int,
        bound: Binding | None,
    ) -> list[Resolved]:
        """The values of the first of some environment variables that is set, else the default."""
        for key in keys:
            found = self._lookup(key) if self._lookup is not None else None
            if isinstance(found, Unknown):
                return HOLES
            if found:
                return some(through(Place(at, f"reads {key}"), found))
        if default is None:
            return HOLES
        place = Place(at, f"reads {', '.join(keys)}, which has a default")
        return through(place, self.of(default, module, depth - 1, bound))

    def name(self, name: str, module: Module, depth: int) -> list[Resolved]:
        """The values of a canonical name, asked in ``module``."""
        if name in self._busy or depth <= 0:
            return HOLES
        self._busy.add(name)
        try:
            owner, _, last = name.rpartition(".")
            passed = self._given.get((owner, last))
            if passed is not None:
                return self.of(passed[0], passed[1], depth - 1, None)
            passed = self._held(owner) if self._given else None
            if passed is not None:
                return self._attribute(self.objects.thing(*passed), last, depth - 1)
            if name in self.definitions.assignments:
                found = self._assigned(name, depth)
                return self._below(owner, last, found, depth) if owner in self.definitions.classes else found
            if owner == "django.conf.settings":
                return self.assigned_by(self.settings.django(last, module), last, depth)
            if not owner:
                return HOLES
            if last == "value" and owner in self.definitions.assignments:
                return self.name(owner, module, depth - 1)
            return self._attribute(self.objects.named(owner), last, depth)
        finally:
            self._busy.discard(name)

    def _held(self, name: str) -> Given | None:
        """What an attribute of an instance holds that the run gives: ``self.request`` of ``self.request.url``."""
        owner, _, last = name.rpartition(".")
        passed = self._given.get((owner, last))
        if passed is not None:
            return passed
        assignments = self.definitions.assignments.get(name, ())
        value, module = (assignments[0][0].value, assignments[0][1]) if len(assignments) == 1 else (None, None)
        function = module.function(value.function) if module is not None and isinstance(value, Parameter) else None
        if function is None or not isinstance(value, Parameter):
            return None
        return self._given.get((function.name, value.name))

    def _assigned(self, name: str, depth: int) -> list[Resolved]:
        owner, _, last = name.rpartition(".")
        if owner in self.definitions.classes and self.settings.reads_environment(owner):
            return self._field(owner, last, depth)
        return self.assigned_by(self.definitions.assignments[name], last, depth)

    def assigned_by(
        self, assignments: Iterable[tuple[PythonAssignment, Module]], name: str, depth: int
    ) -> list[Resolved]:
        """The values that assignments to one name leave standing: the last that surely happens and all after it."""
        standing: list[tuple[PythonAssignment, Module]] = []
        for assignment, module in assignments:
            if isinstance(assignment.value, Unknown) and assignment.annotation is not None:
                continue
            function = module.function(assignment.function)
            initial = function is None or function.name.endswith(".__init__")
            if not assignment.branch and initial and not assignment.augmented:
                standing = [one for one in standing if function is None and one[0].function is not None]
            standing.append((assignment, module))
        values: list[Resolved] = []
        for assignment, module in standing:
            if assignment.augmented:
                values.append(NOT_KNOWN)
                continue
            found = self.of(self.settings.plain(assignment.value, module), module, depth - 1, None)
            values.extend(through(Place(assignment.at, f"sets {name}"), found))
        return some(values)

    def _field(self, owner: str, name: str, depth: int) -> list[Resolved]:
        """A field of a settings class: its environment variable, else its default."""
        assignment, module = self.definitions.assignments[f"{owner}.{name}"][-1]
        keys = self.settings.environment_names(owner, name, assignment, module)
        default = None if isinstance(assignment.value, Unknown) else self.settings.plain(assignment.value, module)
        if isinstance(default, Unknown):
            default = None
        return self.environment(keys, default, assignment.at, module, depth - 1, None)

    def _attribute(self, thing: Thing, name: str, depth: int) -> list[Resolved]:
        definitions = self.definitions
        if not thing.is_known or depth <= 0:
            return HOLES
        if thing.name not in definitions.classes:
            full = f"{thing.name}.{name}"
            if full in definitions.assignments and full not in self._busy:
                return self._assigned(full, depth - 1)
            return HOLES
        owners = (thing.name, *self.objects.bases(thing.name))
        if thing.call is not None and thing.module is not None:
            given = thing.call.argument(name)
            if given is not None and not any(f"{one}.__init__" in definitions.functions for one in owners):
                return self.of(given.value, thing.module, depth - 1, None)
        found = self._inherited(thing, owners, name, depth)
        return self._below(thing.name, name, found or HOLES, depth)

    def _below(self, class_name: str, name: str, found: list[Resolved], depth: int) -> list[Resolved]:
        """What subclasses give an attribute that their base leaves open, else what was found."""
        if found is HOLES or all(one.value in (None, "") and one.is_exact for one in found):
            below = [f"{one}.{name}" for one in self._calls.subclasses(class_name)[:MAX_VALUES]]
            given = [one for one in below if one in self.definitions.assignments and one not in self._busy]
            if given:
                return some(value for one in given for value in self._assigned(one, depth - 1))
        return found

    def _inherited(self, thing: Thing, owners: Sequence[str], name: str, depth: int) -> list[Resolved] | None:
        definitions = self.definitions
        for owner in owners:
            full = f"{owner}.{name}"
            if full in definitions.assignments:
                bound = self._construction(thing, owner)
                assignments = definitions.assignments[full]
                if full in self._busy and owner == thing.name and bound is None:
                    return None
                if bound is not None and len(assignments) == 1:
                    assignment, module = assignments[0]
                    found = self.of(assignment.value, module, depth - 1, bound)
                    return through(Place(assignment.at, f"sets {name}"), found)
                return self._assigned(full, depth - 1)
            function = definitions.functions.get(full)
            if function is not None:
                return some(
                    value for one in function[0].returns for value in self.of(one, function[1], depth - 1, None)
                )
        return None

    def _construction(self, thing: Thing, owner: str) -> Binding | None:
        """What the call that made the instance gives ``__init__``."""
        init = self.definitions.functions.get(f"{owner}.__init__")
        if init is None or thing.call is None or thing.module is None or owner != thing.name:
            return None
        return bind(init[0], init[1], thing.call, thing.module, None)

    def _parameter(
        self, function: PythonFunction | None, name: str, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        if function is None:
            return HOLES
        if bound is not None and (function.name, name) in bound:
            expression, home, outer = bound[function.name, name]
            return self.of(expression, home, depth - 1, outer)
        passed = self._given.get((function.name, name))
        if passed is not None and (function.name, name) not in self._busy:
            self._busy.add((function.name, name))
            try:
                return self.of(passed[0], passed[1], depth - 1, None)
            finally:
                self._busy.discard((function.name, name))
        parameter = next((one for one in function.parameters if one.name == name), None)
        key = (module.path, function.name, name)
        if parameter is None or parameter.kind in ("*", "**") or key in self._busy:
            return HOLES
        self._busy.add(key)
        try:
            values: list[Resolved] = []
            callers = self._calls.callers(function, module) if depth > 4 else ()
            omitted = not callers
            for call, home in callers[:MAX_VALUES]:
                given = argument_for(call, function, name)
                if given is not None:
                    values.extend(through(Place(call.at, f"passes {name}"), self.of(given[0], home, depth - 2, None)))
                elif call.is_open or not is_direct(call, function):
                    values.append(NOT_KNOWN)
                else:
                    omitted = True
            if omitted and parameter.default is not None:
                values.extend(self.of(parameter.default, module, depth - 1, None))
            return some(values)
        finally:
            self._busy.discard(key)

    def _result(self, call: PythonCall, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        key = (module.path, id(call), id(bound))
        if key in self._busy:
            return HOLES
        self._busy.add(key)
        try:
            return result_of(self, call, module, depth, bound)
        finally:
            self._busy.discard(key)
