"""What a timeout argument comes to: seconds, no bound, or not known.

In: the argument's expression. Out: a ``Setting``, None where it is no bound (an explicit None, also in one place of a
tuple), UNKNOWN where it cannot be told, for example where it is handed in by a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import (
    Choice,
    Display,
    Expression,
    Literal,
    Parameter,
    PythonCall,
)
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.objects import values_of
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
    depth: int = 0,
) -> Timeout:
    """The timeout that an argument gives."""

    def inner(one: Expression, where: Module = module) -> Timeout:
        return timeout_of(draft, one, where, at, source, zero_is_none=zero_is_none, lookup=lookup, depth=depth + 1)

    if depth > _MOST_DEPTH:
        return Unknown("a timeout that is too deep to follow")
    if isinstance(expression, Literal):
        return _number(expression.value, at, source, zero_is_none)
    if isinstance(expression, Display):
        parts = [inner(one) for one in expression.items]
        return longest(parts)
    if isinstance(expression, Choice):
        options = [inner(one) for one in expression.options]
        if all(one is None for one in options):
            return None
        settings = [one for one in options if isinstance(one, Setting)]
        return settings[0] if len(settings) == len(options) else Unknown("a timeout that depends on a condition")
    if isinstance(expression, Parameter):
        return _from_parameter(draft, expression, module, at, inner)
    origin = draft.program.origin(expression, module)
    if origin is not None:
        callee = draft.program.callee(*origin)
        if callee in _TIMEOUT_CLASSES:
            return _of_class(origin[0], origin[1], callee, inner)
    values = values_of(draft, expression, module, lookup)
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


def _from_parameter(draft: Draft, parameter: Parameter, module: Module, at: Span, inner: object) -> Timeout:
    if parameter.function < len(module.facts.functions):
        for one in module.facts.functions[parameter.function].parameters:
            if one.name == parameter.name and one.default is not None:
                found = timeout_of(draft, one.default, module, at, "wrapper", depth=1)
                if isinstance(found, Setting):
                    return found
    return Unknown("a timeout that the caller hands in")


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
