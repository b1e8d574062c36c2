"""What keeps a circuit breaker from working: it never opens, never closes again, or forgets what it saw.

In: a breaker with the calls behind it. Out: the fault in words, None where nothing is seen to be wrong, UNKNOWN where a
limit is not resolved.
"""

from __future__ import annotations

import math
from collections.abc import Set

from archlint.core.facts.python import Expression, Parameter, PythonCall, PythonFunction, Reference, Result
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.objects import call_of, key_of, member_of, values_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.breaker_libraries import LONGEST_RECOVERY, MOST_FAILURES, BreakerLibrary
from archlint.model.resilience.reach import Guard
from archlint.model.resilience.retry_libraries import Given

_BROAD = pattern(
    r"(?:^|\.)(?:Exception|BaseException|RequestException|HTTPError|ConnectionError|ClientError|RpcError|TransportError"
    r"|RequestError|ClientConnectionError|OSError|URLError|TimeoutError|Timeout)$"
)
_KEPT = pattern(r"(?i)cache|singleton|lru|memo|fixture|once")
_STARTS = pattern(
    r"(?i)^(?:__init__|__new__|__post_init__|main|create_app|setup\w*|configure\w*|init\w*|lifespan|on_startup|startup|register\w*|build\w*|make\w*|create\w*|get_\w*|\w*factory)$"
)
_UNITS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "milliseconds": 0.001, "weeks": 604800.0}


def limits_of(
    draft: Draft, made: PythonCall | None, module: Module, library: BreakerLibrary
) -> tuple[float | Unknown, float | Unknown]:
    """The failures that open a breaker, and the seconds until it is half open."""
    if made is None or not library.source:
        return Unknown("a breaker of the system's own"), Unknown("a breaker of the system's own")
    return _number(draft, made, module, library.threshold), _number(draft, made, module, library.recovery)


def _number(draft: Draft, made: PythonCall, module: Module, given: Given) -> float | Unknown:
    argument = next((found for name in given.names if (found := made.argument(name)) is not None), None)
    if argument is None and given.position is not None:
        argument = made.argument("", given.position)
    if argument is None:
        return Unknown("not seen") if made.is_open or given.default is None else given.default
    inner = call_of(argument.value, module) if isinstance(argument.value, Result) else None
    if inner is not None and member_of(inner.callee) == "timedelta":
        return _duration(draft, inner, module)
    if inner is not None and member_of(inner.callee) == "float" and inner.arguments:
        text = values_of(draft, inner.arguments[0].value, module)
        if not isinstance(text, Unknown) and text and str(text[0].value).lower() in ("inf", "infinity"):
            return math.inf
    if isinstance(argument.value, Reference) and argument.value.name in ("math.inf", "sys.maxsize", "numpy.inf"):
        return math.inf
    values = values_of(draft, argument.value, module)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return Unknown("not resolved")
    value = values[0].value
    if value is None:
        return Unknown("the library's own") if given.default is None else given.default
    return float(value) if isinstance(value, int | float) else Unknown("no number")


def _duration(draft: Draft, made: PythonCall, module: Module) -> float | Unknown:
    total = 0.0
    for place, argument in enumerate(made.arguments):
        unit = _UNITS.get(argument.name or ("days", "seconds")[min(place, 1)])
        values = values_of(draft, argument.value, module)
        if unit is None or isinstance(values, Unknown) or not values or not isinstance(values[0].value, int | float):
            return Unknown("not resolved")
        total += unit * float(values[0].value)
    return total


def fault_of(
    draft: Draft,
    breaker: Guard,
    made: PythonCall | None,
    library: BreakerLibrary,
    threshold: float | Unknown,
    recovery: float | Unknown,
    remote: Set[Span],
) -> str | None | Unknown:
    """What is wrong with a breaker."""
    if isinstance(threshold, float | int) and threshold > MOST_FAILURES:
        return f"it opens only after {threshold:g} failures in a row: never, in practice"
    if isinstance(recovery, float | int) and recovery > LONGEST_RECOVERY:
        return "it stays open for good: no call is let through to see whether the other side is back"
    if library.name == "aiobreaker" and made is not None and _is_plain_number(draft, made, breaker.module):
        return "its timeout_duration is a number, no timedelta: once it is open, every call ends in a TypeError"
    if made is not None and _is_made_anew(draft, breaker, made, library):
        return "it is made anew on each call and forgets the failures before"
    swallowed = _swallowed(breaker, remote)
    if swallowed is not None:
        return f"{swallowed} catches the errors itself: the breaker sees none and never opens"
    return Unknown("a limit is not resolved") if isinstance(threshold, Unknown) and library.source else None


def _is_made_anew(draft: Draft, breaker: Guard, made: PythonCall, library: BreakerLibrary) -> bool:
    """Whether the function that makes the breaker also calls through it and then drops it."""
    module = breaker.module
    function = module.function(breaker.function)
    if function is None or made.is_open or any(made.argument(one) is not None for one in library.shared):
        return False
    if _is_kept(function, made, module) or _STARTS.search(function.name.rpartition(".")[2]):
        return False
    if any(_runs_parameter(one) for one, _ in breaker.own):
        return False
    inside = [one for one, home in breaker.own if home is module and one.function is not None]
    used = any(one.function == breaker.function for one in inside)
    nested = any(module.facts.functions[one].parent == breaker.function for one in _indexes(breaker, module))
    return (used or nested) and bool(draft.program.callers(function, module) or function.decorators)


def _is_plain_number(draft: Draft, made: PythonCall, module: Module) -> bool:
    given = made.argument("timeout_duration", 1)
    if given is None or (isinstance(given.value, Result) and call_of(given.value, module) is not None):
        return False
    values = values_of(draft, given.value, module)
    return not isinstance(values, Unknown) and any(type(one.value) in (int, float) for one in values[:1])


def _indexes(breaker: Guard, module: Module) -> list[int]:
    functions = module.facts.functions
    return [functions.index(one) for one, home in breaker.functions if home is module]


def _runs_parameter(call: PythonCall) -> bool:
    return isinstance(call.callee, Parameter)


def _is_kept(function: PythonFunction, made: PythonCall, module: Module) -> bool:
    """Whether the object outlives the function: returned, stored, or made once by a cached function."""
    key = key_of(made)
    if any(_KEPT.search(_name(one, module)) for one in function.decorators):
        return True
    for one in function.returns:
        inner = call_of(one, module)
        if inner is not None and key_of(inner) == key:
            return True
    for assignment in module.facts.assignments:
        inner = call_of(assignment.value, module)
        if inner is not None and key_of(inner) == key:
            return True
    return any(
        member_of(call.callee) in ("setdefault", "append", "add", "setattr")
        and any((inner := call_of(one.value, module)) is not None and key_of(inner) == key for one in call.arguments)
        for call in module.facts.calls
    )


def _name(decorator: Expression, module: Module) -> str:
    made = call_of(decorator, module)
    return member_of(made.callee if made is not None else decorator)


def _swallowed(breaker: Guard, remote: Set[Span]) -> str | None:
    """The guarded function whose remote calls all stand in a ``try`` that lets no error out."""
    for function, module in breaker.functions:
        index = module.facts.functions.index(function)
        calls = [one for one in module.facts.calls if one.function == index and one.at in remote]
        if not calls or not all(any(_BROAD.search(kind) for kind in one.catches) for one in calls):
            continue
        handlers = [one for one in module.facts.handlers if one.function == index]
        broad = [one for one in handlers if any(_BROAD.search(kind) for kind in one.exceptions)]
        if broad and not any(one.reraises for one in handlers):
            return function.name.rpartition(".")[2]
    return None
