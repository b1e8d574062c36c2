"""Metrics and tracing of a service: by its code, at launch, by an operator, a sidecar or the mesh.

In: a service's modules, commands, workloads. Out: a Setting that names what gives them, None where nothing does,
UNKNOWN where a library outside the scan may. A library that is only listed as a requirement instruments nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject, ShellScript
from archlint.core.facts.python import Display, Literal
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.system.workloads import Workload
from archlint.core.values import Setting, Unknown, is_unknown
from archlint.model.code.names import words_of
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_METRICS_IMPORTS = {
    "prometheus_fastapi_instrumentator": "prometheus-fastapi-instrumentator",
    "prometheus_flask_exporter": "prometheus-flask-exporter",
    "prometheus_flask_instrumentator": "prometheus-flask-instrumentator",
    "starlette_exporter": "starlette-exporter",
    "starlette_prometheus": "starlette-prometheus",
    "django_prometheus": "django-prometheus",
    "aioprometheus": "aioprometheus",
    "prometheus_async": "prometheus-async",
    "prometheus_aiohttp": "Prometheus",
    "aiohttp_prometheus_exporter": "Prometheus",
    "sanic_prometheus": "Prometheus",
    "py_grpc_prometheus": "py-grpc-prometheus",
    "fastapi_prometheus_exporter": "Prometheus",
    "litestar.contrib.prometheus": "Prometheus",
    "litestar.plugins.prometheus": "Prometheus",
    "faststream.prometheus": "Prometheus",
    "celery_exporter": "celery-exporter",
    "statsd": "StatsD",
    "aiodogstatsd": "StatsD",
    "datadog": "Datadog",
    "ddtrace": "Datadog",
    "newrelic": "New Relic",
    "elasticapm": "Elastic APM",
    "logfire": "Logfire",
    "azure.monitor.opentelemetry": "OpenTelemetry",
    "opentelemetry.sdk.metrics": "OpenTelemetry",
    "opentelemetry.exporter.prometheus": "OpenTelemetry",
    "opentelemetry.exporter.otlp.proto.grpc.metric_exporter": "OpenTelemetry",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter": "OpenTelemetry",
    "opentelemetry.exporter.cloud_monitoring": "OpenTelemetry",
    "opentelemetry.distro": "OpenTelemetry",
    "splunk_otel": "OpenTelemetry",
    "aws_embedded_metrics": "CloudWatch",
    "aws_lambda_powertools.metrics": "CloudWatch",
    "google.cloud.monitoring_v3": "Cloud Monitoring",
    "opencensus.stats": "OpenCensus",
    "influxdb_client": "InfluxDB",
    "instana": "Instana",
    "traceloop": "OpenTelemetry",
    "nameko_prometheus": "nameko-prometheus",
    "flask_monitoringdashboard": "Flask Monitoring Dashboard",
}
_METRICS_CALLS = pattern(
    r"prometheus_client\.((\w+\.)*)(start_http_server|start_wsgi_server|make_asgi_app|make_wsgi_app|generate_latest|"
    r"push_to_gateway|pushadd_to_gateway|MetricsHandler|write_to_textfile|GraphiteBridge)"
)
_TRACING_IMPORTS = {
    "opentelemetry.sdk.trace": "OpenTelemetry",
    "opentelemetry.instrumentation": "OpenTelemetry",
    "opentelemetry.distro": "OpenTelemetry",
    "opentelemetry.exporter.otlp": "OpenTelemetry",
    "opentelemetry.exporter.jaeger": "OpenTelemetry",
    "opentelemetry.exporter.zipkin": "OpenTelemetry",
    "opentelemetry.exporter.cloud_trace": "OpenTelemetry",
    "azure.monitor.opentelemetry": "OpenTelemetry",
    "logfire": "OpenTelemetry",
    "uptrace": "OpenTelemetry",
    "splunk_otel": "OpenTelemetry",
    "traceloop": "OpenTelemetry",
    "nameko_opentelemetry": "OpenTelemetry",
    "faststream.opentelemetry": "OpenTelemetry",
    "litestar.contrib.opentelemetry": "OpenTelemetry",
    "elasticapm": "Elastic APM",
    "ddtrace": "Datadog",
    "newrelic": "New Relic",
    "jaeger_client": "Jaeger",
    "py_zipkin": "Zipkin",
    "aiozipkin": "Zipkin",
    "flask_opentracing": "OpenTracing",
    "opentracing": "OpenTracing",
    "opencensus.trace": "OpenCensus",
    "opencensus.ext": "OpenCensus",
    "google.cloud.trace": "Cloud Trace",
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
_API_ONLY = ("opentelemetry.trace", "opentelemetry.propagate", "opentelemetry.metrics")
_LAUNCHERS = {
    "opentelemetry-instrument": ("OpenTelemetry", True),
    "ddtrace-run": ("Datadog", True),
    "newrelic-admin": ("New Relic", True),
    "elasticapm-run": ("Elastic APM", True),
    "splunk-py-trace": ("OpenTelemetry", True),
    "sw-python": ("SkyWalking", True),
}
_OPERATOR = pattern(r"instrumentation\.opentelemetry\.io/inject-(python|sdk)|sidecar\.opentelemetry\.io/inject-python")
_DATADOG_OPERATOR = pattern(r"admission\.datadoghq\.com/python-lib\.version|dynakube|oneagent\.dynatrace\.com/inject")
_EXPORTER = pattern(r"(statsd|prometheus|-|_|/|^)exporter", re.IGNORECASE)
_TRACING_WORDS = frozenset(
    ["telemetry", "observability", "otel", "tracing", "tracer", "instrumentation", "apm", "monitoring"]
)
_METRICS_WORDS = _TRACING_WORDS | frozenset(["metrics", "metric", "prometheus", "instrumentator"])
_NOT_TELEMETRY = frozenset(one.partition(".")[0] for one in (*_METRICS_IMPORTS, *_TRACING_IMPORTS)) | frozenset(
    [
        "sklearn",
        "numpy",
        "scipy",
        "torch",
        "tensorflow",
        "keras",
        "pandas",
        "evaluate",
        "nltk",
        "torchmetrics",
        "mlflow",
        "prometheus_client",
        "opentelemetry",
        "sqlalchemy",
        "django",
        "flask",
        "fastapi",
        "starlette",
        "tracemalloc",
        "sys",
        "typing",
        "google",
        "azure",
        "boto3",
        "botocore",
        "grpc",
        "transformers",
        "langchain",
        "langchain_core",
        "sentry_sdk",
        "ragas",
        "datasets",
        "kubernetes",
        "psutil",
    ]
)


def metrics_of(draft: Draft, code: ServiceCode) -> Setting[str] | Unknown | None:
    """What exports the service's metrics."""
    service = code.service
    for module in code.modules:
        found = _by_import(module, _METRICS_IMPORTS)
        if found is not None:
            return found
    uses_client = False
    for module in code.modules:
        if not any(one.module.split(".")[0] == "prometheus_client" for one in module.facts.imports):
            continue
        uses_client = True
        for one in module.facts.imports:
            if one.name and _METRICS_CALLS.match(f"{one.module}.{one.name}"):
                return Setting("prometheus_client", "code", one.at)
        for call in module.facts.calls:
            if _METRICS_CALLS.match(call.name):
                return Setting("prometheus_client", "code", call.at)
    for route in (one for one in draft.select(Route) if one.service == service.name):
        if route.kind == "metrics" or (isinstance(route.path, str) and route.path.rstrip("/").endswith("/metrics")):
            return Setting("a /metrics route", "code", route.at)
    around = _around(draft, service, metrics=True)
    if around is not None:
        return around
    workloads = _workloads(draft, service)
    for workload in workloads:
        if workload.is_meshed is True:
            return Setting("mesh", "mesh", workload.at)
    if any(is_unknown(workload.is_meshed) for workload in workloads):
        return Unknown("the mesh may export metrics")
    if uses_client:
        return Unknown("metrics are defined, and what exposes them is not seen")
    if any(_uses(module, ("opentelemetry.metrics",)) for module in code.modules):
        return Unknown("the OpenTelemetry API is used for metrics, and what sets up its SDK is not seen")
    return _unread(draft, code, _METRICS_WORDS)


