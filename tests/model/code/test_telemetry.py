"""Logging, metrics, tracing, prints and debug switches of a service."""

from __future__ import annotations

import pytest
from python_systems import system_of

from archlint.core.system.services import DebugSetting, Telemetry
from archlint.core.values import Setting, is_unknown


def telemetry_of(text: str, **others: str) -> Telemetry:
    files = {"orders/app.py": text, **{f"orders/{name}.py": other for name, other in others.items()}}
    (found,) = system_of(files, ("orders",)).select(Telemetry)
    return found


def debug_of(text: str, variables: dict[str, str] | None = None) -> list[tuple[str, object]]:
    draft = system_of({"orders/app.py": text}, ("orders",), {"orders": variables} if variables else None)
    return [(one.value, one.is_production) for one in draft.select(DebugSetting)]


APPLICATION = """
from fastapi import FastAPI
app = FastAPI()
"""


@pytest.mark.parametrize(
    ("set_up", "expected"),
    [
        ("", None),
        ("import logging\nlogger = logging.getLogger(__name__)", None),
        ("import logging\nlogging.basicConfig(format='%(message)s')", "text"),
        ("import logging\nlogging.basicConfig(format='{\"message\": \"%(message)s\"}')", "json"),
        ("from pythonjsonlogger import jsonlogger\nimport logging\nh = logging.StreamHandler()\n"
         "h.setFormatter(jsonlogger.JsonFormatter())", "json"),
        ("import structlog\nstructlog.configure(processors=[structlog.processors.JSONRenderer()])", "json"),
        ("import structlog\nstructlog.configure(processors=[structlog.dev.ConsoleRenderer()])", "text"),
        ("from loguru import logger\nlogger.add('out', serialize=True)", "json"),
        ("from loguru import logger\nlogger.info('hello')", "text"),
        ("import logging.config\nlogging.config.dictConfig({'version': 1, 'formatters': {'plain': "
         "{'format': '%(message)s'}}})", "text"),
        ("import logging.config\nlogging.config.dictConfig({'version': 1, 'formatters': {'json': "
         "{'()': 'pythonjsonlogger.jsonlogger.JsonFormatter'}}})", "json"),
        ("from opentelemetry.instrumentation.logging import LoggingInstrumentor\n"
         "LoggingInstrumentor().instrument(set_logging_format=True)", "text"),
        ("from opentelemetry.instrumentation.logging import LoggingInstrumentor\nLoggingInstrumentor().instrument()",
         None),
        ("import uvicorn\nuvicorn.Server(uvicorn.Config('app:app', log_config={'formatters': {'plain': "
         "{'format': '%(message)s'}}}))", "text"),
        ("import uvicorn\nuvicorn.run('app:app', log_config=None)", None),
        ("import google.cloud.logging\ngoogle.cloud.logging.Client().setup_logging()", "json"),
    ],
)  # fmt: skip
def test_the_format_of_the_logs_is_what_the_set_up_gives(set_up: str, expected: str | None) -> None:
    assert telemetry_of(set_up + APPLICATION).log_format == expected


def test_a_formatter_of_ones_own_writes_json_if_it_dumps_it() -> None:
    log = """
        import json
        import logging

        class Formatter(logging.Formatter):
            def format(self, record):
                return json.dumps({"message": record.getMessage()})

        def set_up():
            handler = logging.StreamHandler()
            handler.setFormatter(Formatter())
    """
    assert telemetry_of("import log\nlog.set_up()" + APPLICATION, log=log).log_format == "json"


def test_a_librarys_set_up_that_is_not_in_the_scan_is_unknown() -> None:
    assert is_unknown(telemetry_of("from acme.logging import set_up\nset_up()" + APPLICATION).log_format)
    assert telemetry_of("from acme.catalog import items\nitems()" + APPLICATION).log_format is None


def test_what_is_absent_is_said_at_the_application() -> None:
    found = telemetry_of("import os" + APPLICATION)
    assert (found.at.path, found.at.line) == ("orders/app.py", 3)
    assert (found.logging, found.metrics, found.tracing) == (None, None, None)


def test_what_is_absent_is_said_at_the_application_rather_than_at_a_script_beside_it() -> None:
    script = 'if __name__ == "__main__":\n    print("done")\n'
    assert str(telemetry_of(APPLICATION, adjust=script).at).startswith("orders/app.py:3")


def test_traces_are_no_metrics() -> None:
    found = telemetry_of("from opentelemetry.sdk.trace import TracerProvider\nTracerProvider()" + APPLICATION)
    assert found.metrics is None
    assert isinstance(found.tracing, Setting)
    assert found.tracing.value == "OpenTelemetry"


@pytest.mark.parametrize(
    "line",
    [
        "from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter",
        "from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter",
        "from opentelemetry.instrumentation.logging import LoggingInstrumentor",
        "from opencensus.ext.azure.log_exporter import AzureLogHandler",
    ],
)
def test_what_sends_logs_and_metrics_traces_nothing(line: str) -> None:
    assert telemetry_of(line + APPLICATION).tracing is None


def test_metrics_are_no_traces() -> None:
    found = telemetry_of("from prometheus_fastapi_instrumentator import Instrumentator\nInstrumentator()" + APPLICATION)
    assert isinstance(found.metrics, Setting)
    assert found.tracing is None


def test_metrics_that_nothing_is_seen_to_expose_are_unknown() -> None:
    assert is_unknown(telemetry_of("from prometheus_client import Counter\nCounter('a', 'b')" + APPLICATION).metrics)


def test_a_print_counts_in_the_message_path_only() -> None:
    text = """
        import pika

        def handle(channel, method, properties, body):
            print("handled")

        def main():
            channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
            channel.basic_consume(queue="orders", on_message_callback=handle)
            print("waiting")

        if __name__ == "__main__":
            main()
    """
    assert [one.at.line for one in telemetry_of(text).prints] == [5]


def test_a_print_in_a_modules_own_message_loop_counts() -> None:
    text = """
        from kafka import KafkaConsumer

        consumer = KafkaConsumer("orders", bootstrap_servers="kafka:9092")
        print("started")
        for message in consumer:
            print(message.value)
    """
    assert [one.at.line for one in telemetry_of(text).prints] == [7]


def test_debug_mode_counts_where_the_value_is_known_to_hold() -> None:
    assert debug_of("from fastapi import FastAPI\napp = FastAPI(debug=True)") == [("debug=True", True)]
    text = "import os\nfrom fastapi import FastAPI\napp = FastAPI(debug=os.getenv('DEBUG') == '1')"
    assert debug_of(text) == []


def test_a_handlers_level_is_no_debug_logging() -> None:
    text = "import logging\nhandler = logging.StreamHandler()\nhandler.setLevel(logging.DEBUG)" + APPLICATION
    assert debug_of(text) == []
    text = "import logging\nlogging.getLogger().setLevel(logging.DEBUG)" + APPLICATION
    assert debug_of(text) == [("setLevel(DEBUG)", True)]


def test_a_variable_of_the_container_switches_debug_logging_on() -> None:
    assert debug_of(APPLICATION, {"LOG_LEVEL": "debug", "DEBUG": "false"}) == [("LOG_LEVEL=debug", True)]
