"""The functions that charts call: Go's own, sprig's and Helm's, those that real charts use.

In come values, out come values that keep their origins. What needs the network, a cluster, a file, the clock or chance
is not known; a function that is not in the table is an error, which makes its template a gap.
"""

from __future__ import annotations

from collections.abc import Callable

from archlint.model.deployment.helm.evaluate import Renderer
from archlint.model.deployment.helm.functions.collections import COLLECTIONS
from archlint.model.deployment.helm.functions.logic import LOGIC
from archlint.model.deployment.helm.functions.texts import TEXTS
from archlint.model.deployment.helm.values import OPEN, TemplateError, Value, plain

Function = Callable[[Renderer, Value, list[Value]], Value]


def _simple(function: Callable[[list[Value]], Value]) -> Function:
    return lambda _renderer, _context, arguments: function(arguments)


def _include(renderer: Renderer, _: Value, arguments: list[Value]) -> Value:
    return renderer.include(arguments[0].text, arguments[1])


def _tpl(renderer: Renderer, _: Value, arguments: list[Value]) -> Value:
    return renderer.expand(arguments[0], arguments[1])


def _fail(_: list[Value]) -> Value:
    raise TemplateError("the chart refuses to be rendered with its default values")


def _required(arguments: list[Value]) -> Value:
    """What the chart wants from whoever installs it is not known."""
    value = arguments[1]
    return Value(OPEN) if value.data is None or value.data == "" else value


def _lookup(_: list[Value]) -> Value:
    return Value({})


def _not_known(_: list[Value]) -> Value:
    return Value(OPEN)


def _repeated(renderer: Renderer, _: Value, arguments: list[Value]) -> Value:
    count = plain(arguments[0])
    if not isinstance(count, int) or count * len(arguments[1].text) > 100_000:
        raise TemplateError("repeat makes too much text")
    return Value(arguments[1].text * count)


_UNKNOWN = (
    "randAlphaNum randAlpha randNumeric randAscii randBytes randInt uuidv4 now date dateInZone dateModify ago toDate "
    "htmlDate unixEpoch genPrivateKey genCA genSelfSignedCert genSignedCert genCAWithKey genSelfSignedCertWithKey "
    "genSignedCertWithKey derivePassword htpasswd bcrypt encryptAES decryptAES getHostByName env expandenv "
    "mustDateModify duration durationRound buildCustomCert"
)

_TABLE = {**TEXTS, **COLLECTIONS, **LOGIC}

FUNCTIONS: dict[str, Function] = {
    **{f"must{name[0].upper()}{name[1:]}": _simple(function) for name, function in _TABLE.items()},
    **{name: _simple(function) for name, function in _TABLE.items()},
    **{name: _simple(_not_known) for name in _UNKNOWN.split()},
    "include": _include,
    "tpl": _tpl,
    "fail": _simple(_fail),
    "required": _simple(_required),
    "lookup": _simple(_lookup),
    "repeat": _repeated,
}
