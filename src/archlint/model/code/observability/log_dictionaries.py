"""Logging that is configured by a dictionary: ``dictConfig``, Django's ``LOGGING``, uvicorn's ``log_config``.

In: the expression of the dictionary. Out: a ``Found``: JSON if any of its formatters writes JSON, with the fields of
those, UNKNOWN where part of it is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Argument, Dictionary, Expression, Literal, Reference, Template
from archlint.core.span import Span
from archlint.core.values import Place, Unknown
from archlint.model.code.objects import class_named
from archlint.model.code.observability.log_extras import structlog_fields
from archlint.model.code.observability.log_field_libraries import CORRELATORS
from archlint.model.code.observability.log_fields import NONE, OPEN, Fields, class_fields, format_fields
from archlint.model.code.observability.log_formats import (
    JSON,
    JSON_FORMAT,
    JSON_FORMATTERS,
    STRUCTLOG_JSON,
    STRUCTURED_IMPORTS,
    TEXT,
    class_format,
    is_below,
    names_in,
)
from archlint.model.code.observability.log_found import Found, level_name
from archlint.model.code.scope import ServiceCode, Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

NOWHERE = Span("", 1, 1, 1, 1)


def dictionary_set_up(
    draft: Draft, code: ServiceCode, expression: Expression | None, module: Module, at: Span, around: Surroundings
) -> Found:
    """The format that a configuration dictionary gives: JSON if any of its formatters writes JSON."""
    if expression is None:
        return Found(at, Unknown("the logging configuration is not known"))
    expression, where = assigned_value(draft, expression, module)
    if not isinstance(expression, Dictionary):
        return Found(at, Unknown("the logging configuration is not known"))
    place = at
    formats: list[str | Unknown] = []
    level: str | Unknown | None = None
    has_formatters = False
    for path, value in _walk(draft, expression, where, (), 0):
        key = path[-1] if path else ""
        if key in ("()", "class") and ("formatters" in path):
            name = _class_text(draft, value, where)
            if name is not None:
                formats.append(class_format(draft, name, set()))
        elif key in ("class", "()") and "handlers" in path:
            name = _class_text(draft, value, where)
            if name is not None and (is_below(name, STRUCTURED_IMPORTS) or JSON_FORMATTERS.search(name)):
                formats.append(JSON)
        elif key in ("format", "fmt") and "formatters" in path and isinstance(value, Literal | Template):
            has_formatters = True
            first = value.parts[0] if isinstance(value, Template) and value.parts else value
            if isinstance(first, Literal) and JSON_FORMAT.match(str(first.value)):
                formats.append(JSON)
        elif key in ("processor", "processors"):
            names = set(names_in(draft, value, where, 0))
            if names & set(STRUCTLOG_JSON):
                formats.append(JSON)
        elif key == "level" and ("root" in path or path[:-1] == ("loggers", "")):
            level = level_name(draft, value, where, around)
        elif key == "?":
            formats.append(Unknown("a part of the logging configuration is not known"))
    if JSON in formats:
        return Found(
            place, JSON, level, _fields(draft, code, expression, where), related=_classes(draft, expression, where)
        )
    unknown = next((one for one in formats if isinstance(one, Unknown)), None)
    if unknown is not None and not (has_formatters and TEXT in formats):
        return Found(place, unknown, level)
    return Found(place, TEXT, level)


def _fields(draft: Draft, code: ServiceCode, expression: Dictionary, module: Module) -> Fields:
    """What the dictionary's JSON formatters write, with what its filters put on records."""
    found = NONE
    for entry, where in _entries(draft, expression, module, "formatters"):
        found |= _formatter(draft, code, entry, where)
    for entry, where in _entries(draft, expression, module, "handlers"):
        given = _given(entry)
        name = _class_text(draft, given["class"].value, where) if "class" in given else None
        if name is not None and is_below(name, STRUCTURED_IMPORTS):
            return OPEN
    for entry, where in _entries(draft, expression, module, "filters"):
        given = _given(entry)
        maker = given.get("()") or given.get("class")
        name = _class_text(draft, maker.value, where) if maker is not None else None
        if name is not None and is_below(name, CORRELATORS):
            found |= Fields(frozenset({"trace_id"}))
        elif name is None or not (name.startswith(("logging.", "django.")) or class_named(draft, name) is not None):
            found |= OPEN
    return found


