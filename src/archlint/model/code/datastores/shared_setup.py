"""Whether a service runs the set-up that stands in a module which it shares with others.

In: a shared module and the library that it sets up. Out: yes or no. A package that imports its own tracing module makes
every service import it; those that never call its functions are not traced by it.
"""

from __future__ import annotations

from archlint.core.facts.python import PythonCall, PythonFunction
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_HOPS = 5
_MOST_CALLS = 200


def is_set_up(draft: Draft, code: ServiceCode, module: Module, library: str) -> bool:
    """Whether the service is seen to run a call of the library in the module; true where there is no such call."""
    own = {one.path for one in code.own}
    if module.path in own:
        return True
    shared = {one.path for one in code.shared}
    called = 0
    for call in module.facts.calls:
        name = draft.program.callee(call, module)
        if name != library and not name.startswith(library + "."):
            continue
        called += 1
        if call.function is None or called > _MOST_CALLS:
            return True
        function = module.facts.functions[call.function]
        if _is_reached(draft, function, module, own, shared):
            return True
    return called == 0


def _is_reached(draft: Draft, function: PythonFunction, module: Module, own: set[str], shared: set[str]) -> bool:
    seen = {function.name}
    level = [(function, module)]
    for _ in range(_MOST_HOPS):
        following: list[tuple[PythonFunction, Module]] = []
        for one, where in level:
            if one.decorators:
                return True
            callers: list[tuple[PythonCall, Module]] = list(draft.program.callers(one, where))
            if one.owner is not None:
                callers.extend(draft.program.instantiated(one.owner))
            if one.parent is not None:
                # A nested function runs where the one around it does.
                following.append((where.facts.functions[one.parent], where))
            for call, place in callers:
                if place.path in own or (call.function is None and place.path in shared):
                    return True
                if call.function is None or place.path not in shared:
                    continue
                caller = place.facts.functions[call.function]
                if caller.name not in seen:
                    seen.add(caller.name)
                    following.append((caller, place))
        level = following
    return bool(level)
