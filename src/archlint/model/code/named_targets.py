"""Whom a call asks whose address is set outside of the scan: the service that its variable is called after.

In: HTTP calls whose host is not resolved, and routes. Out: their target, where two signs say the same: one service
alone serves that method and path, and the variable of the address has its name (``USERS_URL`` for ``users``). One sign
is not enough, and an address that is known stays as it is.
"""

from __future__ import annotations

from archlint.core.facts.python import EnvironmentRead, Literal, Member, PythonCall, Reference
from archlint.core.system.base import link
from archlint.core.system.calls import HttpCall, Route
from archlint.core.values import Unknown
from archlint.model.code.targets import NOWHERE
from archlint.model.draft import Draft
from archlint.model.paths import names, words
from archlint.model.program.program import HOLE, Module
from archlint.model.topology.parts import all_parts

_USUAL = names("service services svc srv api app server backend web http https url uri host address addr base endpoint")


def name_targets(draft: Draft) -> None:
    """Fill in the targets that two signs tell."""
    routes = _routes_by_ending(draft)
    for call in draft.select(HttpCall):
        if call.target_kind != "unknown" or not isinstance(call.host, Unknown) or not isinstance(call.path, str):
            continue
        served = routes.get(_shape(call.path), {})
        found = {
            service
            for service, methods in served.items()
            if service != call.service and (isinstance(call.method, Unknown) or not methods or call.method in methods)
        }
        if len(found) != 1 or call.service in served:
            continue
        (service,) = found
        module = draft.program.modules.get(call.at.path)
        if module is not None and _is_called_after(service, call, module):
            link(call, target=service, target_kind="service", name=call.name.replace(NOWHERE.name, service))


def _routes_by_ending(draft: Draft) -> dict[tuple[str, ...], dict[str, set[str]]]:
    """The methods by service, for each shape of a path that has at least one plain segment; no methods are any."""
    found: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for route in draft.select(Route):
        if route.protocol != "http" or route.kind != "business" or not isinstance(route.path, str):
            continue
        shape = _shape(route.path)
        if any(one != HOLE for one in shape):
            services = found.setdefault(shape, {})
            if not route.methods:
                services[route.service] = set()
            elif services.get(route.service, route.methods):
                services.setdefault(route.service, set()).update(route.methods)
    return found


def _shape(path: str) -> tuple[str, ...]:
    return tuple(HOLE if "{" in one else one for one in path.partition("?")[0].split("/") if one)


def _is_called_after(service: str, call: HttpCall, module: Module) -> bool:
    """Whether a name in the call's address has all the words of the service's name that say something."""
    wanted = set(words(service)) - _USUAL
    made = next((one for one in module.calls_named(_CALLING) if one.at == call.at), None)
    if not wanted or made is None:
        return False
    return any(wanted <= {*words(name), *map(_singular, words(name))} for name in _names(made, module))


_CALLING = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "urlopen"})


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _names(call: PythonCall, module: Module) -> list[str]:
    url = call.argument("url") or next(
        (one for one in call.arguments if one.name is None and not _is_method(one.value)), None
    )
    found = []
    for one in all_parts(url.value, module) if url is not None else ():
        if isinstance(one, EnvironmentRead):
            found.append(one.key)
        elif isinstance(one, Reference | Member):
            found.append(one.name.rpartition(".")[2])
        elif isinstance(one, Literal) and isinstance(one.value, str) and one.value.isupper():
            found.append(one.value)  # the key of an environment variable that a helper reads
    return found


def _is_method(value: object) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, str) and value.value.lower() in _CALLING
