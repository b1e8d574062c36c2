"""gRPC channels: where they lead, whether they are secure, and the deadlines that they give to every call.

In: the expression of a stub's channel. Out: the channel under its interceptors, and a deadline from an interceptor or
from the service config in its options (gRFC A2). What is not read is UNKNOWN.
"""

from __future__ import annotations

import json

from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Display,
    Expression,
    Literal,
    Member,
    Parameter,
    PythonCall,
    Reference,
)
from archlint.core.record import dataclass, pattern
from archlint.core.values import Setting, Truth, Unknown
from archlint.model.code.calls.timeouts import Timeout, timeout_of
from archlint.model.code.calls.ways import ALONE, constructed
from archlint.model.code.objects import call_of, items_of, member_of, methods_of, text_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_INSECURE = frozenset({"grpc.insecure_channel", "grpc.aio.insecure_channel", "grpc.experimental.aio.insecure_channel"})
_SECURE = frozenset({"grpc.secure_channel", "grpc.aio.secure_channel", "grpc.experimental.aio.secure_channel"})
_GRPCLIB = frozenset({"grpclib.client.Channel", "grpclib.Channel"})
_WITHOUT_DEADLINE = pattern(
    r"^(opentelemetry|opentracing|py_grpc_prometheus|grpc_opentracing|ddtrace|elasticapm|sentry_sdk|prometheus_client)\b"
)
_MOST_LAYERS = 6
_DURATION = pattern(r"(\d+(?:\.\d+)?)s$")


@dataclass(frozen=True)
class Channel:
    """A channel: the call that made it, its address, and the interceptors around it."""

    made: PythonCall
    module: Module
    address: Argument | None
    is_secure: Truth
    interceptors: tuple[tuple[Expression, Module], ...] = ()
    is_grpclib: bool = False


def channel_of(draft: Draft, expression: Expression, module: Module) -> Channel | None:
    """The channel that an expression stands for, None where it is not one that is read."""
    interceptors: list[tuple[Expression, Module]] = []
    for _ in range(_MOST_LAYERS):
        origin = draft.program.origin(expression, module)
        if origin is None:
            return None
        made, module = origin
        callee = draft.program.callee(made, module)
        if callee.rpartition(".")[2] == "intercept_channel" and made.arguments:
            interceptors += [
                item for argument in made.arguments[1:] for item in items_of(draft, argument.value, module)
            ]
            expression = made.arguments[0].value
            continue
        if callee in _INSECURE | _SECURE:
            given = made.argument("interceptors")
            if given is not None:
                interceptors += list(items_of(draft, given.value, module))
            return Channel(made, module, made.argument("target", 0), callee in _SECURE, tuple(interceptors))
        if callee in _GRPCLIB:
            return Channel(made, module, made.argument("host", 0), made.argument("ssl") is not None, (), True)
        return None
    return None


def channel_deadline(draft: Draft, channel: Channel | None, service: str, rpc: str) -> Timeout:
    """The deadline that the channel gives to a call of that rpc, None where it gives none."""
    if channel is None:
        return Unknown("a channel that is not read")
    for interceptor, module in channel.interceptors:
        found = _of_interceptor(draft, interceptor, module)
        if found is not None:
            return found
    entry = service_config_of(draft, channel, service, rpc, "timeout")
    match = _DURATION.match(entry) if isinstance(entry, str) else None
    if match is not None:
        options = _options(channel)
        return Setting(float(match[1]), "session", options.at if options is not None else channel.made.at)
    return entry if isinstance(entry, Unknown) else None


def service_config_of(draft: Draft, channel: Channel, service: str, rpc: str, name: str) -> object | None | Unknown:
    """An entry (``timeout``, ``retryPolicy``) of the service config that the channel has for that rpc."""
    options = _options(channel)
    if options is None:
        return Unknown("a channel whose arguments are not all seen") if channel.made.is_open else None
    for item, where in items_of(draft, options.value, channel.module):
        if not isinstance(item, Display) or len(item.items) != 2:
            if isinstance(item, Literal) and item.value is None:
                continue
            return Unknown("channel options that are not read")
        key = text_of(draft, item.items[0], where)
        if key is None:
            return Unknown("channel options that are not read")
        if key.value == "grpc.service_config":
            return _of_service_config(_configuration(draft, item.items[1], where), service, rpc, name)
    return None


