"""Functions that compare, choose, count and ask for kinds."""

from __future__ import annotations

import math
from collections.abc import Callable

from archlint.core.record import pattern
from archlint.model.deployment.helm.values import NOTHING, OPEN, TemplateError, Value, computed, plain

_VERSION = pattern(r"v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.\-]+))?(?:\+.*)?$")
_CONSTRAINT = pattern(r"\s*(>=|<=|!=|=>|=<|=|>|<|~|\^)?\s*(v?[\dxX*][\w.\-+*]*)\s*")


def _equal(arguments: list[Value]) -> Value:
    first = plain(arguments[0])
    return Value(any(_same(first, plain(one)) for one in arguments[1:]))


def _same(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _order(compare: Callable[[float, float], bool]) -> Callable[[list[Value]], Value]:
    def apply(arguments: list[Value]) -> Value:
        left, right = arguments[0].data, arguments[1].data
        if isinstance(left, str) and isinstance(right, str):
            return Value(compare((left > right) - (left < right), 0))
        return Value(compare(number(arguments[0]), number(arguments[1])))

    return apply


def number(value: Value) -> float:
    """The number that a value is or says, 0 for none."""
    data = value.data
    if isinstance(data, (int, float)):
        return data
    try:
        return float(str(data))
    except ValueError:
        return 0


def _default(arguments: list[Value]) -> Value:
    return arguments[1] if len(arguments) > 1 and arguments[1].is_set else arguments[0]


def _coalesce(arguments: list[Value]) -> Value:
    return next((one for one in arguments if one.is_set), NOTHING)


def _ternary(arguments: list[Value]) -> Value:
    return arguments[0] if arguments[2].is_set else arguments[1]


def _arithmetic(fold: Callable[[list[int]], int]) -> Callable[[list[Value]], Value]:
    def apply(arguments: list[Value]) -> Value:
        if any(one.data == OPEN for one in arguments):
            return Value(OPEN)
        result = fold([int(number(one)) for one in arguments])
        if abs(result) > 2**63:
            raise TemplateError("a number is too large")
        return computed(result, *arguments)

    return apply


def _quotient(values: list[int]) -> int:
    return int(values[0] / values[1]) if values[1] else 0


def _product(values: list[int]) -> int:
    result = 1
    for one in values:
        result = max(min(result * one, 2**64), -(2**64))
    return result


def _int(arguments: list[Value]) -> Value:
    if arguments[0].data == OPEN:
        return arguments[0]
    found = number(arguments[0])
    return computed(int(found) if math.isfinite(found) else 0, arguments[0])


def _float(arguments: list[Value]) -> Value:
    return computed(float(number(arguments[0])), arguments[0])


def _kind(value: Value) -> str:
    data = value.data
    if data is None:
        return "invalid"
    if isinstance(data, bool):
        return "bool"
    if isinstance(data, int):
        return "int"
    if isinstance(data, float):
        return "float64"
    if isinstance(data, dict):
        return "map"
    if isinstance(data, list):
        return "slice"
    return "string" if isinstance(data, str) else "func"


def _kind_is(arguments: list[Value]) -> Value:
    wanted, kind = arguments[0].text, _kind(arguments[1])
    return Value(wanted == kind or (kind == "int" and wanted in ("int64", "float64")))


def _type_is(arguments: list[Value]) -> Value:
    names = {"map": "map[string]interface {}", "slice": "[]interface {}", "invalid": "<nil>"}
    kind = _kind(arguments[1])
    wanted = arguments[0].text
    return Value(wanted in (kind, names.get(kind)) or (kind == "int" and wanted in ("int64", "float64")))


def _bool(arguments: list[Value]) -> Value:
    data = arguments[0].data
    return Value(data.lower() in ("true", "1", "t") if isinstance(data, str) else bool(data))


def _semver(arguments: list[Value]) -> Value:
    parts = _parts(arguments[0].text)
    if parts is None:
        raise TemplateError(f"{arguments[0].text[:40]} is no version")
    major, minor, patch, before = parts
    return Value(
        {
            "Major": Value(major),
            "Minor": Value(minor or 0),
            "Patch": Value(patch or 0),
            "Prerelease": Value(before),
            "Metadata": Value(""),
            "Original": arguments[0],
        }
    )


def _parts(text: str) -> tuple[int, int | None, int | None, str] | None:
    match = _VERSION.match(text.strip()[:100])
    if match is None:
        return None
    numbers = [None if one is None or one in "xX*" else int(one) for one in match.groups()[:3]]
    return numbers[0] or 0, numbers[1], numbers[2], match.group(4) or ""


def _semver_compare(arguments: list[Value]) -> Value:
    version = _parts(arguments[1].text)
    if version is None:
        if OPEN in arguments[1].text:
            return Value(True)
        raise TemplateError(f"{arguments[1].text[:40]} is no version")
    actual = (version[0], version[1] or 0, version[2] or 0)
    alternatives = arguments[0].text[:500].split("||")
    return Value(any(_satisfies(actual, one) for one in alternatives))


def _satisfies(actual: tuple[int, int, int], constraint: str) -> bool:
    found = _CONSTRAINT.findall(constraint.replace(",", " "))
    return all(_holds(actual, operator, text) for operator, text in found)


def _holds(actual: tuple[int, int, int], operator: str, text: str) -> bool:
    if text[:1] in "xX*":
        return True
    parts = _parts(text)
    if parts is None:
        return True
    low = (parts[0], parts[1] or 0, parts[2] or 0)
    if operator in (">=", "=>"):
        return actual >= low
    if operator in ("<=", "=<"):
        return (
            actual <= low or (parts[1] is None and actual[0] == low[0]) or (parts[2] is None and actual[:2] == low[:2])
        )
    if operator == ">":
        return actual > low
    if operator == "<":
        return actual < low
    if operator == "!=":
        return actual != low
    if operator == "^" and parts[0] > 0:
        return actual >= low and actual[0] == low[0]
    if operator in ("~", "^"):
        return actual >= low and actual[0] == low[0] and (parts[1] is None or actual[1] == low[1])
    given = [one for one in parts[:3] if one is not None]
    return list(actual[: len(given)]) == given


LOGIC: dict[str, Callable[[list[Value]], Value]] = {
    "eq": _equal,
    "ne": lambda arguments: Value(not _same(plain(arguments[0]), plain(arguments[1]))),
    "lt": _order(lambda left, right: left < right),
    "le": _order(lambda left, right: left <= right),
    "gt": _order(lambda left, right: left > right),
    "ge": _order(lambda left, right: left >= right),
    "not": lambda arguments: Value(not arguments[0].is_set),
    "all": lambda arguments: Value(all(one.is_set for one in arguments)),
    "any": lambda arguments: Value(any(one.is_set for one in arguments)),
    "empty": lambda arguments: Value(not arguments[0].is_set),
    "default": _default,
    "coalesce": _coalesce,
    "ternary": _ternary,
    "add": _arithmetic(sum),
    "add1": _arithmetic(lambda values: values[0] + 1),
    "sub": _arithmetic(lambda values: values[0] - values[1]),
    "mul": _arithmetic(_product),
    "div": _arithmetic(_quotient),
    "mod": _arithmetic(lambda values: int(math.fmod(values[0], values[1])) if values[1] else 0),
    "max": _arithmetic(max),
    "biggest": _arithmetic(max),
    "min": _arithmetic(min),
    "floor": lambda arguments: computed(math.floor(number(arguments[0])), arguments[0]),
    "ceil": lambda arguments: computed(math.ceil(number(arguments[0])), arguments[0]),
    "round": lambda arguments: computed(round(number(arguments[0]), int(number(arguments[1]))), arguments[0]),
    "divf": lambda arguments: computed(number(arguments[0]) / (number(arguments[1]) or 1), *arguments),
    "mulf": lambda arguments: computed(number(arguments[0]) * number(arguments[1]), *arguments),
    "addf": lambda arguments: computed(sum(map(number, arguments)), *arguments),
    "subf": lambda arguments: computed(number(arguments[0]) - number(arguments[1]), *arguments),
    "int": _int,
    "int64": _int,
    "atoi": _int,
    "toDecimal": _int,
    "float64": _float,
    "bool": _bool,
    "toBool": _bool,
    "kindOf": lambda arguments: Value(_kind(arguments[0])),
    "kindIs": _kind_is,
    "typeOf": lambda arguments: Value(_kind(arguments[0])),
    "typeIs": _type_is,
    "typeIsLike": _type_is,
    "deepEqual": _equal,
    "semver": _semver,
    "semverCompare": _semver_compare,
}
