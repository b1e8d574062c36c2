"""Metrics and tracing of a service: by its code, at launch, by an operator, a sidecar or the mesh.

In: a service's modules, commands, workloads. Out: a Setting that names what gives them, None where nothing does,
UNKNOWN where a library outside the scan may. A library that is only listed as a requirement instruments nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from archlint.core import tree
from archlint.core.facts.documents import Dockerfile, KubernetesObject, ShellScript
from archlint.core.facts.python import Display, Literal, PythonCall
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.system.workloads import Workload
from archlint.core.values import Setting, Unknown, is_unknown
from archlint.model.code.datastores.shared_setup import is_set_up
from archlint.model.code.names import words_of
from archlint.model.code.observability.telemetry_libraries import (
    ANNOTATIONS,
    API_ONLY,
    EXPORTER,
    EXPOSERS,
    LAUNCHERS,
    METRICS,
    METRICS_WORDS,
    NOT_PROPRIETARY,
    NOT_TELEMETRY,
    OPENTELEMETRY,
    TRACING,
    TRACING_WORDS,
    Metrics,
)
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

T = TypeVar("T")

_CLIENT = Metrics("prometheus_client", "own")
_AGENT = Metrics("agent")
_MESH = Metrics("mesh", has_process=False)
_SOMETHING = Metrics("something", "unknown", has_process=False)
_NOT_SEEN = "shared code sets it up, and the service is not seen to call that"
_MOST_TELLING = ("requests", "unknown", "opentelemetry", "own")


@dataclass(frozen=True)
class Exported:
    """What exports a service's metrics, what it measures (``Metrics``), and the calls that expose prometheus_client."""

    setting: Setting[str]
    library: Metrics
    exposing: tuple[tuple[PythonCall, Module], ...] = ()


def metrics_of(draft: Draft, code: ServiceCode) -> Exported | Unknown | None:
    """What exports the service's metrics, the most telling first."""
    service = code.service
    found = []
    is_shared = False
    for module in code.modules:
        for library, at, root in _by_import(module, METRICS):
            if is_set_up(draft, code, module, root):
                found.append(Exported(Setting(library.name, "code", at), library))
            else:
                is_shared = True
    uses_client = False
    for module in code.modules:
        if any(one.module.split(".")[0] == "prometheus_client" for one in module.facts.imports):
            uses_client = True
            found += _exposed(draft, module)
    for route in (one for one in draft.select(Route) if one.service == service.name):
        if route.kind == "metrics" or (isinstance(route.path, str) and route.path.rstrip("/").endswith("/metrics")):
            library = _CLIENT if uses_client else _SOMETHING
            found.append(Exported(Setting("a /metrics route", "code", route.at), library))
    around = _beside(draft, service)
    if found:
        return _merged(found, around)
    if around is not None:
        return around
    if is_shared:
        return Unknown(_NOT_SEEN)
    if uses_client:
        return Unknown("metrics are defined, and what exposes them is not seen")
    if any(_uses(module, ("opentelemetry.metrics",)) for module in code.modules):
        return Unknown("the OpenTelemetry API is used for metrics, and what sets up its SDK is not seen")
    return unread_telemetry(draft, code, METRICS_WORDS)


def _exposed(draft: Draft, module: Module) -> Iterator[Exported]:
    """Where prometheus_client's metrics are exposed."""
    calls = [
        (call, module)
        for call in module.calls_named(EXPOSERS)
        if draft.program.callee(call, module).startswith("prometheus_client.")
    ]
    if calls:
        yield Exported(Setting("prometheus_client", "code", calls[0][0].at), _CLIENT, tuple(calls))
        return
    for one in module.facts.imports:
        if one.name in EXPOSERS and one.module.startswith("prometheus_client"):
            yield Exported(Setting("prometheus_client", "code", one.at), _CLIENT)
            return


def _beside(draft: Draft, service: Service) -> Exported | Unknown | None:
    """What measures the service without standing in its code: an agent, an exporter beside it, the mesh."""
    around = _around(draft, service, metrics=True)
    if around is not None:
        return Exported(around, _AGENT)
    workloads = _workloads(draft, service)
    for workload in workloads:
        if workload.is_meshed is True:
            return Exported(Setting("mesh", "mesh", workload.at), _MESH)
    if any(is_unknown(workload.is_meshed) for workload in workloads):
        return Unknown("the mesh may export metrics")
    return None


def _merged(found: list[Exported], around: Exported | Unknown | None) -> Exported:
    """What the code exports metrics with, the most telling first, and what is measured in all."""
    best = min(found, key=lambda one: _MOST_TELLING.index(one.library.measures))
    library = best.library
    if isinstance(around, Unknown) and library.measures in ("own", "opentelemetry"):
        library = Metrics(library.name, "unknown", library.has_process)
    elif isinstance(around, Exported) and around.library.measures == "requests":
        library = Metrics(library.name, "requests", library.has_process)
    return Exported(best.setting, library, tuple(call for one in found for call in one.exposing))