def _options(channel: Channel) -> Argument | None:
    if channel.is_grpclib:
        return None
    return channel.made.argument("options", 1 if channel.is_secure is False else 2)


def _of_interceptor(draft: Draft, interceptor: Expression, module: Module) -> Timeout:
    origin = draft.program.origin(interceptor, module)
    name = draft.program.callee(*origin) if origin is not None else draft.program.qualify(interceptor, module)
    if _WITHOUT_DEADLINE.match(name):
        return None
    methods = methods_of(draft, name)
    if not methods:
        return Unknown("an interceptor that is not read")
    way = constructed(draft, origin) if origin is not None else ALONE
    for function, where in methods.values():
        for call in draft.program.calls_in(function, where):
            argument = call.argument("timeout", 1 if member_of(call.callee).endswith("CallDetails") else None)
            if argument is None or _is_passed_on(argument.value):
                continue
            found = timeout_of(draft, argument.value, where, argument.at, "session", way=way)
            if found is not None:
                return found
    return None


def _is_passed_on(expression: Expression) -> bool:
    """``client_call_details.timeout``: what the call itself gives."""
    return isinstance(expression, Member) and isinstance(expression.base, Parameter)


def _configuration(draft: Draft, expression: Expression, module: Module) -> object | Unknown:
    """The service config: JSON text, or what ``json.dumps`` is given."""
    origin = draft.program.origin(expression, module)
    if origin is not None and origin[0].arguments and member_of(origin[0].callee) == "dumps":
        return _plain(draft, origin[0].arguments[0].value, origin[1], 0)
    text = text_of(draft, expression, module)
    if text is None or not text.is_exact:
        return Unknown("a service config that is not read")
    try:
        config: object = json.loads(str(text.value))
    except (ValueError, RecursionError):
        return Unknown("a service config that is no JSON")
    return config


def _plain(draft: Draft, expression: Expression, module: Module, depth: int) -> object | Unknown:
    if depth > 8:
        return Unknown("a service config that is too deep")
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Dictionary):
        return {
            str(key.value): _plain(draft, value, module, depth + 1)
            for key, value in expression.entries
            if isinstance(key, Literal)
        }
    if isinstance(expression, Display):
        return [_plain(draft, one, module, depth + 1) for one in expression.items]
    if isinstance(expression, Reference):
        for one in _module_values(module):
            if one[0] == expression.name:
                return _plain(draft, one[1], module, depth + 1)
    text = text_of(draft, expression, module) if call_of(expression, module) is None else None
    return text.value if text is not None and text.is_exact else Unknown("a part that is not read")


def _module_values(module: Module) -> list[tuple[str, Expression]]:
    return [(one.target.name, one.value) for one in module.facts.assignments if isinstance(one.target, Reference)]


def _of_service_config(config: object | Unknown, service: str, rpc: str, name: str) -> object | None | Unknown:
    if isinstance(config, Unknown):
        return config
    methods = config.get("methodConfig", []) if isinstance(config, dict) else []
    if not isinstance(methods, list):
        return Unknown("a service config that is not read")
    for method in methods:
        if isinstance(method, Unknown):
            return Unknown("a service config that is not read")
        if not isinstance(method, dict) or not _concerns(method.get("name"), service, rpc):
            continue
        found: object | None | Unknown = method.get(name)
        if found is not None:
            return found
    return None


def _concerns(names: object, service: str, rpc: str) -> bool:
    if not isinstance(names, list):
        return False
    for name in names:
        if isinstance(name, Unknown):
            return True
        if not isinstance(name, dict):
            continue
        given = name.get("service")
        if not name or given in (None, ""):
            return True
        if str(given).rpartition(".")[2] == service and name.get("method") in (None, "", rpc):
            return True
    return False
