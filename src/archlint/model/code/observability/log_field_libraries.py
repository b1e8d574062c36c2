"""What JSON formatters write into each record by themselves, and what else puts fields into records: data.

Fields are named as they come out. Where an entry says ``extras``, the formatter writes whatever a filter, an adapter or
an ``extra=`` put on the record besides.
"""

from __future__ import annotations

from archlint.core.record import dataclass, pattern


@dataclass(frozen=True)
class Formatter:
    """One formatter class. ``fields``: what it always writes. ``extras``: see above. ``takes_format``: it writes the
    attributes that its format string names (first argument, ``fmt`` or ``format``), ``message`` alone without one.
    ``is_open``: it writes more than is said here."""

    fields: tuple[str, ...] = ()
    extras: bool = True
    takes_format: bool = False
    is_open: bool = False


_PYTHON_JSON_LOGGER = Formatter(takes_format=True)
"""https://nhairs.github.io/python-json-logger/latest/quickstart/ and src/pythonjsonlogger/core.py of 2.0 to 4.0:
without ``fmt`` the standard library's ``%(message)s`` holds, so that neither time nor level come out;
``merge_record_extra`` writes each attribute of the record that is not one of LogRecord's own."""
_JSON_LOG_FORMATTER = Formatter(("message", "time", "exc_info"))
"""https://github.com/marselester/json-log-formatter, json_log_formatter/__init__.py of 0.3 to 1.1: ``json_record``."""
_VERBOSE = Formatter(
    (
        "message",
        "time",
        "exc_info",
        "filename",
        "funcName",
        "levelname",
        "lineno",
        "module",
        "name",
        "pathname",
        "process",
        "processName",
        "stack_info",
        "thread",
        "threadName",
    )
)
_OPEN = Formatter(is_open=True)
_DOCKERFLOW = Formatter(("Timestamp", "Type", "Logger", "Hostname", "EnvVersion", "Severity", "Pid", "Fields"))

FORMATTERS: dict[str, Formatter] = {
    "pythonjsonlogger.jsonlogger.JsonFormatter": _PYTHON_JSON_LOGGER,
    "pythonjsonlogger.json.JsonFormatter": _PYTHON_JSON_LOGGER,
    "pythonjsonlogger.orjson.OrjsonFormatter": _PYTHON_JSON_LOGGER,
    "pythonjsonlogger.msgspec.MsgspecFormatter": _PYTHON_JSON_LOGGER,
    "pythonjsonlogger.core.BaseJsonFormatter": _PYTHON_JSON_LOGGER,
    "json_log_formatter.JSONFormatter": _JSON_LOG_FORMATTER,
    "json_log_formatter.FlatJSONFormatter": _JSON_LOG_FORMATTER,
    "json_log_formatter.VerboseJSONFormatter": _VERBOSE,
    # ecs_logging/_stdlib.py of 2.0: trace.id and service.name come from elasticapm, if anything of it is set up.
    # https://www.elastic.co/guide/en/ecs-logging/python/current/installation.html
    "ecs_logging.StdlibFormatter": Formatter(("@timestamp", "log.level", "message", "ecs.version", "log.logger")),
    # dockerflow/logging.py of 2022 to 2024: https://python-dockerflow.readthedocs.io/en/main/api/logging.html
    "dockerflow.logging.JsonLogFormatter": _DOCKERFLOW,
    "dockerflow.logging.MozlogFormatter": _DOCKERFLOW,
    # logstash_async/formatter.py of 2.x to 4.x; `program` is sys.argv[0], a service's name only by chance.
    "logstash_async.formatter.LogstashFormatter": _OPEN,
    "newrelic.agent.NewRelicContextFormatter": _OPEN,
    "aws_lambda_powertools.logging.formatter.LambdaPowertoolsFormatter": _OPEN,
}

