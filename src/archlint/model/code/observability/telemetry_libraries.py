"""What libraries and agents export metrics and traces, and what they measure by themselves: data.

An entry of ``METRICS`` and ``TRACING`` is the dotted name that is imported; the longest one that fits holds.
"""

from __future__ import annotations

import re

from archlint.core.record import dataclass, pattern
from archlint.model.paths import names


@dataclass(frozen=True)
class Metrics:
    """A library that exports metrics. ``measures``: ``requests`` (it counts and times what the service answers, errors
    apart), ``own`` (only what the code defines), ``opentelemetry`` (what its instrumentations measure and the code
    defines) or ``unknown``. ``has_process``: it exports the process's own use of processor, memory and files too."""

    name: str
    measures: str = "requests"
    has_process: bool = True


_PROMETHEUS = Metrics("Prometheus", "unknown")
_APM = Metrics("an APM agent")
_OPENTELEMETRY = Metrics("OpenTelemetry", "opentelemetry", has_process=False)
_STATSD = Metrics("StatsD", "own", has_process=False)

METRICS: dict[str, Metrics] = {
    # All of these register with prometheus_client's default registry, which holds its ProcessCollector:
    # https://prometheus.github.io/client_python/collector/
    # https://github.com/trallnag/prometheus-fastapi-instrumentator: http_requests_total{status}, …_duration_seconds
    "prometheus_fastapi_instrumentator": Metrics("prometheus-fastapi-instrumentator"),
    # https://github.com/rycus86/prometheus_flask_exporter: flask_http_request_total{status}, …_duration_seconds
    "prometheus_flask_exporter": Metrics("prometheus-flask-exporter"),
    "prometheus_flask_instrumentator": Metrics("prometheus-flask-instrumentator"),
    # https://github.com/stephenhillier/starlette_exporter: starlette_requests_total{status_code}, …_duration_seconds
    "starlette_exporter": Metrics("starlette-exporter"),
    # https://github.com/perdy/starlette-prometheus
    "starlette_prometheus": Metrics("starlette-prometheus"),
    # https://github.com/korfuri/django-prometheus/blob/master/django_prometheus/middleware.py
    "django_prometheus": Metrics("django-prometheus"),
    # https://github.com/claws/aioprometheus: its middleware measures requests; without it only what the code defines.
    "aioprometheus": Metrics("aioprometheus", "unknown", has_process=False),
    # https://github.com/hynek/prometheus-async: decorators for metrics that the code defines with prometheus_client
    "prometheus_async": Metrics("prometheus-async", "own"),
    "prometheus_aiohttp": _PROMETHEUS,
    "aiohttp_prometheus_exporter": _PROMETHEUS,
    "sanic_prometheus": _PROMETHEUS,
    # https://github.com/lchenn/py-grpc-prometheus: grpc_server_started_total, …_handled_total{code}
    "py_grpc_prometheus": Metrics("py-grpc-prometheus"),
    "fastapi_prometheus_exporter": _PROMETHEUS,
    "litestar.contrib.prometheus": Metrics("Litestar's Prometheus plugin"),
    "litestar.plugins.prometheus": Metrics("Litestar's Prometheus plugin"),
    # https://faststream.ag2.ai/latest/getting-started/observability/prometheus/
    "faststream.prometheus": Metrics("FastStream's Prometheus middleware"),
    "celery_exporter": Metrics("celery-exporter"),
    "nameko_prometheus": Metrics("nameko-prometheus"),
    # https://statsd.readthedocs.io/en/stable/types.html: counters, timers and gauges that the code sends
    "statsd": _STATSD,
    "aiodogstatsd": _STATSD,
    "datadog": Metrics("Datadog", "own", has_process=False),
    "ddtrace": Metrics("Datadog"),
    "newrelic": Metrics("New Relic"),
    "elasticapm": Metrics("Elastic APM"),
    "instana": Metrics("Instana"),
    "logfire": Metrics("Logfire"),
    "azure.monitor.opentelemetry": Metrics("OpenTelemetry"),
    # https://opentelemetry-python-contrib.readthedocs.io: what is measured is what is instrumented or defined
    "opentelemetry.sdk.metrics": _OPENTELEMETRY,
    "opentelemetry.exporter.prometheus": _OPENTELEMETRY,
    "opentelemetry.exporter.otlp.proto.grpc.metric_exporter": _OPENTELEMETRY,
    "opentelemetry.exporter.otlp.proto.http.metric_exporter": _OPENTELEMETRY,
    "opentelemetry.exporter.cloud_monitoring": _OPENTELEMETRY,
    "opentelemetry.distro": Metrics("OpenTelemetry"),
    "splunk_otel": Metrics("OpenTelemetry"),
    "traceloop": Metrics("OpenTelemetry", "unknown"),
    "aws_embedded_metrics": Metrics("CloudWatch", "unknown"),
    "aws_lambda_powertools.metrics": Metrics("CloudWatch", "unknown"),
    "google.cloud.monitoring_v3": Metrics("Cloud Monitoring", "unknown"),
    "opencensus.stats": Metrics("OpenCensus", "unknown"),
    "influxdb_client": Metrics("InfluxDB", "unknown"),
    "flask_monitoringdashboard": Metrics("Flask Monitoring Dashboard"),
}
EXPOSERS = names(
    "start_http_server start_wsgi_server make_asgi_app make_wsgi_app generate_latest push_to_gateway "
    "pushadd_to_gateway MetricsHandler write_to_textfile GraphiteBridge"
)
"""What exposes the metrics of prometheus_client: https://prometheus.github.io/client_python/exporting/"""

