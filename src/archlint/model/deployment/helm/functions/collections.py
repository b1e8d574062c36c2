"""Functions on dicts and lists. Values pass through them as they are, so that their places stay."""

from __future__ import annotations

from collections.abc import Callable

from archlint.model.deployment.helm.values import NOTHING, TemplateError, Value, plain

_COUNT_LIMIT = 10_000


def _dict(arguments: list[Value]) -> Value:
    pairs = zip(arguments[::2], [*arguments[1::2], Value("")], strict=False)
    return Value({key.text: one for key, one in pairs})


def _get(arguments: list[Value]) -> Value:
    return arguments[0].mapping.get(arguments[1].text, Value(""))


def _set(arguments: list[Value]) -> Value:
    if not isinstance(arguments[0].data, dict):
        raise TemplateError("set needs a dict")
    arguments[0].data[arguments[1].text] = arguments[2]
    return arguments[0]


def _unset(arguments: list[Value]) -> Value:
    arguments[0].mapping.pop(arguments[1].text, None)
    return arguments[0]


def _index(arguments: list[Value]) -> Value:
    value = arguments[0]
    for key in arguments[1:]:
        if isinstance(value.data, list):
            position = int(str(key.data))
            if not 0 <= position < len(value.data):
                raise TemplateError(f"there is no item {position}")
            value = value.data[position]
        elif isinstance(value.data, dict):
            value = value.data.get(key.text, NOTHING)
        elif value.data is None:
            raise TemplateError(f"nothing sets what index looks for {key.text} in")
        elif isinstance(value.data, str):
            value = Value(ord(value.data[int(str(key.data))]))
        else:
            raise TemplateError("index needs a dict or a list")
    return value


def _dig(arguments: list[Value]) -> Value:
    *keys, default, value = arguments
    for key in keys:
        if key.text not in value.mapping:
            return default
        value = value.mapping[key.text]
    return value


def merged(target: Value, source: Value, *, overwrite: bool) -> Value:
    """The entries of both; ``overwrite`` says whether the source's win. Dicts in both are merged in turn."""
    result = dict(target.mapping)
    keys = dict(target.keys or {})
    for key, one in source.mapping.items():
        old = result.get(key)
        if old is not None and isinstance(old.data, dict) and isinstance(one.data, dict):
            result[key] = merged(old, one, overwrite=overwrite)
        elif old is None or overwrite or not old.is_set:
            result[key] = one
            if source.keys and key in source.keys:
                keys[key] = source.keys[key]
    return Value(result, target.at if target.at is not None else source.at, keys=keys)


def _merge(arguments: list[Value], *, overwrite: bool = False) -> Value:
    result = arguments[0]
    for one in arguments[1:]:
        result = merged(result, one, overwrite=overwrite)
    if isinstance(arguments[0].data, dict) and isinstance(result.data, dict):
        arguments[0].data.update(result.data)
    return result


def copied(value: Value) -> Value:
    """A copy that can be changed without changing the value."""
    if isinstance(value.data, dict):
        return Value({key: copied(one) for key, one in value.data.items()}, value.at, keys=dict(value.keys or {}))
    if isinstance(value.data, list):
        return Value([copied(one) for one in value.data], value.at)
    return value


def _pick(arguments: list[Value], *, keep: bool = True) -> Value:
    wanted = {one.text for one in arguments[1:]}
    source = arguments[0]
    kept = {key: one for key, one in source.mapping.items() if (key in wanted) == keep}
    return Value(kept, source.at, keys=source.keys)


def _until(arguments: list[Value]) -> Value:
    numbers = [int(str(one.data)) for one in arguments]
    start, stop, step = (0, numbers[0], 1) if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2] or 1)
    found = range(start, stop, step)
    if len(found) > _COUNT_LIMIT:
        raise TemplateError("a list of numbers is too long")
    return Value([Value(one) for one in found])


