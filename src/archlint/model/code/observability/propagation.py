"""Whether the trace context goes with what a traced service sends out.

In: the services with what traces them, their calls and publishers. Out: one ``TracedClient`` for each service and
client library. Nothing is said of clients that no table knows, of services traced by a vendor's agent, nor where a
library outside the scan may instrument or code writes trace headers by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archlint.core.facts.documents import Dockerfile
from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    Member,
    PythonCall,
    Reference,
    Template,
)
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall, RpcCall
from archlint.core.system.messaging import Publisher
from archlint.core.system.services import Service, TracedClient
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.model.code.objects import class_named, items_of
from archlint.model.code.observability.instrumentation import around_tracing, launch_commands, unread_telemetry
from archlint.model.code.observability.propagation_libraries import (
    ALL_IN_ONE,
    ALL_PACKAGES,
    BY_HAND,
    BY_HAND_INSTRUMENTATIONS,
    CALLED_INSTRUMENTS,
    CLIENTS,
    CONTEXT_HEADERS,
    INJECTIONS,
    INSTALLS_ALL,
    INSTRUMENTS_ALL,
    INSTRUMENTS_SOME,
    LOADED_BY_NAME,
    Client,
    packages_of,
)
from archlint.model.code.observability.telemetry_libraries import OPENTELEMETRY, TRACING_WORDS
from archlint.model.code.scope import ServiceCode, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_PLACES = 20
_RANK = {"True": 0, "unknown": 1, "False": 2}


class Use(NamedTuple):
    """One place at which a service sends something out with a client library."""

    library: str
    at: Span
    crosses: Truth
    target: str
    call_at: Span


def add_propagation(draft: Draft) -> None:
    """Add the clients of all traced services."""
    scope = code_scope(draft)
    traced = {
        one.name: one
        for one in draft.services
        if one.telemetry is not None and isinstance(one.telemetry.tracing, Setting) and scope.code(one.name) is not None
    }
    if not traced:
        return
    uses: dict[tuple[str, str], list[Use]] = {}
    for service, use in _uses(draft):
        if service in traced:
            uses.setdefault((service, use.library), []).append(use)
    for (service, library), found in sorted(uses.items()):
        code = scope.code(service)
        if code is not None:
            draft.add(_client(draft, traced[service], code, library, found))


def _client(draft: Draft, service: Service, code: ServiceCode, library: str, uses: list[Use]) -> TracedClient:
    client = CLIENTS[library]
    tracing = service.telemetry.tracing if service.telemetry is not None else None
    assert isinstance(tracing, Setting)
    own = {module.path for module in code.own}
    places = sorted(uses, key=lambda one: (_RANK[str(one.crosses)], one.at.path not in own, one.at))
    return TracedClient(
        at=places[0].at,
        name=f"{service.name}'s {library}",
        key=f"{service.name} sends with {library}",
        service=service.name,
        library=library,
        kind=client.kind,
        tracing=tracing,
        propagation=_propagation(draft, code, library, client, tracing, places),
        instrumentation=client.fix,
        crosses=any(one.crosses is not False for one in uses),
        related=tuple(Place(one.call_at, f"goes to {one.target}") for one in places[:_MOST_PLACES]),
    )


def _uses(draft: Draft) -> Iterator[tuple[str, Use]]:
    for call in draft.select(RemoteCall):
        if call.in_production_code is not True or call.is_loopback is True or not call.function:
            continue  # what importing a module runs is part of no request
        library = call.library
        at = call.at
        if isinstance(call, GrpcCall):
            at = call.channel_at or call.at
            library = "grpc.aio" if _is_aio(draft, at) else "grpc"
        elif not isinstance(call, HttpCall | RpcCall):
            continue
        if library in CLIENTS:
            crosses: Truth = True if call.target_kind == "service" else call.is_internal
            yield call.service, Use(library, at, True if isinstance(call, RpcCall) else crosses, call.target, call.at)
    for publisher in draft.select(Publisher):
        library = publisher.library if publisher.library in CLIENTS else ""
        library = "celery" if publisher.broker == "celery" else library
        if publisher.function and library in CLIENTS and CLIENTS[library].kind == "messaging":
            channel = "a channel" if isinstance(publisher.channel, Unknown) else publisher.channel
            yield publisher.service, Use(library, publisher.at, True, channel, publisher.at)


def _is_aio(draft: Draft, at: Span) -> bool:
    module = draft.program.modules.get(at.path)
    if module is None:
        return False
    for call in module.calls_named(frozenset({"insecure_channel", "secure_channel"})):
        if call.at == at:
            return draft.program.callee(call, module).startswith("grpc.aio")
    return False


def _propagation(
    draft: Draft, code: ServiceCode, library: str, client: Client, tracing: Setting[str], uses: list[Use]
) -> Setting[str] | None | Unknown:
    given = _instrumented(draft, code, library, client)
    if given is not None:
        return given
    around = around_tracing(draft, code.service)
    if around is not None:
        if around.value != OPENTELEMETRY:
            return Unknown(f"what {around.value} instruments is not known")
        if client.given_by and (around.source == "platform" or _is_installed(draft, code, client)):
            return around
    if tracing.value != OPENTELEMETRY and tracing.value not in BY_HAND:
        return Unknown(f"{tracing.value} may instrument it")
    injected = _injected(draft, code, uses)
    if injected is not None:
        return injected
    foreign = unread_telemetry(draft, code, TRACING_WORDS)
    if foreign is not None:
        return foreign
    return _by_hand(draft, code, uses)


def _instrumented(draft: Draft, code: ServiceCode, library: str, client: Client) -> Setting[str] | Unknown | None:
    """The import that instruments the client; with OpenTelemetry nobody imports one and does not call it."""
    found: Setting[str] | Unknown | None = None
    for module in code.modules:
        for one in module.facts.imports:
            if one.typing_only:
                continue
            full = f"{one.module}.{one.name}" if one.name else one.module
            full = full.replace("opentelemetry.ext.", "opentelemetry.instrumentation.", 1)
            if any(full == name or full.startswith(name + ".") for name in client.given_by) and (
                not client.names or one.name in client.names or bool(set(client.names) & set(module.called))
            ):
                return Setting(client.fix, "code", one.at)
            root = one.module.partition(".")[0]
            if library in INSTRUMENTS_SOME.get(one.module, ()):
                return Setting(one.module, "code", one.at)
            if any(full == name or full.startswith(name + ".") for name in INSTRUMENTS_ALL):
                found = found or Unknown(f"{one.module} instruments what is installed")
            if root in BY_HAND_INSTRUMENTATIONS:
                found = found or Unknown(f"{root} may instrument it")
        for name in CALLED_INSTRUMENTS.keys() & set(module.called):
            if library in CALLED_INSTRUMENTS[name]:
                return Setting(name, "code", module.calls_named(frozenset({name}))[0].at)
    return found


def _is_installed(draft: Draft, code: ServiceCode, client: Client) -> bool:
    """Whether the package is there that ``opentelemetry-instrument`` would load: it loads what is installed, which is
    known where requirements name some instrumentations and nothing installs the rest."""
    directory = code.service.directory
    inside = f"{directory}/" if directory else ""
    required = {one.name for one in draft.index.of(PythonRequirement) if one.at.path.startswith(inside)}
    if not required & ALL_PACKAGES or required & {*ALL_IN_ONE, *packages_of(client)}:
        return True
    images = {one.path for one in draft.images if one.service == code.service.name}
    texts = [text for text, _, _ in launch_commands(draft, code.service.name)]
    for file in draft.index.of(Dockerfile):
        if file.at.path in images:
            texts += [one.text for stage in file.stages for one in stage.instructions if one.keyword == "RUN"]
    return any(INSTALLS_ALL in text or "opentelemetry-instrumentation" in text for text in texts)


def _injected(draft: Draft, code: ServiceCode, uses: list[Use]) -> Setting[str] | Unknown | None:
    """A call that writes the context into a carrier: where the client is used, else it may serve it."""
    paths = {use.call_at.path for use in uses}
    elsewhere = None
    for module in code.modules:
        roots = {one.module.partition(".")[0] for one in module.facts.imports}
        for call in module.calls_named(INJECTIONS):
            if call.name.endswith("inject") and not roots & {
                "opentelemetry",
                "opentracing",
                "jaeger_client",
                "py_zipkin",
            }:
                continue
            if module.path in paths:
                return Setting(call.name, "code", call.at)
            elsewhere = Unknown(f"{module.path} injects the trace context")
    return elsewhere


def _by_hand(draft: Draft, code: ServiceCode, uses: list[Use]) -> Unknown | None:
    """Trace headers that code names, headers that it passes on whole, interceptors that are not read."""
    for module in code.modules:
        for text in module.facts.strings:
            if CONTEXT_HEADERS.search(text.name) or CONTEXT_HEADERS.search(text.value):
                return Unknown("trace headers are written by hand")
            if text.value.startswith(LOADED_BY_NAME):
                return Unknown("every installed instrumentation is loaded")
        for assignment in module.facts.assignments:
            if any(CONTEXT_HEADERS.search(one) for one in _texts(assignment.value, 0)):
                return Unknown("trace headers are written by hand")
        for function in module.facts.functions:
            if any(CONTEXT_HEADERS.search(one) for value in function.returns for one in _texts(value, 0)):
                return Unknown("trace headers are written by hand")
        for call in module.facts.calls:
            for argument in call.arguments:
                if argument.name == "interceptors" and _is_foreign(draft, argument.value, module):
                    return Unknown("an interceptor is not read")
                for one in _texts(argument.value, 0):
                    if CONTEXT_HEADERS.search(one):
                        return Unknown("trace headers are written by hand")
                    if one.startswith(LOADED_BY_NAME):
                        return Unknown("every installed instrumentation is loaded")
        for call in module.calls_named(frozenset({"intercept_channel"})):
            if any(_is_foreign(draft, one.value, module) for one in call.arguments[1:]):
                return Unknown("an interceptor is not read")
    for use in uses:
        module_of_use = draft.program.modules.get(use.call_at.path)
        made = _call_at(module_of_use, use.call_at) if module_of_use is not None else None
        headers = made.argument("headers") if made is not None else None
        if headers is not None and _is_passed_on(headers.value, 0):
            return Unknown("headers are passed on whole")
    return None


def _texts(expression: Expression, depth: int) -> Iterator[str]:
    """The text literals in an expression."""
    if depth > 4:
        return
    if isinstance(expression, Literal):
        if isinstance(expression.value, str) and len(expression.value) < 60:
            yield expression.value
    elif isinstance(expression, Display):
        for one in expression.items:
            yield from _texts(one, depth + 1)
    elif isinstance(expression, Dictionary):
        for key, value in expression.entries:
            for part in (key, value):
                if part is not None:
                    yield from _texts(part, depth + 1)
    elif isinstance(expression, Choice):
        for one in expression.options:
            yield from _texts(one, depth + 1)
    elif isinstance(expression, Template):
        for one in expression.parts:
            yield from _texts(one, depth + 1)


def _is_passed_on(expression: Expression, depth: int) -> bool:
    """Whether the headers of what came in are among those that go out."""
    if depth > 4:
        return False
    if isinstance(expression, Reference | Member):
        return (expression.name.rpartition(".")[2]) in ("headers", "raw_headers")
    if isinstance(expression, Dictionary):
        return any(key is None and _is_passed_on(value, depth + 1) for key, value in expression.entries)
    if isinstance(expression, Choice):
        return any(_is_passed_on(one, depth + 1) for one in expression.options)
    return isinstance(expression, Unknown)


def _is_foreign(draft: Draft, expression: Expression, module: Module) -> bool:
    for item, where in items_of(draft, expression, module):
        made = draft.program.origin(item, where)
        if made is None or class_named(draft, draft.program.callee(*made)) is None:
            return True
    return False


def _call_at(module: Module, at: Span) -> PythonCall | None:
    return next((one for one in module.facts.calls if one.at == at), None)