def tracing_of(draft: Draft, code: ServiceCode) -> Setting[str] | Unknown | None:
    """What traces the service's requests; OpenTelemetry first where there are several."""
    found: list[Setting[str]] = []
    is_shared = False
    for module in code.modules:
        for name, at, root in _by_import(module, TRACING):
            if name and is_set_up(draft, code, module, root):
                found.append(Setting(name, "code", at))
            elif name:
                is_shared = True
    around = _around(draft, code.service, metrics=False)
    if around is not None:
        found.append(around)
    for one in found:
        if one.value == OPENTELEMETRY:
            return one
    if found:
        # OpenTracing is an interface: what stands behind it says more.
        return next((one for one in found if one.value != "OpenTracing"), found[0])
    for module in code.modules:
        for call in module.calls_named({"init"}):
            if call.name == "sentry_sdk.init":
                traced = _is_traced_by_sentry(draft, call, module)
                if traced is not None:
                    return traced
        if is_shared:
            return Unknown(_NOT_SEEN)
        if _uses(module, API_ONLY):
            return Unknown("the OpenTelemetry API is used, and what sets up its SDK is not seen")
    return unread_telemetry(draft, code, TRACING_WORDS)


def _is_traced_by_sentry(draft: Draft, call: PythonCall, module: Module) -> Setting[str] | Unknown | None:
    """Sentry traces where it is given a rate or a sampler: https://docs.sentry.io/platforms/python/tracing/."""
    if call.argument("traces_sampler") is not None:
        return Setting("Sentry", "code", call.at)
    for name in ("traces_sample_rate", "enable_tracing"):
        given = call.argument(name)
        if given is not None:
            values = draft.program.evaluate(given.value, module)
            if isinstance(values, Unknown):
                return Unknown("Sentry's rate is not known")
            if any(one.value for one in values):
                return Setting("Sentry", "code", call.at)
    return Unknown("Sentry may trace") if call.is_open else None


def proprietary_of(tracing: Setting[str] | Unknown | None) -> Setting[str] | None:
    """One vendor's client that traces, where OpenTelemetry does not."""
    return tracing if isinstance(tracing, Setting) and tracing.value not in NOT_PROPRIETARY else None


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
        for launcher, name in LAUNCHERS.items():
            if launcher in text:
                return Setting(name, source, _instruction(draft, at, launcher))
        if metrics and "--statsd-host" in text:
            # gunicorn counts and times requests: https://docs.gunicorn.org/en/stable/instrumentation.html
            return Setting("gunicorn's StatsD", source, at)
    names = {one.workload for one in draft.containers_of(service.name)}
    for name, at, vendor in _injected(draft):
        if name in names:
            return Setting(vendor, "platform", at)
    if metrics:
        for workload in _workloads(draft, service):
            for container in workload.containers:
                image = container.image
                if container.service is None and image is not None and EXPORTER.search(image.repository):
                    return Setting(container.name, "manifest", container.at)
    return None


def around_tracing(draft: Draft, service: Service) -> Setting[str] | None:
    """What traces the service without standing in its code: a command that starts it, an operator."""
    return _around(draft, service, metrics=False)


def _instruction(draft: Draft, at: Span, launcher: str) -> Span:
    """The Dockerfile's line that says so, where it is one."""
    for file in draft.index.of(Dockerfile):
        if file.at.path == at.path:
            for stage in reversed(file.stages):
                for one in reversed(stage.instructions):
                    if one.keyword in ("CMD", "ENTRYPOINT") and launcher in one.text:
                        return one.at
    return at


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
            vendor = next((name for annotation_key, name in ANNOTATIONS if annotation_key.search(annotation.key)), "")
            if vendor and tree.text(annotation.value) != "false":
                result.append((one.name, annotation.at, vendor))
    draft.memo["injected instrumentation"] = result
    return result


def _by_import(module: Module, table: Mapping[str, T]) -> Iterator[tuple[T, Span, str]]:
    """What the module's imports stand for in the table, where, and the names in it."""
    for one in module.facts.imports:
        if one.typing_only or one.level:
            continue
        full = f"{one.module}.{one.name}" if one.name else one.module
        for prefix in _prefixes(full):
            if prefix in table:
                yield table[prefix], one.at, prefix
                break
    # Django names its instrumentation as text, in INSTALLED_APPS and MIDDLEWARE.
    if module.facts.name.rpartition(".")[2] in ("settings", "base", "common", "production", "prod"):
        for text, at in _texts(module):
            for prefix in _prefixes(text):
                if prefix in table:
                    yield table[prefix], at, prefix
                    break


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


def unread_telemetry(draft: Draft, code: ServiceCode, words: frozenset[str]) -> Unknown | None:
    """A library outside the scan whose name says that it may instrument the service."""
    for module in code.modules:
        for one in module.facts.imports:
            if one.typing_only or one.level or one.module.split(".")[0] in NOT_TELEMETRY:
                continue
            named = words_of(f"{one.module}.{one.name or ''}") & words
            if named and draft.program.import_target(module, one.module) is None:
                return Unknown(f"{one.module} may instrument the service and is not in the scan")
    return None
