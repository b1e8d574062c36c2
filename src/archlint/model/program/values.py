"""The values that expressions may have, across modules, with the chain of places that leads to each.

It knows the standard library's conversions and what settings classes and ``app.config`` mean; every other call is
UNKNOWN unless the workspace defines it. Bounded in depth and in the number of values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import join as join_paths
from urllib.parse import quote, urljoin

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Literal,
    Member,
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
from archlint.model.program.callgraph import CallGraph
from archlint.model.program.index import Definitions, Module
from archlint.model.program.objects import Objects, Thing, argument_for
from archlint.model.program.settings import environment_names, is_settings_class

HOLE = "{}"
"""What stands in a resolved text for a part that is not known."""

MAX_DEPTH = 16
MAX_VALUES = 8

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Resolved:
    """One value that an expression may have. In text, ``HOLE`` stands for each part that is not known, and ``is_exact``
    is then false. ``chain`` leads from the expression to where the value is written. Where some of several values are
    known and others are not, the others are one last ``Resolved(HOLE)`` that is not exact."""

    value: Value
    chain: tuple[Place, ...] = ()
    is_exact: bool = True


Lookup = Callable[[str], "Sequence[Resolved] | Unknown | None"]
"""Gives the values of an environment variable: None where nothing sets it, UNKNOWN where something unreadable does."""

Binding = Mapping[tuple[str, str], tuple[Expression, Module, "Binding | None"]]

_ENVIRONMENT_CALLS = {
    "os.getenv": "",
    "os.environ.get": "",
    "os.environ.setdefault": "",
    "os.environ.pop": "",
    "os.environ.__getitem__": "",
    "decouple.config": "",
    "decouple.AutoConfig": "",
    "starlette.config.Config": "",
    "environ.Env": "",
    "environs.Env": "",
    "environs.env": "",
    "environ.FileAwareEnv": "",
    "prettyconf.config": "",
}
_ENVIRONMENT_OWNERS = ("environ.Env.", "environs.Env.", "environs.env.", "environ.FileAwareEnv.", "marshmallow.env.")
_NUMBERS: dict[str, Callable[[Value], Value]] = {
    "int": lambda value: int(float(value)) if isinstance(value, str) and "." in value else int(value),  # type: ignore[arg-type]
    "float": lambda value: float(value),  # type: ignore[arg-type]
}
_FALSE_TEXTS = frozenset({"", "0", "false", "no", "off", "n", "f"})


class Values:
    """Evaluates expressions."""

    def __init__(self, definitions: Definitions, objects: Objects, calls: CallGraph) -> None:
        self._definitions = definitions
        self._objects = objects
        self._calls = calls

    def evaluate(
        self, expression: Expression | None, module: Module, lookup: Lookup | None = None
    ) -> tuple[Resolved, ...] | Unknown:
        """The values, most usual first; UNKNOWN where none is known."""
        if expression is None:
            return UNKNOWN
        if isinstance(expression, Literal):
            return (Resolved(expression.value),)
        found = _Evaluation(self._definitions, self._objects, self._calls, lookup).of(
            expression, module, MAX_DEPTH, None
        )
        return _result(found)


def _result(found: list[Resolved]) -> tuple[Resolved, ...] | Unknown:
    known = [one for one in found if one.is_exact or one.value != HOLE]
    if not known:
        return UNKNOWN
    return tuple(known) if len(known) == len(found) else (*known, Resolved(HOLE, (), False))


_HOLE = [Resolved(HOLE, (), False)]


class _Evaluation:
    """One evaluation. What is not known is a hole, so that text around it survives."""

    def __init__(self, definitions: Definitions, objects: Objects, calls: CallGraph, lookup: Lookup | None) -> None:
        self._definitions = definitions
        self._objects = objects
        self._calls = calls
        self._lookup = lookup
        self._busy: set[object] = set()
        self._budget = 2000

    def of(self, expression: Expression, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        """The values of an expression; never empty."""
        self._budget -= 1
        if depth <= 0 or self._budget < 0:
            return _HOLE
        match expression:
            case Literal(value=value):
                return [Resolved(value)]
            case Template(parts=parts):
                return self._template(parts, module, depth, bound)
            case Reference(name=name):
                return self._name(self._definitions.canonical(name, module), depth)
            case EnvironmentRead(key=key, default=default, at=at):
                return self._environment([key], default, at, module, depth, bound)
            case Choice(options=options):
                return _some(value for one in options for value in self.of(one, module, depth - 1, bound))
            case Parameter(function=index, name=name):
                return self._parameter(module.function(index), name, module, depth, bound)
            case Result(call=index):
                call = module.call(index)
                return _HOLE if call is None else self._result(call, module, depth, bound)
            case Item(base=base, key=key):
                return self._item(base, key, module, depth, bound)
            case Member(base=base, name=name):
                if name in ("value", "str_value") and isinstance(base, Reference):
                    return self.of(base, module, depth - 1, bound)
                return self._attribute(self._objects.thing(base, module), name, depth)
            case Element(iterable=iterable):
                return self._elements(iterable, module, depth, bound)
        return _HOLE

    def _template(
        self, parts: Sequence[Expression], module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        columns = [self.of(one, module, depth - 1, bound)[:4] for one in parts]
        values = []
        for row in itertools.islice(itertools.product(*columns), MAX_VALUES):
            numbers = [
                one.value for one in row if isinstance(one.value, int | float) and not isinstance(one.value, bool)
            ]
            chain = tuple(dict.fromkeys(place for one in row for place in one.chain))
            if len(numbers) == len(row) > 1:
                values.append(Resolved(sum(numbers), chain))
                continue
            texts = [HOLE if one.value is None else str(one.value) for one in row]
            exact = all(one.is_exact and one.value is not None for one in row)
            text = "".join(texts)
            values.append(
                Resolved(HOLE, (), False) if not text.replace(HOLE, "") and not exact else Resolved(text, chain, exact)
            )
        return _some(values)

    def _environment(
        self,
        keys: Iterable[str],
        default: Expression | None,
        at: Span,
        module: Module,
        depth: int,
        bound: Binding | None,
    ) -> list[Resolved]:
        for key in keys:
            place = Place(at, f"reads {key}")
            found = self._lookup(key) if self._lookup is not None else None
            if isinstance(found, Unknown):
                return _HOLE
            if found:
                return _some(replace(one, chain=(place, *one.chain)) for one in found)
        if default is None:
            return _HOLE
        place = Place(at, f"reads {', '.join(keys)}, which has a default")
        values = self.of(default, module, depth - 1, bound)
        return [replace(one, chain=(place, *one.chain)) for one in values]

    def _name(self, name: str, depth: int) -> list[Resolved]:
        if name in self._busy:
            return _HOLE
        self._busy.add(name)
        try:
            if name in self._definitions.assignments:
                return self._assigned(name, depth)
            owner, _, last = name.rpartition(".")
            if not owner:
                return _HOLE
            if last == "value" and owner in self._definitions.assignments:
                return self._name(owner, depth - 1)
            return self._attribute(self._objects.named(owner), last, depth)
        finally:
            self._busy.discard(name)

    def _assigned(self, name: str, depth: int) -> list[Resolved]:
        owner, _, last = name.rpartition(".")
        if owner in self._definitions.classes and self._is_settings(owner):
            return self._field(owner, last, depth)
        options: list[tuple[PythonAssignment, Module]] = []
        for assignment, module in self._definitions.assignments[name]:
            if assignment.annotation is not None and isinstance(assignment.value, Unknown) and options:
                continue
            if not assignment.branch and assignment.function is None and not assignment.augmented:
                options.clear()
            options.append((assignment, module))
        values: list[Resolved] = []
        for assignment, module in options:
            if assignment.augmented:
                values.extend(_HOLE)
                continue
            place = Place(assignment.at, f"sets {last}")
            found = self.of(self._plain(assignment.value, module), module, depth - 1, None)
            values.extend(one if one.value == HOLE else replace(one, chain=(place, *one.chain)) for one in found)
        values = _some(values)
        if owner in self._definitions.classes and all(one.value is None or not one.is_exact for one in values):
            initial = [one for one in values if one.is_exact]
            return initial or values
        return values

    def _plain(self, value: Expression, module: Module) -> Expression:
        """The default in ``Field(default=...)`` of a data class or pydantic model."""
        if isinstance(value, Result):
            call = module.call(value.call)
            if call is not None and call.name.rpartition(".")[2] in ("Field", "field", "attrib", "ib"):
                default = call.argument("default", 0)
                return default.value if default is not None else UNKNOWN
        return value

    def _is_settings(self, class_name: str) -> bool:
        return is_settings_class(self._objects.bases(class_name))

    def _field(self, owner: str, name: str, depth: int) -> list[Resolved]:
        assignments = self._definitions.assignments.get(f"{owner}.{name}")
        if not assignments:
            return _HOLE
        assignment, module = assignments[-1]
        keys = environment_names(self._definitions, self._objects.bases(owner), owner, name, assignment, module)
        default = None if isinstance(assignment.value, Unknown) else self._plain(assignment.value, module)
        if isinstance(default, Unknown):
            default = None
        return self._environment(keys, default, assignment.at, module, depth - 1, None)

    def _attribute(self, thing: Thing, name: str, depth: int) -> list[Resolved]:
        if not thing.is_known or thing.name not in self._definitions.classes:
            if thing.is_known and f"{thing.name}.{name}" in self._definitions.assignments:
                return self._name(f"{thing.name}.{name}", depth - 1)
            return _HOLE
        if thing.call is not None and thing.module is not None and not self._has_init(thing.name):
            given = thing.call.argument(name)
            if given is not None:
                return self.of(given.value, thing.module, depth - 1, None)
        for owner in (thing.name, *self._objects.bases(thing.name)):
            full = f"{owner}.{name}"
            if full in self._definitions.assignments:
                bound = self._construction(thing, owner)
                if bound is not None and full not in self._busy:
                    self._busy.add(full)
                    found = self._constructed(full, bound, depth)
                    self._busy.discard(full)
                    if found is not None:
                        return found
                return self._name(full, depth - 1)
            function = self._definitions.functions.get(full)
            if function is not None:
                return _some(
                    value for one in function[0].returns for value in self.of(one, function[1], depth - 1, None)
                )
        return _HOLE

    def _has_init(self, class_name: str) -> bool:
        return any(
            f"{one}.__init__" in self._definitions.functions for one in (class_name, *self._objects.bases(class_name))
        )

    def _construction(self, thing: Thing, owner: str) -> Binding | None:
        init = self._definitions.functions.get(f"{owner}.__init__")
        if init is None or thing.call is None or thing.module is None or owner != thing.name:
            return None
        return _bind(init[0], init[1], thing.call, thing.module, None)

    def _constructed(self, full: str, bound: Binding, depth: int) -> list[Resolved] | None:
        """The value that one ``__init__`` gives an attribute of one instance."""
        assignments = self._definitions.assignments[full]
        if len(assignments) != 1:
            return None
        assignment, module = assignments[0]
        return self.of(assignment.value, module, depth - 1, bound)

    def _parameter(
        self, function: PythonFunction | None, name: str, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        if function is None:
            return _HOLE
        key = (function.name, name)
        if bound is not None and key in bound:
            expression, home, outer = bound[key]
            return self.of(expression, home, depth - 1, outer)
        parameter = next((one for one in function.parameters if one.name == name), None)
        if parameter is None or parameter.kind in ("*", "**") or (module.path, key) in self._busy:
            return _HOLE
        self._busy.add((module.path, key))
        try:
            values: list[Resolved] = []
            omitted = True
            if depth > 4:
                callers = self._calls.callers(function, module)
                omitted = not callers
                for call, home in callers[:MAX_VALUES]:
                    given = argument_for(call, function, name)
                    if given is not None:
                        values.extend(self.of(given[0], home, depth - 2, None))
                    else:
                        omitted = omitted or not call.is_open
                        values.extend(_HOLE if call.is_open else ())
            if omitted and bound is not None:
                omitted = True
            if omitted and parameter.default is not None:
                values.extend(self.of(parameter.default, module, depth - 1, None))
            return _some(values)
        finally:
            self._busy.discard((module.path, key))

    def _item(
        self, base: Expression, key: Expression, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        pair = self._pair(base, key, module, depth, bound)
        if pair is not None:
            return pair
        if isinstance(base, Reference) and self._definitions.canonical(base.name, module) in (
            "os.environ",
            "os.environb",
        ):
            return self._read_by_name(key, None, module, depth, bound)
        keys = (
            [key]
            if isinstance(key, Literal)
            else [Literal(one.value) if one.is_exact else UNKNOWN for one in self.of(key, module, depth - 1, bound)]
        )
        found = self._objects.structure(base, module)
        if found is not None:
            values = [
                value
                for one in keys
                for item, home in self._objects.entries(found, one)
                for value in self.of(item, home, depth - 1, bound if home is module else None)
            ]
            if values:
                return _some(values)
        if isinstance(key, Literal) and isinstance(key.value, str):
            return self._configured(base, key.value, module, depth)
        return _HOLE

    def _pair(
        self, base: Expression, key: Expression, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved] | None:
        """The parts of ``for key, value in mapping.items()`` and ``for index, item in enumerate(items)``."""
        if not (isinstance(base, Element) and isinstance(base.iterable, Result) and isinstance(key, Literal)):
            return None
        call = module.call(base.iterable.call)
        if call is None:
            return None
        if call.name == "enumerate" and key.value == 1 and call.arguments:
            return self.of(Element(call.arguments[0].value), module, depth - 1, bound)
        if isinstance(call.callee, Member | Reference) and call.name.endswith(".items") and not call.arguments:
            owner = (
                call.callee.base if isinstance(call.callee, Member) else Reference(call.callee.name.rpartition(".")[0])
            )
            found = self._objects.structure(owner, module)
            if found is not None and isinstance(found[0], Dictionary):
                pairs = [(one, value) for one, value in found[0].entries if one is not None]
                parts = [one for one, _ in pairs] if key.value == 0 else [value for _, value in pairs]
                return _some(value for one in parts for value in self.of(one, found[1], depth - 1, None))
        return None

    def _elements(self, iterable: Expression, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        found = self._objects.structure(iterable, module)
        if found is None and isinstance(iterable, Result):
            call = module.call(iterable.call)
            if call is not None and call.name.endswith((".values", ".keys")):
                owner = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
                found = self._objects.structure(owner, module)
                if found is not None and call.name.endswith(".keys"):
                    return self._elements(owner, module, depth - 1, bound)
                if found is not None and isinstance(found[0], Dictionary):
                    return _some(
                        one for _, value in found[0].entries for one in self.of(value, found[1], depth - 1, None)
                    )
        if found is None:
            return _HOLE
        value, home = found
        inner = bound if home is module else None
        if isinstance(value, Comprehension):
            return self.of(value.element, home, depth - 1, inner)
        if isinstance(value, Display):
            return _some(one for item in value.items for one in self.of(item, home, depth - 1, inner))
        if isinstance(value, Dictionary):
            return _some(
                one for key, _ in value.entries if key is not None for one in self.of(key, home, depth - 1, inner)
            )
        return _HOLE

    def _configured(self, base: Expression, key: str, module: Module, depth: int) -> list[Resolved]:
        """``app.config["KEY"]``: what the nearest modules set under that key, or the configuration class they load."""
        name = base.name if isinstance(base, Reference | Member) else ""
        if name.rpartition(".")[2] != "config":
            return _HOLE
        options = [
            one
            for one in self._definitions.items.get(key, ())
            if isinstance(one[0].target, Item)
            and isinstance(one[0].target.base, Reference | Member)
            and one[0].target.base.name.rpartition(".")[2] == "config"
        ]
        nearest = max((_shared(module.path, home.path) for _, home in options), default=0)
        values: list[Resolved] = []
        for assignment, home in options:
            if _shared(module.path, home.path) == nearest:
                place = Place(assignment.at, f"sets {key}")
                found = self.of(assignment.value, home, depth - 1, None)
                values.extend(replace(one, chain=(place, *one.chain)) for one in found)
        if values:
            return _some(values)
        for class_name, call_module in self._configurations():
            if _shared(module.path, call_module.path) > 0 or "/" not in module.path:
                full = f"{class_name}.{key}"
                if full in self._definitions.assignments:
                    return self._name(full, depth - 1)
        return _HOLE

    def _configurations(self) -> list[tuple[str, Module]]:
        """The classes and modules that ``app.config.from_object`` loads."""
        found = []
        for call, module in self._calls.named("from_object"):
            for argument in call.arguments[:1]:
                if isinstance(argument.value, Literal) and isinstance(argument.value.value, str):
                    found.append((self._definitions.canonical(argument.value.value, module), module))
                else:
                    thing = self._objects.thing(argument.value, module)
                    if thing.is_known:
                        found.append((thing.name, module))
        return found

    def _read_by_name(
        self, key: Expression, default: Expression | None, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        """An environment variable whose name is itself an expression."""
        keys = self.of(key, module, depth - 1, bound)
        at = module.facts.at
        values = [
            value
            for one in keys
            for value in (
                self._environment([one.value], default, one.chain[-1].at if one.chain else at, module, depth - 1, bound)
                if one.is_exact and isinstance(one.value, str)
                else _HOLE
            )
        ]
        return _some(values)

    def _result(self, call: PythonCall, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        key = (module.path, id(call), id(bound))
        if key in self._busy:
            return _HOLE
        self._busy.add(key)
        try:
            return self._called(call, module, depth, bound)
        finally:
            self._busy.discard(key)

    def _called(self, call: PythonCall, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        arguments = call.arguments
        name = self._objects.called_name(call, module)
        last = name.rpartition(".")[2]
        if name in self._definitions.functions:
            function, home = self._definitions.functions[name]
            inner = _bind(function, home, call, module, bound)
            return _some(value for one in function.returns for value in self.of(one, home, depth - 1, inner))
        if name in _ENVIRONMENT_CALLS or name.startswith(_ENVIRONMENT_OWNERS):
            key = call.argument("key", 0) or call.argument("name", 0) or call.argument("var", 0)
            default = call.argument("default", 1 if name.startswith("os.") else None)
            if key is None:
                return _HOLE
            if isinstance(key.value, Literal) and isinstance(key.value.value, str):
                given = None if default is None or default.value == Literal(None) else default.value
                return self._environment([key.value.value], given, call.at, module, depth, bound)
            return self._read_by_name(key.value, default.value if default else None, module, depth, bound)
        if (
            name in _NUMBERS
            or name in ("str", "bool")
            or last in ("quote", "quote_plus", "SecretStr", "AnyHttpUrl", "HttpUrl", "URL", "Path")
        ):
            if not arguments:
                return _HOLE
            return _some(_converted(one, last) for one in self.of(arguments[0].value, module, depth - 1, bound))
        if last == "urljoin" and len(arguments) >= 2:
            return self._combined(arguments[0].value, arguments[1].value, urljoin, module, depth, bound)
        if name in ("os.path.join", "posixpath.join") and len(arguments) == 2:
            return self._combined(arguments[0].value, arguments[1].value, join_paths, module, depth, bound)
        if name == "datetime.timedelta":
            return self._seconds(call, module, depth, bound)
        if isinstance(call.callee, Member):
            return self._method(call, call.callee.base, call.callee.name, module, depth, bound)
        if isinstance(call.callee, Reference) and "." in call.callee.name:
            owner, _, method = call.callee.name.rpartition(".")
            return self._method(call, Reference(owner), method, module, depth, bound)
        return _HOLE

    def _method(
        self, call: PythonCall, base: Expression, method: str, module: Module, depth: int, bound: Binding | None
    ) -> list[Resolved]:
        arguments = call.arguments
        if method == "get" and arguments:
            found = self._item(base, arguments[0].value, module, depth - 1, bound)
            if found == _HOLE and len(arguments) > 1 and self._is_config(base):
                return self.of(arguments[1].value, module, depth - 1, bound)
            return found
        if method in ("get_secret_value", "decode", "encode", "unicode_string", "as_posix"):
            return self.of(base, module, depth - 1, bound)
        if method == "join" and len(arguments) == 1:
            found_structure = self._objects.structure(arguments[0].value, module)
            separator = self.of(base, module, depth - 1, bound)
            if (
                found_structure
                and isinstance(found_structure[0], Display)
                and len(separator) == 1
                and separator[0].is_exact
            ):
                parts: list[Expression] = []
                for item in found_structure[0].items:
                    parts.extend([Literal(separator[0].value), item] if parts else [item])
                return self._template(parts, found_structure[1], depth - 1, None)
            return _HOLE
        if method in _TEXT_METHODS:
            given = [self.of(one.value, module, depth - 1, bound) for one in arguments]
            if all(len(one) == 1 and one[0].is_exact for one in given):
                values = [one[0].value for one in given]
                return _some(_texted(one, method, values) for one in self.of(base, module, depth - 1, bound))
        return _HOLE

    def _is_config(self, base: Expression) -> bool:
        return isinstance(base, Reference | Member) and base.name.rpartition(".")[2] == "config"

    def _combined(
        self,
        one: Expression,
        other: Expression,
        join: Callable[[str, str], str],
        module: Module,
        depth: int,
        bound: Binding | None,
    ) -> list[Resolved]:
        values = []
        for left, right in itertools.product(
            self.of(one, module, depth - 1, bound)[:4], self.of(other, module, depth - 1, bound)[:4]
        ):
            if isinstance(left.value, str) and isinstance(right.value, str):
                try:
                    text = join(left.value, right.value)
                except ValueError:
                    text = HOLE
                exact = left.is_exact and right.is_exact
                values.append(Resolved(text, left.chain + right.chain, exact) if text != HOLE else _HOLE[0])
            else:
                values.append(_HOLE[0])
        return _some(values)

    def _seconds(self, call: PythonCall, module: Module, depth: int, bound: Binding | None) -> list[Resolved]:
        units = {
            "days": 86400.0,
            "seconds": 1.0,
            "microseconds": 1e-6,
            "milliseconds": 1e-3,
            "minutes": 60.0,
            "hours": 3600.0,
            "weeks": 604800.0,
        }
        total, chain = 0.0, []
        for place, argument in enumerate(call.arguments):
            unit = argument.name or (list(units)[place] if place < len(units) else "")
            found = self.of(argument.value, module, depth - 1, bound)
            if len(found) != 1 or unit not in units or not isinstance(found[0].value, int | float):
                return _HOLE
            total += units[unit] * found[0].value
            chain.extend(found[0].chain)
        return [Resolved(total, tuple(chain))]


_TEXT_METHODS = frozenset(
    {
        "rstrip",
        "strip",
        "lstrip",
        "lower",
        "upper",
        "replace",
        "removesuffix",
        "removeprefix",
        "title",
        "split",
        "format",
    }
)


def _texted(one: Resolved, method: str, arguments: list[Value]) -> Resolved:
    if not isinstance(one.value, str) or one.value == HOLE or method in ("split", "format"):
        return _HOLE[0]
    try:
        return replace(one, value=getattr(one.value, method)(*arguments))
    except (TypeError, ValueError):
        return _HOLE[0]


def _converted(one: Resolved, kind: str) -> Resolved:
    value = one.value
    if not one.is_exact:
        return one if kind not in ("int", "float", "bool") else _HOLE[0]
    if kind in _NUMBERS:
        try:
            return replace(one, value=_NUMBERS[kind](value))
        except (TypeError, ValueError, OverflowError):
            return _HOLE[0]
    if kind == "bool":
        return replace(one, value=value.lower() not in _FALSE_TEXTS if isinstance(value, str) else bool(value))
    if kind.startswith("quote"):
        return replace(one, value=quote(value)) if isinstance(value, str) else one
    return replace(one, value=str(value)) if value is not None else _HOLE[0]


def _bind(function: PythonFunction, home: Module, call: PythonCall, module: Module, outer: Binding | None) -> Binding:
    """What a call gives each parameter of a function, defaults included."""
    bound: dict[tuple[str, str], tuple[Expression, Module, Binding | None]] = {}
    for parameter in function.parameters:
        given = argument_for(call, function, parameter.name)
        if given is not None:
            bound[function.name, parameter.name] = (given[0], module, outer)
        elif parameter.kind in ("positional", "keyword"):
            missing: Expression = UNKNOWN if call.is_open or parameter.default is None else parameter.default
            bound[function.name, parameter.name] = (missing, home, None)
    return bound


def _some(values: Iterable[Resolved]) -> list[Resolved]:
    """The values, each once (by value and exactness) and not too many; a hole where there is none."""
    found: dict[tuple[type, Value, bool], Resolved] = {}
    for one in values:
        found.setdefault((type(one.value), one.value, one.is_exact), one)
        if len(found) >= MAX_VALUES:
            break
    return list(found.values()) or _HOLE


def _shared(one: str, other: str) -> int:
    """How many leading directories two paths share."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
