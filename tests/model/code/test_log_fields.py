"""Which fields a service's JSON log records lack."""

from __future__ import annotations

import pytest
from observed_systems import APPLICATION, DOCKERFILE, missing_fields, orders, system_of, telemetry_of

from archlint.core.system.services import LoggingSetup
from archlint.core.values import is_unknown

HANDLER = "import logging\nhandler = logging.StreamHandler()\nlogging.getLogger().addHandler(handler)\n"


@pytest.mark.parametrize(
    ("formatter", "missing"),
    [
        # python-json-logger writes the message alone where no format names more.
        ("jsonlogger.JsonFormatter()", ["trace_id", "service_name", "severity", "timestamp"]),
        ("jsonlogger.JsonFormatter('%(asctime)s %(levelname)s')", ["trace_id", "service_name"]),
        ("jsonlogger.JsonFormatter(fmt='%(asctime)s %(levelname)s %(name)s')", ["trace_id"]),
        ("jsonlogger.JsonFormatter('{asctime} {levelname} {name}', style='{')", ["trace_id"]),
        ("jsonlogger.JsonFormatter(['asctime', 'levelname'])", ["trace_id", "service_name"]),
        ("jsonlogger.JsonFormatter('%(levelname)s', timestamp=True)", ["trace_id", "service_name"]),
        ("jsonlogger.JsonFormatter('%(levelname)s %(otelTraceID)s', static_fields={'service': 'orders'})",
         ["timestamp"]),
        ("jsonlogger.JsonFormatter('%(levelname)s %(asctime)s', rename_fields={'levelname': 'importance'})",
         ["trace_id", "service_name", "severity"]),
        ("jsonlogger.JsonFormatter(**options)", "unknown"),
    ],
)  # fmt: skip
def test_python_json_logger_writes_what_its_format_names(formatter: str, missing: object) -> None:
    text = f"from pythonjsonlogger import jsonlogger\n{HANDLER}handler.setFormatter({formatter})\n"
    assert missing_fields(orders(text)) == missing


def test_a_renamed_field_counts_under_its_new_name_only() -> None:
    text = f"""
from pythonjsonlogger.json import JsonFormatter
{HANDLER}
handler.setFormatter(JsonFormatter("%(levelname)s %(asctime)s", rename_fields={{"asctime": "@timestamp"}}))
"""
    assert missing_fields(orders(text)) == ["trace_id", "service_name"]


def test_a_formatter_class_adds_to_what_its_base_writes() -> None:
    text = f"""
from pythonjsonlogger import jsonlogger
class Formatter(jsonlogger.JsonFormatter):
    def add_fields(self, log_record, record, message_dict):
        super().add_fields(log_record, record, message_dict)
        log_record["timestamp"] = record.created
        log_record.update(service="orders")
        log_record.setdefault("trace", {{}})
{HANDLER}
handler.setFormatter(Formatter("%(message)s"))
"""
    assert missing_fields(orders(text)) == ["severity"]


def test_a_formatter_class_passes_its_format_on_to_its_base() -> None:
    text = f"""
from pythonjsonlogger import jsonlogger
class Formatter(jsonlogger.JsonFormatter):
    def __init__(self, service):
        super().__init__("%(asctime)s %(levelname)s", static_fields={{"service": service}})
{HANDLER}
handler.setFormatter(Formatter("orders"))
"""
    assert missing_fields(orders(text)) == ["trace_id"]


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("return json.dumps({'time': record.created, 'level': record.levelname})", ["trace_id", "service_name"]),
        ("line = {'ts': record.created}\n        line['lvl'] = record.levelname\n"
         "        return json.dumps(line)", ["trace_id", "service_name"]),
        ("return json.dumps(self.line(record))", ["trace_id"]),
        ("return json.dumps({'level': record.levelname, **context.get()})", "unknown"),
        ("return json.dumps({k: v for k, v in record.__dict__.items()})", "unknown"),
        ("line = {'time': 1, 'level': 2, 'service': 3}\n        for key in record.__dict__:\n"
         "            line[key] = record.__dict__[key]\n        return json.dumps(line)", ["trace_id"]),
    ],
)  # fmt: skip
def test_a_formatter_of_ones_own_writes_what_it_dumps(body: str, missing: object) -> None:
    text = f"""
import json
class Formatter(logging.Formatter):
    def format(self, record):
        {body}
    def line(self, record):
        return {{"service": "orders", "severity": record.levelname, "timestamp": record.created}}
{HANDLER}
handler.setFormatter(Formatter())
"""
    assert missing_fields(orders("import logging\n" + text)) == missing


def test_a_line_that_is_put_together_step_by_step_is_read_step_by_step() -> None:
    text = f"""
import json
class Formatter(logging.Formatter):
    def format(self, record):
        line = {{
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "logger": record.name,
            "service": getattr(record, "service", "orders"),
            "environment": getattr(record, "environment", "production"),
            "event": getattr(record, "event", record.getMessage()),
            "message": record.getMessage(),
        }}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        for key, value in record.__dict__.items():
            if key not in line:
                line[key] = value
        return json.dumps(line, default=str)
{HANDLER}
handler.setFormatter(Formatter())
"""
    assert missing_fields(orders("import logging\n" + text)) == ["trace_id"]


