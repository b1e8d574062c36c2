"""What carries the trace context out of a traced service, and whose tracing it is."""

from __future__ import annotations

import pytest
from observed_systems import APPLICATION, DOCKERFILE, orders, propagation, system_of, telemetry_of

from archlint.core.system.services import Telemetry, TracedClient
from archlint.core.values import Setting, is_unknown

TRACED = "from opentelemetry.sdk.trace import TracerProvider\nTracerProvider()\n"
CALLS = {
    "requests": "import requests\ndef call():\n    requests.get('http://stock/items', timeout=1)\n",
    "httpx": "import httpx\ndef call():\n    httpx.get('http://stock/items')\n",
    "aiohttp": "import aiohttp\nasync def call():\n    async with aiohttp.ClientSession() as session:\n"
    "        await session.get('http://stock/items')\n",
    "urllib": "import urllib.request\ndef call():\n    urllib.request.urlopen('http://stock/items', timeout=1)\n",
    "urllib3": "import urllib3\ndef call():\n    urllib3.PoolManager().request('GET', 'http://stock/items')\n",
    "kafka": "from kafka import KafkaProducer\nproducer = KafkaProducer()\ndef call():\n"
    "    producer.send('orders', b'')\n",
    "confluent_kafka": "from confluent_kafka import Producer\nproducer = Producer({})\ndef call():\n"
    "    producer.produce('orders', b'')\n",
    "aiokafka": "from aiokafka import AIOKafkaProducer\nproducer = AIOKafkaProducer()\nasync def call():\n"
    "    await producer.send_and_wait('orders', b'')\n",
    "pika": "import pika\nchannel = pika.BlockingConnection().channel()\ndef call():\n"
    "    channel.basic_publish(exchange='', routing_key='orders', body=b'')\n",
}
INSTRUMENTATIONS = {
    "requests": "requests import RequestsInstrumentor",
    "httpx": "httpx import HTTPXClientInstrumentor",
    "aiohttp": "aiohttp_client import AioHttpClientInstrumentor",
    "urllib": "urllib import URLLibInstrumentor",
    "urllib3": "urllib3 import URLLib3Instrumentor",
    "kafka": "kafka import KafkaInstrumentor",
    "confluent_kafka": "confluent_kafka import ConfluentKafkaInstrumentor",
    "aiokafka": "aiokafka import AIOKafkaInstrumentor",
    "pika": "pika import PikaInstrumentor",
}


@pytest.mark.parametrize("library", sorted(CALLS))
def test_a_client_carries_the_context_once_its_own_instrumentation_is_imported(library: str) -> None:
    assert propagation(orders(TRACED + CALLS[library])) == {library: None}
    other = "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor\n"
    assert propagation(orders(other + CALLS[library])) == {library: None}
    line = INSTRUMENTATIONS[library]
    text = f"{TRACED}from opentelemetry.instrumentation.{line}\n{line.split()[-1]}().instrument()\n{CALLS[library]}"
    assert propagation(orders(text)) == {library: line.split()[-1]}


def test_the_instrumentation_of_urllib3_carries_requests_too() -> None:
    text = f"{TRACED}from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor\n{CALLS['requests']}"
    assert propagation(orders(text)) == {"requests": "RequestsInstrumentor"}


STUB = """
import grpc
import stock_pb2_grpc
channel = grpc.{kind}insecure_channel("stock:50051")
stub = stock_pb2_grpc.StockStub(channel)
def call(request):
    return stub.Reserve(request, timeout=1)
"""


@pytest.mark.parametrize(
    ("kind", "imported", "expected"),
    [
        ("", "", {"grpc": None}),
        ("", "GrpcInstrumentorServer", {"grpc": None}),
        ("", "GrpcInstrumentorClient", {"grpc": "GrpcInstrumentorClient"}),
        ("aio.", "GrpcInstrumentorClient", {"grpc.aio": None}),
        ("aio.", "GrpcAioInstrumentorClient", {"grpc.aio": "GrpcAioInstrumentorClient"}),
    ],
)
def test_grpc_clients_have_an_instrumentation_of_their_own(
    kind: str, imported: str, expected: dict[str, str | None]
) -> None:
    line = f"from opentelemetry.instrumentation.grpc import {imported}\n" if imported else ""
    assert propagation(orders(TRACED + line + STUB.format(kind=kind))) == expected


