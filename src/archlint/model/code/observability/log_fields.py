"""Which fields a service's JSON log records carry.

In: the expressions that set JSON logging up. Out: ``Fields``, what a formatter is known to write, and whether more may
come. Fields that a filter, an adapter, an ``extra=`` or a bound context puts on records are looked for in all of the
service's code by ``extras_of``, and count only where the formatter writes what it was not told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    TOO_LARGE,
    Argument,
    Choice,
    Dictionary,
    Display,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonFunction,
    Result,
    Template,
)
from archlint.core.record import dataclass, pattern
from archlint.core.values import Place, Unknown
from archlint.model.code.objects import assigned, class_named, items_of, methods_of
from archlint.model.code.observability.log_field_libraries import ALIASES, FORMATTERS
from archlint.model.code.observability.log_formats import DUMPS
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_PERCENT = pattern(r"%\(([^)]+)\)")
_BRACES = pattern(r"\{(\w+)")
_JSON_KEY = pattern(r"[\"']([\w.@\-/]+)[\"']\s*:")
_OVERRIDES = frozenset(
    {"format", "formatMessage", "add_fields", "process_log_record", "json_record", "to_json", "get_log_fields"}
)
_DEPTH = 3


@dataclass(frozen=True)
class Fields:
    """What a set-up writes. ``is_open``: it may write more; ``extras``: it writes what others put on the record."""

    names: frozenset[str] = frozenset()
    is_open: bool = False
    extras: bool = False

    def __or__(self, other: Fields) -> Fields:
        return Fields(self.names | other.names, self.is_open or other.is_open, self.extras or other.extras)


OPEN = Fields(is_open=True)
NONE = Fields()


def lacking(fields: Fields) -> tuple[str, ...]:
    """The standard's fields that go by none of the names."""
    plain = {re.sub(r"[\W_]", "", name).lower() for name in fields.names}
    return tuple(field for field, names in ALIASES.items() if not plain & names)


def format_fields(written: str) -> Fields:
    """The fields of a format string that is JSON itself."""
    return Fields(frozenset(_JSON_KEY.findall(written)))


def formatter_fields(draft: Draft, expression: Expression, module: Module) -> Fields:
    """The fields of a formatter object."""
    if isinstance(expression, Choice):
        found = [formatter_fields(draft, one, module) for one in expression.options]
        return _merged(found)
    made = draft.program.origin(expression, module)
    if made is None:
        return OPEN
    call, where = made
    name = draft.program.callee(call, where)
    if name in ("logging.Formatter", "picologging.Formatter"):
        argument = call.argument("fmt", 0)
        return written_fields(draft, argument.value, where) if argument is not None else OPEN
    return class_fields(draft, name, call.arguments, where)


def written_fields(draft: Draft, expression: Expression, module: Module) -> Fields:
    """The fields of a format that is JSON text, or made by ``json.dumps``."""
    if isinstance(expression, Result):
        made = draft.program.origin(expression, module)
        if made is not None and DUMPS.search(draft.program.callee(*made)) and made[0].arguments:
            return keys_of(draft, made[0].arguments[0].value, made[1])
        return OPEN
    text = _text(draft, expression, module)
    return format_fields(text) if text is not None else OPEN


def formatter_places(draft: Draft, expression: Expression, module: Module) -> tuple[Place, ...]:
    """Where a formatter object is made, and where its class is defined."""
    made = draft.program.origin(expression, module)
    if made is None:
        return ()
    own = class_named(draft, draft.program.callee(*made))
    defined = (Place(own[0].at, "its formatter is defined here"),) if own is not None else ()
    return (Place(made[0].at, "its formatter is made here"), *defined)