# structlog's processors that are known to add fields, or none: src/structlog/{processors,stdlib,contextvars}.py of 21
# to 25. https://www.structlog.org/en/stable/api.html
STRUCTLOG_FIELDS: dict[str, tuple[str, ...]] = {
    "structlog.stdlib.add_log_level": ("level",),
    "structlog.processors.add_log_level": ("level",),
    "structlog.add_log_level": ("level",),
    "structlog.stdlib.add_log_level_number": ("level_number",),
    "structlog.stdlib.add_logger_name": ("logger",),
    "structlog.processors.TimeStamper": ("timestamp",),
    "structlog.processors.MaybeTimeStamper": ("timestamp",),
    "structlog.processors.EventRenamer": (),
    "structlog.processors.CallsiteParameterAdder": ("filename", "func_name", "lineno"),
    "structlog.processors.JSONRenderer": ("event",),
    "structlog.stdlib.filter_by_level": (),
    "structlog.stdlib.PositionalArgumentsFormatter": (),
    "structlog.stdlib.ProcessorFormatter": (),
    "structlog.stdlib.ProcessorFormatter.wrap_for_formatter": (),
    "structlog.stdlib.ProcessorFormatter.remove_processors_meta": (),
    "structlog.stdlib.ExtraAdder": (),
    "structlog.processors.StackInfoRenderer": (),
    "structlog.processors.format_exc_info": (),
    "structlog.processors.dict_tracebacks": (),
    "structlog.processors.ExceptionRenderer": (),
    "structlog.processors.ExceptionPrettyPrinter": (),
    "structlog.processors.UnicodeDecoder": (),
    "structlog.processors.UnicodeEncoder": (),
    "structlog.processors.KeyValueRenderer": (),
    "structlog.contextvars.merge_contextvars": (),
    "structlog.threadlocal.merge_threadlocal": (),
    "structlog.threadlocal.merge_threadlocal_context": (),
    "structlog.dev.ConsoleRenderer": (),
    "structlog.dev.set_exc_info": (),
}
STRUCTLOG_ECS = "ecs_logging.StructlogFormatter"

# loguru/_handler.py of 0.5 to 0.7, _serialize_record: level and time, and what `bind` put into `extra`.
# https://loguru.readthedocs.io/en/stable/api/logger.html#record
LOGURU_FIELDS = ("text", "level", "time", "message", "function", "process", "thread")
"""Its `name` is the module's, which tells nothing of the service."""

ALIASES: dict[str, frozenset[str]] = {
    "trace_id": frozenset(
        [
            "traceid",
            "trace",
            "tid",
            "oteltraceid",
            "ddtraceid",
            "xraytraceid",
            "xb3traceid",
            "traceparent",
            "tracecontext",
            "logginggoogleapiscomtrace",
            "correlationid",
            "xcorrelationid",
            "correlation",
            "requestid",
            "xrequestid",
            "reqid",
            "contexttraceid",
            "transactionid",
        ]
    ),
    "service_name": frozenset(
        [
            "service",
            "servicename",
            "svc",
            "app",
            "appname",
            "application",
            "applicationname",
            "component",
            "componentname",
            "otelservicename",
            "ddservice",
            "servicecontext",
            "program",
            "programname",
            "system",
            "microservice",
            "container",
            "containername",
            "source",
            "resource",
            "entityname",
            "project",
            # A logger is often given the name of its service.
            "name",
            "logger",
            "loggername",
            "loglogger",
        ]
    ),
    "severity": frozenset(
        [
            "level",
            "levelname",
            "lvl",
            "loglevel",
            "severity",
            "severitytext",
            "severitynumber",
            "levelno",
            "levelnumber",
            "priority",
            "status",
        ]
    ),
    "timestamp": frozenset(
        ["timestamp", "time", "ts", "t", "asctime", "datetime", "date", "created", "createdat", "writtenat", "written",
         "eventtime", "timeunixnano", "logtime", "logtimestamp", "timestampms", "epoch", "relativecreated"]
    ),
}  # fmt: skip
"""What each field of the standard is usually called, in small letters and without separators."""

CORRELATORS = frozenset(
    [
        "opentelemetry.instrumentation.logging",
        "opentelemetry.sdk._logs",
        "asgi_correlation_id",
        "flask_log_request_id",
        "log_request_id",
        "django_guid",
        "starlette_context",
        "json_logging",
        "ddtrace",
        "elasticapm",
        "newrelic",
        "logfire",
        "azure.monitor.opentelemetry",
        "aws_lambda_powertools",
        "aws_xray_sdk",
        "opencensus",
        "google.cloud.logging",
        "sentry_sdk.integrations.opentelemetry",
        "splunk_otel",
        "django_structlog",
        "asgi_structlog",
        "fastapi_structlog",
        "nameko_structlog",
    ]
)
"""Libraries that put a trace or correlation id on log records when they are set up. OpenTelemetry's LoggingInstrumentor
sets ``otelTraceID`` and ``otelServiceName``:
https://opentelemetry-python-contrib.readthedocs.io/en/latest/instrumentation/logging/logging.html"""

COLLECTORS = pattern(
    r"fluent-?bit|fluentd|promtail|filebeat|logstash|vector|opentelemetry-collector|otelcol|alloy|grafana-agent|"
    r"datadog/agent|cloudwatch-agent|logspout|loki-docker-driver"
)
"""Images that read containers' output and label each line with its time and where it came from."""
COLLECTED = ("service_name", "timestamp")
