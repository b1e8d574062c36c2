"""What format log records come out in: by formatter objects and classes, handlers, and structlog's renderers.

In: expressions of the code that sets logging up. Out: ``json``, ``text``, or UNKNOWN where a library outside the scan
formats.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from archlint.core.facts.python import (
    Argument,
    Choice,
    Display,
    Expression,
    Literal,
    Reference,
    Result,
    Template,
)
from archlint.core.record import pattern
from archlint.core.values import Unknown
from archlint.model.code.objects import class_named
from archlint.model.code.scope import Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

JSON = "json"


TEXT = "text"


STRUCTURED_IMPORTS = frozenset(
    (
        "json_log_formatter",
        "json_logging",
        "jsonlogger",
        "ecs_logging",
        "eliot",
        "watchtower",
        "logstash_async",
        "logstash",
        "logstash_formatter",
        "cmreslogging",
        "graypy",
        "pygelf",
        "logging_loki",
        "fluent.handler",
        "fluent.asynchandler",
        "google.cloud.logging",
        "aws_lambda_powertools.logging",
        "asgi_structlog",
        "fastapi_structlog",
        "django_structlog",
        "opentelemetry.sdk._logs",
        "azure.monitor.opentelemetry",
        "opencensus.ext.azure.log_exporter",
        "logfire",
        "aws_logging_handlers",
        "structured_logging",
        "splunk_handler",
        "datadog_json",
    )
)


JSON_FORMATTERS = pattern(
    r"pythonjsonlogger\.|dockerflow\.logging\.|json_log_formatter\.|ecs_logging\.|logstash|gelf|StackdriverFormatter|StructuredLog",
    re.IGNORECASE,
)


_NAMED_JSON = pattern(r"json", re.IGNORECASE)


DUMPS = pattern(r"(^|\.)(json|orjson|ujson|simplejson|rapidjson|msgspec\.json|msgspec)\.(dumps|encode|dump)$")


STRUCTLOG_JSON = ("structlog.processors.JSONRenderer", "structlog.JSONRenderer")


_STRUCTLOG_TEXT = pattern(r"structlog\.(\w+\.)*(ConsoleRenderer|KeyValueRenderer|LogfmtRenderer)$")


JSON_FORMAT = pattern(r"\s*\{\s*\\?[\"']")


def handler_format(draft: Draft, expression: Expression, module: Module) -> str | Unknown | None:
    """The format of a handler in a list of handlers; None where it says nothing of it."""
    made = draft.program.origin(expression, module)
    if made is None:
        return Unknown("a handler is not known")
    name = draft.program.callee(*made)
    if name.startswith("rich."):
        return TEXT
    if name.startswith("logging.") or name.startswith("picologging."):
        return None
    if _NAMED_JSON.search(name) or is_below(name, STRUCTURED_IMPORTS):
        return JSON
    if class_named(draft, name) is not None:
        return None
    return Unknown(f"{name} is not known")


def format_text(draft: Draft, expression: Expression, module: Module, around: Surroundings) -> str | Unknown | None:
    """The format string, None or UNKNOWN where it is not known."""
    if isinstance(expression, Template) and expression.parts and isinstance(expression.parts[0], Literal):
        return str(expression.parts[0].value)
    if isinstance(expression, Result):
        made = draft.program.origin(expression, module)
        if made is not None and DUMPS.search(draft.program.callee(*made)):
            return '{"'
    values = draft.program.evaluate(expression, module, around.lookup)
    if isinstance(values, Unknown) or not values:
        return None
    return str(values[0].value)


def formatter_format(draft: Draft, expression: Expression, module: Module) -> str | Unknown:
    """The format that a formatter object gives."""
    if isinstance(expression, Choice):
        options = [formatter_format(draft, one, module) for one in expression.options]
        return JSON if JSON in options else options[0]
    made = draft.program.origin(expression, module)
    if made is None:
        return Unknown("the formatter is not known")
    call, where = made
    name = draft.program.callee(call, where)
    if name in ("logging.Formatter", "picologging.Formatter"):
        argument = call.argument("fmt", 0)
        if argument is None:
            return Unknown("the format is not known") if call.is_open else TEXT
        text = argument.value
        if isinstance(text, Result):
            dumped = draft.program.origin(text, where)
            if dumped is not None and DUMPS.search(draft.program.callee(*dumped)):
                return JSON
        if isinstance(text, Template) and text.parts and isinstance(text.parts[0], Literal):
            return JSON if JSON_FORMAT.match(str(text.parts[0].value)) else TEXT
        values = draft.program.evaluate(text, where)
        if isinstance(values, Unknown) or not values or not isinstance(values[0].value, str):
            return TEXT
        return JSON if JSON_FORMAT.match(values[0].value) else TEXT
    if name == "structlog.stdlib.ProcessorFormatter":
        return renderer_format(draft, call.arguments, where)
    return class_format(draft, name, set())


def class_format(draft: Draft, name: str, seen: set[str]) -> str | Unknown:
    """The format of a formatter class, by its bases and by what its ``format`` returns."""
    if JSON_FORMATTERS.search(name):
        return JSON
    if name in seen:
        return Unknown("the formatter's bases are not known")
    seen.add(name)
    own = class_named(draft, name)
    if own is None:
        if _NAMED_JSON.search(name):
            return JSON
        if name.startswith(
            ("logging.", "uvicorn.logging.", "colorlog.", "colorama.", "rich.", "click", "gunicorn.glogging")
        ):
            return TEXT
        return Unknown(f"{name} is not known")
    definition, module = own
    for method in ("format", "formatMessage", "process_log_record", "json_record"):
        function = draft.program.function_named(f"{definition.name}.{method}")
        if function is not None:
            calls = draft.program.reachable(*function, depth=3)
            if any(DUMPS.search(draft.program.callee(*one)) for one in calls):
                return JSON
    for base in definition.bases:
        found = class_format(draft, draft.program.qualify(base, module), seen)
        if found == JSON or isinstance(found, Unknown):
            return found
    return TEXT


def renderer_format(draft: Draft, arguments: Iterable[Argument], module: Module) -> str | Unknown:
    """The format by the renderer among structlog's processors, wherever in this module it is made."""
    names: set[str] = set()
    given = {one.name for one in arguments}
    for expression in (one.value for one in arguments):
        for inner in names_in(draft, expression, module, 0):
            names.add(inner)
    if any(name in STRUCTLOG_JSON for name in names):
        return JSON
    # The list of processors is often put together step by step: look at all that the module makes.
    made = {draft.program.callee(one, module) for one in module.facts.calls if "Renderer" in one.name}
    if any(name in STRUCTLOG_JSON for name in made):
        return JSON
    if any(_STRUCTLOG_TEXT.search(name) for name in names | made):
        return TEXT
    if "wrap_for_formatter" in " ".join(names):
        return Unknown("structlog hands over to a formatter")
    if given & {"processors", None}:
        return Unknown("structlog's renderer is not known")
    return TEXT


def names_in(draft: Draft, expression: Expression, module: Module, depth: int) -> Iterator[str]:
    """The qualified names in an expression, through lists, choices and calls."""
    if depth > 6:
        return
    expression, module = assigned_value(draft, expression, module)
    if isinstance(expression, Display):
        for one in expression.items:
            yield from names_in(draft, one, module, depth + 1)
    elif isinstance(expression, Choice):
        for one in expression.options:
            yield from names_in(draft, one, module, depth + 1)
    elif isinstance(expression, Result):
        made = draft.program.origin(expression, module)
        if made is not None:
            yield draft.program.callee(*made)
    elif isinstance(expression, Reference):
        yield draft.program.qualify(expression, module)


def is_below(name: str, roots: Collection[str]) -> bool:
    """Whether a dotted name is one of the roots or something in one."""
    while name:
        if name in roots:
            return True
        name = name.rpartition(".")[0]
    return False