def class_fields(
    draft: Draft, name: str, arguments: tuple[Argument, ...], module: Module, seen: frozenset[str] = frozenset()
) -> Fields:
    """The fields of a formatter class that is made with these arguments."""
    library = FORMATTERS.get(name)
    if library is not None:
        if library.is_open or any(one.name in ("*", "**") for one in arguments):
            return OPEN
        found = Fields(frozenset(library.fields), extras=library.extras)
        return found | _configured(draft, arguments, module, library.takes_format)
    own = class_named(draft, name)
    if own is None or name in seen:
        return OPEN
    definition, where = own
    methods = methods_of(draft, definition.name)
    mine = {key: found for key, found in methods.items() if found[0].owner == definition.name}
    constructor = mine.get("__init__")
    if constructor is not None:
        given = _passed_on(draft, constructor, arguments)
        if given is None:
            return OPEN
        arguments, module = given, where
    fields = NONE
    replaces = False
    for key in sorted(_OVERRIDES & set(mine)):
        function = mine[key]
        replaces = replaces or (key in ("format", "formatMessage") and _dumps(draft, function))
        fields |= function_fields(draft, function)
    if replaces:
        return fields
    bases = [draft.program.qualify(base, where) for base in definition.bases]
    return fields | (class_fields(draft, bases[0], arguments, module, seen | {name}) if bases else OPEN)


def function_fields(draft: Draft, function: tuple[PythonFunction, Module]) -> Fields:
    """All keys that a function and what it calls write into records (a formatter's method, one of structlog's
    processors): of what it dumps, and what it sets."""
    found = NONE
    for one, module in _called(draft, function):
        for call in draft.program.calls_in(one, module):
            last = call.name.rpartition(".")[2]
            if DUMPS.search(draft.program.callee(call, module)) and call.arguments:
                value = call.arguments[0].value
                if not isinstance(value, Parameter):
                    found |= keys_of(draft, value, module)
            elif last == "update":
                for argument in call.arguments:
                    if argument.name is None:
                        keys = keys_of(draft, argument.value, module)
                        found |= Fields(keys.names, extras=keys.is_open or keys.extras)
                    elif argument.name != "**":
                        found |= Fields(frozenset({argument.name}))
                    else:
                        found |= Fields(extras=True)
            elif last == "setdefault" and call.arguments and isinstance(call.arguments[0].value, Literal):
                found |= Fields(frozenset({str(call.arguments[0].value.value)}))
        found |= _set(draft, one, module)
    return found


def keys_of(draft: Draft, expression: Expression, module: Module, depth: int = 0) -> Fields:
    """The keys of a dictionary; open where part of it is not known."""
    expression, module = assigned(draft, expression, module)
    if depth > _DEPTH:
        return OPEN
    if isinstance(expression, Dictionary):
        names: set[str] = set()
        rest = NONE
        for key, value in expression.entries:
            if key is None:
                rest |= keys_of(draft, value, module, depth + 1)
            elif isinstance(key, Literal):
                names.add(str(key.value))
                if isinstance(value, Dictionary):
                    rest |= keys_of(draft, value, module, depth + 1)
            else:
                key_name = draft.program.evaluate(key, module)
                if isinstance(key_name, Unknown):
                    rest |= Fields(extras=True)
                else:
                    names.update(str(one.value) for one in key_name)
        return Fields(frozenset(names)) | rest
    if isinstance(expression, Choice):
        options = [one for one in expression.options if one != TOO_LARGE] or list(expression.options)
        # What a dictionary that is filled step by step has become: the steps are read one by one.
        return _merged([keys_of(draft, one, module, depth + 1) for one in options])
    if isinstance(expression, Member) and expression.name == "__dict__":
        return Fields(frozenset({"name", "levelname", "created"}), extras=True)
    if isinstance(expression, Result):
        call = module.call(expression.call)
        if call is not None:
            if call.name in ("vars", "dict", "?.copy") and call.arguments:
                return keys_of(draft, call.arguments[0].value, module, depth + 1)
            found = [
                keys_of(draft, value, where, depth + 1)
                for function, where in draft.program.called_functions(call, module)
                for value in function.returns
            ]
            if found:
                return _merged(found)
    if isinstance(expression, Literal) and expression.value is None:
        return NONE
    return OPEN


def _merged(found: list[Fields]) -> Fields:
    result = NONE
    for one in found:
        result |= one
    return result


def _text(draft: Draft, expression: Expression, module: Module) -> str | None:
    if isinstance(expression, Template):
        return "".join(str(one.value) if isinstance(one, Literal) else "%(message)s" for one in expression.parts)
    values = draft.program.evaluate(expression, module)
    if isinstance(values, Unknown) or not values or not isinstance(values[0].value, str):
        return None
    return values[0].value


