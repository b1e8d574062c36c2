"""HTTP calls, their targets and effective timeouts.

In: the production Python of each service, what the client libraries mean (``http_libraries``), and the addresses of
the system. Out: one ``HttpCall`` a place, service and way to get there: a wrapper calls whom its callers say. Its
timeout is what holds after every layer is read: the argument, a surrounding bound, the client's constructor, its
adapters, patches of its methods, the process's socket default, the library's own default. Whatever may carry one and is
not read makes it UNKNOWN.
"""

from __future__ import annotations

from archlint.core.facts.python import Argument, Expression, Literal, PythonCall
from archlint.core.system.calls import HttpCall
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.model.code.calls.bounds import bound_around, waited_for
from archlint.model.code.calls.client_settings import ClientSettings, client_settings
from archlint.model.code.calls.handed import HANDED_ON
from archlint.model.code.calls.http_uses import Use, names_of, use_of
from archlint.model.code.calls.keywords import carried
from archlint.model.code.calls.targets import Target, targets_of
from archlint.model.code.calls.timeouts import Timeout, chain_of, combined, timeout_of
from archlint.model.code.calls.ways import Way, ways_of
from archlint.model.code.names import words_of
from archlint.model.code.objects import member_of, text_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.deployment.mesh_timeouts import mesh_timeout
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_METHOD_NAMES = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_LONG_WORDS = frozenset(
    {"upload", "uploads", "download", "downloads", "stream", "streaming", "poll", "polling", "watch", "subscribe"}
)
NONE = Literal(None)
_TAKING = frozenset({"requests", "httpx", "urllib", "urllib3", "treq", "grequests", "google-auth"})
"""Libraries whose calls take ``timeout=`` in seconds."""

_LONG_ARGUMENTS = {"stream": True, "preload_content": False}


def add_http_calls(draft: Draft) -> None:
    """Add the HTTP calls of all services."""
    scope = code_scope(draft)
    modules = list(scope.modules())
    settings = client_settings(draft, modules)
    names = names_of(modules)
    for module in modules:
        bounded = waited_for(module)
        for index in module.places_named(names):
            call = module.facts.calls[index]
            use = use_of(draft, call, module)
            if use is None:
                continue
            for service in scope.services_running(call, module):
                draft.add(*_calls(draft, scope, settings, use, service, bounded.get(index)))


def _calls(
    draft: Draft, scope: CodeScope, settings: ClientSettings, use: Use, service: str, waited: Argument | None
) -> list[HttpCall]:
    """The calls that a place makes in one service, each once."""
    function = use.module.function(use.call.function)
    mattering = [argument.value for argument, home in use.passed if home is use.module]
    if use.origin is not None and use.origin[1] is use.module:
        mattering += [one.value for one in use.origin[0].arguments]
    found: dict[object, HttpCall] = {}
    for way in ways_of(draft, function, use.module, mattering, lambda home: service in scope.owners(home)):
        timeout = _timeout(draft, settings, use, service, waited, way)
        for target in _targets(draft, service, use, way):
            if isinstance(target.url, str) and target.url.startswith(("file:", "data:")):
                continue
            held = timeout
            if held is None and isinstance(target.host, str):
                held = mesh_timeout(draft, target.host)
            one = _subject(draft, service, use, target, held, way)
            seconds = held.value if isinstance(held, Setting) else "open" if held is None else "unknown"
            found.setdefault((one.key, seconds), one)
    return list(found.values())


def _subject(draft: Draft, service: str, use: Use, target: Target, timeout: Timeout, way: Way) -> HttpCall:
    method = _method(draft, use, way)
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
        related=tuple(dict.fromkeys((*way.chain, *target.chain, *_timeout_chain(draft, use, timeout, way)))),
        address=target.chain,
        method=method,
        url=target.url,
        host=target.host,
        path=target.path,
        takes_timeout=_takes_timeout(use),
    )


def _timeout_chain(draft: Draft, use: Use, timeout: Timeout, way: Way) -> tuple[Place, ...]:
    """Where the number of the timeout comes from, behind the argument that gives it."""
    if not isinstance(timeout, Setting):
        return ()
    made = [(one, use.origin[1]) for one in use.origin[0].arguments] if use.origin is not None else []
    for argument, home in (*use.passed, *made):
        if argument.at == timeout.at:
            return chain_of(draft, argument.value, home, way)
    key = next((key for key, at in way.at.items() if at == timeout.at), None)
    return chain_of(draft, *way.given[key], way) if key is not None else ()


def _takes_timeout(use: Use) -> bool:
    """Whether ``timeout=`` may be written right at the place: nothing else may carry one there. What httpx is given by
    its client is mended where that is made."""
    if use.library.name not in _TAKING or use.member in ("urlretrieve", ""):
        return False
    if tuple(one for one, _ in use.passed) != use.call.arguments or member_of(use.call.callee) in HANDED_ON:
        return False
    if any(one.name in ("*", "**") for one in use.call.arguments):
        return False
    argument = use.argument("timeout", use.form.timeout)
    return (
        use.library.name != "httpx" if argument is None else argument[0].name is not None and argument[0].value == NONE
    )


