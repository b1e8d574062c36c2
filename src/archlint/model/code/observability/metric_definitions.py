"""Which metrics a service defines, and what they leave out: of its requests (RED), of its pools and queues (USE).

In: the code of one service and what exports its metrics. Out: the definitions, the missing ones of ``requests``,
``errors`` and ``duration``, and what measures resources. Refuses to judge what it does not see whole: metrics with a
name that is not resolved, collectors of one's own, libraries outside the scan.
"""

from __future__ import annotations

import re

from archlint.core.facts.python import Argument, Literal, PythonCall
from archlint.core.record import dataclass
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.objects import items_of
from archlint.model.code.observability.instrumentation import Exported, unread_telemetry
from archlint.model.code.observability.metric_libraries import (
    COLLECTORS,
    COUNTER,
    DURATION_WORDS,
    ERROR_LABELS,
    ERROR_WORDS,
    GAUGE,
    OPENTELEMETRY,
    OUTCOME_LABELS,
    PROMETHEUS,
    PROMETHEUS_ROOTS,
    REQUEST_LABELS,
    REQUEST_WORDS,
    RESOURCE_INSTRUMENTATIONS,
    RESOURCE_NAMES,
    RESOURCE_WORDS,
    RESOURCES,
    SERVER_INSTRUMENTATIONS,
    STATSD,
    STATSD_ROOTS,
    TIMER,
)
from archlint.model.code.observability.telemetry_libraries import METRICS_WORDS
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_WORD = re.compile(r"[A-Za-z][a-z]*|[0-9]xx|[A-Z]+(?![a-z])")
_NAMES = frozenset({*PROMETHEUS, *OPENTELEMETRY, *STATSD})
RED = ("requests", "errors", "duration")


@dataclass(frozen=True)
class Definition:
    """One metric. ``kind``: ``counter``, ``timer`` or ``gauge``; ``words`` of its name and help, UNKNOWN where it has a
    computed name; ``labels`` it is told apart by."""

    at: Place
    kind: str
    words: frozenset[str] | Unknown
    labels: frozenset[str]


@dataclass(frozen=True)
class Definitions:
    """The metrics that a service defines; ``is_open``: there may be more that are not seen."""

    all: tuple[Definition, ...]
    is_open: bool


def definitions_of(draft: Draft, code: ServiceCode) -> Definitions:
    """The metrics that the service's code defines."""
    found: list[Definition] = []
    is_open = unread_telemetry(draft, code, METRICS_WORDS) is not None
    for module in code.modules:
        roots = {one.module.partition(".")[0] for one in module.facts.imports}
        if not roots & {"prometheus_client", "aioprometheus", "opentelemetry", "statsd", "datadog", "aiodogstatsd"}:
            continue
        is_open = is_open or (bool(COLLECTORS & set(module.called)) and "prometheus_client" in roots)
        for call in module.calls_named(_NAMES):
            kind = _kind(draft, call, module, roots)
            if kind is not None:
                found.append(_definition(draft, call, module, kind))
    return Definitions(tuple(found), is_open)


def missing_red(
    code: ServiceCode, exported: Exported | Unknown | None, definitions: Definitions
) -> tuple[str, ...] | Unknown:
    """Those of RED that no metric gives."""
    if not isinstance(exported, Exported):
        return exported if isinstance(exported, Unknown) else Unknown("there are no metrics")
    if exported.library.measures == "requests":
        return ()
    if exported.library.measures == "unknown" or definitions.is_open:
        return Unknown("the service's metrics are not all known")
    if exported.library.measures == "opentelemetry" and _imports(code, SERVER_INSTRUMENTATIONS):
        return ()
    given = {what for one in definitions.all for what in _gives(one)}
    missing = tuple(one for one in RED if one not in given)
    if missing and any(isinstance(one.words, Unknown) for one in definitions.all):
        return Unknown("a metric's name is computed")
    return missing