def tracing_of(draft: Draft, code: ServiceCode) -> Setting[str] | Unknown | None:
    """What traces the service's requests; OpenTelemetry first where there are several."""
    found = [one for one in (_by_import(module, _TRACING_IMPORTS) for module in code.modules) if one is not None]
    around = _around(draft, code.service, metrics=False)
    if around is not None:
        found.append(around)
    for one in found:
        if one.value == "OpenTelemetry":
            return one
    if found:
        return found[0]
    for module in code.modules:
        for call in module.calls_named({"init"}):
            if call.name == "sentry_sdk.init":
                if call.is_open:
                    return Unknown("Sentry may trace")
                if (
                    call.argument("traces_sample_rate")
                    or call.argument("traces_sampler")
                    or call.argument("enable_tracing")
                ):
                    return Setting("Sentry", "code", call.at)
        if _uses(module, _API_ONLY):
            return Unknown("the OpenTelemetry API is used, and what sets up its SDK is not seen")
    return _unread(draft, code, _TRACING_WORDS)


def launch_commands(draft: Draft, service: str) -> Iterator[tuple[str, Span, str]]:
    """The commands that start the service, as text: its containers' and its images', scripts that they run too."""
    directory = None
    found = draft.service(service)
    if found is not None:
        directory = found.directory
    texts: list[tuple[str, Span, str]] = []
    for container in draft.containers_of(service):
        words = [*_words(container.command), *_words(container.arguments)]
        if words:
            texts.append((" ".join(words), container.at, "manifest"))
    for image in draft.images:
        if image.service == service and _words(image.command):
            texts.append((" ".join(_words(image.command)), image.at, "image"))
    yield from texts
    named = {word.rpartition("/")[2].rstrip(";") for text, _, _ in texts for word in text.split()}
    for script in draft.index.of(ShellScript):
        path = script.at.path
        if (
            path.rpartition("/")[2] in named
            and directory is not None
            and path.startswith(directory + "/" if directory else "")
        ):
            yield script.text, script.at, "image"


