"""HTTP calls, their targets and effective timeouts.

In: the production Python of each service, what the client libraries mean (``http_libraries``), and the addresses of the
system. Out: one ``HttpCall`` a place and service. The timeout is what holds after every layer is read: the argument, a
surrounding bound, the client's constructor, its adapters, patches of its methods, the process's socket default, the
library's own default. Whatever may carry one and is not read makes it UNKNOWN.
"""

from __future__ import annotations

from archlint.core.facts.python import Argument, Dictionary, Expression, Literal, PythonCall, Reference, Result
from archlint.core.record import dataclass
from archlint.core.system.calls import HttpCall
from archlint.core.values import Truth, Unknown
from archlint.model.code.client_settings import ClientSettings, client_settings
from archlint.model.code.http_libraries import (
    CLIENT_CLASSES,
    CLIENT_METHODS,
    CLIENTS,
    FUNCTIONS,
    HANDED_ON,
    MEMBERS,
    TIMEOUT_CONTEXTS,
    Client,
    Form,
    Library,
)
from archlint.model.code.names import words_of
from archlint.model.code.objects import (
    base_of,
    call_of,
    is_instance,
    member_of,
    text_of,
)
from archlint.model.code.scope import assigned_value, code_scope
from archlint.model.code.targets import Target, target_of
from archlint.model.code.timeouts import Timeout, timeout_of
from archlint.model.deployment.mesh_timeouts import mesh_timeout
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_METHOD_NAMES = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


@dataclass(frozen=True)
class Use:
    """A place that calls: what, with which arguments, on which client (made by ``origin``, where that is known)."""

    call: PythonCall
    module: Module
    arguments: tuple[Argument, ...]
    library: Library
    form: Form
    member: str
    client: Client | None = None
    class_name: str = ""
    origin: tuple[PythonCall, Module] | None = None
    base: Expression | None = None

    def argument(self, name: str, position: int | None = None) -> Argument | None:
        """The argument by keyword or position."""
        return PythonCall(self.call.at, self.call.callee, self.arguments).argument(name, position)


_NAMES = MEMBERS | HANDED_ON


def add_http_calls(draft: Draft) -> None:
    """Add the HTTP calls of all services."""
    scope = code_scope(draft)
    settings = client_settings(draft, scope.modules())
    for module in scope.modules():
        bounded = _bounded_elsewhere(module)
        for index in module.places_named(_NAMES):
            call = module.facts.calls[index]
            use = _use(draft, call, module)
            if use is None:
                continue
            for service in scope.services_running(call, module):
                target = _target(draft, service, use)
                if isinstance(target.url, str) and target.url.startswith(("file:", "data:")):
                    continue
                timeout = _timeout(draft, settings, use, service, bounded.get(index))
                if timeout is None and isinstance(target.host, str):
                    timeout = mesh_timeout(draft, target.host)
                draft.add(_subject(draft, service, use, target, timeout))


def _subject(draft: Draft, service: str, use: Use, target: Target, timeout: Timeout) -> HttpCall:
    method = _method(draft, use)
    path = target.path if isinstance(target.path, str) else ""
    where = use.module.facts.functions[use.call.function].name if use.call.function is not None else ""
    shown = "call" if isinstance(method, Unknown) else method
    return HttpCall(
        at=use.call.at,
        name=f"{shown} {target.name}{path if path != '/' else ''}",
        key=f"{service} {where.rpartition('.')[2]} {use.library.name} {shown} {target.name}{path}",
        service=service,
        library=use.library.name,
        target=target.name,
        target_kind=target.kind,
        timeout=timeout,
        is_loopback=target.is_loopback,
        is_internal=target.is_internal,
        is_long=_is_long(draft, use, where, path),
        function=where,
        related=target.chain,
        method=method,
        url=target.url,
        host=target.host,
        path=target.path,
    )


_LONG_WORDS = frozenset(
    {
        "upload",
        "uploads",
        "download",
        "downloads",
        "stream",
        "streaming",
        "poll",
        "polling",
        "watch",
        "subscribe",
        "sse",
    }
)
_LONG_ARGUMENTS = {"stream": True, "preload_content": False}