def _seq(arguments: list[Value]) -> Value:
    numbers = [int(str(one.data)) for one in arguments]
    first, step, last = (1, 1, numbers[0]) if len(numbers) == 1 else (numbers[0], 1, numbers[1])
    if len(numbers) == 3:
        first, step, last = numbers
    found = range(first, last + 1, step or 1)
    if len(found) > _COUNT_LIMIT:
        raise TemplateError("a list of numbers is too long")
    return Value(" ".join(map(str, found)))


def _unique(arguments: list[Value]) -> Value:
    found: list[Value] = []
    seen: list[object] = []
    for one in arguments[0].items:
        data = plain(one)
        if data not in seen:
            seen.append(data)
            found.append(one)
    return Value(found, arguments[0].at)


def _has(arguments: list[Value]) -> Value:
    wanted = plain(arguments[0])
    return Value(any(plain(one) == wanted for one in arguments[1].items))


def _without(arguments: list[Value]) -> Value:
    removed = [plain(one) for one in arguments[1:]]
    return Value([one for one in arguments[0].items if plain(one) not in removed], arguments[0].at)


def _slice(arguments: list[Value]) -> Value:
    bounds = [int(str(one.data)) for one in arguments[1:]]
    start, end = (bounds[0] if bounds else 0), (bounds[1] if len(bounds) > 1 else None)
    if isinstance(arguments[0].data, str):
        return Value(arguments[0].data[start:end], arguments[0].at)
    return Value(arguments[0].items[start:end], arguments[0].at)


def _length(arguments: list[Value]) -> Value:
    data = arguments[0].data
    if isinstance(data, str):
        return Value(len(data.encode()))
    if isinstance(data, (dict, list)):
        return Value(len(data))
    raise TemplateError("len of what has no length")


COLLECTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "dict": _dict,
    "get": _get,
    "set": _set,
    "unset": _unset,
    "hasKey": lambda arguments: Value(arguments[1].text in arguments[0].mapping),
    "keys": lambda arguments: Value([Value(key) for one in arguments for key in one.mapping]),
    "values": lambda arguments: Value([value for one in arguments for value in one.mapping.values()]),
    "index": _index,
    "dig": _dig,
    "merge": _merge,
    "mergeOverwrite": lambda arguments: _merge(arguments, overwrite=True),
    "deepCopy": lambda arguments: copied(arguments[0]),
    "pick": _pick,
    "omit": lambda arguments: _pick(arguments, keep=False),
    "pluck": lambda arguments: Value(
        [one.mapping[arguments[0].text] for one in arguments[1:] if arguments[0].text in one.mapping]
    ),
    "list": lambda arguments: Value(list(arguments)),
    "tuple": lambda arguments: Value(list(arguments)),
    "first": lambda arguments: next(iter(arguments[0].items), NOTHING),
    "last": lambda arguments: arguments[0].items[-1] if arguments[0].items else NOTHING,
    "rest": lambda arguments: Value(arguments[0].items[1:]),
    "initial": lambda arguments: Value(arguments[0].items[:-1]),
    "append": lambda arguments: Value([*arguments[0].items, arguments[1]]),
    "prepend": lambda arguments: Value([arguments[1], *arguments[0].items]),
    "concat": lambda arguments: Value([item for one in arguments for item in one.items]),
    "reverse": lambda arguments: Value(list(reversed(arguments[0].items))),
    "uniq": _unique,
    "compact": lambda arguments: Value([one for one in arguments[0].items if one.is_set]),
    "has": _has,
    "without": _without,
    "slice": _slice,
    "sortAlpha": lambda arguments: Value(sorted(arguments[0].items, key=lambda one: one.text)),
    "until": _until,
    "untilStep": _until,
    "seq": _seq,
    "len": _length,
    "chunk": lambda arguments: Value(
        [
            Value(arguments[1].items[start : start + max(int(str(arguments[0].data)), 1)])
            for start in range(0, len(arguments[1].items), max(int(str(arguments[0].data)), 1))
        ]
    ),
}