def _words(given: tuple[str, ...] | Unknown) -> list[str]:
    return [] if isinstance(given, Unknown) else list(given)


def _around(draft: Draft, service: Service, metrics: bool) -> Setting[str] | None:
    """Instrumentation that does not stand in the code."""
    for text, at, source in launch_commands(draft, service.name):
        for launcher, (name, exports) in _LAUNCHERS.items():
            if launcher in text and (exports or not metrics):
                return Setting(name, source, at)
    names = {one.workload for one in draft.containers_of(service.name)}
    for name, at, vendor in _injected(draft):
        if name in names:
            return Setting(vendor, "platform", at)
    if metrics:
        for workload in _workloads(draft, service):
            for container in workload.containers:
                image = container.image
                if container.service is None and image is not None and _EXPORTER.search(image.repository):
                    return Setting(container.name, "manifest", container.at)
    return None


def _workloads(draft: Draft, service: Service) -> list[Workload]:
    return [
        one
        for one in draft.workloads
        if one.service == service.name or any(container.service == service.name for container in one.containers)
    ]


def _injected(draft: Draft) -> list[tuple[str, Span, str]]:
    """Workloads that an operator instruments: name, place, and with what."""
    found = draft.memo.get("injected instrumentation")
    if isinstance(found, list):
        return found
    result: list[tuple[str, Span, str]] = []
    for one in draft.index.of(KubernetesObject):
        annotations = (
            *tree.entries(one.tree, "spec", "template", "metadata", "annotations"),
            *tree.entries(one.tree, "metadata", "annotations"),
        )
        for annotation in annotations:
            vendor = "OpenTelemetry" if _OPERATOR.search(annotation.key) else ""
            vendor = vendor or ("vendor" if _DATADOG_OPERATOR.search(annotation.key) else "")
            if vendor and tree.text(annotation.value) != "false":
                result.append((one.name, annotation.at, vendor))
    draft.memo["injected instrumentation"] = result
    return result


def _by_import(module: Module, table: dict[str, str]) -> Setting[str] | None:
    for one in module.facts.imports:
        if one.typing_only or one.level:
            continue
        full = f"{one.module}.{one.name}" if one.name else one.module
        for prefix in _prefixes(full):
            if prefix in table:
                return Setting(table[prefix], "code", one.at)
    # Django names its instrumentation as text, in INSTALLED_APPS and MIDDLEWARE.
    if module.facts.name.rpartition(".")[2] in ("settings", "base", "production", "prod"):
        for text, at in _texts(module):
            for prefix in _prefixes(text):
                if prefix in table:
                    return Setting(table[prefix], "code", at)
    return None


def _uses(module: Module, roots: tuple[str, ...]) -> bool:
    for line in module.facts.imports:
        full = f"{line.module}.{line.name}" if line.name else line.module
        if any(full == root or full.startswith(root + ".") for root in roots):
            return True
    return False


def _texts(module: Module) -> Iterable[tuple[str, Span]]:
    for assignment in module.facts.assignments:
        if isinstance(assignment.value, Display):
            for item in assignment.value.items:
                if isinstance(item, Literal) and isinstance(item.value, str):
                    yield item.value, assignment.value_at


def _prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _unread(draft: Draft, code: ServiceCode, words: frozenset[str]) -> Unknown | None:
    for module in code.modules:
        for one in module.facts.imports:
            if one.typing_only or one.level or one.module.split(".")[0] in _NOT_TELEMETRY:
                continue
            named = words_of(f"{one.module}.{one.name or ''}") & words
            if named and draft.program.import_target(module, one.module) is None:
                return Unknown(f"{one.module} may instrument the service and is not in the scan")
    return None