def resource_metrics(
    draft: Draft, code: ServiceCode, exported: Exported | Unknown | None, definitions: Definitions
) -> Setting[str] | None | Unknown:
    """What measures the use of the service's own resources: the process's metrics, a gauge, an instrumentation."""
    if not isinstance(exported, Exported):
        return exported if isinstance(exported, Unknown) else Unknown("there are no metrics")
    if exported.setting.source != "code" or exported.library.measures == "unknown":
        return Unknown("what is measured around the code is not known")
    for one in definitions.all:
        if isinstance(one.words, Unknown):
            return Unknown("a metric's name is computed")
        if one.kind == GAUGE and one.words & RESOURCE_WORDS:
            return Setting("a gauge", "code", one.at.at)
    if exported.library.has_process and _has_process(draft, code, exported):
        return Setting("the process's metrics", "library", exported.setting.at)
    if definitions.is_open or _imports(code, RESOURCE_INSTRUMENTATIONS):
        return Unknown("the service's metrics are not all known")
    return None


def resources_of(draft: Draft, code: ServiceCode) -> tuple[Place, ...]:
    """The pools, queues and workers that the service's own code makes."""
    found = []
    for module in code.own:
        for call in module.calls_named(RESOURCE_NAMES):
            resource = RESOURCES.get(draft.program.callee(call, module))
            if resource is not None:
                found.append(Place(call.at, f"{resource} is made here"))
    return tuple(sorted(found))


def _kind(draft: Draft, call: PythonCall, module: Module, roots: set[str]) -> str | None:
    last = call.name.rpartition(".")[2]
    name = draft.program.callee(call, module)
    if last in PROMETHEUS and name.startswith(PROMETHEUS_ROOTS):
        return PROMETHEUS[last]
    if last in OPENTELEMETRY and "opentelemetry" in roots:
        return OPENTELEMETRY[last]
    if last in STATSD and name.startswith(STATSD_ROOTS):
        return STATSD[last]
    return None


def _definition(draft: Draft, call: PythonCall, module: Module, kind: str) -> Definition:
    text = _text(draft, call.argument("name", 0) or call.argument("stat", 0) or call.argument("metric", 0), module)
    if isinstance(text, Unknown):
        return Definition(Place(call.at, f"a {kind} of this name is computed"), kind, text, frozenset())
    help_text = _text(draft, call.argument("documentation", 1), module) if kind != GAUGE else ""
    words = frozenset(word.lower() for word in _WORD.findall(text))
    if isinstance(help_text, str):
        words |= {word.lower() for word in _WORD.findall(help_text)}
    labels = call.argument("labelnames", 2) or call.argument("tags") or call.argument("labels")
    found: set[str] = set()
    if labels is not None:
        for item, _ in items_of(draft, labels.value, module):
            if isinstance(item, Literal):
                found.add(str(item.value).partition(":")[0].lower())
            else:
                found.add("?")
    return Definition(Place(call.at, f"{text} is defined here"), kind, words, frozenset(found))


def _text(draft: Draft, argument: Argument | None, module: Module) -> str | Unknown:
    if argument is None:
        return Unknown("it is not given here")
    values = draft.program.evaluate(argument.value, module)
    if isinstance(values, Unknown):
        return values
    return " ".join(str(one.value) for one in values)


def _gives(one: Definition) -> set[str]:
    words = one.words if isinstance(one.words, frozenset) else frozenset()
    given: set[str] = set()
    if one.kind == TIMER and words & DURATION_WORDS:
        given |= {"duration", "requests"}
    if one.kind == GAUGE and words & DURATION_WORDS:
        given.add("duration")
    if one.kind in (COUNTER, TIMER) and (words & REQUEST_WORDS or one.labels & (REQUEST_LABELS | OUTCOME_LABELS)):
        given.add("requests")
    if words & ERROR_WORDS or one.labels & (ERROR_LABELS | {"?"}):
        given.add("errors")
    return given


def _has_process(draft: Draft, code: ServiceCode, exported: Exported) -> bool:
    """Whether prometheus_client's default registry is exposed, or another one that holds a ProcessCollector."""
    if any("ProcessCollector" in module.called for module in code.modules):
        return True
    if not exported.exposing:
        return True
    for call, module in exported.exposing:
        registry = call.argument("registry", 0 if call.name.endswith(("generate_latest", "_app")) else None)
        if registry is None:
            return True
        made = draft.program.origin(registry.value, module) if not isinstance(registry.value, Literal) else None
        if made is None or not draft.program.callee(*made).endswith("CollectorRegistry"):
            return True
    return False


def _imports(code: ServiceCode, libraries: frozenset[str]) -> bool:
    return any(
        one.module in libraries or f"{one.module}.{one.name}" in libraries
        for module in code.modules
        for one in module.facts.imports
    )
