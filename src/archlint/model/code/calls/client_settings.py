"""What clients are given besides each call's arguments: constructor timeouts, adapters, patched methods, subclasses,
the process's socket default.

In: the modules of the services. Out: for a client, the timeout that holds where the call itself gives none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from archlint.core.facts.python import Argument, Expression, Literal, PythonAssignment, Reference
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.calls.client_classes import SENDING, sent_by_default
from archlint.model.code.calls.http_libraries import CLIENT_CLASSES, PLAIN_ADAPTERS, Client, Library
from archlint.model.code.calls.http_uses import Use
from archlint.model.code.calls.keywords import passed_on
from archlint.model.code.calls.timeouts import Timeout, combined, timeout_of
from archlint.model.code.calls.ways import Way, constructed
from archlint.model.code.objects import Key, base_of, key_of, member_of, methods_of, origin_key, text_of
from archlint.model.draft import Draft
from archlint.model.production import service_name_at
from archlint.model.program.program import Module

_PATCHED = frozenset({"request", "send", "get", "post", "put", "patch", "delete", "timeout", "verify"})
_LIBRARIES = ("requests.", "httpx.", "urllib3.", "aiohttp.", "http.client.", "urllib.")


@dataclass
class ClientSettings:
    """What is known of clients by the call that made them."""

    patches: dict[Key, list[tuple[str, PythonAssignment, Module]]] = field(default_factory=dict)
    adapters: dict[Key | str, list[tuple[Expression, Expression, Module]]] = field(default_factory=dict)
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

    def of_client(self, draft: Draft, service: str, use: Use, way: Way) -> Timeout:
        """What holds for a call of a client's method."""
        client = use.client
        assert client is not None
        inherited = self._of_class(draft, use)
        if inherited is not None:
            return inherited
        made = use.origin
        if made is None and use.class_name in CLIENT_CLASSES:
            return Unknown("a client that is made elsewhere")
        if made is not None:
            patched = self._of_patches(draft, key_of(made[0]), use.member)
            if patched is not None:
                return patched
        constructed = self._of_constructor(draft, use, client, way)
        if constructed is not _NOT_SAID:
            assert not isinstance(constructed, _NotSaid)
            return constructed
        keys: list[Key | str] = [use.class_name] if made is None else [key_of(made[0]), use.class_name]
        for key in keys:
            adapted = self._of_adapters(draft, key, use)
            if adapted is not None:
                return adapted
        return self.of_process(draft, service, client.library, made[0].at if made is not None else use.call.at)

    def _of_constructor(self, draft: Draft, use: Use, client: Client, way: Way) -> Timeout | _NotSaid:
        """What the call that made the client says, also through the ``__init__`` of a subclass."""
        if not client.takes_timeout:
            return _NOT_SAID
        library = client.library
        made = use.origin
        if use.class_name not in CLIENT_CLASSES:
            init = methods_of(draft, use.class_name).get("__init__")
            if init is not None:
                made = next(
                    ((one, init[1]) for one in draft.program.calls_in(*init) if member_of(one.callee) == "__init__"),
                    None,
                )
                if made is None:
                    return _NOT_SAID
                way = constructed(draft, use.origin) if use.origin is not None else way
        if made is None:
            return Unknown("a client that is made elsewhere")
        call, place = made
        argument = call.argument(library.argument, client.timeout)
        if argument is not None:
            found = timeout_of(
                draft, argument.value, place, argument.at, "session", zero_is_none=library.zero_is_none, way=way
            )
            return _NOT_SAID if library.none_is_default and argument.value == Literal(None) else found
        if any(call.argument(name) is not None for name in ("read_timeout", "conn_timeout", "defaults")):
            return Unknown("a timeout argument that is not read")
        found_here, is_open, _ = passed_on(draft, library.argument, call, place, way)
        if found_here or is_open:
            given = [
                timeout_of(draft, one.value, one.module, one.at or call.at, "session", way=way) for one in found_here
            ]
            return combined(given, is_open)
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

    def _of_adapters(self, draft: Draft, key: Key | str, use: Use) -> Timeout:
        """What the adapters give that are mounted for the call's address; all of them where that is not known."""
        mounted = self.adapters.get(key, ())
        given = use.argument("url", use.form.url) if mounted and use.form.url is not None else None
        url = text_of(draft, given[0].value, given[1]) if given is not None else None
        address = str(url.value).lower() if url is not None and "://" in str(url.value)[:8] else None
        for prefix, adapter, module in mounted:
            start = text_of(draft, prefix, module)
            if address is not None and start is not None and not address.startswith(str(start.value).lower()):
                continue
            origin = draft.program.origin(adapter, module)
            if origin is None:
                return Unknown("an adapter that is not read")
            name = draft.program.callee(*origin)
            if name in PLAIN_ADAPTERS:
                continue
            found = sent_by_default(draft, name, origin)
            if found is not None:
                return found
        return None

    def _of_class(self, draft: Draft, use: Use) -> Timeout:
        """What a subclass of the workspace does to every request."""
        if use.class_name in CLIENT_CLASSES:
            return None
        return sent_by_default(draft, use.class_name, use.origin, (*SENDING, use.member), is_client=True)


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
                base = base_of(call.callee)
                key = origin_key(draft, base, module)
                mounted = key if key is not None else draft.program.qualify(base, module) if base is not None else "?"
                adapter = (call.arguments[0].value, call.arguments[1].value, module)
                settings.adapters.setdefault(mounted, []).append(adapter)
            elif name == "setdefaulttimeout" and call.arguments:
                settings.socket_defaults.append((call.arguments[0], module))
    return settings


def _shares_process(draft: Draft, module: Module, service: str) -> bool:
    owner = service_name_at(draft, module.path)
    return owner is None or owner == service
