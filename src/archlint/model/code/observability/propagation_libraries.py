"""What puts the trace context into the requests of each client library: data.

OpenTelemetry's instrumentations are listed at
https://github.com/open-telemetry/opentelemetry-python-contrib/tree/main/instrumentation (README and each package's
documentation on https://opentelemetry-python-contrib.readthedocs.io); each line says what they wrap.
"""

from __future__ import annotations

import re

from archlint.core.record import dataclass, pattern
from archlint.model.paths import names


@dataclass(frozen=True)
class Client:
    """One client library. ``given_by`` are the modules whose import instruments it, ``names`` those of them that count
    where a module instruments servers too; ``fix`` is what a message recommends."""

    kind: str
    given_by: tuple[str, ...] = ()
    fix: str = "opentelemetry.propagate.inject"
    names: tuple[str, ...] = ()


_OTEL = "opentelemetry.instrumentation."
# requests' Session.send: https://opentelemetry-python-contrib.readthedocs.io/en/latest/instrumentation/requests/; below
# it stands urllib3, whose instrumentation wraps HTTPConnectionPool.urlopen.
_REQUESTS = Client("http", (_OTEL + "requests", _OTEL + "urllib3"), "RequestsInstrumentor")

CLIENTS: dict[str, Client] = {
    "requests": _REQUESTS,
    "grequests": _REQUESTS,
    "google-auth": _REQUESTS,
    # httpx.HTTPTransport.handle_request
    "httpx": Client("http", (_OTEL + "httpx",), "HTTPXClientInstrumentor"),
    # aiohttp.ClientSession, by trace_configs
    "aiohttp": Client("http", (_OTEL + "aiohttp_client",), "AioHttpClientInstrumentor"),
    # urllib.request.OpenerDirector.open
    "urllib": Client("http", (_OTEL + "urllib",), "URLLibInstrumentor"),
    "urllib3": Client("http", (_OTEL + "urllib3",), "URLLib3Instrumentor"),
    # tornado.httpclient.AsyncHTTPClient.fetch
    "tornado": Client("http", (_OTEL + "tornado",), "TornadoInstrumentor"),
    # No instrumentation wraps these three.
    "http.client": Client("http"),
    "httplib2": Client("http"),
    "treq": Client("http"),
    # grpc.insecure_channel and grpc.secure_channel; GrpcInstrumentorServer wraps servers alone.
    "grpc": Client(
        "grpc", (_OTEL + "grpc",), "GrpcInstrumentorClient", ("GrpcInstrumentorClient", "client_interceptor")
    ),
    "grpc.aio": Client(
        "grpc",
        (_OTEL + "grpc",),
        "GrpcAioInstrumentorClient",
        ("GrpcAioInstrumentorClient", "aio_client_interceptor", "aio_client_interceptors"),
    ),
    # pika's Channel.basic_publish
    "pika": Client("messaging", (_OTEL + "pika",), "PikaInstrumentor"),
    # aio_pika.Exchange.publish
    "aio_pika": Client("messaging", (_OTEL + "aio_pika",), "AioPikaInstrumentor"),
    # kafka.KafkaProducer.send
    "kafka": Client("messaging", (_OTEL + "kafka",), "KafkaInstrumentor"),
    # confluent_kafka.Producer.produce
    "confluent_kafka": Client("messaging", (_OTEL + "confluent_kafka",), "ConfluentKafkaInstrumentor"),
    # aiokafka.AIOKafkaProducer.send
    "aiokafka": Client("messaging", (_OTEL + "aiokafka",), "AIOKafkaInstrumentor"),
    # celery's before_task_publish
    "celery": Client("messaging", (_OTEL + "celery",), "CeleryInstrumentor"),
    # boto3's SQS client; botocore's SNS and Lambda extensions
    "boto3": Client(
        "messaging", (_OTEL + "boto3sqs", _OTEL + "botocore", _OTEL + "aiobotocore"), "Boto3SQSInstrumentor"
    ),
    # nats-py has headers and no instrumentation.
    "nats": Client("messaging"),
    "stomp": Client("messaging"),
    # https://github.com/Overseas-Student-Living/nameko-opentelemetry
    "nameko": Client("messaging", ("nameko_opentelemetry",), "nameko-opentelemetry"),
    # https://faststream.ag2.ai/latest/getting-started/observability/opentelemetry/
    "faststream": Client("messaging", ("faststream.opentelemetry",), "FastStream's TelemetryMiddleware"),
}
"""Libraries that are not here (redis, Dapr, Pub/Sub and Service Bus, which trace by themselves) are not judged."""

