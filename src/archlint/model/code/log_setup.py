"""How a service sets up its logs: what format they come out in, at which level, with which fields.

In: the modules of one service, shared ones too. Out: a LoggingSetup, None where nothing sets logging up, UNKNOWN where
something that is not read may (a company's own library, a configuration file given at launch). A service that sets up
JSON anywhere is taken to log JSON: text beside it is usually a development switch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    Parameter,
    PythonCall,
    PythonClass,
    Reference,
    Result,
    Template,
)
from archlint.core.span import Span
from archlint.core.system.services import LoggingSetup
from archlint.core.values import Unknown, is_unknown
from archlint.model.code.scope import ServiceCode, Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_JSON = "json"
_TEXT = "text"

_STRUCTURED_IMPORTS = (
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
"""Libraries that ship structured records, to a platform or as JSON: importing them in production code is using them."""

_JSON_FORMATTERS = re.compile(
    r"pythonjsonlogger\.|json_log_formatter\.|ecs_logging\.|logstash|gelf|StackdriverFormatter|StructuredLog",
    re.IGNORECASE,
)
_NAMED_JSON = re.compile(r"json", re.IGNORECASE)
_DUMPS = re.compile(r"(^|\.)(json|orjson|ujson|simplejson|rapidjson|msgspec\.json|msgspec)\.(dumps|encode|dump)$")
_STRUCTLOG_JSON = ("structlog.processors.JSONRenderer", "structlog.JSONRenderer")
_STRUCTLOG_TEXT = re.compile(r"structlog\.(\w+\.)*(ConsoleRenderer|KeyValueRenderer|LogfmtRenderer)$")
_JSON_FORMAT = re.compile(r"\s*\{\s*\\?[\"']")
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
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class _Found:
    at: Span
    format: str | Unknown
    level: str | Unknown | None = None
    fields: tuple[str, ...] | Unknown = Unknown()
    rank: int = 0


def logging_of(draft: Draft, code: ServiceCode, around: Surroundings) -> LoggingSetup | Unknown | None:
    """What sets up the service's logs."""
    found = sorted(
        (one for module in code.modules for one in _set_ups(draft, module, around)),
        key=lambda one: (one.rank, _distance(one.at.path, code), one.at),
    )
    for wanted in (_JSON, None, _TEXT):
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
                    fields=one.fields if one.format == _JSON else (),
                )
    return _unread_set_up(draft, code)


def _distance(path: str, code: ServiceCode) -> int:
    return 0 if any(module.path == path for module in code.own) else 1


def _set_ups(draft: Draft, module: Module, around: Surroundings) -> Iterator[_Found]:
    for one in module.facts.imports:
        full = f"{one.module}.{one.name}" if one.name else one.module
        if not one.typing_only and _is_below(full, _STRUCTURED_IMPORTS):
            yield _Found(one.at, _JSON)
    imported = {one.module.split(".")[0] for one in module.facts.imports}
    for call in module.facts.calls:
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
                yield _Found(call.at, _formatter(draft, argument.value, module))
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
        if isinstance(assignment.target, Reference) and assignment.target.name == f"{module.facts.name}.LOGGING":
            if module.facts.name.rpartition(".")[2] == "settings" or ".settings" in module.facts.name:
                yield _from_dict(draft, assignment.value, module, assignment.at, around)
    if "loguru" in imported or "structlog" in imported:
        # Both write plain lines to the console where nobody configures them.
        at = next(one.at for one in module.facts.imports if one.module.split(".")[0] in ("loguru", "structlog"))
        yield _Found(at, _TEXT, rank=1)