def test_a_format_that_is_json_itself_is_written_as_it_stands() -> None:
    text = """
import logging
logging.basicConfig(format='{"ts": "%(asctime)s", "severity": "%(levelname)s", "message": "%(message)s"}')
"""
    assert missing_fields(orders(text)) == ["trace_id", "service_name"]


@pytest.mark.parametrize(
    "others",
    [
        # Whatever puts the fields on the record: python-json-logger writes what it finds there.
        "class Add(logging.Filter):\n    def filter(self, record):\n        record.trace_id = record.app = ''\n"
        "        return True\n",
        "def factory(*args, **kwargs):\n    record = logging.LogRecord(*args, **kwargs)\n    record.trace_id = ''\n"
        "    record.service = ''\n    return record\nlogging.setLogRecordFactory(factory)\n",
        "log = logging.LoggerAdapter(logging.getLogger(), {'traceId': '', 'service': 'orders'})\n",
        "def done(trace):\n    logging.info('done', extra={'trace_id': trace, 'service': 'orders'})\n",
        "from opentelemetry.instrumentation.logging import LoggingInstrumentor\nLoggingInstrumentor().instrument()\n",
    ],
    ids=["filter", "factory", "adapter", "extra", "opentelemetry"],
)
def test_fields_on_the_record_come_out_too(others: str) -> None:
    formatter = "handler.setFormatter(jsonlogger.JsonFormatter('%(asctime)s %(levelname)s'))\n"
    assert missing_fields(orders(f"from pythonjsonlogger import jsonlogger\n{HANDLER}{formatter}{others}")) == []


def test_a_formatter_that_names_its_fields_does_not_write_those_on_the_record() -> None:
    text = f"""
import json
class Formatter(logging.Formatter):
    def format(self, record):
        return json.dumps({{"time": record.created, "level": record.levelname, "service": "orders"}})
class Add(logging.Filter):
    def filter(self, record):
        record.trace_id = ""
        return True
{HANDLER}
handler.setFormatter(Formatter())
"""
    assert missing_fields(orders("import logging\n" + text)) == ["trace_id"]


def test_an_agent_puts_its_trace_on_records() -> None:
    formatter = "handler.setFormatter(jsonlogger.JsonFormatter('%(asctime)s'))\n"
    text = f"from pythonjsonlogger import jsonlogger\n{HANDLER}{formatter}"
    dockerfile = 'FROM python:3.12\nCOPY . /app\nCMD ["opentelemetry-instrument", "uvicorn", "app:app"]\n'
    assert missing_fields(orders(text, dockerfile=dockerfile)) == ["severity"]


STRUCTLOG = """
import structlog
def add_service(logger, method, event_dict):
    event_dict["service"] = "orders"
    return event_dict
shared = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level]
"""


@pytest.mark.parametrize(
    ("processors", "missing"),
    [
        ("[structlog.processors.JSONRenderer()]", ["trace_id", "service_name", "severity", "timestamp"]),
        ("[*shared, structlog.processors.TimeStamper(fmt='iso', key='ts'), structlog.processors.JSONRenderer()]",
         ["trace_id", "service_name"]),
        ("shared + [add_service, structlog.processors.JSONRenderer()]", ["trace_id", "timestamp"]),
        ("[structlog.processors.TimeStamper(key=NAME), structlog.processors.JSONRenderer()]", "unknown"),
        ("[acme.add_all, structlog.processors.JSONRenderer()]", "unknown"),
    ],
)  # fmt: skip
def test_structlog_writes_what_its_processors_add(processors: str, missing: object) -> None:
    text = f"{STRUCTLOG}import acme\nfrom names import NAME\nstructlog.configure(processors={processors})\n"
    assert missing_fields(orders(text)) == missing


def test_what_is_bound_with_structlog_is_written() -> None:
    text = f"""
{STRUCTLOG}
structlog.configure(processors=[*shared, structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()])
log = structlog.get_logger(service="orders")
def start(trace):
    structlog.contextvars.bind_contextvars(trace_id=trace)
"""
    assert missing_fields(orders(text)) == []


