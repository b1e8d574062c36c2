"""Whether a token that is decoded without verification was, or will be, verified on the same call path.

In: a decoding. Out: true, false, or UNKNOWN where only some of the ways that lead to it verify. A function that only
answers yes or no about a token gives none of its claims away: then its callers are asked whether they verify.
"""

from __future__ import annotations

import re

from archlint.core.facts.python import Expression, Item, Literal, Member, PythonCall, PythonFunction, Reference
from archlint.core.record import pattern
from archlint.core.values import Truth, Unknown
from archlint.model.code.objects import base_of, call_of, member_of
from archlint.model.code.scope import assigned_value
from archlint.model.code.tokens.token_decoding import problem_of
from archlint.model.code.tokens.token_libraries import ENCODERS, ISSUES, MEMBERS
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_INCOMING = ("flask.request", "starlette.requests", "fastapi.Request")
_GUARD = pattern(r"auth|jwt|token|login", re.IGNORECASE)
_ARGUMENTS = pattern(r"^(?:verify\w*|algorithms?|audience|issuer|key|public_key|secret\w*|jwks?|leeway)$")
_MOST_DEPTH = 8
_MOST_CALLERS = 40
_VERIFYING_DEPTH = 4
_MAKING_DEPTH = 3


def is_verified_upstream(draft: Draft, call: PythonCall, module: Module) -> Truth:
    """Whether the same call path verifies the token, or it comes from the issuer's own answer."""
    token = call.arguments[0].value if call.arguments else None
    if token is not None and _from_issuer(draft, token, module, 0):
        return True
    if token is not None and _is_identity(token, module):
        return Unknown("an identity token that may come from the issuer's own answer")
    if call.function is None:
        return False
    function = module.facts.functions[call.function]
    return _is_guarded(draft, function, module, call, {function.name})


def _is_guarded(draft: Draft, function: PythonFunction, module: Module, decoding: PythonCall, seen: set[str]) -> Truth:
    """Whether the function verifies a token itself, or every way that leads to it does."""
    found = _verifies(draft, function, module, decoding)
    if found is not False:
        return found
    for decorator in function.decorators:
        made = call_of(decorator, module)
        if _GUARD.search(member_of(made.callee if made else decorator)):
            return Unknown("a decorator that may verify the token")
    answers: list[Truth] = []
    for caller, place in draft.program.callers(function, module):
        if any(_from_issuer(draft, one.value, place, 0) for one in caller.arguments):
            answers.append(True)
        elif caller.function is not None and len(seen) < _MOST_CALLERS:
            outer = place.facts.functions[caller.function]
            if outer.name not in seen:
                seen.add(outer.name)
                answers.append(_is_guarded(draft, outer, place, decoding, seen))
    if not answers or all(one is False for one in answers):
        return False
    if all(one is True for one in answers):
        return True
    return Unknown("only some of the ways that lead here verify the token")


def _verifies(draft: Draft, function: PythonFunction, module: Module, besides: PythonCall) -> Truth:
    """Whether a function decodes with verification, itself or by functions that it calls."""
    unsure: Truth = False
    for other, home in draft.program.reachable(function, module, _VERIFYING_DEPTH):
        if other.at == besides.at:
            continue
        if member_of(other.callee) in MEMBERS:
            if draft.program.callee(other, home).startswith("jose.jwk."):
                return True
            found = problem_of(draft, other, home, False)
            if found is not None and found[1] is None:
                return True
            if found is None and _may_verify(draft, other, home):
                unsure = Unknown(f"{other.name}() may verify the token")
    return unsure


def _may_verify(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a call of something that is not read looks like a verification: it is given a key or algorithms."""
    named = any(one.name is not None and _ARGUMENTS.match(one.name) for one in call.arguments)
    named = named or (member_of(call.callee) == "verify" and len(call.arguments) > 1)
    plain = not call.arguments or isinstance(call.arguments[0].value, Literal)
    return named and not plain and draft.program.function_named(draft.program.callee(call, module)) is None


def _makes_token(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a call gives a token that this system has just made."""
    if member_of(call.callee) in ("encode", "sign") and ENCODERS.match(draft.program.callee(call, module)):
        return True
    for function, home in draft.program.called_functions(call, module):
        for other, where in draft.program.reachable(function, home, _MAKING_DEPTH):
            if member_of(other.callee) in ("encode", "sign") and ENCODERS.match(draft.program.callee(other, where)):
                return True
    return False


def _is_identity(expression: Expression, module: Module) -> bool:
    """Whether a token is taken as ``id_token`` from something: what a client has from its issuer (OpenID Connect Core,
    3.1.3.7: its own connection to the token endpoint may stand for the signature)."""
    if isinstance(expression, Item):
        return expression.key == Literal("id_token")
    call = call_of(expression, module)
    if call is None or member_of(call.callee) != "get" or not call.arguments:
        return False
    return call.arguments[0].value == Literal("id_token")


def _from_issuer(draft: Draft, expression: Expression, module: Module, depth: int) -> bool:
    if depth > _MOST_DEPTH:
        return False
    if isinstance(expression, Item | Member):
        return _from_issuer(draft, expression.base, module, depth + 1)
    if isinstance(expression, Reference):
        value, where = assigned_value(draft, expression, module)
        return value is not expression and _from_issuer(draft, value, where, depth + 1)
    call = call_of(expression, module)
    if call is None:
        return False
    if member_of(call.callee) in ISSUES:
        return not draft.program.callee(call, module).startswith(_INCOMING)
    if _makes_token(draft, call, module):
        return True
    base = base_of(call.callee)
    return member_of(call.callee) == "get" and base is not None and _from_issuer(draft, base, module, depth + 1)
