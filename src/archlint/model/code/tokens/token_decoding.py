"""What one decoding of a JWT leaves unverified, by its arguments.

In: a call. Out: the library, the problem, None where all is verified, and where it is said. A switch whose value is not
known is no problem. RFC 8725, 3.1 and 3.2: the algorithms must not come from the token, and ``none`` is none of them.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Display,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    Template,
)
from archlint.core.values import Place, Unknown
from archlint.model.code.objects import base_of, call_of, items_of, member_of, text_of
from archlint.model.code.scope import assigned_value
from archlint.model.code.tokens.token_libraries import (
    AUTHLIB,
    ENCODERS,
    FLASK,
    HEADER,
    JOSE,
    JWCRYPTO,
    PYJWT,
    UNVERIFIED,
)
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Decoding = tuple[str, str | None, tuple[Place, ...]]

SIGNATURE = "its signature is not verified"
_MOST_DEPTH = 8


def problem_of(draft: Draft, call: PythonCall, module: Module, audience: bool) -> Decoding | None:
    """The library, what a decoding leaves unverified, and where that is said; None where the call is no decoding.

    ``audience``: the system's issuer is seen to set one.
    """
    callee = draft.program.callee(call, module)
    if PYJWT.match(callee) or JOSE.match(callee):
        problem, related = _of_arguments(draft, call, module, audience, 3 if callee == "jose.jws.verify" else None)
        return callee.split(".")[0], problem, related
    if UNVERIFIED.match(callee):
        return callee.split(".")[0], SIGNATURE, ()
    if AUTHLIB.match(callee):
        return "authlib", _of_authlib(call, module), ()
    if JWCRYPTO.match(callee):
        token = call.argument("jwt", 2)
        if token is None or token.value == Literal(None):
            return None
        return "jwcrypto", _of_jwcrypto(call, module), ()
    if FLASK.match(callee):
        expired = call.argument("allow_expired")
        lenient = expired is not None and expired.value == Literal(True)
        return "flask_jwt_extended", "its expiry is not checked" if lenient else None, ()
    return None


def signs_nothing(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a call makes a token that nobody can verify: the algorithm ``none``."""
    if not ENCODERS.match(draft.program.callee(call, module)):
        return False
    algorithm = call.argument("algorithm", 2)
    text = text_of(draft, algorithm.value, module) if algorithm is not None else None
    return text is not None and text.is_exact and str(text.value).lower() == "none"


def _of_arguments(
    draft: Draft, call: PythonCall, module: Module, audience: bool, verify_at: int | None
) -> tuple[str | None, tuple[Place, ...]]:
    verify = call.argument("verify", verify_at)
    if verify is not None and _is_off(draft, verify.value, module):
        return SIGNATURE, ()
    options = call.argument("options", 3 if verify_at is None else None)
    if options is not None:
        problem, place = _of_options(draft, options, module, audience)
        if problem is not None:
            return problem, place
    algorithms = call.argument("algorithms", 2) or call.argument("algorithm")
    if algorithms is not None:
        return _of_algorithms(draft, algorithms, module)
    return None, ()


def _of_options(
    draft: Draft, options: Argument, module: Module, audience: bool
) -> tuple[str | None, tuple[Place, ...]]:
    found = _dictionary(draft, options.value, module, 0)
    if found is None:
        return None, ()
    value, where, said = found
    switched: dict[str, bool] = {}
    for key, one in value.entries:
        if isinstance(key, Literal) and isinstance(key.value, str):
            switched[key.value] = _is_off(draft, one, where)
        elif key is None:
            inner = _dictionary(draft, one, where, 1)
            for name, below in inner[0].entries if inner is not None else ():
                if isinstance(name, Literal) and inner is not None:
                    switched[str(name.value)] = _is_off(draft, below, inner[1])
    if switched.get("verify_signature"):
        return SIGNATURE, said
    if switched.get("verify_exp"):
        return "its expiry is not checked", said
    if switched.get("verify_aud") and audience:
        return "its audience is not checked, though the issuer sets one", said
    return None, ()


