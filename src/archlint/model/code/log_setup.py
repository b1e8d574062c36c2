"""How a service sets up its logs: what format they come out in, at which level, with which fields.

In: the modules of one service, shared ones too. Out: a LoggingSetup, None where nothing sets logging up, UNKNOWN where
something that is not read may (a company's own library, a configuration file given at launch). A service that sets up
JSON anywhere is taken to log JSON: text beside it is usually a development switch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    Parameter,
    PythonCall,
    Reference,
    Result,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.services import LoggingSetup
from archlint.core.values import UNKNOWN, Unknown, is_unknown
from archlint.model.code.log_formats import (
    DUMPS,
    JSON,
    JSON_FORMAT,
    JSON_FORMATTERS,
    STRUCTLOG_JSON,
    STRUCTURED_IMPORTS,
    TEXT,
    class_format,
    format_text,
    formatter_format,
    handler_format,
    is_below,
    names_in,
    renderer_format,
)
from archlint.model.code.names import words_of
from archlint.model.code.objects import class_named
from archlint.model.code.scope import ServiceCode, Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

"""Libraries that ship structured records, to a platform or as JSON: importing them in production code is using them."""

_LOG_WORDS = frozenset({"log", "logs", "logging", "logger", "loggers", "logutils", "logconfig", "logsetup"})
_NO_SET_UP = frozenset(
    [
        "logging",
        "loguru",
        "structlog",
        "django",
        "flask",
        "werkzeug",
        "fastapi",
        "starlette",
        "uvicorn",
        "gunicorn",
        "aiohttp",
        "celery",
        "sqlalchemy",
        "kombu",
        "tornado",
        "sanic",
        "quart",
        "google",
        "azure",
        "botocore",
        "boto3",
        "alembic",
        "twisted",
        "absl",
        "rich",
        "click",
        "tqdm",
        "grpc",
        "scrapy",
        "pytest",
        "torch",
        "math",
        "tensorflow",
        "sklearn",
        "transformers",
        "multiprocessing",
        "concurrent",
        "asyncio",
        "distutils",
        "setuptools",
        "nameko",
        "kafka",
        "pika",
        "tenacity",
        "langchain",
        "langchain_core",
        "airflow",
        "dagster",
        "prefect",
        "pytorch_lightning",
        "wandb",
        "mlflow",
        "numpy",
        "scipy",
        "typing",
        "logging_tree",
        "__future__",
    ]
)


_SET_UPS = frozenset({"basicConfig", "dictConfig", "fileConfig", "setFormatter", "configure", "add", "run"})


@dataclass(frozen=True)
class _Found:
    at: Span
    format: str | Unknown
    level: str | Unknown | None = None
    fields: tuple[str, ...] | Unknown = UNKNOWN
    rank: int = 0


def logging_of(draft: Draft, code: ServiceCode, around: Surroundings) -> LoggingSetup | Unknown | None:
    """What sets up the service's logs."""
    found = sorted(
        (one for module in code.modules for one in _set_ups(draft, module, around)),
        key=lambda one: (one.rank, _distance(one.at.path, code), one.at),
    )
    for wanted in (JSON, None, TEXT):
        for one in found:
            if (is_unknown(one.format) and wanted is None) or one.format == wanted:
                if is_unknown(one.format):
                    return one.format
                return LoggingSetup(
                    at=one.at,
                    name=code.service.name,
                    key=f"logging of {code.service.name}",
                    format=one.format,
                    level=one.level,
                    fields=one.fields if one.format == JSON else (),
                )
    return _unread_set_up(draft, code)


def _distance(path: str, code: ServiceCode) -> int:
    return 0 if any(module.path == path for module in code.own) else 1


def _set_ups(draft: Draft, module: Module, around: Surroundings) -> Iterator[_Found]:
    for one in module.facts.imports:
        full = f"{one.module}.{one.name}" if one.name else one.module
        if not one.typing_only and is_below(full, STRUCTURED_IMPORTS):
            yield _Found(one.at, JSON)
    imported = {one.module.split(".")[0] for one in module.facts.imports}
    for call in module.calls_named(_SET_UPS):
        last = call.name.rpartition(".")[2]
        if last == "basicConfig":
            if draft.program.callee(call, module) == "logging.basicConfig":
                yield _basic(draft, call, module, around)
        elif last in ("dictConfig", "fileConfig"):
            name = draft.program.callee(call, module)
            if name == "logging.config.dictConfig":
                argument = call.argument("config", 0)
                yield _from_dict(draft, argument.value if argument else None, module, call.at, around)
            elif name == "logging.config.fileConfig":
                yield _Found(call.at, Unknown("logging is configured by a file"))
        elif last == "setFormatter":
            argument = call.argument("fmt", 0)
            if argument is not None and ("logging" in imported or "picologging" in imported):
                yield _Found(call.at, formatter_format(draft, argument.value, module))
        elif last == "configure" and "structlog" in imported:
            if draft.program.callee(call, module) in ("structlog.configure", "structlog.configure_once"):
                yield _structlog(draft, call, module)
        elif last in ("add", "configure") and "loguru" in imported:
            if draft.program.callee(call, module).startswith("loguru."):
                yield _loguru(draft, call, module, around)
        elif last == "run" and call.argument("log_config") is not None and call.name.startswith("uvicorn"):
            given = call.argument("log_config")
            assert given is not None
            if not (isinstance(given.value, Literal) and given.value.value is None):
                yield _from_dict(draft, given.value, module, call.at, around)
    for assignment in module.facts.assignments:
        name = assignment.target.name if isinstance(assignment.target, Reference) else ""
        if name == f"{module.facts.name}.LOGGING" and "settings" in module.facts.name.split("."):
            yield _from_dict(draft, assignment.value, module, assignment.at, around)
    if "loguru" in imported or "structlog" in imported:
        # Both write plain lines to the console where nobody configures them.
        at = next(one.at for one in module.facts.imports if one.module.split(".")[0] in ("loguru", "structlog"))
        yield _Found(at, TEXT, rank=1)


