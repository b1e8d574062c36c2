"""Retries that a client brings along: adapters of a session, transports, options, subclasses, a service config.

In: the call that a service makes and the policies of its code. Out: the trial or setting that repeats it, None where
its client repeats nothing, UNKNOWN where the client or its transport is not read.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import Expression, Literal, PythonCall
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall
from archlint.core.values import Setting, Unknown
from archlint.model.code.calls.channels import channel_of, service_config_of
from archlint.model.code.calls.http_libraries import CLIENT_CLASSES, FUNCTIONS, PLAIN_ADAPTERS
from archlint.model.code.objects import Key, base_of, is_instance, key_of, member_of, methods_of, origin_key
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.trials import Trial

Repeats = Trial | Setting[str] | None | Unknown

_RETRYING_CLIENTS = ("aiohttp_retry.RetryClient", "aiohttp_retry.client.RetryClient")
_PLAIN_TRANSPORTS = frozenset(
    {
        "httpx.ASGITransport",
        "httpx.WSGITransport",
        "httpx.HTTPTransport",
        "httpx.AsyncHTTPTransport",
        "aiohttp.TCPConnector",
    }
)
_INSTRUMENTS = ("opentelemetry.", "ddtrace.", "prometheus_client.", "py_grpc_prometheus.", "sentry_sdk.", "elasticapm.")


class Clients:
    """Looks up what repeats calls by their clients."""

    def __init__(self, draft: Draft, modules: Iterable[Module], policies: dict[Key, Trial]) -> None:
        self._draft = draft
        self._policies = policies
        self._adapters: dict[Key | str, list[tuple[Expression, Module]]] = {}
        for module in modules:
            for call in module.calls_named({"mount"}):
                self._mount(call, module)
        self._by_class: dict[str, Trial] = {}
        for trial in policies.values():
            function = trial.module.function(trial.function)
            if function is not None and function.owner is not None:
                self._by_class.setdefault(function.owner, trial)

    def _mount(self, call: PythonCall, module: Module) -> None:
        """``session.mount(prefix, adapter)``, also of ``self`` in a class of sessions."""
        adapter = call.argument("adapter", 1)
        base = base_of(call.callee)
        if adapter is None or base is None:
            return
        key: Key | str | None = origin_key(self._draft, base, module)
        function = module.function(call.function)
        if key is None and function is not None and function.owner is not None:
            key = function.owner
        if key is not None:
            self._adapters.setdefault(key, []).append((adapter.value, module))

    def http(self, call: HttpCall, made: PythonCall, module: Module) -> Repeats:
        """What repeats an HTTP call."""
        given = made.argument("retries")
        if given is not None:
            return self._given(given.value, module, given.at)
        name = self._draft.program.callee(made, module)
        if name in FUNCTIONS:
            return Setting("urllib3's default", "library", made.at) if name.startswith("urllib3.") else None
        base = base_of(made.callee)
        if is_instance(self._draft, name.rpartition(".")[0], CLIENT_CLASSES) is None:
            # A function that is handed on: its client is among the arguments.
            handed = next((one.value for one in made.arguments if base_of(one.value) is not None), None)
            base = base_of(handed) if handed is not None else None
            if handed is not None and self._draft.program.qualify(handed, module) in FUNCTIONS:
                return None
        if base is None:
            return Unknown("a client that is not seen")
        return self._of_client(base, module)

    def _of_client(self, base: Expression, module: Module) -> Repeats:
        origin = self._draft.program.origin(base, module)
        if origin is None:
            return Unknown("a client that is made elsewhere")
        made, place = origin
        cls = self._draft.program.callee(made, place)
        if cls not in CLIENT_CLASSES and not cls.startswith(_RETRYING_CLIENTS):
            found = self._of_class(cls)
            if found is not None:
                return found
        if cls.startswith("urllib3."):
            retries = made.argument("retries")
            if retries is None:
                return Setting("urllib3's default", "library", made.at)
            return self._given(retries.value, place, retries.at)
        if cls in _RETRYING_CLIENTS:
            options = made.argument("retry_options")
            given = self._given(options.value, place, options.at) if options is not None else None
            return Setting("aiohttp-retry", "session", made.at) if given is None else given
        for keyword in ("transport", "mounts", "connector"):
            transport = made.argument(keyword)
            if transport is not None and transport.value != Literal(None):
                found = self._of_transport(transport.value, place)
                if found is not None:
                    return found
        for adapter, where in self._adapters.get(key_of(made), ()):
            found = self._of_adapter(adapter, where)
            if found is not None:
                return found
        if made.is_open and cls.startswith("httpx."):
            return Unknown("a client whose arguments are not all seen")
        return None

    def _of_class(self, cls: str) -> Repeats:
        """A subclass of the workspace: what its methods mount, make or loop over."""
        bases = self._draft.program.bases(cls)
        for owner in (cls, *(bases if not isinstance(bases, Unknown) else ())):
            if owner in self._by_class:
                return self._by_class[owner]
            for adapter, where in self._adapters.get(owner, ()):
                found = self._of_adapter(adapter, where)
                if found is not None:
                    return found
        if isinstance(bases, Unknown):
            return Unknown("a base class that is not read")
        for name in ("request", "send", "_send", "_request"):
            method = methods_of(self._draft, cls).get(name)
            if method is not None and any(one.function is not None for one in method[1].facts.retries):
                return Unknown("a client class that may try again")
        return None

    def _given(self, value: Expression, module: Module, at: Span) -> Repeats:
        """``retries=``: a policy, a number, or False."""
        if isinstance(value, Literal):
            return Setting("urllib3", "session", at) if _counts(value) else None
        origin = self._draft.program.origin(value, module)
        if origin is not None and key_of(origin[0]) in self._policies:
            return self._policies[key_of(origin[0])]
        return Unknown("retries that are not read")

    def _of_transport(self, value: Expression, module: Module) -> Repeats:
        origin = self._draft.program.origin(value, module)
        if origin is None:
            return Unknown("a transport that is not read")
        made, place = origin
        if key_of(made) in self._policies:
            return self._policies[key_of(made)]
        name = self._draft.program.callee(made, place)
        if name.startswith("httpx_retries."):
            retry = made.argument("retry", 1)
            given = self._given(retry.value, place, retry.at) if retry is not None else None
            return Setting("httpx-retries", "session", made.at) if given is None else given
        if name in _PLAIN_TRANSPORTS:
            return None
        found = self._of_class(name)
        return Unknown("a transport that may try again") if found is None else found

    def _of_adapter(self, value: Expression, module: Module) -> Repeats:
        origin = self._draft.program.origin(value, module)
        if origin is None:
            return Unknown("an adapter that is not read")
        made, place = origin
        if key_of(made) in self._policies:
            return self._policies[key_of(made)]
        given = made.argument("max_retries", 2)
        if given is not None:
            return self._given(given.value, place, given.at)
        name = self._draft.program.callee(made, place)
        if name in PLAIN_ADAPTERS:
            return Unknown("an adapter whose arguments are not all seen") if made.is_open else None
        found = self._of_class(name)
        if found is None and made.is_open:
            return Unknown("an adapter whose arguments are not all seen")
        return found

    def classes(self, call: RemoteCall, made: PythonCall, module: Module) -> tuple[str, ...] | Unknown:
        """The classes that a call goes through besides its library's own: its client's, transport's, adapters',
        interceptors'."""
        base = base_of(made.callee)
        if base is None:
            return ()
        origin = self._draft.program.origin(base, module)
        if origin is None:
            return ()
        client, place = origin
        parts: list[tuple[Expression, Module]] = list(self._adapters.get(key_of(client), ()))
        names = [self._draft.program.callee(client, place)]
        for keyword in ("transport", "mounts", "connector"):
            given = client.argument(keyword)
            if given is not None and given.value != Literal(None):
                parts.append((given.value, place))
        if isinstance(call, GrpcCall):
            argument = client.argument("channel", 0)
            channel = channel_of(self._draft, argument.value, place) if argument is not None else None
            parts += channel.interceptors if channel is not None else ()
        for value, where in parts:
            inner = self._draft.program.origin(value, where)
            if inner is None:
                return Unknown("a part of its client that is not read")
            names.append(self._draft.program.callee(*inner))
        bases = [self._draft.program.bases(one) for one in names]
        return (*names, *(name for one in bases if not isinstance(one, Unknown) for name in one))

    def grpc(self, call: GrpcCall, made: PythonCall, module: Module) -> Repeats:
        """What repeats a call of a gRPC stub."""
        callee = made.callee
        base = base_of(callee)
        if base is not None and member_of(callee) in ("future", "with_call"):
            base = base_of(base)
        stub = self._draft.program.origin(base, module) if base is not None else None
        argument = stub[0].argument("channel", 0) if stub is not None else None
        if stub is None or argument is None:
            return Unknown("a stub that is made elsewhere")
        channel = channel_of(self._draft, argument.value, stub[1])
        if channel is None:
            return Unknown("a channel that is not read")
        for interceptor, where in channel.interceptors:
            found = self._of_interceptor(interceptor, where)
            if found is not None:
                return found
        if isinstance(call.rpc, Unknown) or isinstance(call.rpc_service, Unknown):
            return None
        policy = service_config_of(self._draft, channel, call.rpc_service, call.rpc, "retryPolicy")
        if policy is None or isinstance(policy, Unknown):
            return policy
        return Setting("the channel's service config", "session", channel.made.at)

    def _of_interceptor(self, value: Expression, module: Module) -> Repeats:
        origin = self._draft.program.origin(value, module)
        name = self._draft.program.callee(*origin) if origin is not None else self._draft.program.qualify(value, module)
        if name.startswith(_INSTRUMENTS):
            return None
        methods = methods_of(self._draft, name)
        if not methods:
            return Unknown("an interceptor that is not read")
        if name in self._by_class:
            return self._by_class[name]
        for function, home in methods.values():
            index = home.facts.functions.index(function)
            loop = next((one for one in home.facts.retries if one.function == index), None)
            if loop is not None:
                return Setting("an interceptor", "wrapper", loop.at)
            if any("retr" in one.name.lower() for one in self._draft.program.calls_in(function, home)):
                return Unknown("an interceptor that may try again")
        return None


def _counts(value: Literal) -> bool:
    return isinstance(value.value, int) and value.value is not False and value.value > 0