def _classes(draft: Draft, expression: Dictionary, module: Module) -> tuple[Place, ...]:
    """Where the workspace's own formatters are defined."""
    found = []
    for entry, where in _entries(draft, expression, module, "formatters"):
        given = _given(entry)
        maker = given.get("()") or given.get("class")
        name = _class_text(draft, maker.value, where) if maker is not None else None
        own = class_named(draft, name) if name is not None else None
        if own is not None:
            found.append(Place(own[0].at, "its formatter is defined here"))
    return tuple(found)


def _formatter(draft: Draft, code: ServiceCode, entry: Expression, module: Module) -> Fields:
    given = _given(entry)
    maker = given.pop("()", None) or given.pop("class", None)
    written = given.get("format") or given.get("fmt")
    name = _class_text(draft, maker.value, module) if maker is not None else "logging.Formatter"
    if name in ("logging.Formatter", "picologging.Formatter"):
        if written is None or not isinstance(written.value, Literal) or not JSON_FORMAT.match(str(written.value.value)):
            return NONE
        return format_fields(str(written.value.value))
    if name is None:
        return OPEN
    if name.startswith("structlog."):
        is_json = any(set(names_in(draft, one.value, module, 0)) & set(STRUCTLOG_JSON) for one in given.values())
        return structlog_fields(draft, code) if is_json else NONE
    if class_format(draft, name, set()) == TEXT:
        return NONE
    arguments = tuple(
        Argument(one.at, "fmt" if key == "format" else key, one.value)
        for key, one in given.items()
        if key not in ("datefmt", "style", "class")
    )
    return class_fields(draft, name, arguments, module)


def _entries(draft: Draft, expression: Dictionary, module: Module, section: str) -> Iterator[tuple[Expression, Module]]:
    for key, value in expression.entries:
        if isinstance(key, Literal) and key.value == section:
            inner, where = assigned_value(draft, value, module)
            if isinstance(inner, Dictionary):
                for _, entry in inner.entries:
                    yield assigned_value(draft, entry, where)


def _given(entry: Expression) -> dict[str, Argument]:
    if not isinstance(entry, Dictionary):
        return {}
    return {
        str(key.value): Argument(NOWHERE, str(key.value), value)
        for key, value in entry.entries
        if isinstance(key, Literal)
    }


def _walk(
    draft: Draft, expression: Expression, module: Module, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], Expression]]:
    if depth > 8:
        return
    resolved, where = assigned_value(draft, expression, module) if depth else (expression, module)
    if isinstance(resolved, Dictionary):
        for key, value in resolved.entries:
            if key is None:
                inner, inner_module = assigned_value(draft, value, where)
                if isinstance(inner, Dictionary):
                    yield from _walk(draft, inner, inner_module, path, depth + 1)
                else:
                    yield (*path, "?"), value
                continue
            name = str(key.value) if isinstance(key, Literal) else "?key"
            yield from _walk(draft, value, where, (*path, name), depth + 1)
    else:
        yield path, resolved


def _class_text(draft: Draft, value: Expression, module: Module) -> str | None:
    if isinstance(value, Literal) and isinstance(value.value, str):
        text = value.value.replace("ext://", "")
        if class_named(draft, text) is not None:
            return text
        head, _, tail = text.rpartition(".")
        target = draft.program.import_target(module, head) if head else None
        return f"{target.facts.name}.{tail}" if target is not None else text
    if isinstance(value, Reference):
        return draft.program.qualify(value, module)
    return None