def _dictionary(
    draft: Draft, expression: Expression, module: Module, depth: int
) -> tuple[Dictionary, Module, tuple[Place, ...]] | None:
    """The dictionary that an expression stands for, through names, attributes and functions that return it."""
    value, where = assigned_value(draft, expression, module)
    if isinstance(value, Dictionary):
        return value, where, ()
    if isinstance(value, Choice) and value.is_fallback:
        # ``options or DEFAULTS``: the last one holds where nobody passes others.
        value = value.options[-1]
        return _dictionary(draft, value, where, depth + 1) if depth < _MOST_DEPTH else None
    call = call_of(value, where)
    if call is None or depth > 2:
        return None
    function = draft.program.function_of(call.callee, where)
    if function is None or len(function[0].returns) != 1:
        return None
    found = _dictionary(draft, function[0].returns[0], function[1], depth + 1)
    if found is None:
        return None
    return found[0], found[1], (*found[2], Place(function[0].at, "gives the options"))


def _is_off(draft: Draft, value: Expression, module: Module) -> bool:
    if isinstance(value, Literal):
        return value.value is False or value.value == 0
    found = draft.program.evaluate(value, module)
    return not isinstance(found, Unknown) and bool(found) and all(one.is_exact and one.value is False for one in found)


def _of_algorithms(draft: Draft, argument: Argument, module: Module) -> tuple[str | None, tuple[Place, ...]]:
    for item, where in items_of(draft, argument.value, module):
        source = _from_header(draft, item, where, 0)
        if source is not None:
            return "its algorithm is taken from the token's own header", (
                Place(source.at, "the header, read before anything is verified"),
            )
        text = text_of(draft, item, where)
        if text is not None and str(text.value).lower() == "none":
            return "it accepts the algorithm none", ()
    return None, ()


def _from_header(draft: Draft, expression: Expression, module: Module, depth: int) -> PythonCall | None:
    """The call that reads the token's header, where the expression comes from one."""
    if depth > _MOST_DEPTH:
        return None
    if isinstance(expression, Item | Member):
        return _from_header(draft, expression.base, module, depth + 1)
    parts: tuple[Expression, ...] = ()
    if isinstance(expression, Display):
        parts = expression.items
    elif isinstance(expression, Choice):
        parts = expression.options
    elif isinstance(expression, Template):
        parts = expression.parts
    for part in parts:
        found = _from_header(draft, part, module, depth + 1)
        if found is not None:
            return found
    call = call_of(expression, module)
    if call is None:
        return None
    if member_of(call.callee) in HEADER:
        return call
    base = base_of(call.callee)
    if member_of(call.callee) == "get" and base is not None:
        return _from_header(draft, base, module, depth + 1)
    function = draft.program.function_of(call.callee, module)
    for returned in function[0].returns if function is not None and depth < 3 else ():
        assert function is not None
        found = _from_header(draft, returned, function[1], depth + 1)
        if found is not None:
            return found
    return None


def _of_authlib(call: PythonCall, module: Module) -> str | None:
    """Authlib verifies the signature; expiry only where ``validate`` is called on the claims."""
    key = call.argument("key", 1)
    if key is not None and key.value == Literal(None):
        return SIGNATURE
    if call.function is None or module.facts.functions[call.function].returns:
        return None
    if any(name.startswith("validate") for name in module.called):
        return None
    return "its expiry is not checked: validate() is never called"


def _of_jwcrypto(call: PythonCall, module: Module) -> str | None:
    """jwcrypto verifies with the key that it is given, at once or by ``validate`` and ``deserialize``."""
    key = call.argument("key", 3)
    if call.is_open or (key is not None and key.value != Literal(None)):
        return None
    later = module.calls_named({"validate", "deserialize", "verify"})
    return None if any(one.function == call.function for one in later) else SIGNATURE