def test_the_finding_about_grpc_stands_where_the_channel_is_made() -> None:
    (found,) = orders(STUB.format(kind="") + TRACED).select(TracedClient)
    assert (found.at.path, found.at.line) == ("orders/app.py", 3)


def test_an_interceptor_that_is_not_read_may_carry_the_context() -> None:
    text = TRACED + STUB.format(kind="").replace(
        "stub =", "import acme\nchannel = grpc.intercept_channel(channel, acme.Tracing())\nstub ="
    )
    assert propagation(orders(text)) == {"grpc": "unknown"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The context is injected beside the call, elsewhere, by other tracers' functions, by hand.
        ("from opentelemetry.propagate import inject\ninject({})\n", "opentelemetry.propagate.inject"),
        ("from acme.tracing import set_up\nset_up()\n", "unknown"),
        ("HEADERS = ['x-request-id', 'x-b3-traceid']\n", "unknown"),
        ("def headers(trace):\n    return {'traceparent': trace}\n", "unknown"),
        ("import opentelemetry.instrumentation.auto_instrumentation\n", "unknown"),
        ("for one in entry_points(group='opentelemetry_instrumentor'):\n    one.load()().instrument()\n", "unknown"),
        ("for one in ['requests']:\n    import_module(f'opentelemetry.instrumentation.{one}')\n", "unknown"),
        ("from azure.monitor.opentelemetry import configure_azure_monitor\n", "azure.monitor.opentelemetry"),
        ("import logfire\nlogfire.instrument_requests()\n", "instrument_requests"),
    ],
)
def test_other_ways_carry_it_too(text: str, expected: str) -> None:
    assert propagation(orders(TRACED + text + CALLS["requests"])) == {"requests": expected}


def test_headers_that_are_passed_on_whole_may_hold_it() -> None:
    call = "    requests.get('http://stock/items', headers=request.headers, timeout=1)\n"
    assert propagation(orders(f"{TRACED}import requests\ndef call(request):\n{call}")) == {"requests": "unknown"}


def test_a_call_that_leaves_the_system_needs_no_context() -> None:
    call = "import requests\ndef call():\n    requests.get('https://api.stripe.com/v1/charges', timeout=1)\n"
    (found,) = orders(TRACED + call).select(TracedClient)
    assert found.crosses is False


def test_a_call_that_the_import_of_a_module_makes_is_part_of_no_request() -> None:
    assert propagation(orders(TRACED + "import requests\nrequests.get('http://stock/ready', timeout=1)\n")) == {}


def test_an_agent_instruments_what_it_knows() -> None:
    for command, expected in (("opentelemetry-instrument", "OpenTelemetry"), ("ddtrace-run", "unknown")):
        dockerfile = f'FROM python:3.12\nCOPY . /app\nCMD ["{command}", "uvicorn", "app:app"]\n'
        assert propagation(orders(CALLS["requests"], dockerfile=dockerfile)) == {"requests": expected}


