"""Which settings module Django runs with: what ``DJANGO_SETTINGS_MODULE`` names, in code or in a container.

In: a service's modules and variables. Out: whether a module of settings is one of those, or is imported by one. Where
nothing names any, every one may be.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Literal
from archlint.model.code.scope import code_scope, surroundings_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_VARIABLE = "DJANGO_SETTINGS_MODULE"


def is_in_force(draft: Draft, service: str, module: Module) -> bool:
    """Whether the service may run with the module's settings."""
    memo = draft.memo.setdefault("django settings", {})
    assert isinstance(memo, dict)
    if service not in memo:
        memo[service] = _in_force(draft, service)
    paths: frozenset[str] | None = memo[service]
    return paths is None or module.path in paths


def _in_force(draft: Draft, service: str) -> frozenset[str] | None:
    """The paths of the settings that are named and of all that those import; None where nothing names any."""
    code = code_scope(draft).code(service)
    if code is None:
        return None
    endings = tuple(
        f"/{name.replace('.', '/')}{tail}" for name in _named(draft, service) for tail in (".py", "/__init__.py")
    )
    found = [one.path for one in code.modules if f"/{one.path}".endswith(endings)] if endings else []
    return frozenset(found) | draft.program.imported_modules(*found) if found else None


def _named(draft: Draft, service: str) -> Iterator[str]:
    code = code_scope(draft).code(service)
    for module in code.modules if code is not None else ():
        for call in module.calls_named({"setdefault"}):
            if len(call.arguments) == 2 and call.arguments[0].value == Literal(_VARIABLE):
                value = call.arguments[1].value
                if isinstance(value, Literal) and isinstance(value.value, str):
                    yield value.value
    for around in surroundings_of(draft, service):
        for variable in around.variables(_VARIABLE):
            if isinstance(variable.value, str):
                yield variable.value
