"""What calls give: functions of the workspace, conversions, and the few library functions that make or read text."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from posixpath import join as join_paths
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from archlint.core.facts.python import Display, Expression, Lambda, Literal, Member, PythonCall, Reference
from archlint.core.values import Place
from archlint.model.program.bindings import Binding, bind
from archlint.model.program.containers import item, read_by_name
from archlint.model.program.index import Module
from archlint.model.program.resolved import (
    HOLE,
    HOLES,
    NOT_KNOWN,
    Resolved,
    converted,
    is_text_method,
    some,
    texted,
    through,
)
from archlint.model.program.structures import structure

if TYPE_CHECKING:
    from archlint.model.program.values import Evaluation

_ENVIRONMENT_CALLS = frozenset(
    {
        "os.getenv",
        "os.environ.get",
        "os.environ.setdefault",
        "os.environ.pop",
        "decouple.config",
        "decouple.AutoConfig",
        "prettyconf.config",
        "starlette.config.Config",
        "environ.Env",
        "environ.FileAwareEnv",
        "environs.Env",
        "environs.env",
    }
)
_ENVIRONMENT_OWNERS = ("environ.Env.", "environ.FileAwareEnv.", "environs.Env.", "environs.env.")
_CONVERSIONS = frozenset(
    {"int", "float", "bool", "str", "quote", "quote_plus", "SecretStr", "AnyUrl", "AnyHttpUrl", "HttpUrl", "URL"}
)
_UNITS = {
    "days": 86400.0,
    "seconds": 1.0,
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "minutes": 60.0,
    "hours": 3600.0,
    "weeks": 604800.0,
}
"""The parameters of ``datetime.timedelta`` in order, in seconds."""

_UNWRAPPING = frozenset({"get_secret_value", "decode", "encode", "unicode_string", "as_posix", "geturl"})


def result_of(
    evaluation: Evaluation, call: PythonCall, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    """The values that a call gives; a hole where they are not known."""
    arguments = call.arguments
    if isinstance(call.callee, Lambda):
        return evaluation.of(call.callee.value, module, depth - 1, bound)
    name = evaluation.objects.called_name(call, module)
    last = name.rpartition(".")[2]
    function = evaluation.definitions.functions.get(name)
    if function is not None:
        inner = bind(function[0], function[1], call, module, bound)
        return some(value for one in function[0].returns for value in evaluation.of(one, function[1], depth - 1, inner))
    if name in _ENVIRONMENT_CALLS or name.startswith(_ENVIRONMENT_OWNERS):
        return _environment(evaluation, call, name, module, depth, bound)
    if last in _CONVERSIONS and arguments and name not in evaluation.definitions.classes:
        return some(converted(one, last) for one in evaluation.of(arguments[0].value, module, depth - 1, bound))
    if name == "getattr" and len(arguments) >= 2:
        return _getattr(evaluation, call, module, depth, bound)
    if last == "urljoin" and len(arguments) >= 2:
        return _combined(evaluation, call, urljoin, module, depth, bound)
    if name in ("os.path.join", "posixpath.join") and len(arguments) == 2:
        return _combined(evaluation, call, join_paths, module, depth, bound)
    if name == "datetime.timedelta":
        return _seconds(evaluation, call, module, depth, bound)
    if isinstance(call.callee, Member):
        return _method(evaluation, call, call.callee.base, call.callee.name, module, depth, bound)
    if isinstance(call.callee, Reference) and "." in call.callee.name:
        owner, _, method = call.callee.name.rpartition(".")
        return _method(evaluation, call, Reference(owner), method, module, depth, bound)
    return HOLES


def _environment(
    evaluation: Evaluation, call: PythonCall, name: str, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    key = call.argument("key", 0) or call.argument("name", 0) or call.argument("var", 0)
    default = call.argument("default", 1 if name.startswith(("os.", "environs.")) else None)
    if key is None:
        return HOLES
    given = None if default is None or default.value == Literal(None) else default.value
    if isinstance(key.value, Literal) and isinstance(key.value.value, str):
        found = evaluation.environment([key.value.value], given, call.at, module, depth, bound)
    else:
        found = read_by_name(evaluation, key.value, given, module, depth, bound)
    cast = call.argument("cast", 2 if "Config" in name or "config" in name else None)
    kind = name.rpartition(".")[2] if name.startswith(_ENVIRONMENT_OWNERS) else ""
    if cast is not None and isinstance(cast.value, Reference):
        kind = cast.value.name
    return some(converted(one, kind) for one in found) if kind in ("int", "float", "bool") else found


def _getattr(
    evaluation: Evaluation, call: PythonCall, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    key = call.arguments[1].value
    if isinstance(key, Literal) and isinstance(key.value, str):
        base = call.arguments[0].value
        attribute: Expression = Member(base, key.value)
        if isinstance(base, Reference):
            attribute = Reference(f"{base.name}.{key.value}")
        found = evaluation.of(attribute, module, depth - 1, bound)
        if found == HOLES and len(call.arguments) > 2:
            return some([*evaluation.of(call.arguments[2].value, module, depth - 1, bound), NOT_KNOWN])
        return found
    return HOLES


def _method(
    evaluation: Evaluation,
    call: PythonCall,
    base: Expression,
    method: str,
    module: Module,
    depth: int,
    bound: Binding | None,
) -> list[Resolved]:
    arguments = call.arguments
    if method == "get" and arguments:
        found = item(evaluation, base, arguments[0].value, module, depth - 1, bound)
        if found != HOLES:
            return found
        is_config = isinstance(base, Reference | Member) and base.name.rpartition(".")[2] == "config"
        is_plain = structure(evaluation.objects, base, module) is not None
        if len(arguments) > 1 and (is_config or is_plain):
            place = Place(call.at, "has a default")
            values = evaluation.of(arguments[1].value, module, depth - 1, bound)
            return through(place, values)
        return HOLES
    if method in _UNWRAPPING:
        return evaluation.of(base, module, depth - 1, bound)
    if method == "join" and len(arguments) == 1:
        listed = structure(evaluation.objects, arguments[0].value, module)
        separator = evaluation.of(base, module, depth - 1, bound)
        if listed is not None and isinstance(listed[0], Display) and len(separator) == 1:
            parts: list[Expression] = []
            for part in listed[0].items:
                parts.extend([Literal(separator[0].value), part] if parts else [part])
            return evaluation.template(parts, listed[1], depth - 1, None) if separator[0].is_exact else HOLES
        return HOLES
    if is_text_method(method):
        passed = [evaluation.of(one.value, module, depth - 1, bound) for one in arguments]
        if all(len(one) == 1 and one[0].is_exact for one in passed):
            plain = [one[0].value for one in passed]
            return some(texted(one, method, plain) for one in evaluation.of(base, module, depth - 1, bound))
    return HOLES


def _combined(
    evaluation: Evaluation,
    call: PythonCall,
    join: Callable[[str, str], str],
    module: Module,
    depth: int,
    bound: Binding | None,
) -> list[Resolved]:
    columns = [evaluation.of(one.value, module, depth - 1, bound)[:4] for one in call.arguments[:2]]
    values = []
    for left, right in itertools.product(*columns):
        try:
            if isinstance(left.value, str) and isinstance(right.value, str):
                text = join(left.value, right.value)
                values.append(Resolved(text, left.chain + right.chain, left.is_exact and right.is_exact))
                continue
        except ValueError:
            pass
        values.append(NOT_KNOWN)
    return some(one if one.is_exact or str(one.value).replace(HOLE, "") else NOT_KNOWN for one in values)


def _seconds(
    evaluation: Evaluation, call: PythonCall, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    total = 0.0
    chain: list[Place] = []
    for place, argument in enumerate(call.arguments):
        unit = argument.name or (list(_UNITS)[place] if place < len(_UNITS) else "")
        found = evaluation.of(argument.value, module, depth - 1, bound)
        if len(found) != 1 or unit not in _UNITS or not isinstance(found[0].value, int | float):
            return HOLES
        total += _UNITS[unit] * found[0].value
        chain.extend(found[0].chain)
    return [Resolved(total, tuple(chain))]
