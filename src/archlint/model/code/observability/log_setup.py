"""How a service sets up its logs: what format they come out in, at which level, with which fields.

In: the modules of one service, shared ones too. Out: a LoggingSetup, None where nothing sets logging up, UNKNOWN where
something that is not read may (a company's own library, a configuration file given at launch). A service that sets up
JSON anywhere is taken to log JSON: text beside it is usually a development switch.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Argument,
    Display,
    Expression,
    Literal,
    PythonCall,
    Reference,
    Result,
)
from archlint.core.span import Span
from archlint.core.system.services import LoggingSetup
from archlint.core.values import UNKNOWN, Setting, Unknown, is_unknown
from archlint.model.code.names import words_of
from archlint.model.code.observability.log_dictionaries import dictionary_set_up
from archlint.model.code.observability.log_extras import collected, extras_of, structlog_fields
from archlint.model.code.observability.log_field_libraries import FORMATTERS, LOGURU_FIELDS
from archlint.model.code.observability.log_fields import (
    NONE,
    OPEN,
    Fields,
    format_fields,
    formatter_fields,
    formatter_places,
    lacking,
    written_fields,
)
from archlint.model.code.observability.log_files import file_set_up, launch_set_ups
from archlint.model.code.observability.log_formats import (
    DUMPS,
    JSON,
    JSON_FORMAT,
    STRUCTURED_IMPORTS,
    TEXT,
    format_text,
    formatter_format,
    handler_format,
    is_below,
    renderer_format,
)
from archlint.model.code.observability.log_found import Found, level_name
from archlint.model.code.scope import ServiceCode, Surroundings
from archlint.model.draft import Draft
from archlint.model.program.program import Module

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
        "faststream",
        "taskiq",
        "dramatiq",
        "opentelemetry",
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


_FORMATTER_LIBRARIES = frozenset(name.partition(".")[0] for name in FORMATTERS)
"""Importing them says that JSON is written; with which fields, the formatter says that is made of them."""
_SERVERS = frozenset({"run", "Config", "Sanic"})
"""Servers that take a dictionary or file for their logs, and everyone's."""
_SET_UPS = _SERVERS | {"basicConfig", "instrument", "dictConfig", "fileConfig", "setFormatter", "configure", "add"}


def logging_of(
    draft: Draft, code: ServiceCode, around: Surroundings, tracing: Setting[str] | Unknown | None = None
) -> LoggingSetup | Unknown | None:
    """What sets up the service's logs; ``tracing`` is what traces it, as that may put the trace on records."""
    found = sorted(
        (
            *(one for module in code.modules for one in _set_ups(draft, code, module, around)),
            *launch_set_ups(draft, code, around),
        ),
        key=lambda one: (one.rank, _distance(one.at.path, code), one.at),
    )
    for wanted in (JSON, None, TEXT):
        for one in found:
            if (is_unknown(one.format) and wanted is None) or one.format == wanted:
                if is_unknown(one.format):
                    return one.format
                fields = _all_fields(draft, code, found, tracing) if one.format == JSON else NONE
                return LoggingSetup(
                    at=one.at,
                    name=code.service.name,
                    key=f"logging of {code.service.name}",
                    service=code.service.name,
                    format=one.format,
                    level=one.level,
                    fields=UNKNOWN if fields.is_open else tuple(sorted(fields.names)),
                    missing_fields=_missing(draft, fields) if one.format == JSON else (),
                    related=one.related,
                )
    return _unread_set_up(draft, code)


def _all_fields(draft: Draft, code: ServiceCode, found: list[Found], tracing: Setting[str] | Unknown | None) -> Fields:
    """What all set-ups that write JSON write together: which of them is in force where is not told apart."""
    written = [one for one in found if one.format == JSON]
    result = NONE
    for one in written:
        if one.rank == written[0].rank:
            result |= one.fields
    if result.extras:
        result |= extras_of(draft, code, tracing)
        if _unread_set_up(draft, code) is not None:
            result |= OPEN
    return result


