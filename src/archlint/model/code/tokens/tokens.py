"""Decodings of JWTs, and what they leave unverified.

In: the production Python of each service. Out: ``TokenVerification`` subjects, one a decoding, and one for each token
that is made with the algorithm ``none``.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import Dictionary, Literal, PythonCall
from archlint.core.system.security import TokenVerification
from archlint.core.values import Truth
from archlint.model.code.objects import member_of
from archlint.model.code.scope import assigned_value, code_scope
from archlint.model.code.tokens.token_decoding import problem_of, signs_nothing
from archlint.model.code.tokens.token_flow import is_verified_upstream
from archlint.model.code.tokens.token_libraries import MEMBERS
from archlint.model.draft import Draft
from archlint.model.program.program import Module


def add_token_verifications(draft: Draft) -> None:
    """Add the decodings of all services."""
    scope = code_scope(draft)
    audience = _issues_audience(draft, scope.modules())
    for module in scope.modules():
        for call in module.calls_named(MEMBERS):
            found = problem_of(draft, call, module, audience)
            if found is None and signs_nothing(draft, call, module):
                library = draft.program.callee(call, module).partition(".")[0]
                found = library, "it is made with the algorithm none", ()
            if found is None:
                continue
            library, problem, related = found
            upstream: Truth = False
            if problem is not None and member_of(call.callee) != "encode":
                upstream = is_verified_upstream(draft, call, module)
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


def _issues_audience(draft: Draft, modules: Iterable[Module]) -> bool:
    """Whether an ``encode`` of the system puts an audience into its tokens."""
    for module in modules:
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