OPENTELEMETRY = "OpenTelemetry"
TRACING: dict[str, str] = {
    "opentelemetry.sdk.trace": OPENTELEMETRY,
    "opentelemetry.instrumentation": OPENTELEMETRY,
    # What the instrumentations were called before version 0.17.
    "opentelemetry.ext": OPENTELEMETRY,
    "opentelemetry.distro": OPENTELEMETRY,
    "opentelemetry.exporter.otlp": OPENTELEMETRY,
    # Parts of OpenTelemetry that send or mark logs and metrics, and trace nothing.
    "opentelemetry.exporter.otlp.proto.grpc.metric_exporter": "",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter": "",
    "opentelemetry.exporter.otlp.proto.grpc._log_exporter": "",
    "opentelemetry.exporter.otlp.proto.http._log_exporter": "",
    "opentelemetry.instrumentation.logging": "",
    "opentelemetry.instrumentation.system_metrics": "",
    "opentelemetry.exporter.jaeger": OPENTELEMETRY,
    "opentelemetry.exporter.zipkin": OPENTELEMETRY,
    "opentelemetry.exporter.cloud_trace": OPENTELEMETRY,
    "azure.monitor.opentelemetry": OPENTELEMETRY,
    "azure.core.tracing.ext.opentelemetry_span": OPENTELEMETRY,
    "logfire": OPENTELEMETRY,
    "uptrace": OPENTELEMETRY,
    "splunk_otel": OPENTELEMETRY,
    "traceloop": OPENTELEMETRY,
    "nameko_opentelemetry": OPENTELEMETRY,
    "faststream.opentelemetry": OPENTELEMETRY,
    "litestar.contrib.opentelemetry": OPENTELEMETRY,
    "sentry_sdk.integrations.opentelemetry": OPENTELEMETRY,
    "elasticapm": "Elastic APM",
    "ddtrace": "Datadog",
    "newrelic": "New Relic",
    "jaeger_client": "Jaeger",
    "py_zipkin": "Zipkin",
    "aiozipkin": "Zipkin",
    "flask_zipkin": "Zipkin",
    "flask_opentracing": "OpenTracing",
    "opentracing": "OpenTracing",
    "opencensus.trace": "OpenCensus",
    "opencensus.ext": "OpenCensus",
    # Exports log records alone.
    "opencensus.ext.azure.log_exporter": "",
    "google.cloud.trace": "Cloud Trace",
    "google.cloud.trace_v1": "Cloud Trace",
    "google.cloud.trace_v2": "Cloud Trace",
    "aws_xray_sdk": "X-Ray",
    "aws_lambda_powertools.tracing": "X-Ray",
    "skywalking": "SkyWalking",
    "applicationinsights": "Application Insights",
    "instana": "Instana",
    "scout_apm": "Scout",
    "appsignal": "AppSignal",
    "nameko_tracer": "nameko-tracer",
}
"""What traces, and with what; empty for what does not. AppSignal's client is OpenTelemetry within, and exports to
AppSignal alone."""
NOT_PROPRIETARY = frozenset({OPENTELEMETRY, "nameko-tracer", "agent"})
"""nameko-tracer writes the calls to the service's own log."""
API_ONLY = ("opentelemetry.trace", "opentelemetry.propagate", "opentelemetry.metrics")

LAUNCHERS: dict[str, str] = {
    "opentelemetry-instrument": OPENTELEMETRY,
    "ddtrace-run": "Datadog",
    "newrelic-admin": "New Relic",
    "elasticapm-run": "Elastic APM",
    "splunk-py-trace": OPENTELEMETRY,
    "splunk-instrument": OPENTELEMETRY,
    "sw-python": "SkyWalking",
    "autowrapt": "Instana",
}
"""Commands that instrument the process that they start: https://opentelemetry.io/docs/zero-code/python/ and each
vendor's documentation."""
ANNOTATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    # https://opentelemetry.io/docs/platforms/kubernetes/operator/automatic/
    (
        pattern(r"instrumentation\.opentelemetry\.io/inject-(python|sdk)|sidecar\.opentelemetry\.io/inject-python"),
        OPENTELEMETRY,
    ),
    # https://docs.datadoghq.com/containers/cluster_agent/admission_controller/
    (pattern(r"admission\.datadoghq\.com/python-lib\.version"), "Datadog"),
    (pattern(r"dynakube|oneagent\.dynatrace\.com/inject"), "Dynatrace"),
    (pattern(r"instrumentation\.newrelic\.com"), "New Relic"),
)
"""Annotations by which an operator puts an agent into a workload."""

EXPORTER = pattern(r"(statsd|prometheus|-|_|/|^)exporter", re.IGNORECASE)
"""Images that run beside a service and export its metrics."""

TRACING_WORDS = frozenset(
    ["telemetry", "observability", "otel", "tracing", "tracer", "instrumentation", "apm", "monitoring"]
)
METRICS_WORDS = TRACING_WORDS | frozenset(["metrics", "metric", "prometheus", "instrumentator"])
NOT_TELEMETRY = frozenset(one.partition(".")[0] for one in (*METRICS, *TRACING)) | names(
    "sklearn numpy scipy torch tensorflow keras pandas evaluate nltk torchmetrics mlflow prometheus_client "
    "opentelemetry sqlalchemy django flask fastapi starlette tracemalloc sys typing google azure boto3 botocore grpc "
    "transformers langchain langchain_core sentry_sdk ragas datasets kubernetes psutil"
)
"""Libraries that are known, whatever their modules are called."""