def _missing(draft: Draft, fields: Fields) -> tuple[str, ...] | Unknown:
    given = collected(draft)
    absent = tuple(one for one in lacking(fields) if one not in given)
    return Unknown("the formatter may write more than is seen") if absent and fields.is_open else absent


def _distance(path: str, code: ServiceCode) -> int:
    return 0 if any(module.path == path for module in code.own) else 1


def _set_ups(draft: Draft, code: ServiceCode, module: Module, around: Surroundings) -> Iterator[Found]:
    for one in module.facts.imports:
        full = f"{one.module}.{one.name}" if one.name else one.module
        if not one.typing_only and is_below(full, STRUCTURED_IMPORTS):
            is_formatter = one.module.partition(".")[0] in _FORMATTER_LIBRARIES
            yield Found(one.at, JSON, rank=2 if is_formatter else 0)
    imported = {one.module.split(".")[0] for one in module.facts.imports}
    for call in module.calls_named(_SET_UPS):
        last = call.name.rpartition(".")[2]
        if last == "basicConfig":
            if draft.program.callee(call, module) == "logging.basicConfig":
                yield _basic(draft, call, module, around)
        elif last in ("dictConfig", "fileConfig"):
            name = draft.program.callee(call, module)
            argument = call.argument("config" if last == "dictConfig" else "fname", 0)
            if name in ("logging.config.dictConfig", "logging.config.fileConfig"):
                yield _configured(draft, code, argument.value if argument else None, module, call.at, around)
        elif last == "instrument":
            if "opentelemetry.instrumentation.logging" in draft.program.callee(call, module):
                yield from _instrumented(draft, call, module, around)
        elif last == "setFormatter":
            argument = call.argument("fmt", 0)
            if argument is not None and ("logging" in imported or "picologging" in imported):
                written = formatter_format(draft, argument.value, module)
                fields = formatter_fields(draft, argument.value, module) if written == JSON else NONE
                if written == JSON and _is_structlog(draft, argument.value, module):
                    fields = structlog_fields(draft, code)
                places = formatter_places(draft, argument.value, module)
                yield Found(call.at, written, fields=fields, related=places)
        elif last == "configure" and "structlog" in imported:
            if draft.program.callee(call, module) in ("structlog.configure", "structlog.configure_once"):
                written = renderer_format(draft, call.arguments, module)
                yield Found(call.at, written, fields=structlog_fields(draft, code) if written == JSON else NONE)
        elif last in ("add", "configure") and "loguru" in imported:
            if draft.program.callee(call, module).startswith("loguru."):
                yield _loguru(draft, call, module, around)
        elif last in _SERVERS:
            given = call.argument("log_config")
            if given is not None and given.value != Literal(None) and call.name.startswith(("uvicorn", "sanic")):
                yield _configured(draft, code, given.value, module, call.at, around)
    for assignment in module.facts.assignments:
        name = assignment.target.name if isinstance(assignment.target, Reference) else ""
        if name == f"{module.facts.name}.LOGGING" and "settings" in module.facts.name.split("."):
            yield dictionary_set_up(draft, code, assignment.value, module, assignment.at, around)
    if "loguru" in imported or "structlog" in imported:
        # Both write plain lines to the console where nobody configures them.
        at = next(one.at for one in module.facts.imports if one.module.split(".")[0] in ("loguru", "structlog"))
        yield Found(at, TEXT, rank=1)


