"""Whom a call asks whose address is set outside of the scan: the service that its variable is called after.

In: HTTP calls whose host is not resolved, and routes. Out: their target, where two signs say the same of one service
alone: it serves that method and path, and the variable of the address has its name (``USERS_URL`` for ``users``). The
variable stands in the call, or in the call of a helper that is handed the address. One sign is not enough, and an
address that is known stays as it is.
"""

from __future__ import annotations

from collections.abc import Set

from archlint.core.facts.python import EnvironmentRead, Expression, Literal, Member, PythonCall, Reference
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.calls import HttpCall, Route
from archlint.core.values import Unknown
from archlint.model.code.calls.targets import NOWHERE
from archlint.model.draft import Draft
from archlint.model.paths import names, words
from archlint.model.program.program import HOLE, Module
from archlint.model.topology.parts import all_parts

_ADDRESS = names("url uri host hostname addr address endpoint")
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
        said = _names(draft, call) if found else []
        called = [service for service in sorted(found) if _is_called_after(service, said)]
        if len(called) == 1:
            link(call, target=called[0], target_kind="service", name=call.name.replace(NOWHERE.name, called[0]))


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


def _is_called_after(service: str, said: list[str]) -> bool:
    """Whether one of the names has all the words of the service's name that say something."""
    wanted = set(words(service)) - _USUAL
    return bool(wanted) and any(wanted <= {*words(name), *map(_singular, words(name))} for name in said)


_CALLING = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "urlopen"})


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _names(draft: Draft, call: HttpCall) -> list[str]:
    """The names in the call's address, and those of addresses that the nearest call of its helper hands on."""
    module = draft.program.modules.get(call.at.path)
    made = _call_at(module, call.at, _CALLING) if module is not None else None
    if module is None or made is None:
        return []
    url = made.argument("url") or next(
        (one for one in made.arguments if one.name is None and not _is_method(one.value)), None
    )
    found = _names_in(url.value, module) if url is not None else []
    for place in call.related:
        home = draft.program.modules.get(place.at.path)
        handing = _call_at(home, place.at, {place.note.removeprefix("calls ")}) if home is not None else None
        if home is None or handing is None:
            continue
        handed = [name for one in handing.arguments for name in _names_in(one.value, home)]
        addresses = [name for name in handed if not _ADDRESS.isdisjoint(words(name))]
        if addresses:
            return [*found, *addresses]
    return found


def _call_at(module: Module, at: Span, called: Set[str]) -> PythonCall | None:
    return next((one for one in module.calls_named(called) if one.at == at), None)


def _names_in(value: Expression, module: Module) -> list[str]:
    found = []
    for one in all_parts(value, module):
        if isinstance(one, EnvironmentRead):
            found.append(one.key)
        elif isinstance(one, Reference | Member):
            found.append(one.name.rpartition(".")[2])
        elif isinstance(one, Literal) and isinstance(one.value, str) and one.value.isupper():
            found.append(one.value)  # the key of an environment variable that a helper reads
    return found


def _is_method(value: object) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, str) and value.value.lower() in _CALLING