def test_structlog_through_the_standard_library_writes_what_both_halves_add() -> None:
    text = f"""
{STRUCTLOG}
{HANDLER}
structlog.configure(processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter])
handler.setFormatter(structlog.stdlib.ProcessorFormatter(
    foreign_pre_chain=[*shared, structlog.processors.TimeStamper()],
    processors=[add_service, structlog.processors.JSONRenderer()],
))
"""
    assert missing_fields(orders(text)) == ["trace_id"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("from loguru import logger\nlogger.add('out', serialize=True)", ["trace_id", "service_name"]),
        ("from loguru import logger\nlogger.add('out', serialize=True)\nlogger.configure(extra={'service': 'orders'})",
         ["trace_id"]),
        ("from loguru import logger\nlogger.add('out', serialize=True)\nlog = logger.bind(app='', trace_id='')", []),
        ("from loguru import logger\nlogger.add('out', serialize=True)\nlogger = logger.patch(add)", "unknown"),
        (f"import json_log_formatter\n{HANDLER}handler.setFormatter(json_log_formatter.JSONFormatter())",
         ["trace_id", "service_name", "severity"]),
        (f"import json_log_formatter\n{HANDLER}handler.setFormatter(json_log_formatter.VerboseJSONFormatter())",
         ["trace_id"]),
        (f"import ecs_logging\n{HANDLER}handler.setFormatter(ecs_logging.StdlibFormatter())", ["trace_id"]),
        (f"from dockerflow.logging import JsonLogFormatter\n{HANDLER}handler.setFormatter(JsonLogFormatter('orders'))",
         ["trace_id"]),
        ("import google.cloud.logging\ngoogle.cloud.logging.Client().setup_logging()", "unknown"),
    ],
)  # fmt: skip
def test_other_libraries_write_what_their_documentation_says(text: str, missing: object) -> None:
    assert missing_fields(orders(text + "\n")) == missing


def test_a_collector_in_the_system_names_the_service_and_the_time() -> None:
    compose = """
        services:
          orders:
            build: orders
          fluent-bit:
            image: fluent/fluent-bit:3.1
    """
    text = f"from pythonjsonlogger import jsonlogger\n{HANDLER}handler.setFormatter(jsonlogger.JsonFormatter())\n"
    files = {"orders/app.py": text + APPLICATION, "orders/Dockerfile": DOCKERFILE, "docker-compose.yml": compose}
    assert missing_fields(system_of(files)) == ["trace_id", "severity"]


LOGGING_CONF = """
[loggers]
keys=root
[handlers]
keys=console
[formatters]
keys=line
[handler_console]
class=StreamHandler
formatter=line
[formatter_line]
format={format}
[logger_root]
level=INFO
handlers=console
"""


def test_a_file_configures_logging_and_is_where_the_finding_stands() -> None:
    conf = LOGGING_CONF.replace("{format}", '{"time": "%(asctime)s", "level": "%(levelname)s"}')
    text = "import logging.config\nlogging.config.fileConfig('logging.conf')\n"
    (found,) = orders(text, {"logging.conf": conf}).select(LoggingSetup)
    assert (found.format, found.missing_fields) == ("json", ("trace_id", "service_name"))
    assert (found.at.path, found.at.line) == ("orders/logging.conf", 11)


def test_a_file_that_is_named_at_launch_configures_logging() -> None:
    conf = LOGGING_CONF.replace("{format}", "%(asctime)s %(message)s")
    dockerfile = 'FROM python:3.12\nCOPY . /app\nCMD ["uvicorn", "app:app", "--log-config", "logging.conf"]\n'
    assert telemetry_of(orders("", {"logging.conf": conf}, dockerfile)).log_format == "text"


@pytest.mark.parametrize(
    "load",
    [
        "with open('logging.yaml') as file:\n    logging.config.dictConfig(yaml.safe_load(file))\n",
        "def set_up(path=Path(__file__).parent / 'logging.yaml'):\n    config = yaml.safe_load(path.read_text())\n"
        "    logging.config.dictConfig(config)\nset_up()\n",
        "logging.config.dictConfig(yaml.safe_load(open(os.path.join(HERE, 'logging.yaml')).read()))\n",
    ],
)
def test_a_dictionary_may_come_from_a_file(load: str) -> None:
    config = """
        version: 1
        formatters:
          json:
            (): pythonjsonlogger.jsonlogger.JsonFormatter
            format: "%(asctime)s %(levelname)s"
            static_fields:
              service: orders
        handlers:
          out:
            class: logging.StreamHandler
            formatter: json
    """
    text = "import logging.config\nimport os\nimport yaml\nfrom pathlib import Path\nHERE = os.path.dirname(__file__)\n"
    assert missing_fields(orders(text + load, {"logging.yaml": config})) == ["trace_id"]


def test_a_file_that_is_not_there_leaves_logging_unknown() -> None:
    text = "import logging.config\nlogging.config.fileConfig('/etc/orders/logging.conf')\n"
    assert is_unknown(telemetry_of(orders(text)).log_format)


def test_gunicorns_own_configuration_counts() -> None:
    conf = """
        logconfig_dict = {
            "version": 1,
            "formatters": {"line": {"class": "logging.Formatter", "format": "%(asctime)s %(message)s"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        }
    """
    dockerfile = 'FROM python:3.12\nCOPY . /app\nCMD ["gunicorn", "-c", "gunicorn_conf.py", "app:app"]\n'
    found = telemetry_of(orders("", {"gunicorn_conf.py": conf}, dockerfile))
    assert (found.log_format, found.log_at and found.log_at.path) == ("text", "orders/gunicorn_conf.py")
