"""Decodings of JWTs, and what they leave unverified.

In: the production Python of each service. Out: ``TokenVerification`` subjects, one a decoding. Sources: PyJWT's and
python-jose's documentation of ``decode`` (expiry is checked unless an option says otherwise), Authlib's (claims are
checked only by ``validate``), RFC 8725 (algorithms must not come from the token).
"""

from __future__ import annotations

import re

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
    PythonFunction,
    Reference,
    Template,
)
from archlint.core.record import pattern
from archlint.core.system.security import TokenVerification
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.objects import base_of, call_of, items_of, member_of, text_of
from archlint.model.code.scope import assigned_value, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_PYJWT = pattern(r"^jwt\.(?:api_jwt\.)?(?:PyJWT\.)?(decode|decode_complete)$")
_JOSE = pattern(r"^jose\.(?:jwt\.decode|jws\.verify)$")
_AUTHLIB = pattern(r"^authlib\.jose\.(?:\w+\.)*(?:jwt|JsonWebToken)\.decode$")
_UNVERIFIED_CLAIMS = pattern(r"^jose\.jwt\.get_unverified_claims$")
_FLASK = pattern(r"^flask_jwt_extended\.(?:utils\.)?decode_token$")
_HEADER = frozenset({"get_unverified_header", "get_unverified_headers"})
_ISSUES = frozenset(
    {"json", "fetch_token", "exchange_code", "authorize_access_token", "acquire_token_by_authorization_code"}
)
_INCOMING = ("flask.request", "starlette.requests", "fastapi.Request")
_GUARD = pattern(r"auth|jwt|token|login", re.IGNORECASE)
_MOST_DEPTH = 8
_MOST_CALLERS = 40
_MEMBERS = frozenset({"decode", "decode_complete", "verify", "get_unverified_claims", "decode_token"})


def add_token_verifications(draft: Draft) -> None:
    """Add the decodings of all services."""
    scope = code_scope(draft)
    audience = _issues_audience(draft, scope.modules())
    for module in scope.modules():
        for call in module.calls_named(_MEMBERS):
            found = _problem(draft, call, module, audience)
            if found is None:
                continue
            library, problem, related = found
            upstream: Truth = False
            if problem is not None:
                upstream = _is_verified_upstream(draft, call, module)
            for service in scope.services_running(call, module):
                draft.add(
                    TokenVerification(
                        at=call.at,
                        name=f"{library} {member_of(call.callee)}",
                        key=f"{service} {_function_name(call, module)} {library} {member_of(call.callee)}",
                        service=service,
                        library=library,
                        problem=problem,
                        is_verified_upstream=upstream,
                        related=related,
                    )
                )


def _problem(
    draft: Draft, call: PythonCall, module: Module, audience: bool
) -> tuple[str, str | None, tuple[Place, ...]] | None:
    """The library, what a decoding leaves unverified, and where that is said; None where it is no decoding."""
    callee = draft.program.callee(call, module)
    if _PYJWT.match(callee) or _JOSE.match(callee):
        library = callee.split(".")[0]
        problem, related = _of_arguments(draft, call, module, audience)
        return library, problem, related
    if _UNVERIFIED_CLAIMS.match(callee):
        return "jose", "its signature is not verified", ()
    if _AUTHLIB.match(callee):
        return "authlib", _of_authlib(draft, call, module), ()
    if _FLASK.match(callee):
        argument = call.argument("allow_expired")
        expired = argument is not None and argument.value == Literal(True)
        return "flask_jwt_extended", "its expiry is not checked" if expired else None, ()
    return None