def _basic(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> _Found:
    level = _level(draft, call.argument("level"), module, around)
    handlers = call.argument("handlers")
    if handlers is not None:
        inner = [handler_format(draft, one, module) for one in _items(handlers.value)]
        if any(one == JSON for one in inner):
            return _Found(call.at, JSON, level)
        unknown = next((one for one in inner if isinstance(one, Unknown)), None)
        if unknown is not None:
            return _Found(call.at, unknown, level)
    given = call.argument("format")
    if given is not None:
        written = format_text(draft, given.value, module, around)
        if written is None or isinstance(written, Unknown):
            return _Found(call.at, Unknown("the format is not known"), level)
        if JSON_FORMAT.match(written):
            return _Found(call.at, JSON, level, _fields_of(written))
    elif call.is_open:
        return _Found(call.at, Unknown("basicConfig takes arguments that are not known"), level)
    return _Found(call.at, TEXT, level)


def _structlog(draft: Draft, call: PythonCall, module: Module) -> _Found:
    return _Found(call.at, renderer_format(draft, call.arguments, module))


def _loguru(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> _Found:
    level = _level(draft, call.argument("level"), module, around)
    serialize = call.argument("serialize")
    if serialize is not None:
        values = draft.program.evaluate(serialize.value, module, around.lookup)
        if isinstance(values, Unknown):
            return _Found(call.at, Unknown("loguru's serialize is not known"), level)
        return _Found(call.at, JSON if values and values[0].value is True else TEXT, level)
    if call.is_open or call.name.endswith("configure"):
        return _Found(call.at, Unknown("loguru's handlers are not known"), level)
    for argument in (call.argument("sink", 0), call.argument("format")):
        if argument is not None and isinstance(argument.value, Reference):
            function = draft.program.function_named(draft.program.qualify(argument.value, module))
            if function is not None:
                calls = draft.program.reachable(*function, depth=2)
                if any(DUMPS.search(draft.program.callee(*one)) for one in calls):
                    return _Found(call.at, JSON, level)
    return _Found(call.at, TEXT, level)


def _from_dict(draft: Draft, expression: Expression | None, module: Module, at: Span, around: Surroundings) -> _Found:
    """The format that a configuration dictionary gives: JSON if any of its formatters writes JSON."""
    if expression is None:
        return _Found(at, Unknown("the logging configuration is not known"))
    expression, where = assigned_value(draft, expression, module)
    if not isinstance(expression, Dictionary):
        return _Found(at, Unknown("the logging configuration is not known"))
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
            level = _level_of(draft, value, where, around)
        elif key == "?":
            formats.append(Unknown("a part of the logging configuration is not known"))
    if JSON in formats:
        return _Found(place, JSON, level)
    unknown = next((one for one in formats if isinstance(one, Unknown)), None)
    if unknown is not None and not (has_formatters and TEXT in formats):
        return _Found(place, unknown, level)
    return _Found(place, TEXT, level)


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


def _level(draft: Draft, argument: Argument | None, module: Module, around: Surroundings) -> str | Unknown | None:
    return None if argument is None else _level_of(draft, argument.value, module, around)


def _level_of(draft: Draft, value: Expression, module: Module, around: Surroundings) -> str | Unknown | None:
    return level_name(draft, value, module, around)


_LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL", 5: "TRACE", 0: "NOTSET"}


def level_name(draft: Draft, value: Expression, module: Module, around: Surroundings) -> str | Unknown | None:
    """A log level as upper case: from ``logging.DEBUG``, ``"debug"``, 10, ``getattr(logging, LEVEL)``."""
    if isinstance(value, Reference):
        name = draft.program.qualify(value, module)
        last = name.rpartition(".")[2]
        if name.startswith(("logging.", "picologging.")) and last.isupper():
            return last
    if isinstance(value, Choice):
        levels = [level_name(draft, one, module, around) for one in value.options]
        return levels[0] if len(set(map(str, levels))) == 1 else Unknown("the level depends on a condition")
    if isinstance(value, Parameter):
        return Unknown("the level is a parameter")
    if isinstance(value, Result):
        made = draft.program.origin(value, module)
        if made is not None:
            call, where = made
            if call.name in ("getattr", "logging.getLevelName", "int") and call.arguments:
                position = 1 if call.name == "getattr" else 0
                if len(call.arguments) > position:
                    return level_name(draft, call.arguments[position].value, where, around)
        return Unknown("the level is not known")
    values = draft.program.evaluate(value, module, around.lookup)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return Unknown("the level is not known")
    first = values[0].value
    if isinstance(first, bool):
        return Unknown("the level is not known")
    if isinstance(first, int):
        return _LEVELS.get(first, str(first))
    return str(first).upper() if isinstance(first, str) else None


def _unread_set_up(draft: Draft, code: ServiceCode) -> Unknown | None:
    for module in code.modules:
        for one in module.facts.imports:
            if one.typing_only or one.level or one.module.split(".")[0] in _NO_SET_UP:
                continue
            if words_of(f"{one.module}.{one.name or ''}") & _LOG_WORDS and _is_foreign(draft, module, one.module):
                return Unknown(f"{one.module} may set up logging and is not in the scan")
    return None


def _is_foreign(draft: Draft, module: Module, name: str) -> bool:
    return draft.program.import_target(module, name) is None


def _items(expression: Expression) -> tuple[Expression, ...]:
    return expression.items if isinstance(expression, Display) else (expression,)


def _fields_of(written: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[\"'](\w+)[\"']\s*:", written))
