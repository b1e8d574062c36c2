"""What a service's metrics measure, and what they leave out."""

from __future__ import annotations

import pytest
from observed_systems import APPLICATION, DOCKERFILE, orders, system_of, telemetry_of

from archlint.core.values import Setting, is_unknown

EXPOSED = (
    "from prometheus_client import Counter, Gauge, Histogram, Summary, start_http_server\nstart_http_server(9100)\n"
)
POOL = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(4)\n"
OWN_REGISTRY = "from prometheus_client import CollectorRegistry, Gauge, make_asgi_app\nregistry = CollectorRegistry()\n"


@pytest.mark.parametrize(
    ("definitions", "missing"),
    [
        ("", ("requests", "errors", "duration")),
        ("Counter('revenue_total', 'Money taken')", ("requests", "errors", "duration")),
        ("Counter('http_requests_total', 'Requests')", ("errors", "duration")),
        ("Counter('http_requests_total', 'Requests', ['method', 'status'])", ("duration",)),
        ("Counter('orders_total', 'Orders', labelnames=('outcome',))", ("duration",)),
        ("Histogram('request_latency_seconds', 'Latency')", ("errors",)),
        ("Histogram('request_latency_seconds', 'Latency')\nCounter('failures_total', 'Failures')", ()),
        ("Summary('response_time', 'Time', ['code'])", ()),
        ("Histogram('basket_items', 'Items in a basket')", ("requests", "errors", "duration")),
        ("Histogram('request_latency_seconds', 'Latency', LABELS)", ()),
    ],
)
def test_the_names_and_labels_of_metrics_tell_what_they_give(definitions: str, missing: tuple[str, ...]) -> None:
    assert telemetry_of(orders(f"{EXPOSED}{definitions}\n")).missing_red == missing


def test_a_computed_name_leaves_it_unknown() -> None:
    text = EXPOSED + "def counter(name):\n    return Counter(name, 'Things')\nfor one in things():\n    counter(one)\n"
    assert is_unknown(telemetry_of(orders(text)).missing_red)


def test_a_collector_of_ones_own_leaves_it_unknown() -> None:
    text = """
from prometheus_client import start_http_server
from prometheus_client.core import REGISTRY, CounterMetricFamily
class Collector:
    def collect(self):
        yield CounterMetricFamily("things", "Things")
REGISTRY.register(Collector())
start_http_server(9100)
"""
    assert is_unknown(telemetry_of(orders(text)).missing_red)


@pytest.mark.parametrize(
    "instrumented",
    [
        "from prometheus_fastapi_instrumentator import Instrumentator\nInstrumentator().instrument(app).expose(app)",
        "from starlette_exporter import PrometheusMiddleware",
        "from prometheus_flask_exporter import PrometheusMetrics",
        "from py_grpc_prometheus.prometheus_server_interceptor import PromServerInterceptor",
        "import ddtrace.auto",
        "from django_prometheus.middleware import PrometheusBeforeMiddleware",
        "from faststream.prometheus import KafkaPrometheusMiddleware",
        "from nameko_prometheus import PrometheusMetrics",
        "from starlette_prometheus import PrometheusMiddleware",
        "from litestar.plugins.prometheus import PrometheusConfig",
        "from opentelemetry.sdk.metrics import MeterProvider\n"
        "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor",
    ],
)
def test_an_instrumentation_measures_requests_whatever_else_is_defined(instrumented: str) -> None:
    text = f"{EXPOSED}{instrumented}\nCounter('revenue_total', 'Money taken')\n"
    assert telemetry_of(orders(text)).missing_red == ()