INSTALLS_ALL = "opentelemetry-bootstrap"
"""Installs the instrumentations of all libraries that are there: https://opentelemetry.io/docs/zero-code/python/"""
ALL_IN_ONE = names(
    "opentelemetry-contrib-instrumentations splunk-opentelemetry elastic-opentelemetry aws-opentelemetry-distro "
    "lumigo-opentelemetry helios-opentelemetry-sdk solarwinds-apm coralogix-opentelemetry"
)
"""Distributions that need many instrumentations themselves."""


def packages_of(client: Client) -> tuple[str, ...]:
    """The distributions that hold the client's instrumentations."""
    return tuple(one.replace(".", "-").replace("_", "-") for one in client.given_by)


ALL_PACKAGES = frozenset(package for client in CLIENTS.values() for package in packages_of(client)) | {
    f"opentelemetry-instrumentation-{one}" for one in ("fastapi", "flask", "django", "asgi", "wsgi", "starlette")
}
INSTRUMENTS_ALL = names(
    "opentelemetry.distro opentelemetry.instrumentation.auto_instrumentation opentelemetry.instrumentation.environment "
    "splunk_otel traceloop"
)
"""Imports that load every installed instrumentation, or may."""
INSTRUMENTS_SOME: dict[str, frozenset[str]] = {
    # https://learn.microsoft.com/azure/azure-monitor/app/opentelemetry-enable?tabs=python: requests, urllib, urllib3
    "azure.monitor.opentelemetry": names("requests grequests google-auth urllib urllib3"),
}
CALLED_INSTRUMENTS = {
    # https://logfire.pydantic.dev/docs/integrations/
    "instrument_requests": names("requests grequests google-auth"),
    "instrument_httpx": names("httpx"),
    "instrument_aiohttp_client": names("aiohttp"),
    "instrument_celery": names("celery"),
}
LOADED_BY_NAME = ("opentelemetry_instrumentor", "opentelemetry.instrumentation")
"""The group under which instrumentations register, and their package: code that names one as text loads by name."""

INJECTIONS = names("inject inject_span create_http_headers_for_new_span inject_headers inject_as_headers")
"""Functions that write a span's context into a carrier: OpenTelemetry's and OpenTracing's ``inject``, py_zipkin's."""
CONTEXT_HEADERS = pattern(
    r"traceparent|tracestate|\bx-b3-|^b3$|uber-trace-id|x-cloud-trace-context|x-amzn-trace-id|^x-datadog-|"
    r"elastic-apm-traceparent|^sw8$|x-ot-span-context|grpc-trace-bin|sentry-trace|x-ot-",
    re.IGNORECASE,
)
"""Headers that carry a trace: code that names one passes it on by hand."""
BY_HAND = frozenset({"Jaeger", "Zipkin", "OpenTracing"})
"""Clients that propagate nothing by themselves: what calls out has to inject, or use an instrumentation of these."""
BY_HAND_INSTRUMENTATIONS = names(
    "opentracing_instrumentation requests_opentracing grpc_opentracing opentracing_grpc aiohttp_zipkin aiozipkin "
    "celery_opentracing kafka_opentracing django_opentracing tornado_opentracing"
)