def _instrumented(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> Iterator[Found]:
    """OpenTelemetry's instrumentation calls basicConfig with a plain format, where it is asked to:
    https://opentelemetry-python-contrib.readthedocs.io/en/latest/instrumentation/logging/logging.html"""
    asked = call.argument("set_logging_format")
    values = draft.program.evaluate(asked.value, module, around.lookup) if asked is not None else ()
    if isinstance(values, Unknown):
        yield Found(call.at, Unknown("whether OpenTelemetry sets the format is not known"))
    elif values and values[0].value is True:
        yield Found(call.at, TEXT)


def _configured(
    draft: Draft, code: ServiceCode, expression: Expression | None, module: Module, at: Span, around: Surroundings
) -> Found:
    """A dictionary, or the file that it comes from."""
    found = dictionary_set_up(draft, code, expression, module, at, around)
    if is_unknown(found.format):
        return file_set_up(draft, code, expression, module, around) or found
    return found


def _basic(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> Found:
    level = _level(draft, call.argument("level"), module, around)
    handlers = call.argument("handlers")
    if handlers is not None:
        inner = [handler_format(draft, one, module) for one in _items(handlers.value)]
        if any(one == JSON for one in inner):
            return Found(call.at, JSON, level)
        unknown = next((one for one in inner if isinstance(one, Unknown)), None)
        if unknown is not None:
            return Found(call.at, unknown, level)
    given = call.argument("format")
    if given is not None:
        written = format_text(draft, given.value, module, around)
        if written is None or isinstance(written, Unknown):
            return Found(call.at, Unknown("the format is not known"), level)
        if JSON_FORMAT.match(written):
            is_dumped = isinstance(given.value, Result)
            fields = written_fields(draft, given.value, module) if is_dumped else format_fields(written)
            return Found(call.at, JSON, level, fields)
    elif call.is_open:
        return Found(call.at, Unknown("basicConfig takes arguments that are not known"), level)
    return Found(call.at, TEXT, level)


def _is_structlog(draft: Draft, expression: Expression, module: Module) -> bool:
    made = draft.program.origin(expression, module)
    return made is not None and draft.program.callee(*made).startswith("structlog.")


def _loguru(draft: Draft, call: PythonCall, module: Module, around: Surroundings) -> Found:
    level = _level(draft, call.argument("level"), module, around)
    serialize = call.argument("serialize")
    if serialize is not None:
        values = draft.program.evaluate(serialize.value, module, around.lookup)
        if isinstance(values, Unknown):
            return Found(call.at, Unknown("loguru's serialize is not known"), level)
        if not values or values[0].value is not True:
            return Found(call.at, TEXT, level)
        return Found(call.at, JSON, level, Fields(frozenset(LOGURU_FIELDS), extras=True))
    if call.is_open or call.name.endswith("configure"):
        return Found(call.at, Unknown("loguru's handlers are not known"), level)
    for argument in (call.argument("sink", 0), call.argument("format")):
        if argument is not None and isinstance(argument.value, Reference):
            function = draft.program.function_named(draft.program.qualify(argument.value, module))
            if function is not None:
                calls = draft.program.reachable(*function, depth=2)
                if any(DUMPS.search(draft.program.callee(*one)) for one in calls):
                    return Found(call.at, JSON, level)
    return Found(call.at, TEXT, level)


def _level(draft: Draft, argument: Argument | None, module: Module, around: Surroundings) -> str | Unknown | None:
    return None if argument is None else level_name(draft, argument.value, module, around)


def _unread_set_up(draft: Draft, code: ServiceCode) -> Unknown | None:
    for module in code.modules:
        for one in module.facts.imports:
            root = one.module.partition(".")[0]
            if one.typing_only or one.level or root in _NO_SET_UP or root in _FORMATTER_LIBRARIES:
                continue
            if words_of(f"{one.module}.{one.name or ''}") & _LOG_WORDS and _is_foreign(draft, module, one.module):
                return Unknown(f"{one.module} may set up logging and is not in the scan")
    return None


def _is_foreign(draft: Draft, module: Module, name: str) -> bool:
    return draft.program.import_target(module, name) is None


def _items(expression: Expression) -> tuple[Expression, ...]:
    return expression.items if isinstance(expression, Display) else (expression,)