def _is_long(draft: Draft, use: Use, function: str, path: str) -> Truth:
    """Whether the call is marked as an upload, a download, a stream or a long poll: by its arguments or its names."""
    if use.member in ("stream", "ws_connect") or use.argument("files") is not None:
        return True
    for name, value in _LONG_ARGUMENTS.items():
        argument = use.argument(name)
        if argument is not None and argument.value == Literal(value):
            return True
    for name in ("data", "content", "body"):
        argument = use.argument(name)
        origin = draft.program.origin(argument.value, use.module) if argument is not None else None
        if origin is not None and draft.program.callee(*origin).rpartition(".")[2] in ("open", "MultipartEncoder"):
            return True
    timeout = use.argument("timeout", use.form.timeout)
    names = f"{function.rpartition('.')[2]} {path} {member_of(timeout.value) if timeout is not None else ''}"
    return not _LONG_WORDS.isdisjoint(words_of(names))


def _use(draft: Draft, call: PythonCall, module: Module) -> Use | None:
    """What the call does on the network, None where it is no HTTP call."""
    member = member_of(call.callee)
    if member in HANDED_ON:
        return _handed_on(draft, call, module)
    if member not in MEMBERS:
        return None
    return _known_use(draft, call, call.callee, draft.program.callee(call, module), call.arguments, module)


def _known_use(
    draft: Draft, call: PythonCall, callee: Expression, name: str, arguments: tuple[Argument, ...], module: Module
) -> Use | None:
    function = FUNCTIONS.get(name)
    if function is not None:
        return Use(call, module, arguments, function[0], function[1], name.rpartition(".")[2])
    owner, _, member = name.rpartition(".")
    if not owner or owner.startswith("?") or owner in _NOT_CLASSES:
        return None
    class_name = owner if owner in CLIENT_CLASSES else is_instance(draft, owner, CLIENT_CLASSES)
    if class_name is None:
        return None
    client = CLIENTS[class_name]
    form = CLIENT_METHODS[client.library.name].get(member)
    if form is None:
        return None
    base = base_of(callee)
    if base is not None and (inner := call_of(base, module)) is not None and inner.name == "super":
        # A client that passes a request on: the call is where the client is used.
        return None
    origin = draft.program.origin(base, module) if base is not None else None
    # A method that a subclass inherits is named by the library's class: what was made tells the class itself.
    made = draft.program.callee(*origin) if origin is not None else owner
    own_class = made if is_instance(draft, made, CLIENT_CLASSES) is not None else owner
    return Use(call, module, arguments, client.library, form, member, client, own_class, origin, base)


_NOT_CLASSES = frozenset({"os.environ", "dict", "queue.Queue", "os"})


def _handed_on(draft: Draft, call: PythonCall, module: Module) -> Use | None:
    """``loop.run_in_executor(None, requests.get, url)``: the function and its arguments among the arguments."""
    for position, argument in enumerate(call.arguments):
        value = argument.value
        partial = call_of(value, module)
        inner: tuple[Argument, ...] = ()
        if partial is not None and member_of(partial.callee) == "partial" and partial.arguments:
            value, inner = partial.arguments[0].value, partial.arguments[1:]
        elif isinstance(value, Result):
            continue
        if member_of(value) not in MEMBERS:
            continue
        name = draft.program.qualify(value, module)
        rest = (*inner, *call.arguments[position + 1 :])
        if member_of(call.callee) in ("map", "starmap"):
            rest = inner
        use = _known_use(draft, call, value, name, tuple(rest), module)
        if use is not None:
            return use
    return None


def _method(draft: Draft, use: Use) -> str | Unknown:
    if use.member in _METHOD_NAMES:
        return use.member.upper()
    if use.form.method is not None:
        argument = use.argument("method", use.form.method)
        found = text_of(draft, argument.value, use.module) if argument is not None else None
        if found is not None and found.is_exact:
            return str(found.value).upper()
        return Unknown("its method is not known") if argument is not None else "GET"
    if use.library.name == "urllib":
        request = _request_object(draft, use)
        if request is not None:
            method = request[0].argument("method", 5)
            found = text_of(draft, method.value, request[1]) if method is not None else None
            if found is not None:
                return str(found.value).upper()
            return "POST" if request[0].argument("data", 1) is not None else "GET"
        return "POST" if use.argument("data", 1) is not None else "GET"
    return Unknown("its method is not known")


