"""What clients are given besides each call's arguments: constructor timeouts, adapters, patched methods, subclasses,
the process's socket default.

In: the modules of the services. Out: for a client, the timeout that holds where the call itself gives none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from archlint.core.facts.python import (
    Argument,
    Expression,
    Literal,
    PythonAssignment,
    PythonCall,
    PythonFunction,
    Reference,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.http_libraries import CLIENT_CLASSES, PLAIN_ADAPTERS, Client, Library
from archlint.model.code.objects import Key, base_of, key_of, member_of, methods_of, origin_key
from archlint.model.code.timeouts import Timeout, timeout_of
from archlint.model.draft import Draft
from archlint.model.production import service_name_at
from archlint.model.program.program import Module

_PATCHED = frozenset({"request", "send", "get", "post", "put", "patch", "delete", "timeout", "verify"})
_LIBRARIES = ("requests.", "httpx.", "urllib3.", "aiohttp.", "http.client.", "urllib.")
_SENDING = ("request", "send")


@dataclass
class ClientSettings:
    """What is known of clients by the call that made them."""

    patches: dict[Key, list[tuple[str, PythonAssignment, Module]]] = field(default_factory=dict)
    adapters: dict[Key, list[tuple[Expression, Module]]] = field(default_factory=dict)
    socket_defaults: list[tuple[Argument, Module]] = field(default_factory=list)
    patched_libraries: list[tuple[str, Module]] = field(default_factory=list)

    def of_process(self, draft: Draft, service: str, library: Library, at: Span) -> Timeout:
        """What holds for a call of a module's function."""
        for name, module in self.patched_libraries:
            if name.startswith(library.name) and _shares_process(draft, module, service):
                return Unknown("the library is patched")
        if library.uses_socket_default:
            for argument, module in self.socket_defaults:
                if _shares_process(draft, module, service):
                    found = timeout_of(draft, argument.value, module, argument.at, "session")
                    if found is not None:
                        return found
        return None if library.default is None else Setting(library.default, "library", at)

    def of_client(
        self,
        draft: Draft,
        service: str,
        client: Client,
        class_name: str,
        member: str,
        origin: tuple[PythonCall, Module] | None,
        base: Expression | None,
        module: Module,
    ) -> Timeout:
        """What holds for a call of a client's method."""
        inherited = self._of_class(draft, class_name, member)
        if inherited is not None:
            return inherited
        if origin is None:
            if client.library.default is not None:
                return Unknown("a client that is made elsewhere")
            return Unknown("a client that is handed in")
        made, place = origin
        key = key_of(made)
        patched = self._of_patches(draft, key, member)
        if patched is not None:
            return patched
        constructed = self._of_constructor(draft, made, place, client)
        if constructed is not _NOT_SAID:
            assert not isinstance(constructed, _NotSaid)
            return constructed
        adapted = self._of_adapters(draft, key)
        if adapted is not None:
            return adapted
        return self.of_process(draft, service, client.library, made.at)

    def _of_constructor(self, draft: Draft, made: PythonCall, place: Module, client: Client) -> Timeout | _NotSaid:
        if not client.takes_timeout:
            return _NOT_SAID
        argument = made.argument("timeout", client.timeout)
        if argument is not None:
            return timeout_of(
                draft, argument.value, place, argument.at, "session", zero_is_none=client.library.zero_is_none
            )
        if made.argument("read_timeout") is not None or made.argument("conn_timeout") is not None:
            return Unknown("an old timeout argument")
        if made.is_open:
            return Unknown("a client whose arguments are not all seen")
        return _NOT_SAID

    def _of_patches(self, draft: Draft, key: Key, member: str) -> Timeout:
        """``session.request = functools.partial(session.request, timeout=5)`` and ``client.timeout = 5``."""
        for name, assignment, module in self.patches.get(key, ()):
            if name == "timeout":
                return timeout_of(draft, assignment.value, module, assignment.value_at, "session")
            if name in ("request", "send", member):
                origin = draft.program.origin(assignment.value, module)
                if origin is not None and member_of(origin[0].callee) == "partial":
                    argument = origin[0].argument("timeout")
                    if argument is not None:
                        return timeout_of(draft, argument.value, origin[1], argument.at, "session")
                    if not origin[0].is_open:
                        continue
                return Unknown("a patched method")
        return None

    def _of_adapters(self, draft: Draft, key: Key) -> Timeout:
        for adapter, module in self.adapters.get(key, ()):
            origin = draft.program.origin(adapter, module)
            if origin is None:
                return Unknown("an adapter that is not read")
            name = draft.program.callee(*origin)
            if name in PLAIN_ADAPTERS:
                continue
            found = _sent_by_default(draft, name, origin)
            if found is not None:
                return found
        return None

    def _of_class(self, draft: Draft, class_name: str, member: str) -> Timeout:
        """What a subclass of the workspace does to every request."""
        if class_name in CLIENT_CLASSES:
            return None
        return _sent_by_default(draft, class_name, None, (*_SENDING, member))