def _basic(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> _Found:
    level = _level(draft, call.argument("level"), module, around)
    handlers = call.argument("handlers")
    if handlers is not None:
        inner = [_handler(draft, one, module) for one in _items(handlers.value)]
        if any(one == _JSON for one in inner):
            return _Found(call.at, _JSON, level)
        unknown = next((one for one in inner if is_unknown(one)), None)
        if unknown is not None:
            return _Found(call.at, unknown, level)
    given = call.argument("format")
    if given is not None:
        written = _format_text(draft, given.value, module, around)
        if written is None or is_unknown(written):
            return _Found(call.at, Unknown("the format is not known"), level)
        if _JSON_FORMAT.match(written):
            return _Found(call.at, _JSON, level, _fields_of(written))
    elif call.is_open:
        return _Found(call.at, Unknown("basicConfig takes arguments that are not known"), level)
    return _Found(call.at, _TEXT, level)


def _handler(draft: Draft, expression: Expression, module: Module) -> str | Unknown | None:
    """The format of a handler in a list of handlers; None where it says nothing of it."""
    made = draft.program.origin(expression, module)
    if made is None:
        return Unknown("a handler is not known")
    name = draft.program.callee(*made)
    if name.startswith("rich."):
        return _TEXT
    if name.startswith("logging.") or name.startswith("picologging."):
        return None
    if _NAMED_JSON.search(name) or _is_below(name, _STRUCTURED_IMPORTS):
        return _JSON
    if _class_named(draft, name) is not None:
        return None
    return Unknown(f"{name} is not known")


def _format_text(draft: Draft, expression: Expression, module: Module, around: Surroundings) -> str | Unknown | None:
    if isinstance(expression, Template) and expression.parts and isinstance(expression.parts[0], Literal):
        return str(expression.parts[0].value)
    if isinstance(expression, Result):
        made = draft.program.origin(expression, module)
        if made is not None and _DUMPS.search(draft.program.callee(*made)):
            return '{"'
    values = draft.program.evaluate(expression, module, around.lookup)
    if is_unknown(values) or not values:
        return None
    return str(values[0].value)


def _formatter(draft: Draft, expression: Expression, module: Module) -> str | Unknown:
    """The format that a formatter object gives."""
    if isinstance(expression, Choice):
        options = [_formatter(draft, one, module) for one in expression.options]
        return _JSON if _JSON in options else options[0]
    made = draft.program.origin(expression, module)
    if made is None:
        return Unknown("the formatter is not known")
    call, where = made
    name = draft.program.callee(call, where)
    if name in ("logging.Formatter", "picologging.Formatter"):
        argument = call.argument("fmt", 0)
        if argument is None:
            return Unknown("the format is not known") if call.is_open else _TEXT
        text = argument.value
        if isinstance(text, Result):
            dumped = draft.program.origin(text, where)
            if dumped is not None and _DUMPS.search(draft.program.callee(*dumped)):
                return _JSON
        if isinstance(text, Template) and text.parts and isinstance(text.parts[0], Literal):
            return _JSON if _JSON_FORMAT.match(str(text.parts[0].value)) else _TEXT
        values = draft.program.evaluate(text, where)
        if is_unknown(values) or not values or not isinstance(values[0].value, str):
            return _TEXT
        return _JSON if _JSON_FORMAT.match(values[0].value) else _TEXT
    if name == "structlog.stdlib.ProcessorFormatter":
        return _renderer(draft, call.arguments, where)
    return _class_format(draft, name, set())


def _class_format(draft: Draft, name: str, seen: set[str]) -> str | Unknown:
    """The format of a formatter class, by its bases and by what its ``format`` returns."""
    if _JSON_FORMATTERS.search(name):
        return _JSON
    if name in seen:
        return Unknown("the formatter's bases are not known")
    seen.add(name)
    own = _class_named(draft, name)
    if own is None:
        if _NAMED_JSON.search(name):
            return _JSON
        if name.startswith(
            ("logging.", "uvicorn.logging.", "colorlog.", "colorama.", "rich.", "click", "gunicorn.glogging")
        ):
            return _TEXT
        return Unknown(f"{name} is not known")
    definition, module = own
    for method in ("format", "formatMessage", "process_log_record", "json_record"):
        function = draft.program.function_named(f"{definition.name}.{method}")
        if function is not None:
            calls = draft.program.reachable(*function, depth=3)
            if any(_DUMPS.search(draft.program.callee(*one)) for one in calls):
                return _JSON
    for base in definition.bases:
        found = _class_format(draft, draft.program.qualify(base, module), seen)
        if found == _JSON or is_unknown(found):
            return found
    return _TEXT


def _class_named(draft: Draft, name: str) -> tuple[PythonClass, Module] | None:
    index = draft.memo.get("classes by name")
    if not isinstance(index, dict):
        index = draft.memo["classes by name"] = {
            one.name: (one, module) for module in draft.program.modules.values() for one in module.facts.classes
        }
    found: tuple[PythonClass, Module] | None = index.get(name)
    return found


def _structlog(draft: Draft, call: PythonCall, module: Module) -> _Found:
    return _Found(call.at, _renderer(draft, call.arguments, module))


def _renderer(draft: Draft, arguments: Iterable[Argument], module: Module) -> str | Unknown:
    """The format by the renderer among structlog's processors, wherever in this module it is made."""
    names: set[str] = set()
    given = {one.name for one in arguments}
    for expression in (one.value for one in arguments):
        for inner in _leaves(draft, expression, module, 0):
            names.add(inner)
    if any(name in _STRUCTLOG_JSON for name in names):
        return _JSON
    # The list of processors is often put together step by step: look at all that the module makes.
    made = {draft.program.callee(one, module) for one in module.facts.calls if "Renderer" in one.name}
    if any(name in _STRUCTLOG_JSON for name in made):
        return _JSON
    if any(_STRUCTLOG_TEXT.search(name) for name in names | made):
        return _TEXT
    if "wrap_for_formatter" in " ".join(names):
        return Unknown("structlog hands over to a formatter")
    if given & {"processors", None}:
        return Unknown("structlog's renderer is not known")
    return _TEXT


def _leaves(draft: Draft, expression: Expression, module: Module, depth: int) -> Iterator[str]:
    if depth > 6:
        return
    expression, module = assigned_value(draft, expression, module)
    if isinstance(expression, Display):
        for one in expression.items:
            yield from _leaves(draft, one, module, depth + 1)
    elif isinstance(expression, Choice):
        for one in expression.options:
            yield from _leaves(draft, one, module, depth + 1)
    elif isinstance(expression, Result):
        made = draft.program.origin(expression, module)
        if made is not None:
            yield draft.program.callee(*made)
    elif isinstance(expression, Reference):
        yield draft.program.qualify(expression, module)


def _loguru(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> _Found:
    level = _level(draft, call.argument("level"), module, around)
    serialize = call.argument("serialize")
    if serialize is not None:
        values = draft.program.evaluate(serialize.value, module, around.lookup)
        if is_unknown(values):
            return _Found(call.at, Unknown("loguru's serialize is not known"), level)
        return _Found(call.at, _JSON if values and values[0].value is True else _TEXT, level)
    if call.is_open or call.name.endswith("configure"):
        return _Found(call.at, Unknown("loguru's handlers are not known"), level)
    for argument in (call.argument("sink", 0), call.argument("format")):
        if argument is not None and isinstance(argument.value, Reference):
            function = draft.program.function_named(draft.program.qualify(argument.value, module))
            if function is not None:
                calls = draft.program.reachable(*function, depth=2)
                if any(_DUMPS.search(draft.program.callee(*one)) for one in calls):
                    return _Found(call.at, _JSON, level)
    return _Found(call.at, _TEXT, level)


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
                formats.append(_class_format(draft, name, set()))
        elif key in ("class", "()") and "handlers" in path:
            name = _class_text(draft, value, where)
            if name is not None and (_is_below(name, _STRUCTURED_IMPORTS) or _JSON_FORMATTERS.search(name)):
                formats.append(_JSON)
        elif key in ("format", "fmt") and "formatters" in path and isinstance(value, Literal | Template):
            has_formatters = True
            first = value.parts[0] if isinstance(value, Template) and value.parts else value
            if isinstance(first, Literal) and _JSON_FORMAT.match(str(first.value)):
                formats.append(_JSON)
        elif key in ("processor", "processors"):
            names = set(_leaves(draft, value, where, 0))
            if names & set(_STRUCTLOG_JSON):
                formats.append(_JSON)
        elif key == "level" and ("root" in path or path[:-1] == ("loggers", "")):
            level = _level_of(draft, value, where, around)
        elif key == "?":
            formats.append(Unknown("a part of the logging configuration is not known"))
    if _JSON in formats:
        return _Found(place, _JSON, level)
    unknown = next((one for one in formats if is_unknown(one)), None)
    if unknown is not None and not (has_formatters and _TEXT in formats):
        return _Found(place, unknown, level)
    return _Found(place, _TEXT, level)


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
        if _class_named(draft, text) is not None:
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
    if is_unknown(values) or not values or not values[0].is_exact:
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


def words_of(name: str) -> set[str]:
    """The words of a dotted name in lower case: ``acme.getJSONLogger`` has ``acme``, ``get``, ``json`` and ``logger``."""
    return {one.lower() for one in _WORDS.findall(name)}


def _is_below(name: str, roots: Iterable[str]) -> bool:
    return any(name == root or name.startswith(root + ".") for root in roots)


def _items(expression: Expression) -> tuple[Expression, ...]:
    return expression.items if isinstance(expression, Display) else (expression,)


def _fields_of(written: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[\"'](\w+)[\"']\s*:", written))