def _target(draft: Draft, service: str, use: Use) -> Target:
    url: Expression | None = None
    module = use.module
    if use.form.url is not None:
        argument = use.argument("url", use.form.url) or use.argument("uri", use.form.url)
        url = argument.value if argument is not None else None
    request = _request_object(draft, use)
    if request is not None:
        first = request[0].argument("url", 0) or request[0].argument("uri", 0)
        url, module = (first.value if first is not None else None), request[1]
    prefix: Expression | None = None
    if use.client is not None and use.client.base is not None and use.origin is not None:
        made, place = use.origin
        base = made.argument(use.client.base, use.client.base_position)
        if base is not None and (place is module or url is None or isinstance(url, Literal)):
            prefix = base.value
            if place is not module:
                module = place
        elif base is not None:
            found = target_of(draft, service, base.value, place)
            return Target(
                found.name,
                found.kind,
                Unknown("its path is not resolved"),
                found.host,
                Unknown("its path is not resolved"),
                found.is_loopback,
                found.chain,
            )
        if use.client.base == "host" and prefix is not None:
            return target_of(draft, service, prefix, module)
    return target_of(draft, service, url, module, prefix)


def _request_object(draft: Draft, use: Use) -> tuple[PythonCall, Module] | None:
    """The ``urllib.request.Request(...)`` that is opened."""
    if use.library.name != "urllib" or not use.arguments:
        return None
    origin = draft.program.origin(use.arguments[0].value, use.module)
    if origin is not None and draft.program.callee(*origin).endswith("request.Request"):
        return origin
    return None


def _timeout(draft: Draft, settings: ClientSettings, use: Use, service: str, waited: Argument | None) -> Timeout:
    library = use.library
    explicit = _explicit(draft, use)
    bound = _surrounding(draft, use, waited)
    if explicit is not _NOT_GIVEN:
        assert not isinstance(explicit, _NotGiven)
        return explicit if explicit is not None else bound
    if bound is not None:
        return bound
    if use.client is None:
        return settings.of_process(draft, service, library, use.call.at)
    return settings.of_client(draft, service, use.client, use.class_name, use.member, use.origin, use.base, use.module)


class _NotGiven:
    """No timeout among the arguments."""


_NOT_GIVEN = _NotGiven()


def _explicit(draft: Draft, use: Use) -> Timeout | _NotGiven:
    argument = use.argument("timeout", use.form.timeout)
    if argument is not None:
        return timeout_of(draft, argument.value, use.module, argument.at, zero_is_none=use.library.zero_is_none)
    for one in use.arguments:
        if one.name == "*":
            return Unknown("arguments that are not all seen")
        if one.name == "**":
            found = _in_mapping(draft, one.value, use)
            if found is not _NOT_GIVEN:
                return found
    return _NOT_GIVEN


def _in_mapping(draft: Draft, value: Expression, use: Use) -> Timeout | _NotGiven:
    module = use.module
    if isinstance(value, Reference):
        value, module = assigned_value(draft, value, module)
    if not isinstance(value, Dictionary):
        return Unknown("keyword arguments that are not all seen")
    for key, one in value.entries:
        if key is None or not isinstance(key, Literal):
            return Unknown("keyword arguments that are not all seen")
        if key.value == "timeout":
            return timeout_of(draft, one, module, use.call.at, zero_is_none=use.library.zero_is_none)
    return _NOT_GIVEN


def _surrounding(draft: Draft, use: Use, waited: Argument | None) -> Timeout:
    """A bound around the call: ``asyncio.timeout``, ``asyncio.wait_for``, a timeout decorator."""
    if waited is not None:
        found = timeout_of(draft, waited.value, use.module, waited.at)
        if found is not None:
            return found
    for context in reversed(use.call.contexts):
        made = call_of(context, use.module)
        if made is not None and draft.program.callee(made, use.module) in TIMEOUT_CONTEXTS and made.arguments:
            found = timeout_of(draft, made.arguments[0].value, use.module, made.at)
            if found is not None:
                return found
    if use.call.function is not None:
        for decorator in use.module.facts.functions[use.call.function].decorators:
            made = call_of(decorator, use.module)
            name = member_of(made.callee if made is not None else decorator).lower()
            if "timeout" in name or "time_limit" in name:
                return Unknown("a decorator that may bound it")
    return None


def _bounded_elsewhere(module: Module) -> dict[int, Argument]:
    """The calls that ``asyncio.wait_for`` waits for, by their index, with its timeout."""
    found: dict[int, Argument] = {}
    for call in module.calls_named({"wait_for"}):
        if call.arguments and isinstance(call.arguments[0].value, Result):
            timeout = call.argument("timeout", 1)
            if timeout is not None:
                found[call.arguments[0].value.call] = timeout
    return found