def test_a_library_outside_the_scan_may_measure_requests() -> None:
    assert is_unknown(telemetry_of(orders(f"{EXPOSED}from acme_metrics import measure\n")).missing_red)


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        ("from statsd import StatsClient\nstatsd = StatsClient()\nstatsd.incr('orders.revenue')",
         ("requests", "errors", "duration")),
        ("from statsd import StatsClient\nstatsd = StatsClient()\nstatsd.timing('request.time', 1)\n"
         "statsd.incr('request.errors')", ()),
        ("from datadog import statsd\nstatsd.increment('requests', tags=['status:200'])", ("duration",)),
        ("from opentelemetry.sdk.metrics import MeterProvider\nfrom opentelemetry import metrics\n"
         "metrics.get_meter('orders').create_counter('orders.revenue')", ("requests", "errors", "duration")),
        ("from opentelemetry.sdk.metrics import MeterProvider\nfrom opentelemetry import metrics\n"
         "metrics.get_meter('orders').create_histogram('rpc.duration')", ("errors",)),
        ("from aioprometheus import Counter\n", "unknown"),
    ],
)  # fmt: skip
def test_other_libraries_define_metrics_too(sent: str, missing: object) -> None:
    found = telemetry_of(orders(sent + "\n")).missing_red
    assert is_unknown(found) if missing == "unknown" else found == missing


def test_a_process_that_answers_nobody_has_no_requests_to_measure() -> None:
    text = "from prometheus_client import start_http_server\nif __name__ == '__main__':\n    start_http_server(9100)\n"
    system = system_of(
        {"job/main.py": text, "job/Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["python", "main.py"]\n'}
    )
    assert is_unknown(telemetry_of(system).missing_red)


def test_a_mesh_measures_requests_and_not_the_services_resources() -> None:
    deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: orders
        spec:
          selector:
            matchLabels: {app: orders}
          template:
            metadata:
              labels: {app: orders, sidecar.istio.io/inject: "true"}
            spec:
              containers:
                - name: orders
                  image: orders
    """
    text = f"{OWN_REGISTRY}{POOL}metrics = make_asgi_app(registry)\n"
    found = telemetry_of(orders(text))
    assert (found.missing_red, found.resource_metrics) == (("requests", "errors", "duration"), None)
    files = {"orders/app.py": text + APPLICATION, "orders/Dockerfile": DOCKERFILE, "k8s/orders.yaml": deployment}
    found = telemetry_of(system_of(files))
    assert (found.missing_red, found.resource_metrics) == ((), None)


def test_gunicorn_counts_and_times_requests_for_statsd() -> None:
    dockerfile = 'FROM python:3.12\nCOPY . .\nCMD ["gunicorn", "--statsd-host=localhost:9125", "app:app"]\n'
    found = telemetry_of(orders("", dockerfile=dockerfile))
    assert isinstance(found.metrics, Setting)
    assert found.missing_red == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{EXPOSED}", "the process's metrics"),
        (f"{OWN_REGISTRY}metrics = make_asgi_app(registry)", None),
        (f"{OWN_REGISTRY}metrics = make_asgi_app(registry=registry)\nGauge('pool_busy', 'Busy', registry=registry)",
         "a gauge"),
        (f"{OWN_REGISTRY}from prometheus_client import ProcessCollector\nProcessCollector(registry=registry)\n"
         "metrics = make_asgi_app(registry)", "the process's metrics"),
        ("from opentelemetry.sdk.metrics import MeterProvider\nMeterProvider()", None),
        ("from opentelemetry.sdk.metrics import MeterProvider\n"
         "from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor", "unknown"),
        ("from statsd import StatsClient\nStatsClient().gauge('queue.length', 1)", "a gauge"),
    ],
)  # fmt: skip
def test_the_use_of_resources_is_measured_by_the_process_or_a_gauge(text: str, expected: str | None) -> None:
    found = telemetry_of(orders(f"{POOL}{text}\n"))
    assert [one.at.line for one in found.resources] == [2]
    value = found.resource_metrics
    assert ("unknown" if is_unknown(value) else value and value.value) == expected


def test_pools_and_queues_are_resources_and_other_peoples_are_not() -> None:
    text = """
import asyncio
import queue
import asyncpg
from sqlalchemy import create_engine
engine = create_engine("postgresql://db/orders")
jobs = queue.Queue()
async def connect():
    return await asyncpg.create_pool()
items = asyncio.Queue()
class Queue: ...
mine = Queue()
"""
    assert [(one.at.line, one.note) for one in telemetry_of(orders(text)).resources] == [
        (5, "a connection pool is made here"),
        (6, "a queue is made here"),
        (8, "a connection pool is made here"),
        (9, "a queue is made here"),
    ]