def test_an_operator_instruments_every_client() -> None:
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
              labels: {app: orders}
              annotations:
                instrumentation.opentelemetry.io/inject-python: "true"
            spec:
              containers:
                - name: orders
                  image: orders
    """
    files = {
        "orders/app.py": CALLS["httpx"] + APPLICATION,
        "orders/Dockerfile": DOCKERFILE,
        "orders/requirements.txt": "opentelemetry-instrumentation-fastapi\n",
        "k8s/orders.yaml": deployment,
    }
    assert propagation(system_of(files)) == {"httpx": "OpenTelemetry"}


def test_opentelemetry_instrument_loads_only_what_is_installed() -> None:
    dockerfile = 'FROM python:3.12\nCOPY . /app\n{}CMD ["opentelemetry-instrument", "uvicorn", "app:app"]\n'
    required = {"requirements.txt": "opentelemetry-distro\nopentelemetry-instrumentation-fastapi\n"}
    assert propagation(orders(CALLS["httpx"], required, dockerfile.format(""))) == {"httpx": None}
    bootstrap = dockerfile.format("RUN opentelemetry-bootstrap -a install\n")
    assert propagation(orders(CALLS["httpx"], required, bootstrap)) == {"httpx": "OpenTelemetry"}
    required["requirements.txt"] += "opentelemetry-instrumentation-httpx\n"
    assert propagation(orders(CALLS["httpx"], required, dockerfile.format(""))) == {"httpx": "OpenTelemetry"}


def test_jaegers_client_carries_nothing_by_itself_and_a_vendors_agent_may() -> None:
    assert propagation(orders("import jaeger_client\n" + CALLS["requests"])) == {"requests": None}
    text = "import jaeger_client\nimport opentracing_instrumentation\n" + CALLS["requests"]
    assert propagation(orders(text)) == {"requests": "unknown"}
    assert propagation(orders("import newrelic.agent\n" + CALLS["requests"])) == {"requests": "unknown"}


def test_a_service_that_is_not_traced_has_no_context_to_carry() -> None:
    assert propagation(orders(CALLS["requests"])) == {}


@pytest.mark.parametrize(
    ("text", "vendor"),
    [
        ("import jaeger_client", "Jaeger"),
        ("from py_zipkin.zipkin import zipkin_span", "Zipkin"),
        ("import ddtrace.auto", "Datadog"),
        ("import newrelic.agent", "New Relic"),
        ("from elasticapm.contrib.starlette import ElasticAPM", "Elastic APM"),
        ("from aws_xray_sdk.core import xray_recorder", "X-Ray"),
        ("import sentry_sdk\nsentry_sdk.init(traces_sample_rate=0.2)", "Sentry"),
        ("import sentry_sdk\nsentry_sdk.init(traces_sample_rate=0)", None),
        ("import sentry_sdk\nsentry_sdk.init(traces_sampler=sample)", "Sentry"),
        ("import sentry_sdk\nfrom acme import RATE\nsentry_sdk.init(traces_sample_rate=RATE)", None),
        ("from opencensus.ext.azure.log_exporter import AzureLogHandler", None),
        ("from opencensus.ext.azure.trace_exporter import AzureExporter", "OpenCensus"),
        ("import jaeger_client\nfrom opentelemetry.sdk.trace import TracerProvider", None),
        ("from opentelemetry.ext.flask import FlaskInstrumentor", None),
        ("import logfire", None),
    ],
)
def test_one_vendors_client_is_proprietary_unless_opentelemetry_traces_too(text: str, vendor: str | None) -> None:
    found = telemetry_of(orders(text + "\n")).proprietary_tracing
    assert (found and found.value) == vendor


def test_a_shared_package_traces_only_those_who_call_its_set_up() -> None:
    shared = """
        from opentelemetry.sdk.trace import TracerProvider

        def set_up(name):
            TracerProvider()

        def helper():
            return 1
    """
    dockerfile = 'FROM python:3.12\nCOPY . .\nCMD ["uvicorn", "app:app"]\n'
    app = "from fastapi import FastAPI\nfrom platform_lib.tracing import {0}\n{0}('x')\napp = FastAPI()\n"
    system = system_of(
        {
            "libs/platform_lib/__init__.py": "",
            "libs/platform_lib/tracing.py": shared,
            "orders/app.py": app.format("set_up"),
            "orders/Dockerfile": dockerfile,
            "stock/app.py": app.format("helper"),
            "stock/Dockerfile": dockerfile,
        }
    )
    traced = {one.service: one.tracing for one in system.select(Telemetry)}
    assert isinstance(traced["orders"], Setting)
    assert is_unknown(traced["stock"])