def _of_arguments(
    draft: Draft, call: PythonCall, module: Module, audience: bool
) -> tuple[str | None, tuple[Place, ...]]:
    verify = call.argument("verify")
    if verify is not None and verify.value == Literal(False):
        return "its signature is not verified", ()
    options = call.argument("options", 3)
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
    value, where = assigned_value(draft, options.value, module)
    if not isinstance(value, Dictionary):
        return None, ()
    switched = {
        key.value: _is_off(draft, one, where)
        for key, one in value.entries
        if isinstance(key, Literal) and isinstance(key.value, str)
    }
    if switched.get("verify_signature"):
        return "its signature is not verified", ()
    if switched.get("verify_exp"):
        return "its expiry is not checked", ()
    if switched.get("verify_aud") and audience:
        return "its audience is not checked, though the issuer sets one", ()
    return None, ()


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
    if member_of(call.callee) in _HEADER:
        return call
    base = base_of(call.callee)
    if member_of(call.callee) == "get" and base is not None:
        return _from_header(draft, base, module, depth + 1)
    return None


def _of_authlib(draft: Draft, call: PythonCall, module: Module) -> str | None:
    """Authlib verifies the signature; expiry only where ``validate`` is called on the claims."""
    key = call.argument("key", 1)
    if key is not None and key.value == Literal(None):
        return "its signature is not verified"
    if call.function is None:
        return None
    function = module.facts.functions[call.function]
    for other in module.facts.calls:
        if member_of(other.callee).startswith("validate"):
            return None
    if function.returns:
        return None
    return "its expiry is not checked: validate() is never called"


def _is_verified_upstream(draft: Draft, call: PythonCall, module: Module) -> Truth:
    """Whether the same call path verifies the token, or it comes from the issuer's own answer."""
    token = call.arguments[0].value if call.arguments else None
    if token is not None and _from_issuer(draft, token, module, 0):
        return True
    if call.function is None:
        return False
    function = module.facts.functions[call.function]
    return _is_guarded(draft, function, module, call, {function.name})


def _is_guarded(draft: Draft, function: PythonFunction, module: Module, decoding: PythonCall, seen: set[str]) -> Truth:
    """Whether the function verifies a token itself, or every way that leads to it does."""
    if _verifies(draft, function, module, decoding):
        return True
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


def _verifies(draft: Draft, function: PythonFunction, module: Module, besides: PythonCall) -> bool:
    """Whether a function decodes with verification, itself or by a function that it calls."""
    for other in draft.program.calls_in(function, module):
        if _is_verified_decoding(draft, other, module, besides):
            return True
        called = draft.program.called_functions(other, module)
        if any(one.name in _verifying(draft, home) and one.name != function.name for one, home in called):
            return True
    return False


def _verifying(draft: Draft, module: Module) -> frozenset[str]:
    """The functions of a module whose own body decodes with verification."""
    key = f"verifying functions of {module.path}"
    found = draft.memo.get(key)
    if not isinstance(found, frozenset):
        found = draft.memo[key] = frozenset(
            module.facts.functions[call.function].name
            for call in module.calls_named(_MEMBERS)
            if call.function is not None and _is_verified_decoding(draft, call, module, None)
        )
    return found


def _is_verified_decoding(draft: Draft, call: PythonCall, module: Module, besides: PythonCall | None) -> bool:
    if member_of(call.callee) not in _MEMBERS or (besides is not None and call.at == besides.at):
        return False
    found = _problem(draft, call, module, False)
    return found is not None and found[1] is None


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
    if member_of(call.callee) in _ISSUES:
        return not draft.program.callee(call, module).startswith(_INCOMING)
    base = base_of(call.callee)
    return member_of(call.callee) == "get" and base is not None and _from_issuer(draft, base, module, depth + 1)


def _issues_audience(draft: Draft, modules: object) -> bool:
    """Whether an ``encode`` of the system puts an audience into its tokens."""
    for module in modules:  # type: ignore[attr-defined]
        for call in module.calls_named({"encode"}):
            if not call.arguments:
                continue
            payload, _ = assigned_value(draft, call.arguments[0].value, module)
            if isinstance(payload, Dictionary) and any(key == Literal("aud") for key, _ in payload.entries):
                return True
    return False


def _function_name(call: PythonCall, module: Module) -> str:
    if call.function is None:
        return module.facts.name
    return module.facts.functions[call.function].name
