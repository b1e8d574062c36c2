"""What a timeout argument comes to: seconds, no bound, or not known.

In: the argument's expression. Out: a ``Setting``, None where it is no bound (an explicit None, also in one place of a
tuple), UNKNOWN where it cannot be told, for example where it is handed in by a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    Parameter,
    PythonCall,
    Result,
)
from archlint.core.span import Span
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.calls.keywords import Carried, carried
from archlint.model.code.calls.ways import ALONE, Way
from archlint.model.code.objects import base_of, call_of, member_of, values_of
from archlint.model.draft import Draft
from archlint.model.program.program import Lookup, Module

Timeout = Setting[float] | None | Unknown

_TIMEOUT_CLASSES = frozenset(
    {
        "httpx.Timeout",
        "httpx._config.Timeout",
        "aiohttp.ClientTimeout",
        "aiohttp.client.ClientTimeout",
        "urllib3.Timeout",
        "urllib3.util.Timeout",
        "urllib3.util.timeout.Timeout",
        "datetime.timedelta",
        "requests.packages.urllib3.Timeout",
    }
)
_PARTS = frozenset({"timeout", "connect", "read", "write", "pool", "total", "sock_connect", "sock_read", "seconds"})
_MOST_DEPTH = 6


def timeout_of(
    draft: Draft,
    expression: Expression,
    module: Module,
    at: Span,
    source: str = "code",
    *,
    zero_is_none: bool = False,
    lookup: Lookup | None = None,
    way: Way = ALONE,
    depth: int = 0,
) -> Timeout:
    """The timeout that an argument gives, in one way to run its function."""

    def inner(one: Expression, where: Module = module, place: Span = at) -> Timeout:
        return timeout_of(
            draft, one, where, place, source, zero_is_none=zero_is_none, lookup=lookup, way=way, depth=depth + 1
        )

    if depth > _MOST_DEPTH:
        return Unknown("a timeout that is too deep to follow")
    if isinstance(expression, Literal):
        return _number(expression.value, at, source, zero_is_none)
    if isinstance(expression, Display):
        parts = [inner(one) for one in expression.items]
        return longest(parts)
    if isinstance(expression, Choice) and expression.is_fallback:
        return _first([inner(one) for one in expression.options])
    if isinstance(expression, Choice):
        options = [inner(one) for one in expression.options]
        if all(one is None for one in options):
            return None
        settings = [one for one in options if isinstance(one, Setting)]
        return settings[0] if len(settings) == len(options) else Unknown("a timeout that depends on a condition")
    if isinstance(expression, Parameter):
        return _from_parameter(expression, module, way, inner)
    taken = _taken(draft, expression, module, way)
    if taken is not None:
        return combined([inner(one.value, one.module, one.at or at) for one in taken[0]], taken[1])
    structure = draft.program.structure(expression, module) if not isinstance(expression, Result) else None
    if structure is not None and isinstance(structure[0], Display):
        return inner(*structure)
    origin = draft.program.origin(expression, module)
    if origin is not None:
        callee = draft.program.callee(*origin)
        if callee in _TIMEOUT_CLASSES:
            return _of_class(origin[0], origin[1], callee, inner)
    values = values_of(draft, expression, module, lookup, way.given)
    if isinstance(values, Unknown) or not values:
        return Unknown("a timeout whose value is not known")
    found = [_number(one.value, at, source, zero_is_none) for one in values]
    if all(one is None for one in found):
        return None
    return next((one for one in found if isinstance(one, Setting)), Unknown("a timeout whose value is not known"))


def longest(parts: Iterable[Timeout]) -> Timeout:
    """The whole of several timeouts: no bound where one of them is none."""
    total = 0.0
    found: Setting[float] | None = None
    unknown: Unknown | None = None
    for part in parts:
        if part is None:
            return None
        if isinstance(part, Unknown):
            unknown = part
        else:
            total = max(total, part.value)
            found = part
    if unknown is not None:
        return unknown
    return Setting(total, found.source, found.at) if found is not None else Unknown("an empty timeout")


def _number(value: object, at: Span, source: str, zero_is_none: bool) -> Timeout:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return Unknown("a timeout that is no number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Unknown("a timeout that is no number")
    if zero_is_none and value == 0:
        return None
    return Setting(float(value), source, at)


def _first(options: list[Timeout]) -> Timeout:
    """The timeout of ``a or b``: what is no bound gives way to what follows."""
    for one in options[:-1]:
        if isinstance(one, Setting):
            return one
    last = options[-1]
    unknown = next((one for one in options[:-1] if isinstance(one, Unknown)), None)
    return unknown if unknown is not None and last is None else last


def _from_parameter(parameter: Parameter, module: Module, way: Way, inner: Callable[..., Timeout]) -> Timeout:
    function = module.function(parameter.function)
    if function is None:
        return Unknown("a timeout that the caller hands in")
    key = (function.name, parameter.name)
    passed = way.given.get(key)
    if passed is not None and not (
        isinstance(passed[0], Parameter) and passed[1].function(passed[0].function) is function
    ):
        return inner(*passed, way.at[key]) if key in way.at else inner(*passed)
    for one in function.parameters:
        if one.name == parameter.name and one.default is not None:
            found = inner(one.default)
            if isinstance(found, Setting):
                return Setting(found.value, "wrapper", found.at)
    return Unknown("a timeout that the caller hands in")


def _taken(draft: Draft, expression: Expression, module: Module, way: Way) -> tuple[list[Carried], bool] | None:
    """What ``kwargs.get("timeout", 5)`` and ``kwargs.pop("timeout")`` may give; None for any other expression."""
    call = call_of(expression, module)
    if call is None or member_of(call.callee) not in ("get", "pop") or not call.arguments:
        return None
    key, base = call.arguments[0].value, base_of(call.callee)
    if (
        not isinstance(key, Literal)
        or not isinstance(key.value, str)
        or not isinstance(base, Parameter | Dictionary | Choice)
    ):
        return None
    found, is_open, is_absent = carried(draft, key.value, base, module, way)
    if is_absent or is_open:
        found = [*found, Carried(call.arguments[1].value if len(call.arguments) > 1 else Literal(None), module, None)]
    return found, is_open


def combined(found: list[Timeout], is_open: bool) -> Timeout:
    """The timeout out of what a mapping may carry; ``is_open``: it may carry more than is seen."""
    setting = next((one for one in found if isinstance(one, Setting)), None)
    if setting is not None:
        return setting
    unknown = next((one for one in found if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown
    return Unknown("a timeout that the caller hands in") if is_open or not found else None


def _of_class(call: PythonCall, module: Module, callee: str, inner: object) -> Timeout:
    """``httpx.Timeout(5.0, connect=None)`` and the like. A class of parts with no bound on waiting is none."""
    assert callable(inner)
    if call.is_open:
        return Unknown("a timeout whose parts are not all seen")
    given: dict[str, Timeout] = {}
    first = True
    for argument in call.arguments:
        if argument.name is None:
            given.setdefault("first" if first else "more", inner(argument.value, module))
            first = False
        elif argument.name in _PARTS:
            given[argument.name] = inner(argument.value, module)
    if callee.endswith("timedelta"):
        return next(iter(given.values()), Unknown("a timeout whose parts are not all seen"))
    if "aiohttp" in callee:
        return _of_aiohttp(given, call)
    total = given.get("total", given.get("first", given.get("timeout")))
    if isinstance(total, Setting | Unknown) and "httpx" not in callee:
        return total
    if "httpx" in callee:
        parts = [value for name, value in given.items() if name in ("read", "connect", "first", "timeout", "write")]
        if {"first", "timeout"} & given.keys():
            overridden = given.get("read", given.get("first", given.get("timeout")))
            return longest([overridden, given["connect"]]) if "connect" in given else overridden
        return longest(parts) if parts else Unknown("a timeout whose parts are not all seen")
    read, connect = given.get("read"), given.get("connect")
    return longest([read, connect]) if given else None


def _of_aiohttp(given: dict[str, Timeout], call: PythonCall) -> Timeout:
    total = given.get("total", given.get("first"))
    if isinstance(total, Setting | Unknown):
        return total
    if "total" not in given and "first" not in given:
        # ClientTimeout() with parts only has no total: what is given must bound the wait for the answer.
        read = given.get("sock_read")
        return read if read is not None else None
    read = given.get("sock_read")
    return read if isinstance(read, Setting | Unknown) else None


def chain_of(draft: Draft, expression: Expression, module: Module, way: Way = ALONE) -> tuple[Place, ...]:
    """The places that lead from a timeout's argument to where its number is written; none where it is written there."""
    call = call_of(expression, module)
    inner = [one.value for one in call.arguments] if call is not None else []
    for one in (expression, *inner[:4]):
        values = values_of(draft, one, module, None, way.given)
        if not isinstance(values, Unknown):
            found = next((value for value in values if isinstance(value.value, int | float)), None)
            if found is not None:
                return found.chain
    return ()