def _is_long(draft: Draft, use: Use, function: str, path: str) -> Truth:
    """Whether the call is marked as an upload, a download, a stream or a long poll: by its arguments or its names."""
    if use.member == "stream" or use.argument("files") is not None:
        return True
    for name, value in _LONG_ARGUMENTS.items():
        argument = use.argument(name)
        if argument is not None and argument[0].value == Literal(value):
            return True
    for name in ("data", "content", "body"):
        argument = use.argument(name)
        origin = draft.program.origin(argument[0].value, argument[1]) if argument is not None else None
        if origin is not None and draft.program.callee(*origin).rpartition(".")[2] in ("open", "MultipartEncoder"):
            return True
    timeout = use.argument(use.library.argument, use.form.timeout)
    names = f"{function.rpartition('.')[2]} {path} {member_of(timeout[0].value) if timeout is not None else ''}"
    return not _LONG_WORDS.isdisjoint(words_of(names))


def _method(draft: Draft, use: Use, way: Way) -> str | Unknown:
    if use.member in _METHOD_NAMES:
        return use.member.upper()
    request = _request_object(draft, use)
    argument = use.argument("method", use.form.method) if use.form.method is not None else use.argument("method")
    if request is not None and argument is None:
        position = 5 if use.library.name == "urllib" else 1 if use.library.name == "tornado" else 0
        given = request[0].argument("method", position)
        argument = (given, request[1]) if given is not None else None
    if argument is not None:
        found = text_of(draft, argument[0].value, argument[1], given=way.given)
        if found is not None and found.is_exact:
            return str(found.value).upper()
        return Unknown("its method is not known")
    if use.library.name == "urllib":
        has_data = use.argument("data", 1) is not None
        return "POST" if has_data or (request is not None and request[0].argument("data", 1) is not None) else "GET"
    if use.form.method is not None or use.library.name == "tornado":
        return "GET"
    return Unknown("its method is not known")


def _targets(draft: Draft, service: str, use: Use, way: Way) -> list[Target]:
    """Whom the place calls, in one way to get there."""
    url: Expression | None = None
    module = use.module
    given = use.argument("url", use.form.url) or use.argument("uri", use.form.url) if use.form.url is not None else None
    if given is not None:
        url, module = given[0].value, given[1]
    request = _request_object(draft, use)
    if request is not None:
        first = request[0].argument("url", 1 if use.library.name in ("requests", "httpx") else 0)
        url, module = (first.value if first is not None else None), request[1]
    client = use.client
    base = None
    if client is not None and client.base is not None and use.origin is not None:
        base = use.origin[0].argument(client.base, client.base_position)
    if base is None or use.origin is None:
        return targets_of(draft, service, url, module, way.given)
    home = use.origin[1]
    if client is not None and client.base == "host":
        return targets_of(draft, service, base.value, home, way.given)
    return targets_of(draft, service, url, module, way.given, (base.value, home))


def _request_object(draft: Draft, use: Use) -> tuple[PythonCall, Module] | None:
    """The ``urllib.request.Request(...)`` that is opened, or the request that is sent."""
    if not use.library.request or not use.passed or (use.form.url is not None and use.library.name == "requests"):
        return None
    argument, module = use.passed[0]
    for _ in range(3):
        origin = draft.program.origin(argument.value, module)
        if origin is None:
            return None
        made, module = origin
        if draft.program.callee(made, module) in use.library.request:
            return origin
        if member_of(made.callee) not in ("prepare", "prepare_request", "build_request"):
            return None
        if member_of(made.callee) == "build_request":
            return origin
        if not made.arguments:
            base = getattr(made.callee, "base", None)
            if base is None:
                return None
            argument = Argument(made.at, None, base)
        else:
            argument = made.arguments[0]
    return None


def _timeout(
    draft: Draft, settings: ClientSettings, use: Use, service: str, waited: Argument | None, way: Way
) -> Timeout:
    explicit = _explicit(draft, use, way)
    bound = bound_around(draft, use.call, use.module, waited, way)
    if explicit is not _NOT_GIVEN:
        assert not isinstance(explicit, _NotGiven)
        return explicit if explicit is not None else bound
    if bound is not None:
        return bound
    if use.client is None:
        return settings.of_process(draft, service, use.library, use.call.at)
    return settings.of_client(draft, service, use, way)


class _NotGiven:
    """No timeout among the arguments."""


_NOT_GIVEN = _NotGiven()


def _explicit(draft: Draft, use: Use, way: Way) -> Timeout | _NotGiven:
    library = use.library
    argument = use.argument(library.argument, use.form.timeout)
    if argument is None and library.name == "tornado":
        request = _request_object(draft, use)
        given = request[0].argument(library.argument) if request is not None else None
        argument = (given, request[1]) if given is not None and request is not None else None
    if argument is not None:
        if member_of(argument[0].value) == "USE_CLIENT_DEFAULT":
            return _NOT_GIVEN
        found = timeout_of(
            draft, argument[0].value, argument[1], argument[0].at, zero_is_none=library.zero_is_none, way=way
        )
        if found is None and library.none_is_default and argument[0].value == NONE:
            return Unknown("no bound before aiohttp 3.10, the client's since")
        return found
    answers: list[Timeout] = []
    is_open = False
    for one, module in use.passed:
        if one.name == "*":
            return Unknown("arguments that are not all seen")
        if one.name == "**":
            found_here, more, _ = carried(draft, library.argument, one.value, module, way)
            is_open = is_open or more
            answers += [
                timeout_of(
                    draft, each.value, each.module, each.at or one.at, zero_is_none=library.zero_is_none, way=way
                )
                for each in found_here
            ]
    if not answers and not is_open:
        return _NOT_GIVEN
    return combined(answers, is_open)