class _NotSaid:
    """The constructor gives no timeout."""


_NOT_SAID = _NotSaid()


def client_settings(draft: Draft, modules: Iterable[Module]) -> ClientSettings:
    """Collect them, once."""
    found = draft.memo.get("client settings")
    if isinstance(found, ClientSettings):
        return found
    settings = ClientSettings()
    draft.memo["client settings"] = settings
    for module in modules:
        for assignment in module.facts.assignments:
            name = member_of(assignment.target)
            if name not in _PATCHED:
                continue
            if isinstance(assignment.target, Reference) and assignment.target.name.startswith(_LIBRARIES):
                settings.patched_libraries.append((assignment.target.name, module))
                continue
            key = origin_key(draft, base_of(assignment.target), module)
            if key is not None:
                settings.patches.setdefault(key, []).append((name, assignment, module))
        for call in module.calls_named({"mount", "setdefaulttimeout"}):
            name = member_of(call.callee)
            if name == "mount" and len(call.arguments) > 1:
                key = origin_key(draft, base_of(call.callee), module)
                if key is not None:
                    settings.adapters.setdefault(key, []).append((call.arguments[1].value, module))
            elif name == "setdefaulttimeout" and call.arguments:
                settings.socket_defaults.append((call.arguments[0], module))
    return settings


def _sent_by_default(
    draft: Draft, class_name: str, made: tuple[PythonCall, Module] | None, names: tuple[str, ...] = _SENDING
) -> Timeout:
    """The timeout that an overridden ``send`` or ``request`` gives; None where the class overrides neither."""
    methods = methods_of(draft, class_name)
    if not methods and draft.program.bases(class_name) == ():
        return Unknown("a class that is not read")
    overridden = [methods[name] for name in names if name in methods]
    for function, module in overridden:
        for call in draft.program.calls_in(function, module):
            if member_of(call.callee) == "setdefault" and len(call.arguments) > 1:
                first = call.arguments[0].value
                if isinstance(first, Literal) and first.value == "timeout":
                    found = timeout_of(draft, call.arguments[1].value, module, call.at, "session")
                    return found if found is not None else Unknown("a subclass that may set a timeout")
    if overridden and not all(_passes_through(draft, one) for one in overridden):
        return Unknown("a subclass that may set a timeout")
    if made is None and isinstance(draft.program.bases(class_name), Unknown):
        return Unknown("a base class that is not read")
    return None


def _passes_through(draft: Draft, method: tuple[PythonFunction, Module]) -> bool:
    """Whether an overriding method surely sets no timeout: it has no such name in its signature or calls, and passes
    no mapping on that it may have changed."""
    function, module = method
    if any("timeout" in one.name or one.kind == "**" for one in function.parameters):
        return False
    return not any(
        argument.name in ("timeout", "**")
        for call in draft.program.calls_in(function, module)
        for argument in call.arguments
    )


def _shares_process(draft: Draft, module: Module, service: str) -> bool:
    owner = service_name_at(draft, module.path)
    return owner is None or owner == service