def _configured(draft: Draft, arguments: tuple[Argument, ...], module: Module, takes_format: bool) -> Fields:
    """What a formatter's arguments add: its format's attributes, renamed and static fields."""
    names: set[str] = set()
    renamed: dict[str, str] = {}
    found = NONE
    has_format = False
    for index, one in enumerate(arguments):
        if one.name in ("fmt", "format") or (one.name is None and index == 0):
            if one.value == Literal(None):
                continue
            has_format = True
            listed = [item for item, _ in items_of(draft, one.value, module)]
            if isinstance(one.value, Display):
                names.update(str(item.value) for item in listed if isinstance(item, Literal))
                continue
            text = _text(draft, one.value, module)
            if text is None:
                return OPEN
            given = _PERCENT.findall(text) or _BRACES.findall(text) or re.findall(r"\w+", text)
            names.update(given)
        elif one.name in ("static_fields", "defaults", "extra", "extra_fields"):
            found |= keys_of(draft, one.value, module)
        elif one.name == "rename_fields":
            value, _ = assigned(draft, one.value, module)
            if not isinstance(value, Dictionary):
                return OPEN
            for key, new in value.entries:
                if isinstance(key, Literal) and isinstance(new, Literal):
                    renamed[str(key.value)] = str(new.value)
        elif one.name == "timestamp" and one.value != Literal(False):
            names.add("timestamp")
    if takes_format and not has_format:
        names.add("message")
    return Fields(frozenset(renamed.get(name, name) for name in names)) | found


def _passed_on(
    draft: Draft, constructor: tuple[PythonFunction, Module], arguments: tuple[Argument, ...]
) -> tuple[Argument, ...] | None:
    """What a constructor gives to its base's: the caller's arguments where it passes them on, None if not known."""
    function, module = constructor
    positions = [one.name for one in function.parameters if one.kind == "positional"][1:]
    given: dict[str, Argument] = {}
    for index, argument in enumerate(arguments):
        if argument.name is None and index < len(positions):
            given[positions[index]] = argument
        elif argument.name is not None:
            given[argument.name] = argument
    for call in draft.program.calls_in(function, module):
        if not call.name.endswith(".__init__"):
            continue
        found: list[Argument] = []
        for one in call.arguments:
            if one.name in ("*", "**"):
                # What its own parameters do not name goes on as it came.
                named = {parameter.name for parameter in function.parameters}
                found += [
                    argument
                    for argument in arguments
                    if (argument.name is None) == (one.name == "*") and (argument.name not in named)
                ]
            elif isinstance(one.value, Parameter):
                passed = given.get(one.value.name)
                default = next((p.default for p in function.parameters if p.name == one.value.name), None)
                if passed is not None:
                    found.append(Argument(passed.at, one.name, passed.value))
                elif default is not None:
                    found.append(Argument(one.at, one.name, default))
            else:
                found.append(one)
        return tuple(found)
    return None


def _dumps(draft: Draft, function: tuple[PythonFunction, Module]) -> bool:
    calls = draft.program.reachable(*function, depth=_DEPTH)
    return any(DUMPS.search(draft.program.callee(*one)) for one in calls)


def _set(draft: Draft, function: PythonFunction, module: Module) -> Fields:
    """The keys that a function sets: ``log["service"] = …``; a computed key copies what others put on the record."""
    names: set[str] = set()
    extras = False
    for one in module.facts.assignments:
        if one.function is None or module.facts.functions[one.function] is not function:
            continue
        if isinstance(one.target, Item):
            if isinstance(one.target.key, Literal):
                names.add(str(one.target.key.value))
                if isinstance(one.value, Dictionary):
                    names |= keys_of(draft, one.value, module).names
            else:
                values = draft.program.evaluate(one.target.key, module)
                if isinstance(values, Unknown):
                    extras = True
                else:
                    names.update(str(value.value) for value in values)
    return Fields(frozenset(names), extras=extras)


def _called(draft: Draft, function: tuple[PythonFunction, Module]) -> Iterator[tuple[PythonFunction, Module]]:
    seen = {function[0].name}
    level = [function]
    for _ in range(_DEPTH):
        yield from level
        following: list[tuple[PythonFunction, Module]] = []
        for one, module in level:
            for call in draft.program.calls_in(one, module):
                for called in draft.program.called_functions(call, module):
                    if called[0].name not in seen:
                        seen.add(called[0].name)
                        following.append(called)
        level = following
